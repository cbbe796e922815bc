"""What `report` does: reads what a run gave, and writes its page. Nothing of it needs Keras."""

from keras_vision.commands.asked_before import training_end
from keras_vision.errors import BadInput
from keras_vision.runs import Run
from keras_vision.search.report import is_search, report_on


def report_of(directory, progress):
    """Returns the report of a run, as `report` does, and writes its page.

    Args:
        directory: The run directory, of a search or of a training.
        progress: A `Progress`.

    Raises:
        BadInput: It holds no run, or a training that is not finished.
    """
    from keras_vision.commands.page import page_of  # with the libraries that draw it, which `--help` does not need

    run = Run(directory)
    found = report_on(directory, progress) if is_search(run) else _training(run)
    return found | page_of(run, progress)


def _training(run):
    """Returns what `train` returned."""
    if not run.finished:
        raise BadInput(
            f"The training in {run.path} is not finished. First continue it with the command that started it."
        )
    return run.result | training_end(run, run.config["settings"].get("target_acc"))


def arguments_to_confirm(directory, progress):
    """Returns the arguments with which `tune` goes on with a search and tries no more networks, as a dict.

    Raises:
        BadInput: It holds no search, or one whose best trial is not finished.
    """
    if not is_search(Run(directory)):
        raise BadInput(
            f"{directory} holds a training, and only the network of a search is confirmed. Leave out --confirm."
        )
    found = report_on(directory, progress)
    best = (found["result"] or {}).get("best_trial")
    finished = [f"trials/{leader['trial']}" for leader in found["leaders"]]
    if not finished or (best and best not in finished):
        why = f"its best trial, {best}, is not finished" if best else "none of its trials is finished"
        raise BadInput(
            f"{directory} cannot be confirmed yet: {why}. First continue it with the command that started it."
        )
    closed = found["statuses"].get("COMPLETED", 0) + found["statuses"].get("FAILED", 0)
    again = {name: value for name, value in Run(directory).newest_start["arguments"].items() if name != "max_minutes"}
    return again | {"workdir": directory, "max_trials": closed}
