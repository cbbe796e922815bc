"""The whitening in front of a network, and what goes with it in the fastest VGG."""

import keras
import numpy as np
import pytest

from keras_vision.errors import BadInput
from keras_vision.models import build_model, whitening
from keras_vision.models.normalization import set_statistics
from keras_vision.models.whitening import LAYER, set_whitening

SETTINGS = {"filters": (4, 6), "blocks": (1, 2), "whitening": True}


def smooth_images(channels, n=600):
    """Images whose neighbouring pixels and channels are alike, as in photographs, with a mean and a scale."""
    random = np.random.default_rng(0)
    smooth = random.normal(size=(n, 16, 16, channels)).cumsum(axis=1).cumsum(axis=2).cumsum(axis=3)
    noise = random.normal(size=smooth.shape)
    return (30 * smooth / smooth.std(axis=(0, 1, 2)) + 6 * noise + 120).clip(0, 255).astype("uint8")


def whitened(images, **settings):
    model = build_model("vgg", images.shape[1:], 5, **(SETTINGS | settings))
    set_statistics(model, images.mean(axis=(0, 1, 2)), images.std(axis=(0, 1, 2)))
    set_whitening(model, images)
    return model


@pytest.mark.parametrize("channels", [1, 3])
def test_its_outputs_are_uncorrelated_and_of_equal_variance(channels):
    images = smooth_images(channels)
    model = whitened(images)
    stem = keras.Model(model.input, model.get_layer(LAYER).output)
    outputs = keras.ops.convert_to_numpy(stem(images.astype("float32")))
    directions = 4 * channels
    assert outputs.shape == (len(images), 15, 15, 2 * directions)
    first, second = np.split(outputs.reshape(-1, 2 * directions), 2, axis=1)
    np.testing.assert_allclose(first, -second, atol=1e-5)
    products = first.T @ first / len(first)
    np.testing.assert_allclose(products, np.eye(directions), atol=0.05)


def test_it_is_made_of_images_from_beginning_to_end(monkeypatch):
    monkeypatch.setattr(whitening, "IMAGES", 8)
    images = smooth_images(1, n=20)
    model = whitened(images)
    (kernel,) = model.get_layer(LAYER).get_weights()
    set_whitening(model, images[[0, 3, 6, 9, 12, 15, 18]])
    np.testing.assert_array_equal(model.get_layer(LAYER).get_weights()[0], kernel)


def test_training_leaves_it_alone():
    images = smooth_images(3, n=32)
    model = whitened(images)
    before = model.get_layer(LAYER).get_weights()[0]
    assert not model.get_layer(LAYER).trainable_weights
    model.compile(keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.train_on_batch(images, np.arange(32) % 5)
    np.testing.assert_array_equal(model.get_layer(LAYER).get_weights()[0], before)


def test_a_resnet18_takes_whitened_patches_too():
    images = smooth_images(3, n=32)
    model = build_model("resnet18", (16, 16, 3), 5, width=4, blocks=(1, 1), whitening=True)
    drawn = model.get_layer(LAYER).get_weights()[0]
    set_whitening(model, images)
    assert np.abs(model.get_layer(LAYER).get_weights()[0] - drawn).max() > 0.1
    assert model.get_layer("stem_conv").input.shape == (None, 15, 15, 24)
    with pytest.raises(BadInput, match=r"Images of 1x1 pixels are too small .* Use larger images"):
        build_model("resnet18", (1, 1, 3), 5, whitening=True)


def test_a_model_without_it_is_left_as_it_is():
    model = build_model("vgg", (16, 16, 3), 5, filters=(4,), blocks=(1,))
    before = model.get_weights()
    set_whitening(model, smooth_images(3, n=8))
    for weight, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_a_vgg_starts_by_passing_its_channels_on():
    model = build_model("vgg", (16, 16, 3), 5, filters=(8, 16), blocks=(1, 1))
    kernel = model.get_layer("block2_conv1").get_weights()[0]
    expected = np.zeros((3, 3, 8, 8))
    expected[1, 1] = np.eye(8)
    np.testing.assert_array_equal(kernel[..., :8], expected)
    others = kernel[..., 8:]
    assert others.std() == pytest.approx(np.sqrt(2 / (9 * 8)), rel=0.2)  # He et al. 2015


def test_a_convolution_with_fewer_filters_than_channels_starts_at_random():
    model = build_model("vgg", (16, 16, 3), 5, filters=(8, 4), blocks=(1, 1))
    assert np.count_nonzero(model.get_layer("block2_conv1").get_weights()[0]) == 9 * 8 * 4


@pytest.mark.parametrize(("early", "shapes"), [(False, [16, 8, 8]), (True, [16, 8, 4])])
def test_early_pooling_leaves_fewer_positions_to_the_later_convolutions(early, shapes):
    model = build_model("vgg", (16, 16, 3), 5, filters=(4, 6), blocks=(1, 2), early_pooling=early)
    found = [model.get_layer(f"block{name}").output.shape[1] for name in ("1_conv1", "2_conv1", "2_conv2")]
    assert found == shapes
    assert model.get_layer("head_gap").input.shape[1] == 4


def test_early_pooling_comes_before_batch_norm():
    model = build_model("vgg", (16, 16, 3), 5, filters=(4,), blocks=(2,), early_pooling=True)
    assert [layer.name for layer in model.layers][2:7] == [
        "block1_conv1", "block1_pool", "block1_conv1_norm", "block1_conv1_activation", "block1_conv2",
    ]  # fmt: skip
