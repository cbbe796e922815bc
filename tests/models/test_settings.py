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
        ("vggg", GREY, {}, r"model 'vggg': expected one of mlp, cnn.*Did you mean 'vgg'\?"),
        ("vgg", GREY, {"filter": (3,)}, r"vgg setting 'filter': expected one of .*Did you mean 'filters'\?"),
        ("vgg", GREY, {"filters": (3, 4), "blocks": (1,)}, r"filters=\(3, 4\), blocks=\(1,\): expected one number per"),
        ("vgg", GREY, {"filters": (3, 0, 4)}, r"filters=\(3, 0, 4\): expected a tuple of positive whole numbers"),
        ("vgg", GREY, {"filters": 64}, r"filters=64: .*For one, write filters=\(64,\) in Python, --set filters=64, in"),
        ("vgg", GREY, {"filters": (), "blocks": ()}, r"filters=\(\): expected a tuple of positive"),
        ("vgg", GREY, {"head": "gapp"}, r"head 'gapp': expected one of gap, flatten\. Did you mean 'gap'\?"),
        ("vgg", GREY, {"batch_norm": "no"}, r"batch_norm='no': expected True or False"),
        ("vgg", GREY, {"kernel_size": 2.5}, r"kernel_size=2\.5: expected a whole number of at least 1"),
        ("vgg", GREY, {"kernel_size": True}, r"kernel_size=True: expected a whole number"),
        ("vgg", GREY, {"dropout_rate": 1.0}, r"dropout_rate=1\.0: expected a share from 0"),
        (
            "vgg",
            (7, 28, 1),
            {},
            r"3 stages that shrink 7x28 images: expected at most 2.*3 stages fit images of at least 8x8",
        ),
        (
            *("vgg", (7, 28, 1), {"padding": "valid"}),
            r"shrink 7x28 images: expected at most 1 stages\. 3 stages fit images of at least 30x30",
        ),
        (
            *("vgg", (4, 4, 1), {"pool_size": 5}),
            r"3 stages that shrink 4x4 images: expected larger images\. 3 stages fit images of at least 125x125",
        ),
        ("vgg", GREY, {"padding": "full"}, r"padding 'full': expected one of same, valid"),
        ("vgg", GREY, {"strides": 0}, r"strides=0: expected a whole number of at least 1"),
        ("vgg", GREY, {"pool_stride": 0}, r"pool_stride=0: expected a whole number of at least 1"),
        ("vgg", (28, 28), {}, r"input_shape=\(28, 28\): expected \(height, width, channels\)"),
        ("vgg", (None, 28, 1), {}, r"input_shape=\(None, 28, 1\): expected \(height, width, channels\)"),
        ("cnn", (3, 3, 1), {}, r"3 stages that shrink 3x3 images: expected at most 1"),
        ("cnn", GREY, {"pooling": "mean"}, r"pooling 'mean': expected one of max, average, None"),
        ("cnn", GREY, {"activation": "rellu"}, r"activation 'rellu': .*Did you mean 'relu'\?"),
        ("mlp", GREY, {"hidden_units": (10, -1)}, r"hidden_units=\(10, -1\): expected a tuple of positive"),
        ("mlp_mixer", (28, 20, 3), {"patch_size": 8}, r"patch_size=8 for 28x20 images: .*These do: 1, 2, 4\."),
        ("convmixer", GREY, {"patch_size": 3}, r"patch_size=3 for 28x28 images: .*These do: 1, 2, 4, 7, 14, 28\."),
        ("lstm", GREY, {"bidirectional": 1}, r"bidirectional=1: expected True or False"),
    ],
)
def test_a_wrong_setting_is_refused(name, input_shape, settings, message):
    with pytest.raises(BadInput, match=message):
        build_model(name, input_shape, 10, **settings)


@pytest.mark.parametrize("num_classes", [1, 0, -3, "10", None, True])
def test_a_wrong_number_of_classes_is_refused(num_classes):
    with pytest.raises(BadInput, match=r"num_classes=.*: expected a whole number of at least 2"):
        build_model("mlp", GREY, num_classes)


def test_a_builder_called_directly_refuses_too():
    with pytest.raises(BadInput, match="pool_size=0"):
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
    with pytest.raises(BadInput, match=f"of at least {least}x{least} pixels"):
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
