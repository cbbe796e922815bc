"""OpenVINO's intermediate representation: model.xml and model.bin."""

import tempfile
from pathlib import Path

import openvino
import tensorflow as tf

from keras_vision.formats.network import traced

FILE = "model.xml"


def write(classifier, directory, *, origin, calibration=None):
    """Writes the artifact, its weights in float32.

    The runtime's own reader of SavedModels converts it: OpenVINO's converter would report its use over the network.
    """
    with tempfile.TemporaryDirectory() as folder:
        with traced(classifier, constant=True) as serve:
            tf.saved_model.save(tf.Module(), folder, signatures=serve.get_concrete_function())
        model = openvino.Core().read_model(folder)
        openvino.save_model(model, Path(directory, FILE), compress_to_fp16=False)


def load(directory):
    """Opens an artifact in OpenVINO on the processor, in float32 whatever else the processor can."""
    compiled = openvino.Core().compile_model(Path(directory, FILE), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return {"pixels": lambda pixels: compiled(pixels)[0]}
