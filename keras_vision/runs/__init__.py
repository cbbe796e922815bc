"""Runs: the run directory, whole files, and model files with what makes them safe to load.

Importing this package imports nothing heavy; `models` and `safety` import Keras.
"""

from keras_vision.system.lazy import lazily

_PUBLIC = {
    "Run": "keras_vision.runs.run",
    "WorkdirRefused": "keras_vision.runs.run",
    "atomic_path": "keras_vision.runs.files",
    "check_folder": "keras_vision.runs.files",
    "check_model_memory": "keras_vision.runs.models",
    "claim_folder": "keras_vision.runs.own_folders",
    "default_workdir": "keras_vision.runs.run",
    "file_name": "keras_vision.runs.files",
    "first_difference": "keras_vision.runs.run",
    "is_as_remembered": "keras_vision.runs.own_folders",
    "is_own": "keras_vision.runs.own_folders",
    "is_run": "keras_vision.runs.run",
    "latest_start": "keras_vision.runs.run",
    "load_model": "keras_vision.runs.opening",
    "model_file": "keras_vision.runs.opening",
    "processor_name": "keras_vision.runs.provenance",
    "read_card": "keras_vision.runs.opening",
    "read_json": "keras_vision.runs.files",
    "remember": "keras_vision.runs.own_folders",
    "replace_card": "keras_vision.runs.card",
    "save_model": "keras_vision.runs.models",
    "usual_runs": "keras_vision.runs.run",
    "write_json": "keras_vision.runs.files",
    "write_text": "keras_vision.runs.files",
}

__all__ = list(_PUBLIC)
__getattr__, __dir__ = lazily(__name__, _PUBLIC)
