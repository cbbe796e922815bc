"""A LiteRT (TensorFlow Lite) file: float32 pixels in, float32 probabilities out, whatever is computed in between."""

import os
import warnings
from pathlib import Path

import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from keras_vision.formats.network import recurrent_layers, traced
from keras_vision.system.keras_import import native_output_held_back

FILE = "model.tflite"


def write(classifier, directory, *, origin, calibration=None):
    """Writes the artifact; in 8-bit integers where there are images to calibrate on.

    A recurrent network keeps its states in float32; its weights are 8-bit integers, and so are its products, by ranges
    found image by image. With 8-bit states rounding errors add up over the time steps: two LSTMs lost 0.8 and 1.0
    points of accuracy on 5,000 images of CIFAR-10, whatever the calibration images; this way they lose 0.1 and 0.0.
    """
    with traced(classifier) as serve, warnings.catch_warnings():
        # Of the interface's floats, which are to stay floats.
        warnings.filterwarnings("ignore", message="Statistics for quantized inputs were expected")
        concrete = serve.get_concrete_function()
        # The function stands in the place of the model, too: given that, the converter would save and load it, and take
        # its weights for variables that nothing fills. Given a function alone it freezes them.
        converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], concrete)
        if calibration is not None:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if calibration is not None and not any(recurrent_layers(classifier)):
            converter.representative_dataset = lambda: ([image[None].astype("float32")] for image in calibration)
        with native_output_held_back():
            content = converter.convert()
    Path(directory, FILE).write_bytes(content)


def load(directory):
    """Opens an artifact in the LiteRT interpreter, on all cores of the processor."""
    with native_output_held_back():
        interpreter = Interpreter(os.fspath(Path(directory, FILE)), num_threads=os.cpu_count())
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    size = None

    def run(pixels):
        nonlocal size
        if size != len(pixels):
            interpreter.resize_tensor_input(taken["index"], pixels.shape)
            with native_output_held_back():
                interpreter.allocate_tensors()
            size = len(pixels)
        interpreter.set_tensor(taken["index"], pixels)
        interpreter.invoke()
        return interpreter.get_tensor(given["index"])

    return {"pixels": run}
