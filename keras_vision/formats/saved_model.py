"""A TensorFlow SavedModel with two signatures: batches of pixels, and contents of image files."""

import contextlib
import shutil
import tempfile
from pathlib import Path

import keras
import tensorflow as tf

from keras_vision.formats.network import pixels_spec
from keras_vision.system.grey import LUMA


def write(classifier, directory, *, origin, calibration=None):
    """Writes the artifact; the first signature, `serve`, is also TensorFlow Serving's `serving_default`."""
    archive = keras.export.ExportArchive()
    archive.track(classifier)
    archive.add_endpoint(
        name="serve",
        fn=lambda pixels: classifier(pixels, training=False),
        input_signature=[pixels_spec(classifier)],
    )
    if takes_files(classifier):
        shape = classifier.input_shape[1:]
        archive.add_endpoint(
            name="serve_bytes",
            fn=lambda image_bytes: classifier(decode_images(image_bytes, shape), training=False),
            input_signature=[tf.TensorSpec((None,), tf.string, name="image_bytes")],
        )
    # TensorFlow takes a path with brackets or stars for a pattern, and then finds nothing of what it has written.
    with tempfile.TemporaryDirectory() as plain:
        archive.write_out(plain, verbose=False)
        for path in Path(plain).iterdir():
            shutil.move(path, directory)


def load(directory):
    """Opens an artifact and returns its signatures; `serve_bytes` is handed its pixels as PNG files."""
    with _plain_path(directory) as path:
        loaded = tf.saved_model.load(path)

    def serve(pixels):
        return loaded.serve(tf.constant(pixels)).numpy()

    def serve_bytes(pixels):
        files = [tf.io.encode_png(tf.cast(image, tf.uint8)) for image in pixels]
        return loaded.serve_bytes(tf.stack(files)).numpy()

    return {"serve": serve} | ({"serve_bytes": serve_bytes} if hasattr(loaded, "serve_bytes") else {})


@contextlib.contextmanager
def _plain_path(directory):
    """Gives a path to a directory in which TensorFlow sees no pattern: its own, or that of a copy."""
    if not set(str(directory)) & set("[]*?{}\\"):
        yield str(directory)
        return
    with tempfile.TemporaryDirectory() as plain:
        shutil.copytree(directory, plain, dirs_exist_ok=True)
        yield plain


def takes_files(classifier):
    """Returns whether a classifier's images are such as files hold: grey or RGB."""
    return classifier.input_shape[-1] in (1, 3)


def decode_images(contents, shape):
    """Decodes image files to pixels as `keras_vision.data.files.images.read_image` does, within one grey level.

    Args:
        contents: Strings [n]: JPEG, PNG, GIF (its first frame) or BMP.
        shape: (height, width, channels) of the result, 1 channel for grey or 3 for RGB.

    Returns:
        float32 [n, height, width, channels], whole numbers from 0 to 255.
    """
    return tf.map_fn(lambda content: _decode(content, shape), contents, fn_output_signature=tf.TensorSpec(shape))


def _decode(content, shape):
    image = tf.io.decode_image(content, channels=0, expand_animations=False)  # 8 bits: of 16, the upper byte
    channels = tf.shape(image)[-1]  # grey, grey and alpha, RGB, RGB and alpha
    image = tf.cast(tf.ensure_shape(image, (None, None, None)), tf.float32)
    alpha = tf.where(channels % 2 == 0, image[..., -1:], 255.0) / 255
    colours = image[..., : channels - 1 + channels % 2] * alpha + 255 * (1 - alpha)
    rgb = tf.round(tf.broadcast_to(colours, (*tf.unstack(tf.shape(image)[:2]), 3)))
    pixels = rgb if shape[-1] == 3 else tf.round(tf.tensordot(rgb, tf.constant(LUMA), 1))[..., None]
    resized = tf.image.resize(pixels, shape[:2], "bilinear", antialias=True)
    return tf.ensure_shape(tf.round(resized), shape)
