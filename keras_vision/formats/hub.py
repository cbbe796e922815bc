"""The folder of a model as the Hugging Face Hub takes it: card, model, what becomes of images, an example. Nothing is
uploaded, and nothing in it says where files lie on this machine.

Source: https://huggingface.co/docs/hub/model-cards, with the metadata that it lists.
"""

import json
import re
from pathlib import Path

import yaml

from keras_vision.formats import keras

FILE, IMAGES, EXAMPLE = keras.FILE, "preprocessor_config.json", "example.py"
# What a data set is called on the Hub, where that is sure.
DATASETS = {"cifar10": "uoft-cs/cifar10", "fashion_mnist": "zalando-datasets/fashion_mnist", "mnist": "ylecun/mnist"}
_PATH = re.compile(r"(\w+:).*[/\\]")  # as data sets are named by where they lie
_TASK = "image-classification"
_PROGRAM = '''"""Names the class of an image file: python example.py IMAGE. Needs keras, tensorflow and pillow."""

import json
import sys
from pathlib import Path

import keras
import numpy as np
from PIL import Image, ImageOps

FOLDER = Path(__file__).parent


def read(path, size):
    """Returns the pixels [1, height, width, channels] of an image file, as the model takes them."""
    image = ImageOps.exif_transpose(Image.open(path))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("L" if size["channels"] == 1 else "RGB")
    image = image.resize((size["width"], size["height"]), Image.Resampling.BILINEAR)
    return np.asarray(image, "float32").reshape(1, size["height"], size["width"], size["channels"])


about = json.loads((FOLDER / "preprocessor_config.json").read_text(encoding="utf-8"))
model = keras.saving.load_model(FOLDER / "model.keras", compile=False)
probabilities = model.predict(read(sys.argv[1], about["size"]), verbose=0)[0]
best = int(probabilities.argmax())
print(about["id2label"][str(best)], f"{probabilities[best]:.4f}")
'''


def write(classifier, directory, *, origin, calibration=None):
    """Writes the artifact; `readme` makes its card."""
    origin = public(origin)
    keras.write(classifier, directory, origin=origin)
    height, width, channels = classifier.input_shape[1:]
    names = origin.get("class_names") or range(classifier.output_shape[-1])
    about = {
        "size": {"height": height, "width": width, "channels": channels},
        "do_resize": True,
        "resample": "bilinear, anti-aliased; the sides are stretched",
        "do_rescale": False,
        "do_normalize": False,
        "pixels": "0 to 255; the model rescales and normalises them itself",
        "transparency": "laid over white",
        "id2label": {str(number): str(name) for number, name in enumerate(names)},
    }
    text = json.dumps(about, indent=2, ensure_ascii=False) + "\n"
    Path(directory, IMAGES).write_text(text, encoding="utf-8")
    Path(directory, EXAMPLE).write_text(_PROGRAM, encoding="utf-8")


def load(directory):
    """Opens an artifact in safe mode."""
    return keras.load(directory)


def public(card):
    """Returns a card without what it says of this machine: where its images lay. Of a path its last part stays.

    Example:

    >>> public({"dataset": "folder:/home/me/photos", "data_source": {"spec": "folder:/home/me/photos"}})
    {'dataset': 'folder:photos'}
    """
    cleaned = {name: value for name, value in card.items() if name != "data_source"}
    for name, value in cleaned.items():
        if isinstance(value, dict):
            cleaned[name] = public(value)
        elif name in ("dataset", "source") and value:
            cleaned[name] = _PATH.sub(r"\1", value)
    return cleaned


def readme(card, text):
    """Returns README.md: the metadata that the Hub reads, the text of the card, and how to use the model."""
    head = yaml.safe_dump(_metadata(card), sort_keys=False, allow_unicode=True)
    height, width, _ = card["input_shape"]
    classes = len(card["class_names"] or ()) or "several"
    title = f"# {card['model']}\n\nSays which of {classes} classes an image of {width}x{height} pixels shows."
    _, _, rest = text.split("\n\n", 2)  # without the title of exports, and the line below it
    return f"---\n{head}---\n\n{title}\n\n{rest}\n{_usage(card)}"


def _metadata(card):
    dataset, test = card["data"]["dataset"], card["test"]
    metadata = {
        "library_name": "keras",
        "pipeline_tag": _TASK,
        "license": "unknown",  # which the owner may change
        "tags": ["keras_vision", card["model"]],
    }
    if dataset in DATASETS:
        metadata["datasets"] = [DATASETS[dataset]]
    if test["accuracy"] is None:
        return metadata
    result = {
        "task": {"type": _TASK, "name": "Image Classification"},
        "dataset": {"name": dataset or "unknown", "type": DATASETS.get(dataset, dataset or "unknown"), "split": "test"},
        "metrics": [{"type": "accuracy", "value": round(test["accuracy"], 6), "name": "Accuracy"}],
    }
    return metadata | {"metrics": ["accuracy"], "model-index": [{"name": card["model"], "results": [result]}]}


def _usage(card):
    shape = ", ".join(map(str, card["input_shape"]))
    return f"""## Use

`{EXAMPLE}` reads an image file and names its class. In a program of your own:

```python
import keras
import numpy as np
from huggingface_hub import hf_hub_download

model = keras.saving.load_model(hf_hub_download("USER/NAME", "{FILE}"), compile=False)
images = np.zeros((1, {shape}), "float32")  # pixels, 0 to 255
probabilities = model.predict(images)
```
"""
