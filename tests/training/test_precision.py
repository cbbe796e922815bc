import dataclasses

import keras
import pytest
import tensorflow as tf

from keras_vision.analysis.counts import count_unbuilt
from keras_vision.data import Split
from keras_vision.errors import BadInput
from keras_vision.models import build_model
from keras_vision.runs import Run
from keras_vision.train import train
from keras_vision.training import precision
from keras_vision.training.fast_ops import BFLOAT16_REWRITE
from keras_vision.training.memory import forget_models
from keras_vision.training.precision import candidates, computing_in, set_precision
from keras_vision.training.recipe import recipe_for
from keras_vision.training.trainer import fit


def present():
    """Returns Keras' policy, and whether float32 products are computed in bfloat16 or in TensorFloat-32."""
    rewrites = tf.config.optimizer.get_experimental_options().get(BFLOAT16_REWRITE, False)
    return keras.config.dtype_policy().name, rewrites, tf.config.experimental.tensor_float_32_execution_enabled()


@pytest.fixture
def rewriting(monkeypatch):
    """A CPU with bfloat16 instructions and no GPU."""
    monkeypatch.setattr(precision, "_gpu_capability", lambda: None)
    monkeypatch.setattr(precision, "_cpu_has_bfloat16", lambda: True)


def test_float16_is_refused_on_a_cpu(monkeypatch):
    monkeypatch.setattr(precision, "_gpu_capability", lambda: None)
    with pytest.raises(BadInput, match=r"'mixed_float16' needs a GPU\. Choose float32"):
        candidates("mixed_float16")


@pytest.mark.parametrize(
    ("has_bfloat16", "expected"),
    [(True, ("float32", precision.REWRITE, "mixed_bfloat16")), (False, ("float32",))],
)
def test_what_auto_stands_for_on_a_cpu_depends_on_its_instructions(monkeypatch, has_bfloat16, expected):
    monkeypatch.setattr(precision, "_gpu_capability", lambda: None)
    monkeypatch.setattr(precision, "_cpu_has_bfloat16", lambda: has_bfloat16)
    assert candidates("auto") == expected


@pytest.mark.parametrize(
    ("capability", "mixed"), [((9, 0), ["mixed_bfloat16"]), ((7, 5), ["mixed_float16"]), ((6, 1), [])]
)
def test_what_auto_stands_for_on_a_gpu_depends_on_its_capability(monkeypatch, capability, mixed):
    monkeypatch.setattr(precision, "_gpu_capability", lambda: capability)
    assert candidates("auto") == ("float32", *mixed)


@pytest.mark.parametrize(("capability", "has_bfloat16"), [(None, False), ((9, 0), True)])
def test_the_rewrite_is_refused_where_nothing_computes_it_fast(monkeypatch, capability, has_bfloat16):
    monkeypatch.setattr(precision, "_gpu_capability", lambda: capability)
    monkeypatch.setattr(precision, "_cpu_has_bfloat16", lambda: has_bfloat16)
    with pytest.raises(BadInput, match="needs a processor with bfloat16 instructions, and no GPU beside it"):
        candidates(precision.REWRITE)


def test_an_unknown_precision_is_refused_with_the_choices():
    with (
        pytest.raises(BadInput, match=r"precision must be auto, float32, .*, mixed_bfloat16 or mixed_float16, not "),
        computing_in("float64"),
    ):
        pass


@pytest.mark.parametrize(
    ("asked", "inside"),
    [
        ("auto", ("float32", False, False)),  # until something faster is found
        (precision.REWRITE, ("float32", True, True)),
        ("float32", ("float32", False, False)),
        ("mixed_bfloat16", ("mixed_bfloat16", False, True)),
    ],
)
def test_a_precision_holds_for_its_block_and_the_one_before_comes_back(asked, inside, rewriting):
    keras.config.set_dtype_policy("mixed_float16")  # of a person who had set it
    before = present()
    with computing_in(asked):
        assert present() == inside
        with computing_in("float32"):
            assert present() == ("float32", False, False)
        assert present() == inside
        set_precision("mixed_bfloat16")
        assert present() == ("mixed_bfloat16", False, True)
    assert present() == before
    with pytest.raises(KeyError), computing_in(asked):
        raise KeyError("something goes wrong")
    assert present() == before


@pytest.mark.parametrize("forget", [forget_models, lambda: count_unbuilt(lambda: build_model("mlp", (8, 8, 1), 2))])
def test_it_holds_while_models_are_forgotten_and_counted(forget):
    with computing_in("mixed_bfloat16"):
        inside = present()
        forget()
        assert present() == inside
        assert keras.layers.Dense(1).compute_dtype == "bfloat16"


def test_a_training_enters_it_once_and_leaves_the_one_before(tmp_path, monkeypatch):
    from keras_vision.commands import train as command

    entered = []

    def fit(*arguments, **options):
        entered.append(present())
        return {"stopped": "time", "epochs_run": 1}

    monkeypatch.setattr(command, "fit", fit)
    monkeypatch.setattr(command, "finish", lambda run, result, *rest, **options: result)
    before = present()
    train("cnn", dataset="digits", settings={"filters": (4,)}, precision="mixed_bfloat16", workdir=tmp_path / "run")
    assert entered == [("mixed_bfloat16", False, True)]
    assert present() == before


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize(
    ("family", "settings", "learning_rate", "images"),
    [
        # At 0.4 the roads part: up to 0.02.
        ("vgg", {"filters": (16, 32, 64), "blocks": (1, 1, 1)}, 0.1, 2000),
        (
            "mlp_mixer",
            {"hidden_dim": 64, "num_blocks": 1, "tokens_mlp_dim": 32, "channels_mlp_dim": 128},
            2e-3,
            4000,
        ),
    ],
    ids=("vgg", "mlp_mixer"),
)
def test_a_short_training_with_bfloat16_products_is_as_accurate_as_one_in_float32(
    family, settings, learning_rate, images, fashion_mnist, tmp_path
):
    if precision.REWRITE not in candidates("auto"):
        pytest.skip("there are no bfloat16 instructions here")
    train, validation = (
        Split(split.images[:n], split.labels[:n])
        for split, n in ((fashion_mnist.train, images), (fashion_mnist.validation, 2000))
    )
    dataset = dataclasses.replace(fashion_mnist, train=train, validation=validation)
    accuracy = {}
    for asked in (precision.REWRITE, "float32"):
        keras.utils.set_random_seed(0)
        with computing_in(asked):
            model = build_model(family, dataset.shape, 10, **settings)
            recipe = recipe_for(family).replace(epochs=3, learning_rate=learning_rate)
            accuracy[asked] = fit(model, dataset, recipe, Run(tmp_path / asked))["val_accuracy"]
    assert accuracy["float32"] > 0.6
    # Seeds differ by 0.005 (mlp_mixer) and 0.03 (vgg), the two precisions of one seed by 0.0005 and 0.003 at the most.
    assert accuracy[precision.REWRITE] == pytest.approx(accuracy["float32"], abs=0.01)
