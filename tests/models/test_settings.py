"""Settings are refused before anything is built, by a message that says what would do."""

import numpy as np
import pytest

from keras_vision.errors import BadInput
from keras_vision.models import build_model, model_settings
from keras_vision.models.vgg import vgg

GREY = (28, 28, 1)


@pytest.mark.parametrize(
    ("name", "input_shape", "settings", "message"),
    [
        ("vggg", GREY, {}, r"There is no model 'vggg'\. Did you mean 'vgg'\? The choices are: mlp, cnn, "),
        (
            "vgg",
            GREY,
            {"filter": (3,)},
            r"There is no setting 'filter' of vgg\. Did you mean 'filters'\? The choices are: ",
        ),
        (
            "vgg",
            GREY,
            {"filters": (3, 4), "blocks": (1,)},
            r"filters=\(3, 4\) and blocks=\(1,\) differ in length\. Give one",
        ),
        ("vgg", GREY, {"filters": (3, 0, 4)}, r"filters must be a tuple of positive whole .*, not \(3, 0, 4\)\."),
        (
            "vgg",
            GREY,
            {"filters": 64},
            r"not 64\. Write a single one as filters=\(64,\) in Python, and as --set f.*=64, ",
        ),
        ("vgg", GREY, {"filters": (), "blocks": ()}, r"filters must be a tuple of positive whole numbers, not \(\)\."),
        ("vgg", GREY, {"head": "gapp"}, r"head must be gap or flatten, not 'gapp'\. Did you mean 'gap'\?"),
        ("vgg", GREY, {"batch_norm": "no"}, r"batch_norm must be True or False, not 'no'\."),
        ("vgg", GREY, {"kernel_size": 2.5}, r"kernel_size must be a whole number of at least 1, not 2\.5\."),
        ("vgg", GREY, {"kernel_size": True}, r"kernel_size must be a whole number of at least 1, not True\."),
        (
            "cnn",
            GREY,
            {"kernel_size": 1001},
            r"kernel_size=1001 is too large for images of 28 pixels\. It may be at most 55",
        ),
        ("vgg", GREY, {"dropout_rate": 1.0}, r"dropout_rate must be a share from 0 to below 1, not 1\.0\."),
        (
            "vgg",
            (7, 28, 1),
            {},
            r"Images of 7x28 pixels are too small .* needs at least 8x8\. .*, or at most 2 of its 3 stages\.",
        ),
        (
            *("vgg", (7, 28, 1), {"padding": "valid"}),
            r"Images of 7x28 pixels .* needs at least 30x30\. Use larger images, or at most 1 of its 3 stages\.",
        ),
        (
            *("vgg", (4, 4, 1), {"pool_size": 5}),
            r"Images of 4x4 pixels are too small .* needs at least 125x125\. Use larger images\.$",
        ),
        ("vgg", GREY, {"padding": "full"}, r"padding must be same or valid, not 'full'\."),
        ("vgg", GREY, {"strides": 0}, r"strides must be a whole number of at least 1, not 0\."),
        ("vgg", GREY, {"pool_stride": 0}, r"pool_stride must be a whole number of at least 1, not 0\."),
        ("vgg", (28, 28), {}, r"input_shape must be \(height, width, channels\), .*, not \(28, 28\)\."),
        ("vgg", (None, 28, 1), {}, r"input_shape must be \(height, .*, not \(None, 28, 1\)\."),
        ("cnn", (3, 3, 1), {}, r"Images of 3x3 pixels are too small .* at most 1 of its 3 stages\."),
        ("cnn", GREY, {"pooling": "mean"}, r"pooling must be max, average or None, not 'mean'\."),
        ("cnn", GREY, {"activation": "rellu"}, r"activation must be .*, not 'rellu'\. Did you mean 'relu'\?"),
        (
            "cnn",
            GREY,
            {"convolution": "seperable"},
            r"convolution must be full or separable, not 'seperable'",
        ),
        ("mlp", GREY, {"hidden_units": (10, -1)}, r"hidden_units must be a tuple .*, not \(10, -1\)\."),
        (
            "mlp_mixer",
            (28, 20, 3),
            {"patch_size": 8},
            r"patch_size=8 does not .* of 28x20 images\. These do: 1, 2, 4\.",
        ),
        ("convmixer", GREY, {"patch_size": 3}, r"patch_size=3 .* 28x28 images\. These do: 1, 2, 4, 7, 14, 28\."),
        ("lstm", GREY, {"bidirectional": 1}, r"bidirectional must be True or False, not 1\."),
    ],
)
def test_a_wrong_setting_is_refused(name, input_shape, settings, message):
    with pytest.raises(BadInput, match=message):
        build_model(name, input_shape, 10, **settings)


@pytest.mark.parametrize("num_classes", [1, 0, -3, "10", None, True])
def test_a_wrong_number_of_classes_is_refused(num_classes):
    with pytest.raises(BadInput, match=rf"num_classes must be a whole number of at least 2, not {num_classes!r}\."):
        build_model("mlp", GREY, num_classes)


def test_a_builder_called_directly_refuses_too():
    with pytest.raises(BadInput, match="pool_size must be a whole number of at least 1, not 0"):
        vgg(GREY, 10, pool_size=0)


def test_pools_of_one_pixel_fit_any_image():
    assert vgg((2, 2, 1), 10, filters=(4,) * 5, blocks=(1,) * 5, pool_size=1).output_shape == (None, 10)


# settings of two stages of one 3x3 convolution each -> the least side that fits, by hand from the last pixel backwards
LEAST_SIDES = [
    ({}, 4),
    ({"padding": "valid"}, 10),
    ({"strides": 2}, 7),
    ({"strides": 2, "padding": "valid"}, 17),
    ({"pool_size": 3, "pool_stride": 2}, 7),
    ({"pool_stride": 3}, 5),
    ({"kernel_size": 5, "strides": 2, "padding": "valid", "pool_size": 3, "pool_stride": 2}, 33),
]


@pytest.mark.parametrize(("settings", "least"), LEAST_SIDES, ids=str)
def test_the_least_image_that_fits_ends_as_one_pixel_and_a_smaller_one_is_refused(settings, least):
    settings = {"filters": (4, 4), "blocks": (1, 1), **settings}
    assert vgg((least, 50, 1), 10, **settings).get_layer("block2_pool").output.shape[1] == 1
    with pytest.raises(BadInput, match=f"needs at least {least}x{least}\\. "):
        vgg((least - 1, 50, 1), 10, **settings)


def test_as_many_stages_as_fit_are_built():
    assert vgg((28, 28, 1), 10, filters=(4,) * 4, blocks=(1,) * 4).get_layer("block4_pool").output.shape[1:3] == (1, 1)


def test_lists_and_numpy_numbers_do_as_well():
    model = build_model("vgg", [16, 16, 1], np.int64(10), filters=[4, np.int32(6)], blocks=[1, 1])
    assert model.output_shape == (None, 10)


def test_settings_are_listed_with_their_defaults():
    assert model_settings("convmixer") == {"patch_size": 2, "hidden_dim": 256, "depth": 8, "kernel_size": 5}


def test_settings_of_an_unknown_model_are_refused():
    with pytest.raises(BadInput, match="Did you mean 'lstm'"):
        model_settings("lsmt")
