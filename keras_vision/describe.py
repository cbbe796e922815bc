"""Says what a network is: `python -m keras_vision.describe --model NAME`, or `... describe RUN|MODEL.keras`."""

import dataclasses
import math
import sys

from keras_vision.cli import main as run_command
from keras_vision.errors import BadInput
from keras_vision.job import check_seed
from keras_vision.quiet import import_keras

INPUT_SHAPE, NUM_CLASSES = (32, 32, 3), 10
# Mean and standard deviation of uniform noise from 0 to 255, which the instruments feed to a model without statistics.
NOISE = (127.5, 73.9)
BATCH = 128


def describe(
    model=None,
    *,
    source=None,
    input_shape=None,
    num_classes=None,
    settings=None,
    receptive_field=False,
    linearity=False,
    impulse=None,
    gradients=False,
    dataset=None,
    data_dir=None,
    check=False,
    kernels=False,
    out=None,
    seed=0,
    progress=None,
):
    """Say what a network is: what it costs and sees, layer by layer, and whether its wiring makes sense.

    Args:
        model: A name in `MODELS`, for a new model; or give `source`.
        source: A run directory or a local `.keras` file.
        input_shape: (height, width, channels) of a new model, or "32x32x3", which is the default.
        num_classes: Of a new model; 10 by default.
        settings: Dict of the builder's keywords, for a new model.
        receptive_field: Whether to measure and draw receptive fields.
        linearity: Whether to measure linearity and equivariance of each kind of layer.
        impulse: Name of a layer whose kernel to read back from its response to an impulse.
        gradients: Whether to measure gradient norms by layer.
        dataset: Where the images for `gradients` come from, as `load_dataset` takes it; by default they are noise. A
            new model gets its statistics. A saved model's own data set is loaded as for its training; the images of
            another folder or TFDS data set are resized to the model's input.
        data_dir: Where that data set lies; with `dataset` only.
        check: Whether to look for faults of wiring; any finding makes the exit code 1.
        kernels: Whether to draw what the first layers have learned.
        out: Folder for figures; a run's own, or "figures".
        seed: Of the weights of a new model and of all random inputs.
        progress: A `Progress`.

    Returns:
        A dict: model, input_shape, layers, totals, exit_code, and one entry for each instrument that was asked for.

    Raises:
        BadInput: No such model, layer or file, or one that the instruments cannot read.

    Example:

    >>> describe("vgg")["totals"]["parameters"]  # doctest: +SKIP
    964170
    """
    from keras_vision.progress import suitable_progress

    progress = suitable_progress(progress)
    _check_source(model, source, input_shape=input_shape, num_classes=num_classes, settings=settings)
    check_seed(seed)
    if dataset and not gradients:
        raise BadInput(
            f"dataset={dataset} without gradients", "--gradients with it", "All else is told without images."
        )
    if data_dir and not dataset:
        raise BadInput(f"data_dir={data_dir} without a data set", "--dataset with it")
    import_keras()
    network = _open_model(source) if source else _new_model(model, input_shape, num_classes, settings, seed)
    if gradients:
        from keras_vision.formats.network import check_outputs
        from keras_vision.runs import read_card

        check_outputs(network)
    result, figures = {"model": network.name, "input_shape": network.input_shape[1:], "exit_code": 0}, {}
    result |= _costs(network)
    if impulse:
        result["impulse"], figures[f"impulse_{impulse.replace('/', '_')}"] = _impulse(network, impulse)
    if linearity:
        result["linearity"] = _linearity(network, seed)
    if receptive_field:
        result["receptive_fields"], drawn = _receptive_fields(network, seed)
        figures |= drawn
    if kernels:
        from keras_vision.pictures import learned_figures

        figures |= learned_figures(network)
    if check:
        from keras_vision.analysis.wiring import check_wiring

        findings = check_wiring(network)
        result |= {"findings": [dataclasses.asdict(one) for one in findings], "exit_code": int(bool(findings))}
    if gradients:  # last, because a new model gets the statistics of the images
        own = read_card(source).get("data_source", {}) if source else {}
        images, labels = _batch(network, dataset, data_dir, seed, progress, own, is_new=model is not None)
        result["gradients"], figures["gradient_norms"] = _gradients(network, images, labels, dataset or "noise")
    if figures:
        from keras_vision.analysis.style import save_figures

        result["figures"] = [str(path) for path in save_figures(figures, out or _figures_folder(source))]
    return result


def _check_source(model, source, **of_new_models):
    if (model is None) == (source is None):
        given = f"model {model!r} and {source!r}" if model else "neither a model nor a file"
        raise BadInput(given, "either --model NAME, or a run directory or .keras file")
    for name, value in of_new_models.items() if source else ():
        if value:
            raise BadInput(f"{name}={value!r} for the saved model {source}", "it with --model NAME only")


def _open_model(source):
    from keras_vision.runs import load_model

    return load_model(source)


def _new_model(name, input_shape, num_classes, settings, seed):
    """Builds a model whose pixel statistics are those of the noise that it will be fed."""
    import keras

    from keras_vision.models import build_model
    from keras_vision.models.normalization import set_statistics

    keras.utils.set_random_seed(seed)
    shape = parse_shape(INPUT_SHAPE if input_shape is None else input_shape)
    model = build_model(name, shape, NUM_CLASSES if num_classes is None else num_classes, **(settings or {}))
    mean, std = NOISE
    set_statistics(model, (mean,) * shape[-1], (std,) * shape[-1])
    return model


def parse_shape(shape):
    """Returns an image shape, (32, 32, 3) or "32x32x3", as a tuple.

    Raises:
        BadInput: It is not three numbers.

    Example:

    >>> parse_shape("28x28x1")
    (28, 28, 1)
    """
    parts = shape.lower().split("x") if isinstance(shape, str) else shape
    try:
        height, width, channels = map(int, parts)
    except (TypeError, ValueError):
        raise BadInput(f"input_shape {shape!r}", "HEIGHTxWIDTHxCHANNELS", "For example 32x32x3.") from None
    return height, width, channels


def _figures_folder(source):
    from keras_vision.runs import Run

    run = Run(source or "")
    return run.figures if source and run.path.is_dir() else "figures"


def _costs(model):
    """Returns each layer's costs and theoretical receptive field, and the model's totals."""
    from keras_vision.analysis.counts import count
    from keras_vision.analysis.receptive_field import receptive_fields

    totals = dataclasses.asdict(count(model))
    layers = totals.pop("layers")
    fields = receptive_fields(model) if len(model.input_shape) == 4 else {}
    for layer in layers:
        field = fields.get(layer["name"])
        layer["receptive_field"] = field and {
            "text": field.text,
            "size": field.size,
            "jump": field.jump,
            "start": field.start,
            "global": field.is_global,
        }
    return {"layers": layers, "totals": totals}


def _impulse(model, layer):
    from keras_vision.analysis.impulse import impulse_response, plot_impulse

    found = impulse_response(model, layer)
    return {"layer": layer, "kernel": found.read.shape, "difference": found.difference}, plot_impulse(found)


def _linearity(model, seed):
    from keras_vision.analysis.linearity import linearity_table, textbook_table

    tables = {"layers": linearity_table(model, seed), "textbook": textbook_table(seed)}
    return {
        name: [dataclasses.asdict(row) | {"verdicts": row.verdicts()} for row in rows] for name, rows in tables.items()
    }


def _batch(model, dataset, data_dir, seed, progress, own, is_new):
    """Returns up to `BATCH` training images and labels of a data set, or noise with labels at random; fewer large ones.

    Args:
        model, dataset, data_dir, seed, progress: As in `describe`.
        own: What a saved model's card says of its data; empty where it says nothing.
        is_new: Whether the model has yet to get the statistics of the images.
    """
    import numpy as np

    from keras_vision.data.splits import images_at_once
    from keras_vision.evaluate import choose_data

    random, count = np.random.default_rng(seed), min(BATCH, images_at_once(model.input_shape[1:]))
    if dataset is None:
        images = random.uniform(0, 255, (count, *model.input_shape[1:])).astype("float32")
        return images, random.integers(0, model.output_shape[-1], count)
    from keras_vision.data import load_dataset
    from keras_vision.models.normalization import set_statistics
    from keras_vision.models.whitening import set_whitening

    chosen = choose_data(own, dataset, data_dir, None if own else seed, model.input_shape)
    data = load_dataset(chosen.pop("spec"), **chosen, announce=progress.say)
    given, expected = (data.shape, len(data.class_names)), (model.input_shape[1:], model.output_shape[-1])
    if given != expected:
        raise BadInput(
            f"data set {dataset} of {given[0]} images in {given[1]} classes",
            f"images {expected[0]} in {expected[1]} classes, as {model.name} has them",
            "Give --input-shape and --num-classes." if is_new else "",
        )
    if is_new:
        set_statistics(model, data.statistics.mean, data.statistics.std)
        set_whitening(model, data.train.images)
    chosen = random.permutation(len(data.train))[:count]  # the images of a class may lie side by side
    return data.train.images[chosen].astype("float32"), data.train.labels[chosen]


def _gradients(model, images, labels, source):
    from keras_vision.analysis.gradients import layer_gradients, plot_gradients

    layers = layer_gradients(model, images, labels)
    rows = [dataclasses.asdict(layer) for layer in layers]
    finite = [{k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in r.items()} for r in rows]
    return {"images": source, "layers": finite}, plot_gradients(layers)


def _receptive_fields(model, seed):
    from keras_vision.analysis.measured_field import measure_fields, plot_fields

    measured = measure_fields(model, seed=seed)
    rows = [{"layer": one.layer, "theory": one.field.text, "measured_width": one.width} for one in measured]
    return rows, {"receptive_fields": plot_fields(measured)} if measured else {}


def show(result, progress):
    """Prints a result of `describe` for a person."""
    from keras_vision.analysis import tables

    progress.print(tables.layer_table(result))
    lines = tables.total_lines(result["totals"])
    if "impulse" in result:
        lines.append(tables.impulse_line(result["impulse"]))
    for line in lines:
        progress.say(line)
    for name, table in tables.TABLES.items():
        if name in result:
            progress.print(table(result[name]))
    for line in tables.finding_lines(result.get("findings")):
        progress.say(line)
    for path in result.get("figures", ()):
        progress.say(f"figure: {path}")


def main(arguments=None):
    """Runs the command line."""
    return run_command(
        describe,
        "describe",
        positional={"source": "a run directory or a .keras file, in the place of --model"},
        flags=(
            *("model", "input_shape", "num_classes", "set", "receptive_field", "linearity", "impulse", "gradients"),
            *("dataset", "data_dir", "check", "kernels", "out", "seed"),
        ),
        show=show,
        arguments=arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
