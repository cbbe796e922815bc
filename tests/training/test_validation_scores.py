"""What a network is judged by, against numbers worked out by hand and against Keras."""

import dataclasses
import json

import keras
import numpy as np
import pytest

from keras_vision.data import Split
from keras_vision.data.augmentation import Augmentation
from keras_vision.data.pipeline import training_batches
from keras_vision.errors import BadInput
from keras_vision.runs import Run, load_model, read_card
from keras_vision.training.aim import Aim
from keras_vision.training.recipe import Recipe
from keras_vision.training.trainer import fit
from keras_vision.training.validation_scores import HEAVIEST, class_weights, recalls, scores
from tests.models.small import small_model
from tests.synthetic import make_dataset

RECIPE = Recipe(epochs=4, batch_size=32, learning_rate=3e-3, warmup_epochs=1, shift=1, flip="none")


ROWS = [
    {"epoch": 1, "val_accuracy": 0.8, "val_balanced_accuracy": 0.5},
    {"epoch": 2, "val_accuracy": 0.7, "val_balanced_accuracy": 0.6},
    {"epoch": 3, "val_accuracy": 0.8, "val_balanced_accuracy": 0.6},
]


def network():
    keras.utils.set_random_seed(0)
    return small_model("cnn", (8, 8, 1), 3)


def test_the_recall_of_a_class_without_images_is_not_a_number():
    found = recalls(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 3)
    np.testing.assert_array_equal(found, [1, 2 / 3, np.nan])


def test_balanced_accuracy_is_the_mean_recall_of_the_classes_that_have_images():
    logits = np.eye(3)[[0, 0, 0, 0, 1, 0]]  # four of class 0 right, and one of two of class 1
    found = scores(logits, np.array([0, 0, 0, 0, 1, 1]))
    assert found["accuracy"] == 5 / 6
    assert found["balanced_accuracy"] == (1 + 1 / 2) / 2


def test_scores_are_those_of_keras():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(0, 3, (999, 4)).astype("float32"), rng.integers(0, 4, 999)
    one_hot = keras.ops.one_hot(labels, 4)
    smoothed = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2)(one_hot, logits)
    plain = keras.losses.CategoricalCrossentropy(from_logits=True)(one_hot, logits)
    found = scores(logits, labels, label_smoothing=0.2)
    assert found["loss"] == pytest.approx(float(smoothed), rel=1e-5)
    assert found["crossentropy"] == pytest.approx(float(plain), rel=1e-5)
    assert found["accuracy"] == (logits.argmax(axis=1) == labels).sum() / 999


def test_classes_weigh_inversely_to_their_images_and_one_on_average():
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    weights = class_weights(labels, 3)
    assert weights / weights[0] == pytest.approx([1, 2, 6])
    assert weights[labels].mean() == pytest.approx(1)


def test_no_class_weighs_more_than_ten_times_the_lightest():
    weights = class_weights(np.repeat([0, 1], [1000, 1]), 2)
    assert weights[1] / weights[0] == pytest.approx(HEAVIEST)


@pytest.mark.parametrize(("metric", "best"), [("accuracy", 1), ("balanced_accuracy", 2)])
def test_the_best_epoch_follows_the_metric_and_is_the_first_of_equal_ones(metric, best):
    assert Aim(metric).kept(ROWS)["epoch"] == best


def uneven(count=90):
    """Images of class 0 five times as often as those of each other class; the pixels say the class."""
    labels = np.resize([0, 0, 0, 0, 0, 1, 2], count).astype("int64")
    return Split(np.broadcast_to(labels[:, None, None, None] * 100, (count, 8, 8, 1)).astype("uint8"), labels)


def batches_of(split, augmentation, weights):
    given = {"num_classes": 3, "batch_size": 30, "seed": 0, "epochs": 1}
    return training_batches(split, **given, augmentation=augmentation, class_weights=weights)


def test_a_mixed_image_weighs_as_its_labels_do():
    split, weights = uneven(), np.array([0.5, 2.0, 4.0], "float32")
    was_mixed = False
    for _, labels, weight in batches_of(split, Augmentation(cutmix=1.0), weights):
        np.testing.assert_allclose(weight, labels.numpy() @ weights, rtol=1e-6)
        was_mixed |= bool((labels.numpy() % 1).any())
    assert was_mixed


def test_without_weights_batches_are_as_they_were():
    plain = batches_of(uneven(), Augmentation(shift=1), None)
    weighed = batches_of(uneven(), Augmentation(shift=1), np.ones(3, "float32"))
    for (images, labels), (same_images, same_labels, weight) in zip(plain, weighed, strict=True):
        np.testing.assert_array_equal(images, same_images)
        np.testing.assert_array_equal(labels, same_labels)
        assert set(weight.numpy()) == {1}


@pytest.mark.slow
def test_weights_change_what_is_learned_and_not_what_is_reported(tmp_path):
    """One step at a rate of nearly 0: all images are in it, so that loss and cross-entropy are known."""
    split = uneven()
    data = dataclasses.replace(make_dataset(), train=split, validation=split)
    plain = Recipe(
        epochs=1, batch_size=90, learning_rate=1e-12, warmup_epochs=0, label_smoothing=0, flip="none", shift=0
    )
    rows = {}
    for choice in ("none", "balanced"):
        run = Run(tmp_path / choice)
        fit(network(), data, plain.replace(class_weight=choice), run)
        (rows[choice],) = [json.loads(line) for line in run.metrics_path.read_text().splitlines()]
    for name in ("crossentropy", "accuracy", "val_crossentropy"):
        assert rows["balanced"][name] == pytest.approx(rows["none"][name], rel=1e-5)
    assert rows["none"]["loss"] == pytest.approx(rows["none"]["crossentropy"], rel=1e-5)
    assert rows["balanced"]["loss"] != pytest.approx(rows["none"]["loss"], rel=1e-2)


def test_a_training_is_judged_by_its_metric(tmp_path):
    result = fit(network(), make_dataset(), RECIPE, Run(tmp_path), metric="balanced_accuracy", target_acc=0.01)
    (row,) = [json.loads(line) for line in Run(tmp_path).metrics_path.read_text().splitlines()]
    assert (result["stopped"], result["metric"]) == ("target", "balanced_accuracy")
    assert result["val_score"] == result["val_balanced_accuracy"] == row["val_balanced_accuracy"]
    assert read_card(tmp_path)["val_balanced_accuracy"] == row["val_balanced_accuracy"]


@pytest.mark.slow
def test_a_target_of_balanced_accuracy_is_not_met_by_the_accuracy(tmp_path):
    """A network that always says the commonest class."""
    data = dataclasses.replace(make_dataset(), train=uneven(), validation=uneven())
    model = stubborn()
    recipe = RECIPE.replace(epochs=1, learning_rate=1e-12)
    result = fit(model, data, recipe, Run(tmp_path), metric="balanced_accuracy", target_acc=0.5)
    assert (result["val_accuracy"], result["val_balanced_accuracy"]) == (65 / 90, pytest.approx(1 / 3))
    assert result["stopped"] == "epochs"
    assert load_model(tmp_path).predict(data.validation.images, verbose=0).argmax(axis=1).max() == 0


def stubborn():
    model = network()
    model.layers[-1].bias.assign([100.0, 0.0, 0.0])
    return model


def test_an_unknown_metric_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(BadInput, match="Did you mean 'balanced_accuracy'"):
        fit(network(), make_dataset(), RECIPE, Run(tmp_path), metric="balanced_acc")
