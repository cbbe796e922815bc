"""The normalisation of the pixels: set once, kept by saving, copying and export, and never stale."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vision.errors import BadInput
from keras_vision.models.normalization import set_statistics
from tests.models.small import pixels, small_model

STATISTICS = {"mean": (130.0, 120.0, 110.0), "std": (70.0, 60.0, 50.0)}


def standardised(model, images):
    return keras.Model(model.input, model.get_layer("normalization").output)(images)


def expected_of(images):
    return (images - np.array(STATISTICS["mean"])) / np.array(STATISTICS["std"])


def test_pixels_are_left_alone_until_statistics_are_set():
    np.testing.assert_array_equal(standardised(small_model("mlp"), pixels()), pixels())


def test_statistics_standardise_each_channel():
    model = small_model("mlp")
    set_statistics(model, **STATISTICS)
    np.testing.assert_allclose(standardised(model, pixels()), expected_of(pixels()), rtol=1e-5, atol=1e-5)


def test_statistics_survive_saving(tmp_path):
    model = small_model("mlp")
    set_statistics(model, **STATISTICS)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(standardised(loaded, pixels()), expected_of(pixels()), rtol=1e-5, atol=1e-5)


def test_statistics_survive_set_weights_even_in_a_function_compiled_before():
    source, target = small_model("mlp"), small_model("mlp")
    set_statistics(source, **STATISTICS)
    compiled = tf.function(target)
    compiled(pixels())
    target.set_weights(source.get_weights())
    np.testing.assert_allclose(compiled(pixels()), source(pixels()), rtol=1e-5, atol=1e-5)


def test_standardising_stays_in_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = small_model("mlp")
    set_statistics(model, **STATISTICS)
    np.testing.assert_allclose(standardised(model, pixels()), expected_of(pixels()), rtol=1e-5, atol=1e-5)


def test_a_constant_channel_is_centred_and_not_blown_up():
    model = small_model("mlp")
    set_statistics(model, mean=(0.0, 255.0, 7.0), std=(70.0, 0.0, 0.0))
    assert np.abs(standardised(model, pixels())).max() <= 255.0


@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        ((1.0,), (1.0,), "1 means and 1 standard deviations do not fit mlp. Give 3 of each, one for"),
        ((1.0, 2.0, 3.0), (1.0, 2.0), "3 means and 2 standard deviations do not fit"),
        ((1.0, 2.0, 3.0), (1.0, -2.0, 1.0), r"std=\[1.0, -2.0, 1.0\] must be finite numbers, and std not negative"),
        ((1.0, float("nan"), 3.0), (1.0, 1.0, 1.0), r"mean=\[1.0, nan, 3.0\] and .* must be finite numbers"),
    ],
)
def test_statistics_that_do_not_fit_are_refused(mean, std, message):
    with pytest.raises(BadInput, match=message):
        set_statistics(small_model("mlp"), mean, std)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("policy", "tolerance"), [("float32", 1e-5), ("mixed_bfloat16", 0.02), ("mixed_float16", 0.005)]
)
def test_an_exported_model_computes_the_same(policy, tolerance, tmp_path):
    keras.config.set_dtype_policy(policy)
    model = small_model("convmixer")
    set_statistics(model, **STATISTICS)
    model(pixels(), training=True)
    model.export(tmp_path / "exported", verbose=False)
    exported = tf.saved_model.load(tmp_path / "exported")
    np.testing.assert_allclose(exported.serve(pixels()), model(pixels()), rtol=tolerance, atol=tolerance)


def test_training_does_not_move_statistics():
    model = small_model("mlp")
    set_statistics(model, **STATISTICS)
    model(pixels(), training=True)
    np.testing.assert_allclose(standardised(model, pixels()), expected_of(pixels()), rtol=1e-5, atol=1e-5)
