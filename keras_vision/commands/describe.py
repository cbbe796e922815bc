"""What `describe` does: each instrument that is asked for, on a new network or a saved one."""

import dataclasses
import math
from pathlib import Path

import keras
import numpy as np

from keras_vision.analysis.counts import count
from keras_vision.analysis.gradients import layer_gradients, plot_gradients
from keras_vision.analysis.impulse import impulse_response, plot_impulse
from keras_vision.analysis.linearity import linearity_table, textbook_table
from keras_vision.analysis.receptive_field import receptive_fields
from keras_vision.analysis.receptive_field_measured import measure_fields, plot_fields
from keras_vision.analysis.wiring import check_wiring
from keras_vision.commands.features import draw_features
from keras_vision.commands.model_data import choose_data, run_of
from keras_vision.commands.run_pictures import learned_figures
from keras_vision.data.splits import images_at_once
from keras_vision.errors import BadInput
from keras_vision.formats.network import check_outputs
from keras_vision.models import build_model
from keras_vision.models.normalization import set_statistics
from keras_vision.models.whitening import set_whitening
from keras_vision.reporting.style import save_figures
from keras_vision.runs import claim_folder, load_model, read_card
from keras_vision.training.precision import computing_in

INPUT_SHAPE, NUM_CLASSES = (32, 32, 3), 10
# Mean and standard deviation of uniform noise from 0 to 255, which the instruments feed to a model without statistics.
NOISE = (127.5, 73.9)
BATCH = 128


@computing_in("float32")
def carry_out(asked, progress):
    """Returns what `describe` does; `asked` is a `DescribeSettings`."""
    run = run_of(asked.source) if asked.source else None
    is_runs = bool(run) and not asked.out
    folder = run.figures if is_runs else Path(asked.out or "figures")
    network = load_model(asked.source) if asked.source else _new_model(asked)
    if asked.gradients:
        check_outputs(network)
    draws = asked.impulse or asked.receptive_field or asked.kernels or asked.features or asked.gradients
    with claim_folder("out", folder if draws else None):
        return _look(network, asked, folder, run.tensorboard if is_runs else folder / "tensorboard", progress)


def _look(network, asked, folder, events, progress):
    """Returns what each instrument finds; figures go into `folder`, features for the projector into `events`."""
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
        figures |= learned_figures(network)
    if asked.features:
        card = read_card(asked.source) if asked.source else {}
        result["features"], drawn, result["projector"] = draw_features(network, asked, card, events, progress)
        figures |= drawn
    if asked.check:
        findings = check_wiring(network)
        result |= {"findings": [dataclasses.asdict(one) for one in findings], "exit_code": int(bool(findings))}
    if asked.gradients:  # last, because a new model gets the statistics of the images
        own = read_card(asked.source).get("data_source") if asked.source else None
        images, labels = _batch(network, asked, own, progress)
        result["gradients"], figures["gradient_norms"] = _gradients(network, images, labels, asked.dataset or "noise")
    if figures:
        result["figures"] = [str(path) for path in save_figures(figures, folder)]
    return result


def _new_model(asked):
    """Builds a model whose pixel statistics are those of the noise that it will be fed."""
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
        raise BadInput(f"input_shape must be HEIGHTxWIDTHxCHANNELS, such as 32x32x3, not {shape!r}.") from None
    return height, width, channels


def _costs(model):
    """Returns each layer's costs and theoretical receptive field, and the model's totals."""
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
    found = impulse_response(model, layer)
    return {"layer": layer, "kernel": found.read.shape, "difference": found.difference}, plot_impulse(found)


def _linearity(model, seed):
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
    random, count = np.random.default_rng(asked.seed), min(BATCH, images_at_once(model.input_shape[1:]))
    if asked.dataset is None:
        images = random.uniform(0, 255, (count, *model.input_shape[1:])).astype("float32")
        return images, random.integers(0, model.output_shape[-1], count)
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
    layers = layer_gradients(model, images, labels)
    rows = [dataclasses.asdict(layer) for layer in layers]
    finite = [{k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in r.items()} for r in rows]
    return {"images": source, "layers": finite}, plot_gradients(layers)


def _receptive_fields(model, seed):
    measured = measure_fields(model, seed=seed)
    rows = [{"layer": one.layer, "theory": one.field.text, "measured_width": one.width} for one in measured]
    return rows, {"receptive_fields": plot_fields(measured)} if measured else {}
