"""Convolutions by oneDNN, also on processors where TensorFlow leaves it off."""

import os

from keras_vision.system.machine import instructions

VARIABLE = "TF_ENABLE_ONEDNN_OPTS"


def use_onednn() -> None:
    """Has a TensorFlow that is not imported yet convolve by oneDNN; what the variable says already stays.

    TensorFlow does so by itself where a processor has AVX512. With AVX2 alone it takes kernels of its own, with which
    networks of convolutions train at a third to six tenths of the speed (docs/results/speed.md).
    """
    if "avx2" in instructions():
        os.environ.setdefault(VARIABLE, "1")
