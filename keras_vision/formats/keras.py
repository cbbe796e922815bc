"""A `.keras` file in float32, for Keras and for `keras_vision.predict`."""

from pathlib import Path

from keras_vision.runs import load_model, save_model

FILE = "model.keras"


def write(classifier, directory, *, origin, calibration=None):
    """Writes the artifact; class names travel inside."""
    save_model(classifier, Path(directory, FILE), origin)


def load(directory):
    """Opens an artifact in safe mode."""
    return {"pixels": load_model(Path(directory, FILE)).predict_on_batch}
