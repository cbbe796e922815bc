"""What an export can be: a row of `FORMATS`, and a file of its name in this folder, for each format.

A file has two functions:
    write(classifier, directory, *, origin, calibration=None)
        writes the artifact into a directory: raw pixels in, probabilities out, batches of any size. `origin` is the
        card inside the model's own file; `calibration` are uint8 images [n, h, w, c], where it is to compute in 8 bits.
    load(directory)
        opens it in its own runtime and returns its entries by name, each a function from float32 pixels [n, h, w, c] to
        probabilities [n, classes].
And where its row has `is_public`, which means that a person will give the artifact away, two more:
    public(card)
        returns a card, that of the model's file or that of the artifact, without what is nobody's business.
    readme(card, text)
        returns README.md, made of the artifact's card and of its text.
Whichever of these is missing, or the extra in setup.py of a format that needs packages, is named by
`pytest tests/formats/test_table.py`.
"""

import dataclasses
import importlib

from keras_vision.errors import BadInput, check_name
from keras_vision.reporting.packages import check_installed

# Training images by which an export in 8 bits is calibrated. The range of a layer is that of its rarest images: on
# 2,000 of them, 8 bits told fewer classes apart than on 100.
CALIBRATION = 128


@dataclasses.dataclass(frozen=True)
class Format:
    """One kind of export.

    Args:
        meaning: What it is for.
        files: Names of the files and folders that an artifact consists of.
        bound: The largest difference in probability that an artifact in float32 may have.
        packages: Modules that must be importable, which the extra of the format's name installs.
        int8: Whether it can be quantised.
        limits: Sentences for the model card.
        is_public: Whether it is made to be given away.
    """

    meaning: str
    files: tuple[str, ...]
    bound: float
    packages: tuple[str, ...] = ()
    int8: bool = False
    limits: tuple[str, ...] = ()
    is_public: bool = False


JSON, TEXT = "model_card.json", "README.md"  # the model card beside each artifact, for programs and for people

# Kernels of other makers add in another order: after tens of layers that is a few 1e-5 in probability.
SAME_KERNELS, OTHER_KERNELS = 1e-5, 1e-4

FORMATS = {
    "saved_model": Format(
        "TensorFlow and TensorFlow Serving",
        ("saved_model.pb", "fingerprint.pb", "variables", "assets"),
        SAME_KERNELS,
        limits=(
            "Signature serve (and serving_default): float32 pixels [n, height, width, channels].",
            "Signature serve_bytes: contents of JPEG, PNG, GIF or BMP files, strings [n], which it decodes, lays over "
            "white where they are transparent, and resizes; it ignores EXIF orientation and takes no CMYK.",
        ),
    ),
    "onnx": Format(
        "ONNX Runtime, and other readers of ONNX",
        ("model.onnx",),
        OTHER_KERNELS,
        ("tf2onnx", "onnx", "onnxruntime"),
        int8=True,
        limits=("Input pixels, output probabilities; the first axis of both is the batch.",),
    ),
    "litert": Format(
        "LiteRT (TensorFlow Lite), on phones and small boards",
        ("model.tflite",),
        OTHER_KERNELS,
        ("ai_edge_litert",),
        int8=True,
        limits=(
            "For batches of more than one image call resize_tensor_input before allocate_tensors.",
            "In int8 a recurrent network (LSTM, GRU) has weights of 8 bits, but states in float32.",
        ),
    ),
    "openvino": Format(
        "OpenVINO, on Intel's processors",
        ("model.xml", "model.bin"),
        OTHER_KERNELS,
        ("openvino",),
        limits=("OpenVINO computes in bfloat16 where the processor can, unless INFERENCE_PRECISION_HINT is f32.",),
    ),
    "keras": Format(
        "Keras 3: one .keras file",
        ("model.keras",),
        SAME_KERNELS,
        limits=("Unlike the model's own file it ends in probabilities.",),
    ),
    "hub": Format(
        "the Hugging Face Hub: the folder to upload",
        ("model.keras", "preprocessor_config.json", "example.py"),
        SAME_KERNELS,
        is_public=True,
    ),
}


def check_format(name, quantize=None):
    """Refuses a format that does not exist, cannot be quantised as asked, or whose packages are not installed.

    Args:
        name: Of the format.
        quantize: None or "int8".

    Raises:
        BadInput: With the command that installs what is missing.
    """
    check_name("format", name, FORMATS)
    if quantize and not FORMATS[name].int8:
        able = ", ".join(name for name, row in FORMATS.items() if row.int8)
        raise BadInput(f"The format {name} cannot be quantised to {quantize}. These can: {able}.")
    check_installed(f"The format {name}", FORMATS[name].packages, name)


def format_module(name):
    """Imports the file of a format, which imports its packages: `check_format` has told where one is missing."""
    return importlib.import_module(f"{__name__}.{name}")
