"""Installs keras_vision and, beside it, the search spaces of `tuner_configs`; pyproject.toml says what they are."""

import itertools

from setuptools import find_packages, setup

# What each is for stands in docs/architecture.md, to which the README leads; heavy or rare ones are extras.
REQUIRED = [
    "keras>=3.15.1",
    "tensorflow>=2.21",
    "tensorflow-datasets>=4.9.10",
    "importlib_resources>=6.4",  # imported by tensorflow-datasets, which forgets to declare it
    "keras-tuner>=1.4.8",
    "tensorboard>=2.20",
    "rich>=14.0",
    "matplotlib>=3.10.7",
    "jinja2>=3.1",
    "scikit-learn>=1.5",
    "scipy>=1.13",
    "numpy>=2.0",
    "pillow>=11.3",
    "filelock>=3.16",
    "psutil>=6.0",
    "pyyaml>=6.0.2",
]
EXPORTS = {  # format -> what it needs
    "onnx": ["tf2onnx>=1.17", "onnx>=1.17", "onnxruntime>=1.20"],
    "litert": ["ai-edge-litert>=2.0.2"],
    "openvino": ["openvino>=2025.0"],
}
EXTRAS = EXPORTS | {
    "gpu": ["tensorflow[and-cuda]>=2.21"],
    "heic": ["pillow-heif>=0.18"],
    "ray": ["ray>=2.60"],
    "completion": ["shtab>=1.7"],
    "mlflow": ["mlflow>=3.11.1"],
    "wandb": ["wandb>=0.19.10"],
    "trackio": ["trackio>=0.39"],
    "pandas": ["pandas>=2.2.2"],
    "bench": ["torch>=2.6", "jax>=0.5", "cleanlab>=2.9"],
    "test": [
        "pytest>=8.3",
        "pytest-xdist>=3.6.1",
        "selenium>=4.20",
        "setuptools>=77",
        "nbclient>=0.10.2",
        "ipykernel>=6.29",
    ],
    "docs": ["zensical>=0.0.73", "mkdocstrings>=1.0.8", "mkdocstrings-python>=2.0.11"],
}
EXTRAS["dev"] = [
    *itertools.chain(*(EXTRAS[name] for name in ("test", "docs", "pandas", "ray", "completion", *EXPORTS))),
    "ruff>=0.9",
    "mypy>=1.15",
]

setup(
    packages=find_packages(include=["keras_vision", "keras_vision.*", "tuner_configs"]),
    package_data={
        "keras_vision": ["py.typed"],
        "keras_vision.reporting": ["page.html", "try.html", "try.css", "try.js"],
        "keras_vision.zoo": ["*.keras", "*.json"],
        "keras_vision.studies": ["recorded.json"],
    },
    install_requires=REQUIRED,
    extras_require=EXTRAS,
)
