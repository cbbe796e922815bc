import keras
import pytest

from keras_vision.errors import BadInput
from keras_vision.training import precision


@pytest.fixture(autouse=True)
def _restore():
    yield
    precision.set_precision("float32")


def test_float16_is_refused_on_a_cpu(monkeypatch):
    monkeypatch.setattr(precision, "_gpu_capability", lambda: None)
    with pytest.raises(BadInput, match=r"mixed_float16.* on a CPU"):
        precision.set_precision("mixed_float16")


def test_a_policy_is_set_for_models_built_from_here_on():
    assert precision.set_precision("mixed_bfloat16") == "mixed_bfloat16"
    assert keras.layers.Dense(1).compute_dtype == "bfloat16"


@pytest.mark.parametrize(("has_bfloat16", "expected"), [(True, precision.REWRITE), (False, "float32")])
def test_auto_on_a_cpu_depends_on_its_instructions(monkeypatch, has_bfloat16, expected):
    monkeypatch.setattr(precision, "_gpu_capability", lambda: None)
    monkeypatch.setattr(precision, "_cpu_has_bfloat16", lambda: has_bfloat16)
    assert precision.set_precision("auto") == expected
    assert keras.layers.Dense(1).compute_dtype == "float32"


@pytest.mark.parametrize(
    ("capability", "expected"), [((9, 0), "mixed_bfloat16"), ((7, 5), "mixed_float16"), ((6, 1), "float32")]
)
def test_auto_on_a_gpu_depends_on_its_capability(monkeypatch, capability, expected):
    monkeypatch.setattr(precision, "_gpu_capability", lambda: capability)
    assert precision.set_precision("auto") == expected


def test_an_unknown_precision_is_refused_with_the_choices():
    with pytest.raises(BadInput, match="one of auto, float32, mixed_bfloat16, mixed_float16"):
        precision.set_precision("float64")
