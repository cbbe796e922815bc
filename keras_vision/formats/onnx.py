"""An ONNX file: input `pixels`, output `probabilities`."""

import os
import tempfile
from pathlib import Path

import onnxruntime
import tf2onnx
from onnxruntime import quantization

from keras_vision.formats.network import pixels_spec, traced

FILE = "model.onnx"
OPSET = 17  # 2022; every ONNX Runtime from 1.12 reads it


def write(classifier, directory, *, origin, calibration=None):
    """Writes the artifact; in 8-bit integers where there are images to calibrate on."""
    path = Path(directory, FILE)
    with traced(classifier) as serve:
        model, _ = tf2onnx.convert.from_function(serve, [pixels_spec(classifier)], opset=OPSET)
    path.write_bytes(model.SerializeToString())
    if calibration is not None:
        _quantize(path, calibration)


def _quantize(path, calibration):
    """Quantises a file in its place: weights by channel and 8-bit activations, of all that multiplies.

    The weights take 7 of their 8 bits. Processors with AVX2 and without VNNI add two products in 16 bits, which
    overflow otherwise: where the file is run is not known here.
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder, FILE)
        quantization.quant_pre_process(path, prepared, skip_symbolic_shape=True)
        quantization.quantize_static(
            prepared,
            path,
            _Batches(calibration),
            op_types_to_quantize=["Conv", "Gemm", "MatMul"],
            per_channel=True,
            reduce_range=True,
        )


class _Batches:
    """Calibration images one batch after the other, as ONNX Runtime asks for them."""

    def __init__(self, images, size=32):
        self.batches = (images[start : start + size] for start in range(0, len(images), size))

    def get_next(self):
        batch = next(self.batches, None)
        return None if batch is None else {"pixels": batch.astype("float32")}


def load(directory):
    """Opens an artifact in ONNX Runtime, on all cores of the processor."""
    session = onnxruntime.InferenceSession(os.fspath(Path(directory, FILE)), providers=["CPUExecutionProvider"])
    return {"pixels": lambda pixels: session.run(["probabilities"], {"pixels": pixels})[0]}
