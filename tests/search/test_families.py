"""A search through several families: their ladders as one, each with a turn, and the word on which has won."""

import json

import pytest

from keras_vision.errors import BadInput
from keras_vision.models import MODELS
from keras_vision.report import main as report_main
from keras_vision.runs import Run
from keras_vision.search.executors.runner import SPACES
from keras_vision.search.families import by_family, families_of, verdict
from keras_vision.search.ladder import Ladder
from keras_vision.search.ladders import Families, joined
from keras_vision.search.sizes import SIZES
from keras_vision.search.strategies.grow import Growing
from keras_vision.training.recipe import recipe_for
from keras_vision.tune import main as tune_main
from keras_vision.tune import tune
from tests.search.searches import COMPLETED, asked_of

WIDTHS = {"vgg": "filters", "cnn": "filters", "mlp": "hidden_units"}


def size_of(settings):
    """A made-up number of parameters."""
    width = sum(settings[WIDTHS[settings["model"]]]) * sum(settings.get("blocks", (1,)))
    return width * {"vgg": 10, "cnn": 15, "mlp": 5}[settings["model"]]


@pytest.fixture(scope="module")
def families():
    return Families({name: Ladder(name, recipe_for(name)) for name in WIDTHS})


def grow(families, accuracy, trials):
    """What a growing search asks, where `accuracy` tells what each network comes to; and the strategy."""
    strategy = Growing(families, target_acc=0.9, size_of=size_of)
    return strategy, asked_of(strategy, accuracy, trials)


def test_all_families_are_looked_in_and_the_one_that_grows_by_default_comes_first():
    assert families_of("any")[0] == "vgg"
    assert sorted(families_of("any")) == sorted(MODELS)
    assert families_of("lstm") == ("lstm",)


def test_values_name_their_family_and_mean_what_they_mean_in_it(families):
    values = {"model": "cnn", "filters": (8,), "head": "gap", "epochs": 30}
    assert families.split(values) == ({"model": "cnn", "filters": (8,), "head": "gap"}, {"epochs": 30})
    settings, recipe = families.resolve(values)
    assert recipe == recipe_for("cnn").replace(epochs=30)
    assert settings["model"] == "cnn"
    assert families.complete(values)["optimizer"] == recipe_for("cnn").optimizer
    assert families.complete(values)["model"] == "cnn"


def test_a_step_leads_to_neighbours_trained_alike_or_to_rungs_of_other_families_by_their_own_recipes(families):
    values = {**families.rungs[2], "epochs": 30}
    steps = families.steps(values)
    assert {one["model"] for one in steps} == set(WIDTHS)
    assert all(("epochs" in one) == (one["model"] == "vgg") for one in steps)
    assert [one for one in steps if one["model"] == "mlp"] == [one for one in families.rungs if one["model"] == "mlp"]


def test_once_one_family_has_reached_each_other_has_a_turn_before_any_has_another(families):
    _, asked = grow(families, lambda values: 0.95 if values["model"] == "vgg" else 0.5, trials=8)
    first, *others = (values["model"] for values in asked[:3])
    assert first == "vgg"
    assert set(others) == {"cnn", "mlp"}
    assert size_of(asked[1]) < size_of(asked[0])


def test_a_family_that_is_smaller_takes_over(families):
    def accuracy(values):
        is_wide = values["model"] == "cnn" or size_of(values) >= 1000
        return 0.91 if is_wide else 0.895

    strategy, asked = grow(families, accuracy, trials=40)
    smallest = min((values for values in asked if accuracy(values) >= 0.9), key=size_of)
    assert smallest["model"] == "cnn"
    assert strategy.smallest().values == smallest


def test_where_the_first_family_does_not_reach_the_others_are_climbed(families):
    _, asked = grow(families, lambda values: 0.95 if values["model"] == "mlp" else 0.5, trials=60)
    firsts = list(dict.fromkeys(values["model"] for values in asked))
    assert firsts == ["vgg", "cnn", "mlp"]


def test_the_same_is_made_of_what_is_sent_to_another_process(families):
    record = json.loads(json.dumps(families.record()))
    again = SPACES["Families"](record)
    assert again.describe() == families.describe()
    assert again.rungs == families.rungs


def test_a_search_for_one_family_has_its_own_space(families):
    ladder = families.ladders["cnn"]
    assert joined("cnn", {"cnn": ladder}) is ladder
    assert joined("any", {"cnn": ladder}).rungs[0]["model"] == "cnn"  # the only one that fits the images


def test_the_winner_is_told_with_how_much_larger_the_others_are(ledger):
    for number, (family, accuracy, size) in enumerate(
        [("vgg", 0.92, 300), ("vgg", 0.85, 200), ("cnn", 0.91, 750), ("mlp", 0.7, 60)], start=3
    ):
        ledger.record("asked", number, values={"model": family})
        ledger.record("completed", number, result=COMPLETED | {"val_accuracy": accuracy, "parameters": size})
    found = by_family(("cnn", "mlp", "vgg", "lstm"), ledger.completed[3:], 0.9, SIZES["parameters"])
    assert verdict(found) == (
        "vgg wins with 300 parameters; cnn has 750 parameters, 2.50 times as much; not reached by mlp (best 0.7000); "
        "not tried: lstm"
    )
    assert verdict([one for one in found if one["size"] is None]).startswith("not reached by mlp")
    assert verdict(by_family(("vgg",), [], 0.9, SIZES["parameters"])) == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "model=any looks for the smallest network that reaches a target"),
        ({"target_acc": 0.9, "strategy": "random"}, "leave out --strategy"),
        ({"target_acc": 0.9, "space": "mine.py"}, "space=mine.py is that of one family"),
    ],
)
def test_what_makes_no_sense_for_several_families_is_refused(options, message):
    with pytest.raises(BadInput, match=message):
        tune("any", dataset="digits", **options)


@pytest.mark.slow
@pytest.mark.usefixtures("bare_runs")
def test_a_search_through_all_families_goes_on_and_says_which_has_won(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["--model", "any", "--dataset", "digits", "--target-acc", "0.3", "--epochs", "2", "--confirm", "0"]
    words += ["--workdir", "w", "--ending", "never"]
    assert tune_main([*words, "--max-trials", "2"]) == 0
    run = Run("w")
    ledger = (run.path / "trials.jsonl").read_text()
    assert tune_main([*words, "--max-trials", "3"]) == 0
    assert (run.path / "trials.jsonl").read_text().startswith(ledger)
    out = capsys.readouterr().out
    won = verdict(run.result["families"])
    assert " wins with " in won and won in out.splitlines()
    assert len({one["family"] for one in run.result["families"] if one["trials"]}) == 3
    first = Run("w/trials/0000").config["settings"]
    assert (first["model"], first["settings"]["filters"]) == ("vgg", [16])
    assert report_main(["w"]) == 0
    assert won in capsys.readouterr().out
    assert won[1:] in (run.path / "index.html").read_text()
