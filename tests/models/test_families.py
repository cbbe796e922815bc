"""What one family does and the others do not."""

import keras
import numpy as np
import pytest

from keras_vision.analysis.counts import count
from keras_vision.analysis.features import unit_use
from keras_vision.analysis.receptive_field import receptive_fields
from keras_vision.analysis.receptive_field_measured import measure_fields
from keras_vision.analysis.wiring import check_wiring
from keras_vision.models import build_model
from tests.models.small import pixels, small_model, with_random_kernels


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


def names(model):
    return [layer.name for layer in model.layers]


def test_a_linear_cnn_is_affine():
    model = small_model("cnn", activation="linear", pooling="average", batch_norm=False, hidden_units=(7,))
    a, b = pixels(n=2)[:, None]
    middle = (model(a) + model(b)) / 2
    np.testing.assert_allclose(model((a + b) / 2), middle, rtol=1e-4, atol=1e-4 * np.abs(middle).max())


def test_a_cnn_without_pooling_keeps_the_size():
    model = small_model("cnn", pooling=None)
    assert model.get_layer("block2_conv1").output.shape == (None, 8, 8, 6)


def test_a_residual_stage_adds_its_input_before_its_last_activation():
    model = small_model("cnn", filters=(4, 4), convs_per_stage=2, residual=True)
    total = model.get_layer("block2_add")
    assert [tensor._keras_history.operation.name for tensor in total.input] == ["block2_conv2_norm", "block1_pool"]
    assert model.get_layer("block2_activation").input is total.output
    assert "block2_conv2_activation" not in names(model)


def test_vgg_places_its_convolutions_by_stage():
    model = build_model("vgg", (16, 16, 3), 10, filters=(4, 6, 8), blocks=(1, 3, 2))
    convs = [layer.name for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert convs == [f"block{stage}_conv{i}" for stage, n in ((1, 1), (2, 3), (3, 2)) for i in range(1, n + 1)]


# Every setting of VGG that says where its windows lie, away from its default.
WINDOWS = {"strides": 2, "padding": "valid", "pool_size": 3, "pool_stride": 2}


def vgg_with_windows(input_shape=(28, 28, 3)):
    return build_model("vgg", input_shape, 10, filters=(4, 6), blocks=(2, 1), **WINDOWS)


def test_vgg_steps_by_its_strides_in_its_first_convolution_alone():
    model = vgg_with_windows()
    convs = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [conv.strides for conv in convs] == [(2, 2), (1, 1), (1, 1)]
    assert {conv.padding for conv in convs} == {"valid"}
    pools = [layer for layer in model.layers if isinstance(layer, keras.layers.MaxPooling2D)]
    assert {(pool.pool_size, pool.strides) for pool in pools} == {((3, 3), (2, 2))}


def test_vgg_pools_by_the_size_of_its_pools_unless_told_otherwise():
    pool = small_model("vgg", (16, 16, 1), pool_size=3).get_layer("block1_pool")
    assert (pool.pool_size, pool.strides) == ((3, 3), (3, 3))


def test_where_the_windows_of_vgg_lie_changes_no_count():
    model = build_model("vgg", (28, 28, 3), 10, filters=(4, 6), blocks=(2, 1))
    assert vgg_with_windows().count_params() == model.count_params()


# layer; then by hand: size, jump and start of what its units see
SEEN = [("block1_conv1", 3, 2, 0), ("block1_conv2", 7, 2, 0), ("block1_pool", 11, 4, 0), ("block2_conv1", 19, 4, 0)]


@pytest.mark.parametrize(("layer", "size", "jump", "start"), SEEN)
def test_units_of_a_vgg_without_padding_see_what_a_person_works_out(layer, size, jump, start):
    field = receptive_fields(vgg_with_windows((40, 40, 3)))[layer]
    assert (field.size, field.jump, field.start) == ((size, size), (jump, jump), (start, start))


def test_units_of_a_vgg_without_padding_are_measured_to_see_that():
    model = with_random_kernels(vgg_with_windows((40, 40, 1)))
    for one in measure_fields(model, [layer for layer, *_ in SEEN], images=16):
        top, left, height, width = one.field.centre_box()
        inside = np.zeros_like(one.strength, bool)
        inside[top : top + height, left : left + width] = True
        assert not one.strength[~inside].any(), one.layer
        assert (one.strength[inside] > 0).mean() > 0.9, one.layer


def test_a_saved_vgg_keeps_where_its_windows_lie(tmp_path):
    model = vgg_with_windows()
    model.save(tmp_path / "model.keras")
    images = pixels((28, 28, 3), n=2)
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(images), model(images))


SEPARABLE = {"convolution": "separable", "activation": "prelu"}


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("vgg", {}, ["block2_conv1", "block2_conv2"]),
        ("vgg", {"whitening": True}, ["block1_conv1", "block2_conv1", "block2_conv2"]),
        ("cnn", {"convs_per_stage": 2}, ["block1_conv2", "block2_conv1", "block2_conv2"]),
    ],
)
def test_all_convolutions_are_separable_but_the_one_that_sees_the_pixels(name, settings, expected):
    model = small_model(name, **SEPARABLE, **settings)
    filters = [layer.name for layer in model.layers if isinstance(layer, keras.layers.DepthwiseConv2D)]
    assert filters == [f"{name}_depthwise" for name in expected]
    assert {model.get_layer(name).kernel_size for name in expected} == {(1, 1)}


def test_a_separable_convolution_starts_by_passing_its_channels_on_and_by_a_fan_in_of_its_own():
    model = build_model("vgg", (8, 8, 3), 10, filters=(64, 64), blocks=(1, 1), whitening=True, **SEPARABLE)
    (pointwise,) = model.get_layer("block2_conv1").get_weights()
    np.testing.assert_array_equal(pointwise[0, 0], np.eye(64))
    assert np.std(model.get_layer("block2_conv1_depthwise").kernel) == pytest.approx((1 / 9) ** 0.5, rel=0.1)


def test_prelu_learns_a_slope_for_each_channel_of_images_and_each_unit_of_a_dense_layer():
    model = small_model("cnn", **SEPARABLE, hidden_units=(7,))
    assert model.get_layer("block2_conv1_activation").alpha.shape == (1, 1, 6)
    assert model.get_layer("hidden1_activation").alpha.shape == (7,)
    assert set(np.ravel(model.get_layer("hidden1_activation").alpha)) == {0.25}


def test_the_instruments_read_separable_networks():
    model = with_random_kernels(small_model("vgg", (28, 28, 3), whitening=True, blocks=(1, 1), **SEPARABLE))
    assert check_wiring(model) == []
    assert count(model).not_counted == ()
    field = receptive_fields(model)["block2_conv1"]  # 2 of the whitening, 3 + 1 pooled, 2 x 2
    assert (field.size, field.jump) == ((9, 9), (2, 2))
    model.get_layer("block2_conv1_norm").gamma.assign(np.zeros(6))  # which kills all units of the last convolution
    uses = {use.name: use for use in unit_use(model, [pixels((28, 28, 3), n=8)])}
    last = uses["block2_conv1_activation"]
    assert last.parameters == 6 * (4 + 1 + 1 + 1)  # a number for each channel; scale, shift and slope


@pytest.mark.parametrize("batch_norm", [True, False])
def test_a_convolution_has_a_bias_unless_batch_norm_follows(batch_norm):
    model = small_model("vgg", batch_norm=batch_norm)
    assert model.get_layer("block1_conv1").use_bias is not batch_norm


def test_resnet18_without_residuals_is_the_plain_network():
    model = small_model("resnet18", residual=False)
    assert "Add" not in kinds(model)
    assert not [name for name in names(model) if "shortcut" in name]


def test_every_convolution_of_resnet18_starts_as_he_et_al_have_it():
    convs = [layer for layer in small_model("resnet18").layers if isinstance(layer, keras.layers.Conv2D)]
    assert {type(conv.kernel_initializer).__name__ for conv in convs} == {"HeNormal"}


def test_resnet18_halves_the_image_three_times():
    model = build_model("resnet18", (32, 32, 3), 10, width=4)
    sides = [model.get_layer(f"stage{stage}_block2_activation").output.shape[1] for stage in (1, 2, 3, 4)]
    assert sides == [32, 16, 8, 4]


def test_token_mixing_sees_all_patches_and_channel_mixing_all_channels():
    model = small_model("mlp_mixer")
    assert model.get_layer("block1_token_mixing_dense1").kernel.shape == (16, 6)
    assert model.get_layer("block1_channel_mixing_dense1").kernel.shape == (8, 12)


def test_convmixer_skips_positions_but_not_channels():
    model = small_model("convmixer")
    adds = [name for name in names(model) if name.endswith("_add")]
    assert adds == ["block1_depthwise_add", "block2_depthwise_add"]


def test_convmixer_depthwise_filters_start_by_their_own_fan_in():
    kernel = build_model("convmixer", (8, 8, 3), 10, depth=1).get_layer("block1_depthwise_conv").kernel
    assert np.std(kernel) == pytest.approx((1 / (3 * 5 * 5)) ** 0.5, rel=0.05)


def test_the_lstm_reads_rows():
    model = build_model("lstm", (6, 8, 3), 10)
    images = pixels((6, 8, 3), n=1)
    rows = model.get_layer("rows")(images)
    np.testing.assert_array_equal(rows[0, 2], images[0, 2].reshape(-1))


@pytest.mark.parametrize(("bidirectional", "features"), [(False, 6), (True, 12)])
def test_both_directions_of_the_lstm_reach_the_logits(bidirectional, features):
    assert small_model("lstm", bidirectional=bidirectional).layers[-1].kernel.shape == (features, 5)


@pytest.mark.parametrize("name", ["mlp", "vgg", "resnet18", "mlp_mixer", "lstm"])
def test_dropout_is_in_the_network_only_where_asked_for(name):
    assert "Dropout" not in kinds(small_model(name))
    assert "Dropout" in kinds(small_model(name, dropout_rate=0.2))


@pytest.mark.parametrize("activation", ["relu", "gelu", "tanh", "sigmoid"])
def test_activations_are_applied_by_name(activation):
    model = small_model("mlp", activation=activation)
    assert model.get_layer("block1_activation").activation is getattr(keras.activations, activation)


@pytest.mark.parametrize(("activation", "spread"), [("relu", 2 / 784), ("tanh", 2 / (784 + 512))])
def test_kernels_start_as_their_activation_wants(activation, spread):
    kernel = build_model("mlp", (28, 28, 1), 10, activation=activation).get_layer("block1_dense").kernel
    assert np.var(kernel) == pytest.approx(spread, rel=0.02)


def test_a_vgg_for_twice_the_side_costs_as_much_as_one_for_small_images():
    small, large = (build_model("vgg", (side, side, 3), 10) for side in (32, 64))
    assert large.get_layer("block1_conv1").strides == (2, 2)
    assert count(large).parameters == count(small).parameters
    assert count(large).macs == pytest.approx(count(small).macs, rel=0.05)
    assert build_model("vgg", (64, 64, 3), 10, strides=1).get_layer("block4_conv1")  # a narrow stage halves it instead
