"""The studies: every experiment of five reports on image classification, to be run again by one command each.

To add a study, write `keras_vision/studies/NAME.py` with a `STUDY`, and its row in `STUDIES`; and, in
`tests/studies/test_answers.py`, for each of its claims, numbers by which it holds, and by which it does not. Whichever
is missing is named by `pytest tests/studies/test_studies.py`.
"""

import importlib

from keras_vision.errors import check_name

OURS = "goals of our own"  # where no source claims anything
# name of the file -> (what it asks, in a line; where it comes from)
STUDIES = {
    "convmixer_parts": ("ConvMixer without one part at a time", "ConvMixer report 000 (E1)"),
    "mlp_activations": ("MLP with ReLU, tanh and sigmoid", "report 001, question 4.2 (E2)"),
    "resnet_learning_rates": ("ResNet18 by learning rate", "report 001, question 4.3 (E3)"),
    "mixer_patches": ("MLP-Mixer by patch size", "report 001, question 4.4 (E4)"),
    "resnet_best": ("The best ResNet18 of its report", "report 001, question 4.5 (E5)"),
    "mixer_best": ("The best MLP-Mixer of its report", "report 001, question 4.6 (E6)"),
    "count_by_hand": ("Weights by hand and by program", "report 002, question 2 (E7)"),
    "wiring_faults": ("Faults of a skip connection, found by program", "report 002, question 3 (E8)"),
    "vgg_growth": ("VGG grown to 90%", "report 002, question 4a (E9)"),
    "rnn_lstm": ("A plain recurrent network against an LSTM", "report 002, question 4b (E10)"),
    "cnn_size": ("CNN by size: layers, blocks and filters", "report 003, parts a to c (E11)"),
    "nonlinearity": ("A CNN without anything non-linear", "report 003, non-linearity (E12)"),
    "shallow": ("One convolution against a deep network", "report 003, receptive field (E13)"),
    "impulse": ("Kernels read back from unit impulses", "report 003, theory 1 (E14)"),
    "flattening_order": ("The order in which pixels are flattened", "report 003, theory 2 (E15)"),
    "linearity": ("Which layers are linear, which commute with shifts", "report 003, theory 3 (E16)"),
    "mixer_fashion": ("MLP-Mixer on Fashion-MNIST by rate, dropout and batch", "report 004 (E17)"),
    "headline": ("The best runs of each family", "reports 001 to 004"),
    "front": ("The smallest networks, from 1,000 to 100,000 parameters", OURS),
}


def load_study(name):
    """Returns the `Study` of a name in `STUDIES`.

    Raises:
        BadInput: Unknown name.

    Example:

    >>> load_study("mixer_patches").dataset
    'cifar10'
    """
    check_name("study", name, STUDIES)
    return importlib.import_module(f"keras_vision.studies.{name}").STUDY
