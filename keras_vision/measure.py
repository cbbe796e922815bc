"""How well a model does on a split: accuracy with its interval, cross-entropy, and the line that says so."""


def measure_run(run, model, dataset, split="test"):
    """Measures the model of a run, and counts the looks at the test split in the run (key `looks`)."""
    result = measure(model, dataset, split)
    return result | {"looks": run.count_look()} if split == "test" else result


def measure(model, dataset, split="test"):
    """Measures a model on one split of a data set; see `keras_vision.evaluate.evaluate` for what is returned.

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
