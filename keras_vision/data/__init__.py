"""Where images come from: `load_dataset("fashion_mnist")` and what it returns.

Importing this package imports numpy and nothing heavier; `augment` and `pipeline` import TensorFlow.
"""

from keras_vision.data.dataset import Dataset
from keras_vision.data.loading import load_dataset, load_images
from keras_vision.data.places import DATASETS, locate
from keras_vision.data.source import DataSource
from keras_vision.data.splits import Split

__all__ = ["DATASETS", "DataSource", "Dataset", "Split", "load_dataset", "load_images", "locate"]
