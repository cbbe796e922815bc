"""MLP by activation: accuracy, how many activations are zero or flat, and how gradients fade with depth."""

import numpy as np

from keras_vision.studies.claims import Claim, Judgement, above
from keras_vision.studies.figures import colours_of, plot_lines, spread_of
from keras_vision.studies.plan import PLAIN, PLAIN_WORDS, Case, Scale, Study, smoke
from keras_vision.studies.probes import GRADIENT, kernel_gradients, outputs_of
from keras_vision.studies.table import listed, percent

ACTIVATIONS = ("relu", "tanh", "sigmoid")
# activation -> its derivative as a share of the greatest, from its value
SLOPES = {
    "relu": lambda value: (value > 0).astype("float32"),
    "tanh": lambda value: 1 - value**2,
    "sigmoid": lambda value: 4 * value * (1 - value),
}
FLAT = 0.05  # below this share of its greatest derivative an activation hardly lets a gradient through
SPARSE = 0.5


def cases(scale):
    """Returns a case for each activation."""
    names = ("relu", "sigmoid") if scale == "smoke" else ACTIVATIONS
    return [Case(name, "mlp", {"activation": name}) for name in names]


def measure(run, model, data):
    """Returns the shares of hidden activations that are zero and flat, and the gradient at each layer."""
    slope = SLOPES[run.config["settings"]["settings"]["activation"]]
    names = [layer.name for layer in model.layers if layer.name.endswith("_activation")]
    values = np.concatenate([output.ravel() for output in outputs_of(model, names, data)])
    gradients = kernel_gradients(model, data)
    return {
        "zero_share": float((values == 0).mean()),
        "flat_share": float((slope(values) < FLAT).mean()),
        "gradient_ratio": gradients[0] / gradients[-1] if gradients[-1] else None,
        "gradients": gradients,
    }


def answer(table):
    """Accuracy, zero and flat activations, and gradients by activation."""
    reached = listed(f"{table.percent(case)} with {case}" for case in table.cases)
    others = table.cases[1:]
    flat = listed(f"{table.percent(case, 'flat_share')} of {case}'s" for case in others)
    is_flattest = all(table.mean("relu", "flat_share") > table.mean(case, "flat_share") for case in others)
    saturation = "so that a lack of flat places is not what sets it apart; the" if is_flattest else "and the"
    ratios = listed(f"{table.number(case, 'gradient_ratio')} with {case}" for case in table.cases)
    return (
        f"The validation accuracy is {reached}. Of relu's hidden activations {table.percent('relu', 'zero_share')} "
        f"are exactly zero, and {table.percent('relu', 'flat_share')} lie where it is flat, against {flat}, "
        f"{saturation} gradient relative to the weights is at the first layer, over that at the logits, {ratios}."
    )


def is_sparse(table):
    """Judges whether enough of relu's activations are zero."""
    share = table.mean("relu", "zero_share")
    return Judgement(share >= SPARSE, f"{percent(share)} are zero")


def does_not_saturate(table):
    """Judges whether fewer of relu's activations lie flat than of each other's."""
    flat = {case: table.mean(case, "flat_share") for case in table.cases}
    numbers = listed(f"{percent(share)} of {case}'s are flat" for case, share in flat.items())
    return Judgement(all(flat["relu"] < share for case, share in flat.items() if case != "relu"), numbers)


CLAIMS = (
    Claim("ReLU is more accurate than tanh and sigmoid", above("relu", "tanh", "sigmoid")),
    Claim(f"ReLU's activations are sparse: at least {SPARSE:.0%} are zero", is_sparse),
    Claim("ReLU's activations do not saturate: fewer lie flat than with tanh and with sigmoid", does_not_saturate),
)


def figures(table):
    """Draws the gradient from layer to layer."""
    vectors = {case: table.values(case, "gradients") for case in table.cases}
    series = {case: (range(1, len(found[0]) + 1), *spread_of(found)) for case, found in vectors.items()}
    depth = range(1, 1 + max(len(found[0]) for found in vectors.values()))
    look = {"x": "dense layer, from pixels to logits", "y": GRADIENT, "places": depth}
    return {"gradients": plot_lines(series, colours=colours_of(cases(table.scale)), log=("y",), **look)}


STUDY = Study(
    question="Which activation serves a multilayer perceptron best, and is it because of sparsity and saturation?",
    reported="relu is best, because its activations are sparse and do not saturate; neither was measured.",
    varied="the activation",
    held_fixed=f"hidden layers; the initialisation is the one that suits each activation; {PLAIN_WORDS}",
    scales={
        "smoke": smoke({"hidden_units": (16, 16)}),
        "quick": Scale(PLAIN | {"epochs": 5}, {"hidden_units": (256,) * 4}, seeds=3, note="5 epochs, of 30."),
        "full": Scale(PLAIN | {"epochs": 30}, {"hidden_units": (256,) * 4}),
    },
    cases=cases,
    measure=measure,
    columns={
        "zero_share": "activations that are zero, %",
        "flat_share": f"activations where the slope is under {FLAT:.0%} of the steepest, %",
        "gradient_ratio": f"{GRADIENT}: first layer / logits",
    },
    answer=answer,
    claims=CLAIMS,
    figures=(figures,),
    background=(
        "ReLU is flat where it is zero, and nowhere else: the sparser it is, the more of it is flat. Whether it is the "
        "sparsity that makes it best is not asked."
    ),
)
