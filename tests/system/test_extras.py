"""The command that installs what an extra needs."""

import importlib.metadata

import pytest

from keras_vision.system.extras import install_command


def test_it_names_the_packages_of_the_extra_and_no_others(monkeypatch):
    lines = ["keras>=3", 'onnx>=1.17; extra == "onnx"', 'ray>=2; extra == "ray"', 'onnx-more>=2; extra == "onnx-more"']
    monkeypatch.setattr("importlib.metadata.requires", lambda name: lines)
    assert install_command("python", "onnx") == "python -m pip install 'onnx>=1.17'"


@pytest.mark.parametrize("extra", ["onnx", "litert", "openvino", "ray", "heic", "pandas", "completion", "mlflow"])
def test_every_extra_is_one_of_the_installed_package(extra):
    assert extra in importlib.metadata.metadata("keras-vision").get_all("Provides-Extra")
    assert ">=" in install_command("python", extra)
