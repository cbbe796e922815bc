"""The signatures of a SavedModel, as TensorFlow Serving finds them."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_vision.data.files.images import read_image
from keras_vision.formats import saved_model
from keras_vision.formats.network import with_probabilities
from tests.models.small import small_model


def export(directory, input_shape=(8, 8, 3)):
    classifier = with_probabilities(small_model("cnn", input_shape))
    saved_model.write(classifier, directory, origin={})
    return tf.saved_model.load(str(directory))


def test_the_signatures_are_those_that_serving_looks_for(tmp_path):
    loaded = export(tmp_path)
    assert set(loaded.signatures) == {"serve", "serve_bytes", "serving_default"}
    pixels = loaded.signatures["serving_default"].structured_input_signature[1]["pixels"]
    assert (pixels.shape.as_list(), pixels.dtype) == ([None, 8, 8, 3], tf.float32)
    contents = loaded.signatures["serve_bytes"].structured_input_signature[1]["image_bytes"]
    assert (contents.shape.as_list(), contents.dtype) == ([None], tf.string)


def test_images_of_other_than_one_or_three_channels_come_as_pixels_only(tmp_path):
    assert set(export(tmp_path, (8, 8, 2)).signatures) == {"serve", "serving_default"}


def colours(height, width, channels, dtype="uint8"):
    """A smooth picture, as photographs are, in which no two channels are equal."""
    rows, columns = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    planes = (rows, columns, rows * columns, 0.2 + 0.8 * (1 - rows))
    picture = np.stack(planes[:channels], axis=-1) * np.iinfo(dtype).max
    return picture.astype(dtype).squeeze()


def encoded(image, form):
    content = io.BytesIO()
    image.save(content, form)
    return content.getvalue()


def palette():
    return Image.fromarray(colours(20, 12, 3)).quantize(16)


FILES = {
    "RGB PNG": encoded(Image.fromarray(colours(20, 12, 3)), "PNG"),
    "grey PNG": encoded(Image.fromarray(colours(20, 12, 1)), "PNG"),
    "grey PNG with transparency": encoded(Image.fromarray(colours(20, 12, 2), "LA"), "PNG"),
    "RGB PNG with transparency": encoded(Image.fromarray(colours(20, 12, 4)), "PNG"),
    "16-bit PNG": encoded(Image.fromarray(colours(20, 12, 1, "uint16")), "PNG"),
    "PNG with a palette": encoded(palette(), "PNG"),
    "GIF": encoded(palette(), "GIF"),
    "BMP": encoded(Image.fromarray(colours(20, 12, 3)), "BMP"),
    "small PNG": encoded(Image.fromarray(colours(5, 3, 3)), "PNG"),
    "PNG of the right size": encoded(Image.fromarray(colours(8, 8, 3)), "PNG"),
    "JPEG": encoded(Image.fromarray(colours(20, 12, 3)), "JPEG"),
    "grey JPEG": encoded(Image.fromarray(colours(20, 12, 1)), "JPEG"),
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", FILES)
def test_files_become_the_pixels_that_training_saw(kind, channels):
    shape = (8, 8, channels)
    (got,) = saved_model.decode_images(tf.constant([FILES[kind]]), shape).numpy()
    difference = np.abs(got - read_image(FILES[kind], shape))
    assert difference.max() <= (4 if "JPEG" in kind else 1)  # decoders of JPEG round in their own ways


@pytest.mark.slow
def test_files_of_different_kinds_and_sizes_share_a_batch(tmp_path):
    loaded = export(tmp_path)
    got = loaded.serve_bytes(tf.constant(list(FILES.values()))).numpy()
    pixels = np.stack([read_image(content, (8, 8, 3)) for content in FILES.values()]).astype("float32")
    np.testing.assert_allclose(got, loaded.serve(tf.constant(pixels)).numpy(), atol=0.02)
    np.testing.assert_allclose(got.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.slow
def test_what_is_no_image_is_an_error(tmp_path):
    loaded = export(tmp_path)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Unknown image file format"):
        loaded.serve_bytes(tf.constant([b"text"]))
