"""Measures a saved model: `python -m keras_vision.evaluate RUN|MODEL.keras [--split validation|test]`."""

import sys

from keras_vision.cli import main as run_command
from keras_vision.errors import BadInput, check_choice

SPLITS = ("test", "validation")


def evaluate(source, *, dataset=None, data_dir=None, split="test", seed=None, progress=None):
    """Measure a saved model on the images of a data set.

    Args:
        source: A run directory or a local `.keras` file.
        dataset: A name in `DATASETS`, or `folder:PATH`, `npz:PATH`, `tfds:NAME`; the model's own by default.
        data_dir: Where the data set lies.
        split: `"test"` or `"validation"`.
        seed: Of the validation split; that of the model's training by default.
        progress: A `Progress`.

    Returns:
        A dict: accuracy, n, interval (95%, Wilson), crossentropy, split, dataset, warnings.

    Raises:
        BadInput: No such model or data set, or the two do not fit.

    Example:

    >>> evaluate("runs/tune-vgg-fashion_mnist")["accuracy"]  # doctest: +SKIP
    """
    check_choice("split", split, SPLITS)
    from keras_vision.data import load_dataset
    from keras_vision.runs import Run, load_model, read_card

    card = read_card(source)
    asked = {"spec": dataset, "data_dir": data_dir, "seed": seed}
    where = ({} if dataset else card.get("data_source", {})) | {k: v for k, v in asked.items() if v is not None}
    if "spec" not in where:
        raise BadInput(f"model {source}, which does not say its data set", "--dataset NAME")
    model = load_model(source)
    data = load_dataset(**where)
    check_classes(card.get("class_names"), data.class_names)
    run = Run(source)
    return measure_run(run, model, data, split) if run.path.is_dir() else measure(model, data, split)


def check_classes(of_model, of_dataset):
    """Refuses a data set whose classes are not the model's, in the same order. A model without names passes."""
    if of_model and tuple(of_model) != tuple(of_dataset):
        raise BadInput(
            f"a data set with the classes {', '.join(of_dataset)}",
            f"the model's classes, in this order: {', '.join(of_model)}",
        )


def measure_run(run, model, dataset, split="test"):
    """Measures the model of a run, and counts the looks at the test split in the run (key `looks`)."""
    result = measure(model, dataset, split)
    return result | {"looks": run.count_look()} if split == "test" else result


def measure(model, dataset, split="test"):
    """Measures a model on one split of a data set; see `evaluate` for what is returned.

    Args:
        model: A model with raw pixels in and logits out.
        dataset: A `Dataset`.
        split: `"test"`, which opens the test split, or `"validation"`.
    """
    from keras_vision.training.trainer import check_fit

    check_fit(model, dataset)
    images = dataset.test() if split == "test" else dataset.validation
    logits = predict_logits(model, images.images)
    return {
        "dataset": dataset.name,
        "split": split,
        **score(logits, images.labels),
        "warnings": list(images.warnings),
    }


def predict_logits(model, images, batch_size=512):
    """Returns a model's float32 logits [n, classes] for uint8 images [n, h, w, c]."""
    return model.predict(images, batch_size=batch_size, verbose=0)


def score(logits, labels):
    """Returns accuracy, n, its 95% interval (Wilson 1927) and the cross-entropy of logits for labels.

    Example:

    >>> score(np.array([[9.0, 0.0], [9.0, 0.0]]), np.array([0, 1]))["accuracy"]
    0.5
    """
    import numpy as np
    from scipy.special import log_softmax
    from scipy.stats import binomtest

    correct = int((logits.argmax(axis=1) == labels).sum())
    interval = binomtest(correct, len(labels)).proportion_ci(0.95, method="wilson")
    losses = -log_softmax(logits.astype("float64"), axis=1)[np.arange(len(labels)), labels]
    return {
        "accuracy": correct / len(labels),
        "n": len(labels),
        "interval": [round(float(interval.low), 4), round(float(interval.high), 4)],
        "crossentropy": float(losses.mean()),
    }


def score_line(result):
    """Returns a result of `measure` as the line that a person reads."""
    low, high = result["interval"]
    again = f", look number {result['looks']} at this split" if result.get("looks", 1) > 1 else ""
    return (
        f"{result['split']} accuracy {result['accuracy']:.4f} on {result['n']:,} images of {result['dataset']} "
        f"(95% interval {low:.4f} to {high:.4f}), cross-entropy {result['crossentropy']:.3f}{again}"
    )


def show(result, progress):
    """Prints a result for a person."""
    for warning in result["warnings"]:
        progress.say(f"warning: {warning}")
    progress.say(score_line(result))


def main(arguments=None):
    """Runs the command line."""
    return run_command(
        evaluate,
        "evaluate",
        positional={"source": "a run directory or a .keras file"},
        flags=("dataset", "data_dir", "split", "seed"),
        show=show,
        arguments=arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
