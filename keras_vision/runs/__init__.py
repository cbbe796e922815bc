"""Runs: the run directory, whole files, and model files with what makes them safe to load."""

from keras_vision.runs.files import atomic_path, file_name, read_json, write_json, write_text
from keras_vision.runs.models import check_model_memory, load_model, model_file, read_card, save_model
from keras_vision.runs.provenance import processor_name, provenance
from keras_vision.runs.run import Run, WorkdirRefused, default_workdir, first_difference

__all__ = [
    "Run",
    "WorkdirRefused",
    "atomic_path",
    "check_model_memory",
    "default_workdir",
    "file_name",
    "first_difference",
    "load_model",
    "model_file",
    "processor_name",
    "provenance",
    "read_card",
    "read_json",
    "save_model",
    "write_json",
    "write_text",
]
