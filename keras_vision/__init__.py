"""keras_vision: a workbench for small-image classification in Keras 3.

Importing the package imports nothing heavy; each public name is loaded when it is first used. The front doors are
functions of modules of their own name:

>>> from keras_vision.tune import tune
>>> result = tune(model="vgg", target_acc=0.9)  # doctest: +SKIP
"""

import os

from keras_vision.system.lazy import lazily

# Before a person's own import of TensorFlow, after which it is too late: its greeting is no news to anyone.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

__version__ = "0.1.0"

# public name -> the module that holds it
_PUBLIC = {
    "MODELS": "keras_vision.models",
    "build_model": "keras_vision.models",
    "DATASETS": "keras_vision.data.places",
    "load_dataset": "keras_vision.data.loading",
    "Recipe": "keras_vision.training.recipe",
    "load_model": "keras_vision.runs.opening",
}

__all__ = ["__version__", *_PUBLIC]
__getattr__, __dir__ = lazily(__name__, _PUBLIC)
