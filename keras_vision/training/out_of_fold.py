"""Probabilities of images by small networks that were trained on the others, fold by fold."""

import math
import tempfile

import keras
import numpy as np
from scipy.special import softmax

from keras_vision.data.dataset import Dataset
from keras_vision.data.folds import fold_numbers
from keras_vision.data.mirror import look_at_mirror_images
from keras_vision.models import build_model
from keras_vision.runs import Run
from keras_vision.training.evaluation import predict_logits
from keras_vision.training.precision import computing_in
from keras_vision.training.recipe import Length, Task, recipe_for
from keras_vision.training.trainer import fit

FOLDS = 4
MODEL = "vgg"
FILTERS = (16, 32, 64)  # cut to as many halvings as the images can take
LENGTH = Length(1_000, math.inf)  # of each training
_SMALLEST = 4  # pixels that a side keeps


@computing_in("float32")
def out_of_fold_probabilities(split, class_names, groups, *, folds=FOLDS, seed=0, progress):
    """Trains a small network for each fold on the images of the others, and has it answer for those of the fold.

    A class whose images all lie in one fold, as those of one group do, was seen by no network that could answer for it.

    Args:
        split: A `Split`.
        class_names: One name per label.
        groups: As in `fold_numbers`.
        folds: How many at most; without images to answer for, no network is trained.
        seed: Of folds, weights and the order of images.
        progress: A `Progress`.

    Returns:
        Float64 array [n, classes]; NaN for images of a class that no network could answer for.
    """
    fold_of = fold_numbers(split.labels, groups, folds, seed)
    is_answered = _are_in_several(fold_of, split.labels)
    mirrored = look_at_mirror_images(split).allowed
    probabilities = np.full((len(split), len(class_names)), np.nan)
    numbers = np.unique(fold_of[is_answered])
    for place, number in enumerate(numbers.tolist(), start=1):
        progress.say(f"labels: training a small network, {place} of {len(numbers)}")
        inside = is_answered & (fold_of == number)
        model = _trained(split.at(fold_of != number), class_names, mirrored, seed + number)
        probabilities[inside] = softmax(predict_logits(model, split.images[inside]).astype("float64"), axis=1)
    return probabilities


def _are_in_several(fold_of, labels):
    """Returns a bool array: of which images the class lies in several folds."""
    return np.bincount(np.unique([labels, fold_of], axis=1)[0])[labels] > 1


def _trained(split, class_names, mirrored, seed):
    shape = split.images.shape[1:]
    side = min(shape[:2])
    filters = tuple(width for stage, width in enumerate(FILTERS) if stage == 0 or side >> stage >= _SMALLEST)
    keras.utils.set_random_seed(seed)
    model = build_model(MODEL, shape, len(class_names), filters=filters, blocks=(1,) * len(filters))
    recipe = recipe_for(MODEL, Task(len(split), side, mirrored, length=LENGTH), label_smoothing=0.0)
    # The last epoch counts, so nothing is chosen by the images that stand for validation here.
    few = split.at(slice(0, min(len(split), 64)))
    data = Dataset("fold", split, few, lambda: few, class_names, "", "")
    with tempfile.TemporaryDirectory() as folder:
        fit(model, data, recipe, Run(folder), seed=seed, keep="last")
    return model
