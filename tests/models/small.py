"""Networks small enough to train in a blink, and images for them."""

import numpy as np

from keras_vision.models import build_model, model_settings

# Keyed by setting, not by model: a new family is small as soon as it uses the names that the others use.
SMALL = {
    "hidden_units": (12, 8),
    "filters": (4, 6),
    "blocks": (1, 2),
    "width": 4,
    "patch_size": 2,
    "hidden_dim": 8,
    "depth": 2,
    "num_blocks": 2,
    "tokens_mlp_dim": 6,
    "channels_mlp_dim": 12,
    "units": 6,
    "layers": 2,
}


def small_model(name, input_shape=(8, 8, 3), num_classes=5, **settings):
    small = {setting: SMALL[setting] for setting in model_settings(name) if setting in SMALL}
    return build_model(name, input_shape, num_classes, **(small | settings))


def pixels(input_shape=(8, 8, 3), n=16):
    return np.random.default_rng(0).integers(0, 256, (n, *input_shape)).astype("float32")


def with_random_kernels(model):
    """Moves all kernels by noise: a kernel that starts as the identity, as those of a VGG do, sees one pixel."""
    random = np.random.default_rng(0)
    model.set_weights([w + random.normal(scale=0.1, size=w.shape) if w.ndim > 1 else w for w in model.get_weights()])
    return model
