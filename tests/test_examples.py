"""The examples in docstrings do what they say; one that states no answer has to run."""

import doctest
import importlib
import pkgutil

import keras
import numpy as np
import pytest

import keras_vision
from keras_vision.models import build_model
from tests.synthetic import make_dataset

MODULES = [one.name for one in pkgutil.walk_packages(keras_vision.__path__, "keras_vision.") if one.name[-2:] != "__"]


class Answers(doctest.OutputChecker):
    """Compares answers where one is stated."""

    def check_output(self, want, got, optionflags):
        return not want or super().check_output(want, got, optionflags)


@pytest.fixture(scope="module")
def names():
    """What examples use without a word: all public names of the package, and a model, its data and layers' inputs."""
    modules = map(importlib.import_module, MODULES)
    own = {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if not name.startswith("_") and str(getattr(value, "__module__", "")).startswith("keras_vision")
    }
    return own | {
        "np": np,
        "keras": keras,
        "pixels": keras.Input((28, 28, 1)),
        "x": keras.Input((8, 8)),
        "model": build_model("vgg", (28, 28, 1), 10, filters=(8,), blocks=(1,), whitening=True),
        "dataset": make_dataset(train=54_000, validation=6_000, classes=10, shape=(28, 28, 1)),
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", MODULES)
def test_examples_do_what_they_say(name, names):
    module, told = importlib.import_module(name), []
    for example in doctest.DocTestFinder(exclude_empty=True).find(module, name, globs=names | vars(module)):
        runner = doctest.DocTestRunner(Answers(), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        runner.run(example, out=told.append)
    assert not told, "".join(told)
