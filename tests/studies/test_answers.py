"""Each study's answer and its claims on tables made by hand: what holds, what does not, what is not decided."""

import functools
import types

import pytest

from keras_vision.studies import STUDIES, load_study
from keras_vision.studies.front import NETWORKS
from keras_vision.studies.table import Table

# Columns that answers mention beside those that decide.
USUAL = {
    **{"epoch_seconds": 2.0, "inference_seconds": 0.2, "parameters": 1000, "gradient_ratio": 0.5, "zero_share": 0.6},
    **{"flat_share": 0.1, "affine_difference": 0.1, "receptive_field": "3x3", "forget_gate": 0.7, "best_epoch": 2},
    **{"epochs": 3, "train_accuracy": 0.8, "test_accuracy": 0.8, "test_crossentropy": 0.5, "lowest_epoch": 4},
    **{"lowest_val_crossentropy": 0.6, "last_train_crossentropy": 0.1, "last_val_crossentropy": 0.9, "val_n": 5000},
}
SPREAD = (-0.002, 0.0, 0.002)  # of accuracies, by seed


def by_seed(column, value, seed):
    """A value of a table: that of the seed, where there is one for each; accuracies vary a little."""
    if isinstance(value, list):
        return value[seed]
    return value + SPREAD[seed] if column == "val_accuracy" and value is not None else value


def table_of(cases):
    """A table of three seeds at full scale, from case -> its validation accuracy, or its columns."""
    columns = {case: known if isinstance(known, dict) else {"val_accuracy": known} for case, known in cases.items()}
    return Table(
        [
            {"case": case, "seed": seed} | USUAL | {name: by_seed(name, value, seed) for name, value in known.items()}
            for case, known in columns.items()
            for seed in range(len(SPREAD))
        ]
    )


def changed(cases, changes):
    """Cases as above with other values: case -> its accuracy, or its columns; None for no case."""
    found = {case: known if isinstance(known, dict) else {"val_accuracy": known} for case, known in cases.items()}
    for case, known in changes.items():
        if known is None:
            del found[case]
        else:
            found[case] = found[case] | (known if isinstance(known, dict) else {"val_accuracy": known})
    return found


GRID = {
    f"rate {rate}, dropout {dropout}, batch {batch}": 0.85
    for rate in (0.01, 0.001)
    for dropout in (0.0, 0.1)
    for batch in (256, 512)
}
BEST = "rate 0.01, dropout 0.1, batch 256"
SIZES = {"patch 2": (0.60, 2.38, 34.0), "patch 4": (0.605, 2.19, 10.3), "patch 8": (0.60, 2.18, 4.6)}
HEADLINE = {
    **{"resnet18 on CIFAR-10": 0.93, "mlp_mixer on CIFAR-10": 0.82, "cnn on CIFAR-10": 0.88, "vgg on CIFAR-10": 0.91},
    **{"convmixer on CIFAR-10": 0.9, "mlp_mixer on Fashion-MNIST": 0.92, "vgg on Fashion-MNIST": 0.94},
    "lstm on Fashion-MNIST": 0.9,
}
# study -> a table by which as many of its claims hold as can, as in `table_of`
TABLES = {
    "convmixer_parts": {"whole": 0.8, "patches averaged": 0.7, "no skips": 0.72, "flattened": 0.74, "ReLU": 0.79},
    "mlp_activations": {
        "relu": {"val_accuracy": 0.55, "flat_share": 0.05},
        "tanh": {"val_accuracy": 0.5},
        "sigmoid": {"val_accuracy": 0.4},
    },
    "resnet_learning_rates": {
        **{"rate 0.1": 0.3, "rate 0.01": 0.6, "rate 0.001": 0.8, "rate 0.0001": 0.7, "rate 0.00001": 0.5}
    },
    "mixer_patches": {
        case: {
            **{"val_accuracy": accuracy, "parameters": 1e6 * millions, "epoch_seconds": seconds},
            "inference_seconds": seconds / 20,
        }
        for case, (accuracy, millions, seconds) in (SIZES | {"patch 16": (0.5, 2.31, 2.9)}).items()
    },
    "resnet_best": {
        "ResNet18": {"val_accuracy": 0.8, "test_accuracy": 0.8},
        "ResNet18 with the decay in the gradient": {"val_accuracy": 0.9, "test_accuracy": 0.91},
    },
    "mixer_best": {
        "MLP-Mixer": {"val_accuracy": 0.8, "test_accuracy": 0.78},
        "MLP-Mixer with the decay in the gradient": {"val_accuracy": 0.7, "test_accuracy": 0.7},
    },
    "rnn_lstm": {
        "LSTM": {"val_accuracy": 0.88, "gradient_ratio": [0.6, 0.65, 0.7]},
        "plain RNN": {"val_accuracy": 0.8, "gradient_ratio": [0.1, 0.15, 0.2]},
        "wider plain RNN": {"val_accuracy": 0.82, "gradient_ratio": [0.3, 0.35, 0.4]},
    },
    "cnn_size": {
        "1 conv, 2 dense, max": 0.7,
        "2 filters": 0.5,
        "32 filters": {"val_accuracy": 0.79, "lowest_val_crossentropy": 0.5},
    },
    "nonlinearity": {
        "non-linear": {"val_accuracy": 0.8},
        "linear": {"val_accuracy": 0.65, "affine_difference": 1e-7},
        "linear, larger": {"val_accuracy": 0.66, "affine_difference": 1e-7},
    },
    "shallow": {
        "one conv, dense": {"val_accuracy": 0.5, "parameters": 61_618},
        "one conv, average": {"val_accuracy": 0.4, "parameters": 618},
        "deep": {"val_accuracy": 0.8},
    },
    "flattening_order": {
        **{f"dense, {order}": 0.9 for order in ("natural", "order A", "order B")},
        **{"convolutions, natural": 0.9, "convolutions, order A": 0.87, "convolutions, order B": 0.87},
    },
    "mixer_fashion": GRID | {BEST: {"val_accuracy": 0.9, "test_accuracy": 0.895}},
    "headline": {case: {"val_accuracy": accuracy, "test_accuracy": accuracy} for case, accuracy in HEADLINE.items()},
    "front": {one.name: {"val_accuracy": one.goal, "test_accuracy": one.goal + 0.001} for one in NETWORKS},
}


def on_test(accuracy, **more):
    """Columns of a run on test images."""
    return {"test_accuracy": accuracy, **more}


# study -> words that one of its claims alone has -> verdict -> by which change of its table
CHANGES = {
    "convmixer_parts": {
        "few parameters": {True: {}, False: {"whole": {"parameters": 2_000_000}}},
        "the patch encoding": {
            **{True: {}, False: {"patches averaged": 0.82}},
            None: {"patches averaged": {"val_accuracy": [0.7, 0.8, 0.9]}},
        },
        "the skip connections": {True: {}, False: {"ReLU": 0.5}, None: {"ReLU": None}},
        "the average pooling": {True: {}, False: {"flattened": 0.8, "ReLU": 0.7}, None: {"flattened": 0.789}},
    },
    "mlp_activations": {
        "more accurate": {True: {}, False: {"relu": 0.45}, None: {"relu": 0.501}},
        "sparse": {True: {}, False: {"relu": {"zero_share": 0.4}}},
        "saturate": {True: {}, False: {"relu": {"flat_share": 0.2}}},
    },
    "resnet_learning_rates": {
        "0.001 is the best": {True: {}, False: {"rate 0.01": 0.9}, None: {"rate 0.01": 0.799}},
        "0.1 is the worst": {
            **{True: {"rate 0.1": {"val_accuracy": None}}, False: {"rate 0.00001": 0.2}},
            None: {"rate 0.00001": 0.3},
        },
        "too slow": {True: {}, False: {"rate 0.001": 0.4}, None: {"rate 0.00001": None}},
    },
    "mixer_patches": {
        "alike": {
            **{True: {}, False: {"patch 8": 0.56, "patch 16": 0.55}},
            None: {"patch 16": None},
        },
        "are worst": {True: {}, False: {"patch 16": 0.7}, None: {"patch 16": 0.598}},
        "million parameters": {True: {}, False: {"patch 2": {"parameters": 2.4e6}}, None: {"patch 16": None}},
        "an epoch": {True: {}, False: {"patch 16": {"epoch_seconds": 5.0}}, None: {"patch 16": None}},
        "inference": {True: {}, False: {"patch 16": {"inference_seconds": 5.0}}, None: {"patch 16": None}},
    },
    "resnet_best": {
        "90.2%": {
            True: {},
            False: {"ResNet18 with the decay in the gradient": on_test(0.89)},
            None: {"ResNet18 with the decay in the gradient": None},
        }
    },
    "mixer_best": {
        "77.9%": {
            True: {"MLP-Mixer with the decay in the gradient": None},
            False: {"MLP-Mixer": on_test(0.75)},
            None: {"MLP-Mixer": on_test(0.75, test_high=0.78)},
        }
    },
    "rnn_lstm": {
        "as many units": {True: {}, False: {"plain RNN": 0.9}, None: {"plain RNN": 0.879}},
        "as many weights": {True: {}, False: {"wider plain RNN": 0.9}, None: {"wider plain RNN": None}},
        "gradient": {
            **{True: {}, False: {"plain RNN": {"gradient_ratio": [0.8, 0.85, 0.9]}}},
            None: {"plain RNN": {"gradient_ratio": [0.2, 0.65, 0.9]}},
        },
    },
    "cnn_size": {
        "loss": {
            True: {},
            False: {
                "32 filters": {"lowest_val_crossentropy": 0.8},
                "2 filters": {"lowest_val_crossentropy": 0.7},
                "1 conv, 2 dense, max": {"lowest_val_crossentropy": 0.7},
            },
        },
        "accuracy": {True: {}, False: {"2 filters": {"lowest_val_crossentropy": 0.4}}},
        "4 to 5 epochs": {True: {}, False: {"32 filters": {"lowest_epoch": 9}}},
        "overfits": {True: {}, False: {"32 filters": {"last_val_crossentropy": 0.51}}},
    },
    "nonlinearity": {
        "about 15 points": {True: {}, False: {"linear": 0.5}, None: {"linear": 0.725}},
        "larger linear": {True: {}, False: {"linear, larger": 0.78}, None: {"linear, larger": 0.725}},
        "affine": {True: {}, False: {"linear": {"affine_difference": 0.1}}},
    },
    "shallow": {
        "60,000": {True: {}, False: {"one conv, dense": {"parameters": 70_000}}, None: {"one conv, dense": None}},
        "600 parameters": {True: {}, False: {"one conv, average": {"parameters": 6_000}}},
        "before a dense layer": {True: {}, False: {"one conv, dense": 0.75}, None: {"one conv, dense": 0.7}},
        "before an average": {True: {}, False: {"one conv, average": 0.75}, None: {"one conv, average": 0.7}},
    },
    "flattening_order": {
        "dense layers": {False: {}, None: {"dense, order A": 0.85}},
        "convolutions": {True: {}, False: {"convolutions, order B": 0.95}, None: {"convolutions, order B": 0.9}},
    },
    "mixer_fashion": {
        "89.17%": {True: {}, False: {BEST: on_test(0.88)}, None: {BEST: on_test(0.89, test_high=0.896)}},
        "best of the grid": {True: {}, False: {BEST: 0.8}, None: {BEST: 0.851}},
    },
    "headline": {
        **{f"{case} reaches": {True: {}, False: {case: on_test(0.6)}, None: {case: None}} for case in HEADLINE},
        "loss": {True: {}, False: {"cnn on CIFAR-10": {"test_crossentropy": 0.7}}, None: {"cnn on CIFAR-10": None}},
    },
    "front": {
        f"On {point.name.replace(' ', ', ', 1)} parameters": {
            True: {},
            False: {point.name: on_test(0.5)},
            None: {point.name: None},
        }
        for point in NETWORKS
    },
    # of these the table is what is measured
    "count_by_hand": {
        "76,379,136": {
            True: {},
            False: {"network, flatten": {"by_program": 1, "by_hand": 1}},
            None: {"gap_logits": {"by_program": 1}},
        },
        "178,176": {True: {}, False: {"network, gap": {"by_program": 1, "by_hand": 1}}, None: {"conv": {"by_hand": 1}}},
        "outputs": {True: {}, False: {"conv": {"output": "1x1"}}},
    },
    "wiring_faults": {
        "after the stem": {True: {}, False: {"shortcut from the stem": {"right": "no"}}},
        "place of the sum": {True: {}, False: {"shortcut for the sum": {"right": "no"}}},
        "before normalisation": {True: {}, False: {"activate then normalise": {"right": "no"}}},
        "last activation": {True: {}, False: {"convolution after the last activation": {"right": "no"}}},
        "sound networks": {True: {}, False: {"family vgg": {"right": "no"}}},
    },
    "impulse": {
        "linear map": {True: {}, False: {"convolution 3x3": {"error": 0.1}}},
        "lacks": {True: {}, False: {"ReLU": {"error": 1e-7}}},
        "stored": {True: {}, False: {"convolution 3x3": {"difference": 0.1}}},
    },
    "linearity": {
        "ReLU is not linear": {True: {}, False: {"ReLU": {"additivity": "yes"}}},
        "ReLU commutes": {True: {}, False: {"ReLU": {"every_shift": "no"}}},
        "bias is not linear": {True: {}, False: {"adding a bias": {"homogeneity": "yes"}}},
        "bias commutes": {True: {}, False: {"adding a bias": {"stride_shifts": "no"}}},
        "matrix is linear": {True: {}, False: {"dense matrix on all pixels": {"additivity": "no"}}},
        "matrix commutes": {True: {}, False: {"dense matrix on all pixels": {"every_shift": "yes"}}},
        "2x2 is linear": {True: {}, False: {"keeping the top-right pixel of each 2x2": {"homogeneity": "no"}}},
        "2x2 commutes": {True: {}, False: {"keeping the top-right pixel of each 2x2": {"every_shift": "yes"}}},
    },
    "vgg_growth": {
        "reaches 90%": {True: {}, False: {"trial 2": {"reached": False}}, None: {"trial 2": {"reached": None}}}
    },
}
# what no numbers show -> why not
NOT_SHOWN = {
    ("flattening_order", "dense layers", True): "algebra says that it does not hold",
}
INSTRUMENTS = ("count_by_hand", "wiring_faults", "impulse", "linearity")


def trial(place, accuracy, **more):
    return {
        **{"case": f"trial {place}", "seed": 0, "filters": "16-32", "blocks": "1-1", "parameters": 5000 * place},
        **{"val_accuracy": accuracy, "target_acc": 0.9, **more},
    }


@functools.cache
def rows_of(name):
    """The rows that an instrument measures; to be looked at only."""
    return load_study(name).conduct(types.SimpleNamespace(seeds=1, scale="smoke"))


def table_for(name, changes):
    """The table of a study, with changes: case -> columns, where None takes one away."""
    if name in TABLES:
        return table_of(changed(TABLES[name], changes))
    found = [trial(1, 0.8), trial(2, 0.91, best="yes", reached=True, confirmed_accuracy=0.905, confirmed_by=3)]
    rows = [row | changes.get(row["case"], {}) for row in (rows_of(name) if name in INSTRUMENTS else found)]
    return Table([{column: value for column, value in row.items() if value is not None} for row in rows])


def claim_with(name, words):
    """The one claim of a study that has these words."""
    (claim,) = [claim for claim in load_study(name).claims if words in claim.sentence]
    return claim


CASES = [
    pytest.param(name, words, verdict, id=f"{name}-{words}-{verdict}", marks=[pytest.mark.slow] * (name in INSTRUMENTS))
    for name, claims in CHANGES.items()
    for words, by_verdict in claims.items()
    for verdict in by_verdict
]


@pytest.mark.parametrize(("name", "words", "verdict"), CASES)
def test_a_claim_is_judged_by_the_numbers(name, words, verdict):
    found = claim_with(name, words).judge(table_for(name, CHANGES[name][words][verdict]))
    assert found.held is verdict
    assert bool(found.because) == (verdict is None)
    assert found.numbers or verdict is None


@pytest.mark.parametrize("name", STUDIES)
def test_of_each_claim_there_are_numbers_by_which_it_holds_and_by_which_it_does_not(name):
    for claim in load_study(name).claims:
        shown = [words for words in CHANGES.get(name, {}) if words in claim.sentence]
        assert len(shown) == 1, (
            f"CHANGES[{name!r}] in {__file__} has {len(shown)} rows for the claim {claim.sentence!r}"
        )
        for verdict in (True, False):
            assert verdict in CHANGES[name][shown[0]] or NOT_SHOWN.get((name, shown[0], verdict)), (
                f"CHANGES[{name!r}][{shown[0]!r}] in {__file__} lacks numbers by which the claim is {verdict}"
            )


@pytest.mark.parametrize("name", [*TABLES, "vgg_growth"])
def test_an_answer_is_sentences_made_of_numbers(name):
    text = load_study(name).answer(table_for(name, {}))
    assert len(text) > 80
    assert text.endswith(".")


@pytest.mark.slow
@pytest.mark.parametrize("name", INSTRUMENTS)
def test_what_an_instrument_measures_changes_its_answer(name):
    answers = {
        load_study(name).answer(table_for(name, change))
        for by_verdict in CHANGES[name].values()
        for change in by_verdict.values()
    }
    assert len(answers) > 1


def test_a_loss_that_misses_its_goal_is_named():
    text = load_study("headline").answer(table_for("headline", {"cnn on CIFAR-10": {"test_crossentropy": 0.7}}))
    assert text.endswith("Not reached: the loss of cnn on CIFAR-10.")


def test_a_goal_that_is_just_missed_is_not_rounded_to_it():
    text = load_study("headline").answer(table_for("headline", {"vgg on CIFAR-10": on_test(0.8996)}))
    assert "vgg on CIFAR-10 89.96% (goal 90.00%)" in text


def test_aims_of_our_own_are_not_judged_as_the_sources():
    assert {claim.sentence for claim in load_study("headline").claims if claim.is_ours} == {
        "vgg on CIFAR-10 reaches 90.00%",
        "convmixer on CIFAR-10 reaches 88.00%",
        "vgg on Fashion-MNIST reaches 93.50%",
        "lstm on Fashion-MNIST reaches 89.00%",
    }


def test_a_rate_that_diverges_is_the_worst():
    table = table_for("resnet_learning_rates", {"rate 0.1": {"val_accuracy": None}})
    text = load_study("resnet_learning_rates").answer(table)
    assert "The worst, none at all, since every run diverged, comes with rate 0.1" in text


@pytest.mark.parametrize(
    ("best", "confirmed", "words"),
    [
        (0.91, 0.905, "Of 2 trainings trial 2 was the first to reach 90.00%, with 10,000 parameters"),
        (0.91, None, "parameters: 91.00%."),
        (0.91, 0.89, "parameters: 91.00%, and 89.00% on average over 3 other seeds"),
        (0.85, 0.85, "None of 2 trainings reached 90.00%"),
        (0.8997, None, "parameters: 89.97%."),
    ],
)
def test_the_growth_is_told_as_it_went(best, confirmed, words):
    changes = {"trial 2": {"val_accuracy": best, "confirmed_accuracy": confirmed}}
    assert words in load_study("vgg_growth").answer(table_for("vgg_growth", changes))


def test_an_entry_against_algebra_is_named():
    text = load_study("linearity").answer(table_for("linearity", {"ReLU": {"additivity": "yes"}}))
    assert text.startswith("Against algebra are additivity of ReLU. For the 4 maps of the report, 15 of 16")


def test_a_kind_of_layer_that_several_networks_have_agrees_once_with_each_seed():
    assert {row["agree"] for row in rows_of("linearity")} == {"1 of 1"}


def test_hand_and_program_count_what_was_reported():
    rows = {row["case"]: row for row in rows_of("count_by_hand")}
    assert rows["conv"]["output"] == "124x124x256"
    assert rows["grouped_conv"]["output"] == "122x122x256"
    assert rows["flatten"]["output"] == "3810304"
    assert (rows["network, flatten"]["by_program"], rows["network, gap"]["by_hand"]) == (76_379_136, 178_176)
