"""A plain recurrent network against an LSTM, both reading images row by row: accuracy, gradients by row, gates."""

import keras
import numpy as np
from keras import ops

from keras_vision.analysis.gradients import gradients
from keras_vision.models.blocks import classify, take_pixels
from keras_vision.studies.claims import Claim, above
from keras_vision.studies.figures import colours_of, plot_lines, spread_of
from keras_vision.studies.plan import Case, Scale, Study, smoke
from keras_vision.studies.probes import sample
from keras_vision.studies.table import listed

LSTM, RNN, WIDE = "LSTM", "plain RNN", "wider plain RNN"
GATES = ("input", "forget", "output")
# The order in which Keras keeps the four parts of an LSTM's kernels.
PARTS = ("input", "forget", "candidate", "output")
UNITS = {"smoke": 8, "quick": 64, "full": 128}
STEADY = {"learning_rate": 2e-3, "label_smoothing": 0.0, "flip": "none", "shift": 0}


def plain_rnn(input_shape, num_classes, *, units=128):
    """Builds the plain recurrent network of Elman 1990 over image rows: `lstm` without gates and memory."""
    height, width, channels = input_shape
    pixels, x = take_pixels(input_shape)
    x = keras.layers.Reshape((height, width * channels), name="rows")(x)
    x = keras.layers.SimpleRNN(units, name="block1_rnn")(x)
    return keras.Model(pixels, classify(x, num_classes), name="plain_rnn")


def cases(scale):
    """Returns an LSTM, a plain network of as many units, and one of about as many weights."""
    units = UNITS[scale]
    found = [
        Case(LSTM, "lstm", {"units": units}),
        Case(RNN, "lstm", {"units": units}, builder=plain_rnn),
        # Four kernels of n x n outweigh one of 2n x 2n by what reads the pixels: 2.1 n on rows of 28 pixels.
        Case(WIDE, "lstm", {"units": round(2.1 * units)}, builder=plain_rnn),
    ]
    return found[:2] if scale == "smoke" else found


def measure(run, model, data):
    """Returns the gradient by row, its ratio from the first to the last, and of an LSTM the mean openings of gates."""
    images, labels = sample(data)
    norms = row_gradients(model, images, labels)
    measured = {"gradient_ratio": norms[0] / norms[-1] if norms[-1] else None, "row_gradients": norms}
    return measured | gate_openings(model, images)


def row_gradients(model, images, labels):
    """Returns the norm of the loss's gradient at the state behind each row, on average over images.

    The state is all that the next row finds: of an LSTM its output and its memory.

    Args:
        model: A model with one recurrent layer over a layer "rows".
        images: Array [n, height, width, channels].
        labels: Int array [n].
    """
    reader, logits = model.layers[-2], model.layers[-1]
    rows = rows_of(model, images)
    parts = np.size(reader.cell.state_size)
    nudges = np.zeros((rows.shape[1], parts, len(rows), reader.units), "float32")

    def loss(tensors):
        states = [ops.zeros((len(rows), reader.units))] * parts
        for step in range(rows.shape[1]):
            _, states = reader.cell(rows[:, step], states, training=False)
            states = [state + tensors[0][step, part] for part, state in enumerate(states)]
        losses = keras.losses.sparse_categorical_crossentropy(labels, logits(states[0]), from_logits=True)
        return ops.sum(losses)

    (found,) = gradients(loss, [nudges])
    return np.sqrt(np.square(found).sum(axis=(1, 3))).mean(axis=-1).tolist()


def rows_of(model, images):
    """Returns what the recurrent layer reads: the standardised rows [n, rows, features]."""
    return ops.convert_to_numpy(keras.Model(model.input, model.get_layer("rows").output)(images))


def gate_openings(model, images):
    """Returns how far an LSTM's gates are open on average: the columns forget_gate and so on; nothing of another."""
    reader = model.layers[-2]
    if not isinstance(reader, keras.layers.LSTM):
        return {}
    rows = rows_of(model, images)
    kernel, recurrent, bias = (ops.convert_to_numpy(weight) for weight in reader.weights)
    states, openings = [ops.zeros((len(rows), reader.units))] * 2, {gate: [] for gate in GATES}
    for step in range(rows.shape[1]):
        drive = rows[:, step] @ kernel + ops.convert_to_numpy(states[0]) @ recurrent + bias
        parts = dict(zip(PARTS, np.split(drive, len(PARTS), axis=-1), strict=True))
        for gate in GATES:
            openings[gate].append(float((1 / (1 + np.exp(-parts[gate]))).mean()))
        _, states = reader.cell(rows[:, step], states, training=False)
    return {f"{gate}_gate": float(np.mean(found)) for gate, found in openings.items()} | {
        "gates": list(openings.values())
    }


def answer(table):
    """Accuracy and gradients of the networks, and how far the LSTM's forget gates are open."""
    reached = listed(f"{table.percent(case)} with {case}" for case in table.cases)
    ratios = listed(f"{table.number(case, 'gradient_ratio')} with {case}" for case in table.cases)
    return (
        f"The validation accuracy is {reached}. The norm of the gradient at the state behind the first row, over that "
        f"behind the last, is {ratios}, and the LSTM's forget gates are on average open "
        f"by {table.percent(LSTM, 'forget_gate')}."
    )


CLAIMS = (
    Claim("An LSTM is more accurate than a plain network of as many units", above(LSTM, RNN), is_ours=True),
    Claim("It is more accurate than a plain network of as many weights", above(LSTM, WIDE), is_ours=True),
    Claim(
        "More of its gradient reaches the first row than of a plain network's",
        above(LSTM, RNN, WIDE, column="gradient_ratio"),
        is_ours=True,
    ),
)


def figures(table):
    """Draws the gradient by row, and the gates' openings by row."""
    vectors = {case: table.values(case, "row_gradients") for case in table.cases if table.values(case, "row_gradients")}
    series = {case: (range(1, len(found[0]) + 1), *spread_of(found)) for case, found in vectors.items()}
    look = {"x": "row of the image", "colours": colours_of(cases(table.scale))}
    openings = np.array(table.values(LSTM, "gates"))  # [seeds, gates, rows]
    gates = {
        f"{gate} gate": (range(1, openings.shape[2] + 1), *spread_of(openings[:, place]))
        for place, gate in enumerate(GATES)
    }
    return {
        "row_gradients": plot_lines(series, y="gradient at the state, norm", log=("y",), **look),
        "gates": plot_lines(
            gates, x="row of the image", y="mean opening", colours=colours_of([Case(name, "") for name in gates])
        ),
    }


STUDY = Study(
    question="What do an LSTM's gates and memory gain over a plain recurrent network, and is it the gradient?",
    reported=(
        "nothing that could be measured: it describes the forget, input and output gates and the candidate memory."
    ),
    varied="the recurrent layer: LSTM, or plain with as many units or, wider, about as many weights",
    held_fixed="rows as time steps, the head, AdamW with a peak rate of 0.002 in one cycle, no augmentation",
    scales={
        "smoke": smoke(),
        "quick": Scale(STEADY | {"epochs": 3}, seeds=3, note="64 units, 3 epochs; at full scale 128 and 15."),
        "full": Scale(STEADY | {"epochs": 15}),
    },
    dataset="fashion_mnist",
    cases=cases,
    measure=measure,
    columns={
        "gradient_ratio": "gradient, first row / last row",
        **{f"{gate}_gate": f"mean opening of the {gate} gate" for gate in GATES},
    },
    answer=answer,
    claims=CLAIMS,
    figures=(figures,),
)
