"""Installs keras_vision and, beside it, the search spaces of `tuner_configs`."""

import itertools
from pathlib import Path

from setuptools import find_packages, setup

# What each is for stands in docs/architecture.md, to which the README leads; heavy or rare ones are extras.
REQUIRED = [
    "keras>=3.15.1",
    "tensorflow>=2.21",
    "tensorflow-datasets>=4.9.10",
    "importlib_resources>=6.4",  # imported by tensorflow-datasets, which forgets to declare it
    "keras-tuner>=1.4.8",
    "tensorboard>=2.20",
    "rich>=13.7",
    "matplotlib>=3.9",
    "jinja2>=3.1",
    "scikit-learn>=1.5",
    "scipy>=1.13",
    "numpy>=2.0",
    "pillow>=11.0",
    "filelock>=3.16",
    "psutil>=6.0",
]
EXPORTS = {  # format -> what it needs
    "onnx": ["tf2onnx>=1.17", "onnx>=1.17", "onnxruntime>=1.20"],
    "litert": ["ai-edge-litert>=2.0"],
    "openvino": ["openvino>=2025.0"],
}
EXTRAS = EXPORTS | {
    "gpu": ["tensorflow[and-cuda]>=2.21"],
    "heic": ["pillow-heif>=0.18"],
    "ray": ["ray>=2.60"],
    "bench": ["torch>=2.6", "jax>=0.5", "cleanlab>=2.9"],
    "test": ["pytest>=8.3", "pytest-xdist>=3.6", "selenium>=4.20"],
    "docs": ["zensical>=0.0.73", "mkdocstrings>=1.0", "mkdocstrings-python>=2.0"],
}
EXTRAS["dev"] = [
    *EXTRAS["test"], *EXTRAS["docs"], *EXTRAS["ray"], *itertools.chain(*EXPORTS.values()), "ruff>=0.9"
]  # fmt: skip

setup(
    name="keras-vision",
    version="0.1.0",
    description="A workbench for small-image classification in Keras 3",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    keywords=["image classification", "keras", "tensorflow", "neural architecture search", "hyperparameter tuning"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Education",
        "Intended Audience :: Science/Research",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Image Recognition",
    ],
    python_requires=">=3.11",
    packages=find_packages(include=["keras_vision", "keras_vision.*", "tuner_configs"]),
    package_data={"keras_vision": ["py.typed"], "keras_vision.reporting": ["page.html"]},
    install_requires=REQUIRED,
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["keras-vision=keras_vision.__main__:main"]},
)
