"""keras_vision: a workbench for small-image classification in Keras 3.

Importing the package imports nothing heavy; each public name is loaded when it is first used. What can be done from a
command line can be done from Python, by a function of the same name:

>>> import keras_vision as kv
>>> result = kv.tune("vgg", data="photos", target_acc=0.9)  # doctest: +SKIP
>>> result.model, result.table, result.figures  # doctest: +SKIP
"""

import os
from typing import TYPE_CHECKING

from keras_vision.system.lazy import functions_first, lazily

if TYPE_CHECKING:  # what `lazily` finds, for type checkers
    from keras_vision.audit import audit as audit
    from keras_vision.data.loading import load_dataset as load_dataset
    from keras_vision.data.places import DATASETS as DATASETS
    from keras_vision.describe import describe as describe
    from keras_vision.doctor import doctor as doctor
    from keras_vision.evaluate import evaluate as evaluate
    from keras_vision.explain import explain as explain
    from keras_vision.export import export as export
    from keras_vision.models import MODELS as MODELS
    from keras_vision.models import build_model as build_model
    from keras_vision.predict import predict as predict
    from keras_vision.report import report as report
    from keras_vision.runs.opening import load_model as load_model
    from keras_vision.serve import serve as serve
    from keras_vision.study import study as study
    from keras_vision.train import train as train
    from keras_vision.training.recipe import Recipe as Recipe
    from keras_vision.tune import tune as tune
    from keras_vision.zoo import zoo as zoo

# Before a person's own import of TensorFlow, after which it is too late: its greeting is no news to anyone.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

__version__ = "0.2.0"

# front door -> what it does
COMMANDS = {
    "train": "train one model and save it",
    "tune": "search for a model that reaches a target accuracy",
    "report": "print what a search found",
    "evaluate": "measure a saved model on validation or test images",
    "predict": "name the most probable classes of images",
    "audit": "look for copies, leaks, odd files and wrong labels in a data set",
    "explain": "show what in images speaks for the answer",
    "serve": "show a page on this machine to try a model, with images or by drawing",
    "export": "write a saved model in a format for use elsewhere",
    "describe": "show what a network is: parameters, MACs, receptive field, wiring",
    "study": "repeat an experiment of a study report, and write its report",
    "doctor": "check whether this machine is ready, and name what it lacks",
}
# public name -> the module that holds it
_PUBLIC = {name: f"keras_vision.{name}" for name in COMMANDS} | {
    "MODELS": "keras_vision.models",
    "build_model": "keras_vision.models",
    "DATASETS": "keras_vision.data.places",
    "load_dataset": "keras_vision.data.loading",
    "Recipe": "keras_vision.training.recipe",
    "load_model": "keras_vision.runs.opening",
    "zoo": "keras_vision.zoo",
}

__all__ = ["__version__", *_PUBLIC]
functions_first(__name__, [*COMMANDS, "zoo"])
__getattr__, __dir__ = lazily(__name__, _PUBLIC)
