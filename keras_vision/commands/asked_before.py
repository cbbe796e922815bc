"""What a run records that it was asked for; and the run in which a command was carried out before, to its end.

That run is found by its files alone: Keras is not imported, and no image is read.
"""

import dataclasses
import itertools
from datetime import datetime
from pathlib import Path

import keras_vision
from keras_vision.data.places import DATASETS
from keras_vision.runs import Run, first_difference, usual_runs
from keras_vision.search.outcome import recorded_outcome
from keras_vision.system.settings import changed
from keras_vision.training.aim import meets_target

# Whose files, when they are changed, may make another network of the same settings.
_PACKAGE = Path(keras_vision.__file__).parent
_PROGRAM = (_PACKAGE, _PACKAGE.with_name("tuner_configs"))


def arguments_of(asked):
    """Returns what a run was asked for, for its record: with it `--config RUN/config.json` asks for the same again.

    Args:
        asked: The settings of `train` or `tune`.
    """
    given = {name: value for name, value in changed(asked).items() if name not in ("workdir", "dry_run")}
    source = asked.data.whole()
    places = {name: getattr(source, name) for name in ("dataset", "data_dir")}
    return given | {name: value for name, value in places.items() if value is not None}


def search_settings(asked):
    """Returns the settings that a search's record holds and that its report starts it again with."""
    source = asked.data.whole()
    own = ("model", "metric", "target_acc", "minimize", "ending", "keep", "precision")
    return {
        **{name: getattr(asked, name) for name in own},
        **{"strategy": asked.chosen_strategy, "polish": asked.chosen_polish},
        **{"dataset": source.dataset, "seed": source.seed, **dataclasses.asdict(asked.limits)},
    }


def search_arguments(asked):
    """Returns what a search was asked for, for its record: all that its report starts it again with."""
    source = asked.data.whole()
    again = {
        **{name: getattr(source, name) for name in ("data_dir", "image_size", "on_bad_image")},
        **{"space": asked.space and str(Path(asked.space).resolve())},
        **{"epochs": asked.epochs, "batch_size": asked.batch_size},
    }
    return arguments_of(asked) | search_settings(asked) | again


def training_end(run, target_acc):
    """Returns what `train` says of a finished training beside its result: where it is, and whether it is as wanted."""
    is_enough = "folds" in run.result or meets_target(run.result, target_acc)
    return _end(run, target_acc, exit_code=0 if is_enough else 3)


def search_end(run, target_acc):
    """Returns what `tune` says of a search beside its result, as `training_end` does."""
    return _end(run, target_acc, recorded_outcome(run.result, target_acc).exit_code)


def _end(run, target_acc, exit_code):
    page = {"page": str(run.page_path)} if run.page_path.exists() else {}
    warnings = run.config.get("warnings", [])
    return {"workdir": str(run.path), "target_acc": target_acc, "warnings": warnings, "exit_code": exit_code} | page


_ENDS = {"train": training_end, "tune": search_end}
# whether the result of a run is known without its images -> what is said of it
_SAID = {
    True: "The run in {} is finished, so this is its result. To start a new run give another --workdir.",
    False: "The same command came to its end before, in {}. Its images are read, to see whether that result holds.",
}


def given_before(command, asked, arguments, progress):
    """Returns what the same command gave before, as a dict; None where it gave nothing yet, or images must be read.

    The images of a data set that has a name do not change. Those of another may have, and a program that was changed
    may choose another recipe: then the person is told that there is such a run, and nothing more is known.

    Args:
        command: "train" or "tune".
        asked: Its settings.
        arguments: What its run records of them.
        progress: A `Progress`.

    Raises:
        KerasVisionError: The record of a run is damaged.
    """
    usual = usual_runs(command, asked.model, asked.data.whole().dataset)
    usual = itertools.takewhile(lambda run: run.path.exists(), usual)
    runs = [Run(asked.workdir)] if asked.workdir else usual
    run = next(
        (run for run in runs if _is_over(run, command) and _same(run.newest_start.get("arguments"), arguments)), None
    )
    if asked.dry_run or not run:
        return None
    result = run.result | _ENDS[command](run, asked.target_acc)
    if result.get("ended") == "time" or not ("test" in result or "folds" in result or result["exit_code"] == 3):
        return None  # the same command goes on
    own_space = [Path(space)] if (space := getattr(asked, "space", None)) else []
    is_known = asked.data.dataset in DATASETS and not _changed_since(run, own_space)
    progress.say(_SAID[is_known].format(run.path))
    return result if is_known else None


def study_given_before(asked, progress):
    """Returns what the same study gave before, as `given_before` does; `asked` is a `StudySettings` with a name."""
    run = Run(asked.place)
    if not _is_over(run, "study") or asked.dataset not in (None, *DATASETS):
        return None
    settings = {"study": asked.name} | {name: getattr(asked, name) for name in ("scale", "dataset", "precision")}
    is_same = _same(run.config["settings"], settings) and run.result.get("seeds") == asked.seeds
    if not is_same or run.result["missing"] or _changed_since(run):
        return None
    progress.say(_SAID[True].format(run.path))
    return run.result


def _is_over(run, command):
    """Returns whether what a run was last started for came to its end: a search has a result before."""
    return run.finished and run.config_path.exists() and (command != "tune" or "ended" in run.newest_start)


def _same(recorded, asked):
    return isinstance(recorded, dict) and not first_difference(recorded, asked, ignore=())


def _changed_since(run, more=()):
    """Returns whether the program, or one of more files, was changed since a run was last started."""
    started = datetime.fromisoformat(run.newest_start["started"]).timestamp()
    program = itertools.chain(*(folder.rglob("*.py") for folder in _PROGRAM))
    return any(not path.exists() or path.stat().st_mtime >= started for path in (*program, *more))
