"""Where images come from: `load_dataset("fashion_mnist")` and what it returns.

Importing this package imports nothing heavy; `augmentation` and `pipeline` import TensorFlow, `prepared` TFDS.
"""

from keras_vision.system.lazy import lazily

_PUBLIC = {
    "DATASETS": "keras_vision.data.places",
    "DataSource": "keras_vision.data.source",
    "Dataset": "keras_vision.data.dataset",
    "Split": "keras_vision.data.splits",
    "load_dataset": "keras_vision.data.loading",
    "load_images": "keras_vision.data.loading",
    "locate": "keras_vision.data.places",
}

__all__ = list(_PUBLIC)
__getattr__, __dir__ = lazily(__name__, _PUBLIC)
