"""What `train` and `tune` share: the checks before work, the data, and the lines that end a run."""

import time
from pathlib import Path

from keras_vision.errors import BadInput


def check_share(name, value):
    """Refuses what is not a share between 0 and 1 (None is let through)."""
    if value is not None and not 0 < value <= 1:
        mend = f"For {value:g}% write {value / 100:g}." if 1 < value <= 100 else ""
        raise BadInput(f"{name}={value:g}", "a share between 0 and 1", mend)


def check_seed(seed):
    """Refuses what is not a whole number that all libraries take as a seed."""
    if not 0 <= seed < 2**31:
        raise BadInput(f"seed={seed}", "a whole number from 0 to 2147483647")


def deadline_after(minutes):
    """Returns the `time.monotonic()` at which `minutes` are over; None for None.

    Raises:
        BadInput: The minutes are not positive.
    """
    if minutes is None:
        return None
    if not minutes > 0:
        raise BadInput(f"max_minutes={minutes}", "a positive number of minutes")
    return time.monotonic() + 60 * minutes


def open_dataset(dataset, data_dir, image_size, on_bad_image, seed, progress):
    """Loads a data set and tells the person where it came from and what is odd about it."""
    from keras_vision.data import load_dataset

    data = load_dataset(
        dataset,
        data_dir=data_dir,
        image_size=image_size,
        on_bad_image=on_bad_image,
        seed=seed,
        announce=progress.say,
    )
    progress.say(f"{data.name}: {data.source}")
    for warning in data.warnings:
        progress.say(f"warning: {warning}")
    return data


def data_source(dataset, data_dir, image_size, on_bad_image, seed):
    """Returns what a model file keeps of its data: the arguments with which `load_dataset` gives the same again."""
    return {
        "spec": dataset,
        "data_dir": str(Path(data_dir).resolve()) if data_dir else None,
        "image_size": image_size,
        "on_bad_image": on_bad_image,
        "seed": seed,
    }


def finish(run, data, progress):
    """Draws the pictures of a run's best model and opens the test split, once; returns the completed result."""
    from keras_vision.evaluate import measure_run
    from keras_vision.pictures import draw_pictures
    from keras_vision.runs import load_model, write_json
    from keras_vision.training.precision import set_precision

    result = run.result
    if "test" not in result:
        set_precision("float32")  # as `evaluate` and every export compute
        model = load_model(run.path)
        draw_pictures(run, model, data)
        result["test"] = measure_run(run, model, data)
        write_json(run.result_path, result)
    return result


def closing_lines(result):
    """Returns the lines that end a run: what was reached, where things are, and the test accuracy last."""
    from keras_vision.evaluate import score_line

    workdir, target = result["workdir"], result["target_acc"]
    verdict = ""
    if target is not None:
        verdict = f"target {target:g} {'reached' if result['val_accuracy'] >= target else 'not reached'}: "
    lines = [
        f"{verdict}validation accuracy {result['val_accuracy']:.4f} with {result['parameters']:,} parameters, "
        f"in {result['seconds']:.0f} s of training",
        f"model        {workdir}/model.keras",
        f"export       python -m keras_vision.export {workdir}",
        f"TensorBoard  tensorboard --host localhost --logdir {workdir}",
    ]
    if "test" in result:
        lines += [f"warning: {warning}" for warning in result["test"]["warnings"]]
        lines.append(score_line(result["test"]))
    return lines


def show(result, progress):
    """Prints the lines that end a run."""
    for line in closing_lines(result):
        progress.say(line)
