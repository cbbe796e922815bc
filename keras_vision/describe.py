"""Says what a network is: `python -m keras_vision.describe --model NAME`, or `... describe RUN|MODEL.keras`."""

import dataclasses
import math
import sys

from keras_vision.cli.command import main as run_command
from keras_vision.cli.front_door import front_door
from keras_vision.errors import BadInput
from keras_vision.models import MODELS
from keras_vision.system.quiet import import_keras
from keras_vision.system.settings import SEED, Settings, one_of, setting

INPUT_SHAPE, NUM_CLASSES = (32, 32, 3), 10
# Mean and standard deviation of uniform noise from 0 to 255, which the instruments feed to a model without statistics.
NOISE = (127.5, 73.9)
BATCH = 128


@dataclasses.dataclass(frozen=True)
class DescribeSettings(Settings):
    """What `describe` is asked for."""

    model: str = setting(None, f"a new model's family: {', '.join(MODELS)}", "NAME", one_of(MODELS))
    source: str = setting(None, "a run directory or a .keras file, instead of --model", is_word=True)
    input_shape: str = setting(None, "the images of a new model, such as 28x28x1; if not given, 32x32x3", "HxWxC")
    num_classes: int = setting(None, "the number of classes of a new model; if not given, 10", "N")
    settings: dict = setting(
        {}, "a setting of a new model, such as filters=32,64; may be given several times", "KEY=VALUE", option="set",
        is_repeated=True,
    )  # fmt: skip
    receptive_field: bool = setting(False, "measure and draw what each layer sees")
    linearity: bool = setting(False, "measure linearity and translation equivariance of each kind of layer")
    impulse: str = setting(None, "read a layer's kernel back from its response to a unit impulse", "LAYER")
    gradients: bool = setting(False, "measure the gradient's norm in each layer, on noise or on images of --dataset")
    dataset: str = setting(
        None, "where the images for --gradients come from: a named data set, or folder:PATH, npz:PATH, csv:FILE, "
        "tfds:NAME", "NAME",
    )  # fmt: skip
    data_dir: str = setting(None, "where that data set lies, if not in the usual places", "DIR")
    check: bool = setting(False, "look for wiring faults; exit with 1 if there are any")
    kernels: bool = setting(False, "draw what the first layers have learned")
    out: str = setting(None, "the folder for figures; if not given, the run's own, or figures", "DIR")
    seed: int = setting(0, "the random seed of a new model's weights and of all random inputs", "N", SEED)


@front_door(DescribeSettings)
def describe(asked, progress):
    """Say what a network is: what it costs and sees, layer by layer, and whether its wiring makes sense.

    A new model gets the statistics of the images for its gradients. A saved model's own data set is loaded as for its
    training; the images of another folder or TFDS data set are resized to the model's input.

    Returns:
        A dict: model, input_shape, layers, totals, exit_code, and one entry for each instrument that was asked for.

    Raises:
        BadInput: No such model, layer or file, or one that the instruments cannot read.

    Example:

    >>> describe("vgg")["totals"]["parameters"]  # doctest: +SKIP
    964170
    """
    _check(asked)
    import_keras()
    network = _open_model(asked.source) if asked.source else _new_model(asked)
    if asked.gradients:
        from keras_vision.formats.network import check_outputs
        from keras_vision.runs import read_card

        check_outputs(network)
    result, figures = {"model": network.name, "input_shape": network.input_shape[1:], "exit_code": 0}, {}
    result |= _costs(network)
    if asked.impulse:
        result["impulse"], figures[f"impulse_{asked.impulse.replace('/', '_')}"] = _impulse(network, asked.impulse)
    if asked.linearity:
        result["linearity"] = _linearity(network, asked.seed)
    if asked.receptive_field:
        result["receptive_fields"], drawn = _receptive_fields(network, asked.seed)
        figures |= drawn
    if asked.kernels:
        from keras_vision.cli.pictures import learned_figures

        figures |= learned_figures(network)
    if asked.check:
        from keras_vision.analysis.wiring import check_wiring

        findings = check_wiring(network)
        result |= {"findings": [dataclasses.asdict(one) for one in findings], "exit_code": int(bool(findings))}
    if asked.gradients:  # last, because a new model gets the statistics of the images
        own = read_card(asked.source).get("data_source") if asked.source else None
        images, labels = _batch(network, asked, own, progress)
        result["gradients"], figures["gradient_norms"] = _gradients(network, images, labels, asked.dataset or "noise")
    if figures:
        from keras_vision.reporting.style import save_figures

        result["figures"] = [str(path) for path in save_figures(figures, asked.out or _figures_folder(asked.source))]
    return result


def _check(asked):
    """Refuses settings that do not go together."""
    if (asked.model is None) == (asked.source is None):
        wanted = "Give either --model NAME, or a run directory or .keras file"
        raise BadInput(f"{wanted}, not both {asked.model!r} and {asked.source!r}." if asked.model else f"{wanted}.")
    for name in ("input_shape", "num_classes", "settings") if asked.source else ():
        if value := getattr(asked, name):
            raise BadInput(f"{name}={value!r} works only with --model NAME, not with the saved model {asked.source}.")
    if asked.dataset and not asked.gradients:
        raise BadInput(f"dataset={asked.dataset} is used only with --gradients. All else needs no images.")
    if asked.data_dir and not asked.dataset:
        raise BadInput(f"data_dir={asked.data_dir} is used only with --dataset. Say which data set lies there.")


def _open_model(source):
    from keras_vision.runs import load_model

    return load_model(source)


def _new_model(asked):
    """Builds a model whose pixel statistics are those of the noise that it will be fed."""
    import keras

    from keras_vision.models import build_model
    from keras_vision.models.normalization import set_statistics

    keras.utils.set_random_seed(asked.seed)
    shape = parse_shape(INPUT_SHAPE if asked.input_shape is None else asked.input_shape)
    num_classes = NUM_CLASSES if asked.num_classes is None else asked.num_classes
    model = build_model(asked.model, shape, num_classes, **asked.settings)
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


def _batch(model, asked, own, progress):
    """Returns up to `BATCH` training images and labels of a data set, or noise with labels at random; fewer large ones.

    Args:
        model: The network.
        asked: The `DescribeSettings`. A new model has yet to get the statistics of the images.
        own: What a saved model's card says of its data; None where it says nothing.
        progress: A `Progress`.
    """
    import numpy as np

    from keras_vision.data.splits import images_at_once
    from keras_vision.evaluate import choose_data

    random, count = np.random.default_rng(asked.seed), min(BATCH, images_at_once(model.input_shape[1:]))
    if asked.dataset is None:
        images = random.uniform(0, 255, (count, *model.input_shape[1:])).astype("float32")
        return images, random.integers(0, model.output_shape[-1], count)
    from keras_vision.models.normalization import set_statistics
    from keras_vision.models.whitening import set_whitening

    data = choose_data(own, asked.dataset, asked.data_dir, None if own else asked.seed, model.input_shape).open(
        progress.say
    )
    given, expected = (data.shape, len(data.class_names)), (model.input_shape[1:], model.output_shape[-1])
    if given != expected:
        mend = " Give --input-shape and --num-classes." if asked.model else ""
        raise BadInput(
            f"The data set {asked.dataset} has images of shape {given[0]} in {given[1]} classes, but {model.name} "
            f"takes {expected[0]} in {expected[1]} classes.{mend}"
        )
    if asked.model:
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
    from keras_vision.reporting import tables

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
    return run_command(describe, "describe", show=show, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
