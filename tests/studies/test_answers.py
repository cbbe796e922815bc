"""Each study's answer on tables made by hand: the claim holds, does not, or is not decided."""

import functools
import types

import pytest

from keras_vision.studies import load_study
from keras_vision.studies.front import POINTS
from keras_vision.studies.table import Table

VERDICTS = (True, False, None)
# Columns that answers mention beside those that decide.
USUAL = {
    **{"epoch_seconds": 2.0, "inference_seconds": 0.2, "parameters": 1000, "gradient_ratio": 0.5, "zero_share": 0.6},
    **{"flat_share": 0.1, "affine_difference": 0.1, "receptive_field": "3x3", "forget_gate": 0.7, "best_epoch": 2},
    **{"epochs": 3, "train_accuracy": 0.8, "test_accuracy": 0.8, "test_crossentropy": 0.5, "lowest_epoch": 4},
    **{"lowest_val_crossentropy": 0.6, "last_train_crossentropy": 0.1, "last_val_crossentropy": 0.9, "val_n": 5000},
}


def answer(name, accuracies, **columns):
    """A study's answer at full scale where each case has these accuracies by seed, and these columns: case -> value."""
    rows = [
        {"case": case, "seed": seed, "val_accuracy": accuracy}
        | USUAL
        | {column: values[case] for column, values in columns.items() if case in values}
        for case, found in accuracies.items()
        for seed, accuracy in enumerate(found)
    ]
    text, held = load_study(name).answer(Table(rows))
    assert len(text) > 80
    assert text.endswith(".")
    return text, held


def about(accuracy):
    """Three seeds around an accuracy."""
    return [accuracy - 0.002, accuracy, accuracy + 0.002]


WHOLE_BEST = {"whole": about(0.8), "patches averaged": about(0.7), "no skips": about(0.72), "flattened": about(0.74)}
RATES = {"rate 0.1": 0.3, "rate 0.01": 0.6, "rate 0.001": 0.8, "rate 0.0001": 0.7, "rate 0.00001": 0.5}
PATCHES = {"patch 2": 0.60, "patch 4": 0.605, "patch 8": 0.60, "patch 16": 0.5}
LINEAR = {"non-linear": 0.8, "linear": 0.6, "linear, larger": 0.61}
SHALLOW = {"one conv, dense": 0.5, "one conv, average": 0.4, "deep": 0.8}
GRID = {
    f"rate {rate}, dropout {dropout}, batch {batch}": 0.85
    for rate in (0.01, 0.001)
    for dropout in (0.0, 0.1)
    for batch in (256, 512)
}
BEST = "rate 0.01, dropout 0.1, batch 256"
ORDERS = ("natural", "order A", "order B")
CNNS = {"1 conv, 2 dense, max": 0.7, "2 filters": 0.5, "32 filters": 0.79}
HEADLINE = {
    **{"resnet18 on CIFAR-10": 0.93, "mlp_mixer on CIFAR-10": 0.82, "cnn on CIFAR-10": 0.88, "vgg on CIFAR-10": 0.91},
    **{"convmixer on CIFAR-10": 0.9, "mlp_mixer on Fashion-MNIST": 0.92, "vgg on Fashion-MNIST": 0.94},
    "lstm on Fashion-MNIST": 0.9,
}
FRONT = {point.name: point.goal + 0.001 for point in POINTS}
MISSED = FRONT | {"CIFAR-10 100,000": 0.8999}


def seeds(accuracies, **changes):
    return {case: about(accuracy) for case, accuracy in (accuracies | changes).items()}


# study -> (arguments of `answer` where the claim holds, where it does not, where it is not decided; None for no such)
TABLES = {
    "convmixer_parts": (
        ({**WHOLE_BEST, "ReLU": about(0.79)},),
        ({**WHOLE_BEST, "ReLU": about(0.5)},),
        ({**WHOLE_BEST, "no skips": [0.7, 0.8, 0.9], "ReLU": about(0.79)},),
    ),
    "mlp_activations": (
        (seeds({"relu": 0.55, "tanh": 0.5, "sigmoid": 0.4}),),
        (seeds({"relu": 0.45, "tanh": 0.5, "sigmoid": 0.4}),),
        (seeds({"relu": 0.501, "tanh": 0.5, "sigmoid": 0.4}),),
    ),
    "resnet_learning_rates": (
        (seeds(RATES),),
        (seeds(RATES, **{"rate 0.00001": 0.2}),),
        (seeds(RATES, **{"rate 0.01": 0.799}),),
    ),
    "mixer_patches": (
        (seeds(PATCHES),),
        (seeds(PATCHES, **{"patch 8": 0.56, "patch 16": 0.55}),),
        (seeds(PATCHES, **{"patch 16": 0.598}),),
    ),
    "resnet_best": (
        ({"ResNet18": about(0.9)}, {"test_accuracy": {"ResNet18": 0.91}}),
        None,
        ({"ResNet18": about(0.9)}, {"test_accuracy": {"ResNet18": 0.89}}),
    ),
    "mixer_best": (
        ({"MLP-Mixer": about(0.8)}, {"test_accuracy": {"MLP-Mixer": 0.78}}),
        None,
        ({"MLP-Mixer": about(0.8)}, {"test_accuracy": {"MLP-Mixer": 0.77}}),
    ),
    "rnn_lstm": (
        (seeds({"LSTM": 0.88, "plain RNN": 0.8, "wider plain RNN": 0.82}),),
        (seeds({"LSTM": 0.88, "plain RNN": 0.8, "wider plain RNN": 0.9}),),
        (seeds({"LSTM": 0.88, "plain RNN": 0.8, "wider plain RNN": 0.879}),),
    ),
    "cnn_size": (
        (seeds(CNNS), {"lowest_val_crossentropy": {"32 filters": 0.5}}),
        (seeds(CNNS), {"lowest_val_crossentropy": {"2 filters": 0.5}}),
        None,
    ),
    "nonlinearity": (
        (seeds(LINEAR),),
        (seeds(LINEAR, linear=0.78),),
        (seeds(LINEAR, **{"linear, larger": 0.725}),),
    ),
    "shallow": (
        (seeds(SHALLOW),),
        (seeds(SHALLOW, **{"one conv, dense": 0.75}),),
        (seeds(SHALLOW, **{"one conv, dense": 0.7}),),
    ),
    "flattening_order": (
        (seeds({"dense, natural": 0.9, "dense, order A": 0.85, "dense, order B": 0.9}),),
        ({f"dense, {order}": about(0.9) for order in ORDERS},),
        ({f"dense, {order}": [0.88, 0.92, 0.9] for order in ORDERS},),
    ),
    "mixer_fashion": (
        (seeds(GRID, **{BEST: 0.9}), {"test_accuracy": {BEST: 0.895}}),
        (seeds(GRID, **{BEST: 0.8}), {"test_accuracy": {BEST: 0.895}}),
        (seeds(GRID, **{BEST: 0.851}), {"test_accuracy": {BEST: 0.895}}),
    ),
    "headline": (
        (seeds(HEADLINE), {"test_accuracy": HEADLINE}),
        (seeds(HEADLINE), {"test_accuracy": HEADLINE | {"cnn on CIFAR-10": 0.77}}),
        (seeds({"vgg on CIFAR-10": 0.91, "cnn on CIFAR-10": 0.88}), {"test_accuracy": HEADLINE}),
    ),
    "front": (
        (seeds(FRONT), {"test_accuracy": FRONT}),
        (seeds(FRONT), {"test_accuracy": MISSED}),
        (seeds({"CIFAR-10 10,000": 0.9}), {"test_accuracy": FRONT}),
    ),
}


@pytest.mark.parametrize(
    ("name", "held"),
    [(name, held) for name, found in TABLES.items() for held, one in zip(VERDICTS, found, strict=True) if one],
)
def test_the_claim_is_judged_by_the_numbers(name, held):
    accuracies, columns = (*TABLES[name][VERDICTS.index(held)], {})[:2]
    assert answer(name, accuracies, **columns)[1] is held


def test_one_seed_does_not_show_that_the_order_of_pixels_is_indifferent():
    assert answer("flattening_order", {f"dense, {order}": [0.9] for order in ORDERS})[1] is None


def test_a_loss_that_misses_its_goal_is_named():
    text, held = answer("headline", seeds(HEADLINE), test_accuracy=HEADLINE, test_crossentropy={"cnn on CIFAR-10": 0.7})
    assert held is False
    assert text.endswith("Not reached: the loss of cnn on CIFAR-10.")


def test_a_goal_that_is_just_missed_is_not_rounded_to_it():
    reached = HEADLINE | {"vgg on CIFAR-10": 0.8996}
    text, _ = answer("headline", seeds(HEADLINE), test_accuracy=reached)
    assert "vgg on CIFAR-10 89.96% (goal 90.00%)" in text


def test_an_aim_of_our_own_that_is_missed_is_named_and_not_judged():
    reached = HEADLINE | {"vgg on CIFAR-10": 0.89}
    text, held = answer("headline", seeds(HEADLINE), test_accuracy=reached)
    assert held is True
    assert text.endswith("Not reached: vgg on CIFAR-10.")


def test_a_rate_that_diverges_is_the_worst():
    rows = [
        {"case": case, "seed": 0, "val_n": 5000} | ({} if case == "rate 0.1" else {"val_accuracy": accuracy})
        for case, accuracy in RATES.items()
    ]
    text, held = load_study("resnet_learning_rates").answer(Table(rows))
    assert held is True
    assert "The worst, none at all, since every run diverged, comes with rate 0.1" in text


def trial(place, accuracy, **more):
    return {
        **{"case": f"trial {place}", "seed": 0, "filters": "16-32", "blocks": "1-1", "parameters": 5000 * place},
        **{"val_accuracy": accuracy, "target_acc": 0.9, **more},
    }


@pytest.mark.parametrize(
    ("best", "confirmed", "reached", "words"),
    [
        (0.91, 0.905, True, "Of 2 trainings trial 2 was the first to reach 90.00%, with 10,000 parameters"),
        (0.91, None, True, "parameters: 91.00%."),
        (0.91, 0.89, False, "parameters: 91.00%, and 89.00% on average over 3 other seeds"),
        (0.85, 0.85, False, "None of 2 trainings reached 90.00%"),
        (0.8997, None, False, "parameters: 89.97%."),
    ],
)
def test_the_growth_is_judged_as_its_search_was(best, confirmed, reached, words):
    found = {"best": "yes", "reached": reached, "confirmed_accuracy": confirmed, "confirmed_by": 3}
    text, verdict = load_study("vgg_growth").answer(Table([trial(1, 0.8), trial(2, best, **found)]))
    assert verdict is reached
    assert words in text


@functools.cache
def rows_of(name):
    """The rows that an instrument measures; to be looked at only."""
    return load_study(name).conduct(types.SimpleNamespace(seeds=1, scale="smoke"))


# instrument -> (whether its claim holds, one change of a row after which it does not, and what it then says)
INSTRUMENTS = {
    "count_by_hand": (True, ("network, gap", {"by_program": 1}), False),
    "wiring_faults": (True, ("shortcut for the sum", {"right": "no"}), False),
    "impulse": (True, ("convolution 3x3", {"error": 0.1}), False),
    "linearity": (None, ("ReLU", {"additivity": "yes"}), None),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", INSTRUMENTS)
def test_instruments_are_judged_by_what_they_measure(name):
    held, (case, change), otherwise = INSTRUMENTS[name]
    rows = rows_of(name)
    study = load_study(name)
    assert study.answer(Table(rows))[1] is held
    changed = [row | change if row["case"] == case else row for row in rows]
    assert changed != rows
    assert study.answer(Table(changed))[1] is otherwise
    assert study.answer(Table(changed))[0] != study.answer(Table(rows))[0]


def test_an_entry_against_algebra_is_named():
    rows = [row | {"additivity": "yes"} if row["case"] == "ReLU" else row for row in rows_of("linearity")]
    text, _ = load_study("linearity").answer(Table(rows))
    assert text.startswith("Against algebra are additivity of ReLU. For the 4 maps of the report, 15 of 16")


def test_a_kind_of_layer_that_several_networks_have_agrees_once_with_each_seed():
    assert {row["agree"] for row in rows_of("linearity")} == {"1 of 1"}


def test_an_output_of_another_size_than_reported_is_found():
    rows = [row | {"output": "1x1"} if row["case"] == "conv" else row for row in rows_of("count_by_hand")]
    assert load_study("count_by_hand").answer(Table(rows))[1] is False


def test_hand_and_program_count_what_was_reported():
    rows = {row["case"]: row for row in rows_of("count_by_hand")}
    assert rows["conv"]["output"] == "124x124x256"
    assert rows["grouped_conv"]["output"] == "122x122x256"
    assert rows["flatten"]["output"] == "3810304"
    assert (rows["network, flatten"]["by_program"], rows["network, gap"]["by_hand"]) == (76_379_136, 178_176)


def test_a_point_of_the_front_that_misses_its_goal_is_named_with_what_it_came_to():
    text, _ = answer("front", seeds(FRONT), test_accuracy=MISSED)
    assert "CIFAR-10 with at most 100,000 parameters 89.99% (1,000 parameters, goal 90%)" in text
    assert text.endswith("Not reached: CIFAR-10 100,000.")
