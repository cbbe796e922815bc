"""Says what a network is: `python -m keras_vision.describe --model NAME`, or `... describe RUN|MODEL.keras`."""

import dataclasses
import math
import sys

from keras_vision.cli import main as run_command
from keras_vision.errors import BadInput
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
        dataset: Where the images for `gradients` come from, as `load_dataset` takes it; by default they are noise.
        data_dir: Where that data set lies.
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
    from keras_vision.progress import Progress

    progress = progress or Progress()
    _check_source(model, source, input_shape=input_shape, num_classes=num_classes, settings=settings)
    import_keras()
    network = _open_model(source) if source else _new_model(model, input_shape, num_classes, settings, seed)
    result, figures = {"model": network.name, "input_shape": network.input_shape[1:], "exit_code": 0}, {}
    result |= _costs(network)
    if impulse:
        result["impulse"], figures[f"impulse_{impulse.replace('/', '_')}"] = _impulse(network, impulse)
    if linearity:
        result["linearity"] = _linearity(network, seed)
    if gradients:
        images, labels = _batch(network, dataset, data_dir, seed)
        result["gradients"], figures["gradient_norms"] = _gradients(network, images, labels)
        result["gradients_of"] = dataset or "noise"
    if receptive_field:
        result["receptive_fields"], figures["receptive_fields"] = _receptive_fields(network, seed)
    if kernels:
        from keras_vision.pictures import learned_figures

        figures |= learned_figures(network)
    if check:
        from keras_vision.analysis.wiring import check_wiring

        findings = check_wiring(network)
        result |= {"findings": [dataclasses.asdict(one) for one in findings], "exit_code": int(bool(findings))}
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
    from keras_vision.models.layers import set_statistics

    keras.utils.set_random_seed(seed)
    shape = parse_shape(input_shape or INPUT_SHAPE)
    model = build_model(name, shape, num_classes or NUM_CLASSES, **(settings or {}))
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


def _batch(model, dataset, data_dir, seed):
    """Returns up to `BATCH` training images and labels of a data set, or noise with labels at random."""
    import numpy as np

    if dataset is None:
        random = np.random.default_rng(seed)
        images = random.uniform(0, 255, (BATCH, *model.input_shape[1:])).astype("float32")
        return images, random.integers(0, model.output_shape[-1], BATCH)
    from keras_vision.data import load_dataset

    data = load_dataset(dataset, data_dir=data_dir, seed=seed)
    given, expected = (data.shape, len(data.class_names)), (model.input_shape[1:], model.output_shape[-1])
    if given != expected:
        raise BadInput(
            f"data set {dataset} of {given[0]} images in {given[1]} classes",
            f"images {expected[0]} in {expected[1]} classes, as {model.name} has them",
            "Give --input-shape and --num-classes.",
        )
    return data.train.images[:BATCH].astype("float32"), data.train.labels[:BATCH]


def _gradients(model, images, labels):
    from keras_vision.analysis.gradients import layer_gradients, plot_gradients

    layers = layer_gradients(model, images, labels)
    rows = [dataclasses.asdict(layer) for layer in layers]
    finite = [{k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in r.items()} for r in rows]
    return finite, plot_gradients(layers)


def _receptive_fields(model, seed):
    from keras_vision.analysis.receptive_field import draw_fields, measure_fields

    measured = measure_fields(model, seed=seed)
    rows = [{"layer": one.layer, "theory": one.field.text, "measured_width": one.width} for one in measured]
    return rows, draw_fields(measured)


def show(result, progress):
    """Prints a result of `describe` for a person."""
    progress.print(_layer_table(result))
    for line in total_lines(result["totals"]):
        progress.say(line)
    if "impulse" in result:
        shape = "x".join(map(str, result["impulse"]["kernel"]))
        progress.say(f"impulse response of {result['impulse']['layer']}: a {shape} kernel, as stored up to "
                     f"{result['impulse']['difference']:.1e}")  # fmt: skip
    if "linearity" in result:
        progress.print(_linearity_table(result["linearity"]))
    if "gradients" in result:
        progress.print(_gradient_table(result["gradients"], result["gradients_of"]))
    if "receptive_fields" in result:
        progress.print(_field_table(result["receptive_fields"]))
    if "findings" in result:
        for one in result["findings"]:
            progress.say(f"{one['fault']}: {', '.join(one['layers'])}: {one['explanation']}")
        progress.say(f"wiring: {len(result['findings']) or 'no'} findings")
    for path in result.get("figures", ()):
        progress.say(f"figure: {path}")


def _table(title, *columns):
    """A rich table whose first column is text and whose others are numbers."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(columns[0], overflow="fold")
    for column in columns[1:]:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _layer_table(result):
    title = f"{result['model']}, one image {_times(result['input_shape'])}"
    table = _table(
        title, "layer", "output", "weights", "biases", "MACs", "FLOPs", "memory", "sees", "jump", "from"
    )  # fmt: skip
    for layer in result["layers"]:
        field = layer["receptive_field"]
        seen = (field["text"], _pair(field["jump"]), _pair(field["start"])) if field else ("?", "?", "?")
        table.add_row(
            layer["name"],
            _times(layer["output_shape"]),
            f"{layer['weights']:,}",
            f"{layer['biases']:,}",
            short(layer["macs"]),
            short(layer["flops"]),
            f"{short(layer['activation_bytes'])}B",
            *(("global", "", "") if field and field["global"] else seen),
        )
    return table


def total_lines(totals):
    """Returns the totals of a result as the lines that a person reads."""
    lines = [
        f"parameters: {totals['parameters']:,} ({totals['weights']:,} weights, {totals['biases']:,} biases; "
        f"{totals['trainable_parameters']:,} trainable), and {totals['statistics']:,} statistics; "
        f"{short(totals['weight_bytes'])}B",
        f"inference, per image: {short(totals['macs'])} MACs, {short(totals['flops'])} FLOPs, "
        f"at most {short(totals['peak_activation_bytes'])}B of activations at once",
        f"training step, per image: {short(totals['training_macs'])} MACs, {short(totals['training_flops'])} FLOPs, "
        f"{short(totals['training_activation_bytes'])}B of activations kept",
    ]
    if totals["not_counted"]:
        lines.append(f"not among these MACs and FLOPs: {', '.join(totals['not_counted'])}")
    return lines


def _linearity_table(tables):
    table = _table(
        "linear, and equivariant to translation?",
        *("layer kind", "first layer", "additive", "homogeneous", "every shift", "shifts by the stride"),
    )
    for row in (*tables["layers"], *tables["textbook"]):
        words = [{True: "yes", False: "no", None: "-"}[verdict] for verdict in row["verdicts"].values()]
        table.add_row(row["kind"], row["layer"], *words)
    return table


def _gradient_table(rows, images):
    table = _table(f"gradient of the loss by layer, on {images}", "layer", "gradient norm", "weight norm")
    for row in rows:
        table.add_row(row["name"], *(_four_digits(row[key]) for key in ("gradient_norm", "weight_norm")))
    return table


def _field_table(rows):
    table = _table("receptive fields, pixels", "layer", "in theory", "measured width")
    for row in rows:
        table.add_row(row["layer"], row["theory"], f"{row['measured_width']:.1f}")
    return table


def short(number):
    """Returns a count with three digits and a unit.

    Example:

    >>> short(151783936)
    '152 M'
    """
    if number is None:
        return "?"
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.{max(0, 2 - int(math.log10(number / size)))}f} {unit}"
    return f"{number} "


def _four_digits(number):
    return "not finite" if number is None else f"{number:.4g}"


def _times(shape):
    return "x".join(map(str, shape))


def _pair(numbers):
    return str(numbers[0]) if numbers[0] == numbers[1] else ",".join(map(str, numbers))


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
