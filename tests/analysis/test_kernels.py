import keras
import numpy as np
import pytest
from keras import layers

from keras_vision.analysis.kernels import first_layer_kernels, plot_kernels, standardise, token_mixing_units
from keras_vision.errors import BadInput
from keras_vision.models import build_model
from tests.models.small import small_model

SHAPES = {
    "mlp": (8, 8, 3, 12),
    "cnn": (3, 3, 3, 4),
    "vgg": (3, 3, 3, 4),
    "resnet18": (3, 3, 3, 4),
    "mlp_mixer": (2, 2, 3, 8),
    "convmixer": (2, 2, 3, 8),
    "lstm": (4, 8, 3, 6),
}


@pytest.mark.parametrize(("name", "shape"), SHAPES.items())
def test_the_kernels_of_the_first_layer_lie_on_the_pixels(name, shape):
    assert first_layer_kernels(small_model(name)).shape == shape


def test_the_fixed_filters_of_a_whitening_are_passed_over():
    model = build_model("vgg", (8, 8, 3), 3, filters=(4,), blocks=(1,), whitening=True)
    assert first_layer_kernels(model).shape == (3, 3, 24, 4)


def test_a_dense_layers_kernels_lie_as_the_pixels_do():
    model = small_model("mlp")
    kernels = first_layer_kernels(model)
    flat = np.zeros((1, 8, 8, 3), "float32")
    flat[0, 2, 5, 1] = 1
    response = np.asarray(model.get_layer("block1_dense")(flat.reshape(1, -1)))
    np.testing.assert_allclose(kernels[2, 5, 1], response[0], atol=1e-6)


def test_an_lstm_units_rows_are_its_gates():
    model = small_model("lstm")
    kernel = np.asarray(model.get_layer("block1_lstm").cell.kernel)
    # Kernel columns: gate by gate, unit by unit; rows: pixel by pixel, channel by channel.
    assert first_layer_kernels(model)[2, 5, 1, 4] == kernel[5 * 3 + 1, 2 * 6 + 4]


def test_a_bidirectional_lstm_shows_its_forward_half():
    assert first_layer_kernels(small_model("lstm", bidirectional=True)).shape == (4, 8, 3, 6)


def test_token_mixing_units_lie_as_the_patches_do():
    model = small_model("mlp_mixer")
    units = token_mixing_units(model, block=2)
    kernel = np.asarray(model.get_layer("block2_token_mixing_dense1").kernel)
    assert units.shape == (4, 4, 1, 6)
    assert units[1, 3, 0, 2] == kernel[1 * 4 + 3, 2]


def test_a_model_without_token_mixing_is_refused():
    with pytest.raises(BadInput, match="an MLP-Mixer with a layer 'block1_token_mixing_dense1'"):
        token_mixing_units(small_model("vgg"))


def test_a_model_whose_first_kernel_is_not_on_pixels_is_refused():
    x = keras.Input((8, 8, 3))
    y = layers.Dense(4)(layers.GlobalAveragePooling2D()(x))
    with pytest.raises(BadInput, match="looks at the pixels with kernels"):
        first_layer_kernels(keras.Model(x, y))


def test_a_recurrent_layer_that_reads_no_rows_of_the_image_is_refused():
    x = keras.Input((8, 8, 3))
    y = layers.Dense(4)(layers.LSTM(5)(layers.Reshape((4, 48))(x)))
    with pytest.raises(BadInput, match="looks at the pixels with kernels"):
        first_layer_kernels(keras.Model(x, y))


def test_a_model_of_something_else_than_images_is_refused():
    x = keras.Input((4,))
    with pytest.raises(BadInput, match="looks at the pixels with kernels"):
        first_layer_kernels(keras.Model(x, layers.Dense(2)(x)))


def test_standardised_kernels_have_mean_zero_and_deviation_one():
    images = standardise(np.random.default_rng(0).uniform(3, 5, (6, 3, 3)))
    np.testing.assert_allclose(images.mean(axis=(1, 2)), 0, atol=1e-9)
    np.testing.assert_allclose(images.std(axis=(1, 2)), 1)


def test_a_flat_kernel_is_drawn_at_the_middle():
    assert not standardise(np.full((1, 3, 3), 7.0)).any()


@pytest.mark.parametrize("colour", [False, True])
def test_the_figure_says_how_many_kernels_it_shows(colour):
    kernels = np.random.default_rng(0).standard_normal((3, 3, 3, 100))
    figure = plot_kernels(kernels, title="First-layer kernels", colour=colour)
    assert figure.axes[0].get_title() == "First-layer kernels: the first 64 of 100, each standardised"


def test_grey_kernels_are_the_average_over_channels():
    kernels = np.random.default_rng(0).standard_normal((1, 2, 3, 1))
    grey = kernels.mean(axis=2)[0, :, 0]
    image = plot_kernels(kernels, title="one").axes[0].images[0].get_array()
    assert (np.sign(image[0, [0, -1]]) == np.sign(grey - grey.mean())).all()


def test_colour_needs_three_channels():
    with pytest.raises(BadInput, match="Kernels of 1 channels cannot be drawn in colour"):
        plot_kernels(np.zeros((3, 3, 1, 4)), title="grey", colour=True)
