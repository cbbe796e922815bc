"""What is known of a command that was given before, from the files of its run alone."""

import os
import types
from pathlib import Path

import pytest

from keras_vision.commands import asked_before
from keras_vision.commands.asked_before import arguments_of, given_before, search_arguments, study_given_before
from keras_vision.commands.train import _config
from keras_vision.reporting.progress import Progress
from keras_vision.runs import Run, write_json
from keras_vision.study import StudySettings
from keras_vision.system.settings import changed, make
from keras_vision.train import TrainSettings
from keras_vision.training.recipe import Recipe
from keras_vision.tune import TuneSettings

TRAINED = {"val_accuracy": 0.9, "stopped": "epochs", "test": {"accuracy": 0.88}}
FOUND = TRAINED | {"ended": "trials", "goal": 0.85, "reached": True, "best_trial": "trials/0001"}


class Heard(Progress):
    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def trained(result=TRAINED, place="runs/train-cnn-digits", **settings):
    """Writes the run of a training that came to its end; returns what was asked."""
    asked = make(TrainSettings, **{"model": "cnn", "dataset": "digits"} | settings)
    finish(place, result, arguments_of(asked))
    return asked


def searched(result=FOUND, **settings):
    asked = make(TuneSettings, model="vgg", dataset="digits", target_acc=0.8, **settings)
    finish("runs/tune-vgg-digits", result, search_arguments(asked))
    return asked


def finish(place, result, arguments):
    run = Run(place)
    run.path.mkdir(parents=True)
    run.start({"model": "any"}, arguments=arguments, warnings=["Few images."])
    write_json(run.result_path, result)
    run.note_end()


def answer(asked, heard=None):
    command, arguments = ("tune", search_arguments) if isinstance(asked, TuneSettings) else ("train", arguments_of)
    return given_before(command, asked, arguments(asked), heard or Heard())


def test_a_training_that_was_asked_for_before_is_answered_with_its_result():
    heard = Heard()
    found = answer(trained(), heard)
    assert found["test"] == TRAINED["test"]
    assert (found["workdir"], found["exit_code"]) == (str(Path("runs/train-cnn-digits")), 0)
    assert found["warnings"] == ["Few images."]
    assert heard.lines[0].startswith("The run in runs/train-cnn-digits is finished, so this is its result.")


def test_a_target_that_was_missed_is_missed_again():
    result = {"val_accuracy": 0.9, "stopped": "epochs"}
    assert answer(trained(result, target_acc=0.95))["exit_code"] == 3


def test_the_run_of_the_same_settings_is_found_among_those_of_others():
    trained(epochs=3)
    asked = trained(TRAINED | {"val_accuracy": 0.7}, "runs/train-cnn-digits-2", epochs=5)
    assert answer(asked)["val_accuracy"] == 0.7


def test_a_search_is_answered_like_a_training():
    assert answer(searched())["exit_code"] == 0


@pytest.mark.parametrize(
    "others", [{"epochs": 9}, {"seed": 1}, {"workdir": "other"}, {"dry_run": True}, {"settings": {"filters": (4,)}}]
)
def test_other_settings_are_another_run(others):
    trained()
    heard = Heard()
    assert answer(make(TrainSettings, **{"model": "cnn", "dataset": "digits"} | others), heard) is None
    assert not heard.lines


def test_a_run_that_goes_on_is_not_answered():
    assert answer(searched(FOUND | {"ended": "time"})) is None
    assert answer(trained({"val_accuracy": 0.9, "stopped": "epochs"})) is None  # its test images wait to be opened


def test_a_search_whose_confirmations_or_further_trials_were_interrupted_goes_on():
    asked = searched()
    run, more = Run("runs/tune-vgg-digits"), make(TuneSettings, **changed(asked) | {"max_trials": 20})
    assert answer(asked)
    run.start({"model": "any", "max_trials": 20}, arguments=search_arguments(more))  # with the result of before
    assert answer(more) is None and answer(asked) is None
    run.note_end()
    assert answer(more) and answer(asked) is None


def test_images_at_a_path_may_have_changed():
    Path("photos").mkdir()
    heard = Heard()
    assert answer(trained(place="runs/train-cnn-folder-photos", dataset="folder:photos"), heard) is None
    assert heard.lines == [
        "The same command came to its end before, in runs/train-cnn-folder-photos. Its images are read, to see whether "
        "that result holds."
    ]


@pytest.mark.parametrize("spelling", ["folder:photos/", "folder:./photos", "folder:photos/../photos"])
def test_a_folder_is_the_same_however_it_is_spelled(spelling):
    Path("photos").mkdir()
    heard = Heard()
    trained(place="runs/train-cnn-folder-photos", dataset="folder:photos")
    for asked in (spelling, f"folder:{Path('photos').resolve()}"):
        answer(make(TrainSettings, model="cnn", dataset=asked), heard)
    assert len(heard.lines) == 2
    data = types.SimpleNamespace(fingerprint="same")
    configs = [_config(make(TrainSettings, dataset=one), data, Recipe()) for one in ("folder:photos", spelling)]
    assert configs[0] == configs[1]


@pytest.mark.parametrize("name", ["recipe.py", "rooms/models.py"])
def test_a_program_that_was_changed_since_may_do_something_else(name, tmp_path, monkeypatch):
    path = tmp_path / "program" / name
    path.parent.mkdir(parents=True)
    path.touch()
    monkeypatch.setattr(asked_before, "_PROGRAM", (tmp_path / "program",))
    asked = trained()
    os.utime(path, (0, 0))
    assert answer(asked)
    path.touch()
    assert answer(asked) is None


def test_a_space_that_was_changed_since_is_another_search():
    Path("own.py").touch()
    os.utime("own.py", (0, 0))
    asked = searched(space="own.py")
    assert answer(asked)
    Path("own.py").touch()
    assert answer(asked) is None
    Path("own.py").unlink()  # as the search says when it looks for it
    assert answer(asked) is None


@pytest.mark.parametrize(
    ("others", "missing", "is_known"),
    [({}, 0, True), ({}, 2, False), ({"seeds": 4}, 0, False), ({"scale": "quick"}, 0, False)],
)
def test_a_study_is_answered_where_nothing_is_missing(others, missing, is_known):
    run = Run("runs/study-cnn_size-smoke")
    run.path.mkdir(parents=True)
    run.start({"study": "cnn_size", "scale": "smoke", "dataset": None, "precision": "auto"}, seeds=4)
    write_json(run.result_path, {"answer": "Yes.", "missing": missing, "seeds": 3})  # those of its latest start
    asked = make(StudySettings, **{"name": "cnn_size", "scale": "smoke", "workdir": str(run.path)} | others)
    assert (study_given_before(asked, Heard()) is not None) == is_known
