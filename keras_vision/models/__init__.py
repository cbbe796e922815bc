"""Families of image classifiers: numbers in, an uncompiled functional `keras.Model` out.

Every model takes raw pixels (0-255), standardises them in its layer "normalization" (see
`normalization.set_statistics`), and ends in float32 logits. All layers are Keras' own, so that a saved model needs
nothing of this package. Importing it imports neither Keras nor TensorFlow.

To add a family, write
    1. `keras_vision/models/NAME.py`, with a builder `NAME(input_shape, num_classes, *, ...)` under `checks.checked`;
    2. its row in `MODELS` below;
    3. in `checks.RULES` a rule for each setting that no other family has;
    4. its search space, `tuner_configs/NAME.py`;
    5. its recipe, a row in `training.recipe.RECIPES`;
    6. its parameter count, derived by hand, a row in `tests/models/test_counts.py`.
With any one of them there, `pytest tests/models/test_table.py` names all the others that are missing. The other tests
then hold the family to what all families promise.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from keras_vision.errors import check_name
from keras_vision.system.keras_import import import_keras

if TYPE_CHECKING:
    import keras

MODELS = {
    "mlp": "Multilayer perceptron on flattened pixels (Rumelhart et al. 1986)",
    "cnn": "Plain convolutional network, every part optional (LeCun et al. 1998)",
    "vgg": "VGG: stages of 3x3 convolutions with batch norm (Simonyan & Zisserman 2015)",
    "resnet18": "ResNet18 with the 3x3 stem for small images (He et al. 2016)",
    "mlp_mixer": "MLP-Mixer: dense layers across patches, then across channels (Tolstikhin et al. 2021)",
    "convmixer": "ConvMixer: depthwise, then pointwise convolutions on patches (Trockman & Kolter 2022)",
    "lstm": "LSTM that reads an image row by row (Hochreiter & Schmidhuber 1997)",
}


def build_model(name: str, input_shape: Sequence[int], num_classes: int, **settings: Any) -> keras.Model:
    """Builds a model of `MODELS` with fresh weights.

    Args:
        name: A key of `MODELS`.
        input_shape: (height, width, channels) of the raw pixels.
        num_classes: Number of logits.
        **settings: Settings of the family, as `model_settings` lists them.

    Returns:
        An uncompiled functional `keras.Model` named `name`: float32 (batch, height, width, channels) -> float32
        (batch, num_classes).

    Raises:
        BadInput: Unknown model or setting, a value out of range, or an image that does not fit.

    Example:

    >>> build_model("vgg", (28, 28, 1), 10, filters=(32, 64), blocks=(1, 1))
    """
    return builder_of(name, settings)(input_shape, num_classes)


def builder_of(name: str, settings: Mapping[str, Any]) -> Callable[..., keras.Model]:
    """Returns the function of (input_shape, num_classes) that builds a model with these settings.

    Raises:
        BadInput: Unknown model, or the family does not have one of the settings. Their values are checked by the
            function itself.

    Example:

    >>> builder_of("mlp", {"hidden_units": (64,)})((28, 28, 1), 10).output_shape
    (None, 10)
    """
    known = model_settings(name)
    for setting in settings:
        check_name("setting", setting, known, f"of {name}")
    return functools.partial(_builder(name), **settings)


def model_settings(name: str) -> dict[str, Any]:
    """Returns the settings of a family with their defaults, in the order of its builder's signature.

    Raises:
        BadInput: Unknown model.

    Example:

    >>> model_settings("convmixer")
    {'patch_size': 2, 'hidden_dim': 256, 'depth': 8, 'kernel_size': 5}
    """
    parameters = inspect.signature(_builder(name)).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def _builder(name: str) -> Any:
    check_name("model", name, MODELS)
    import_keras(only_to_build=True)
    return getattr(importlib.import_module(f"keras_vision.models.{name}"), name)
