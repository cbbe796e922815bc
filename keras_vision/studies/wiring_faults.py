"""Faults of a skip connection, planted one at a time, and what `describe --check` says of each."""

from keras import Input, Model, layers

from keras_vision.analysis.wiring import check_wiring
from keras_vision.models import MODELS, build_model
from keras_vision.studies.claims import Claim, Judgement
from keras_vision.studies.plan import ALL_ALIKE, Study
from keras_vision.studies.table import listed

SHAPE, CLASSES, FILTERS = (32, 32, 3), 10, 16


def sound(x):
    """Two pre-activation blocks (He et al. 2016, "Identity mappings", figure 1b)."""
    return _norm_act(_block(_block(x)))


def shortcut_from_the_stem(x):
    """The second block's shortcut is taken after the stem, and skips the first block too."""
    inner = _block(x)
    return _norm_act(layers.Add(name="sum")([x, _branch(inner)]))


def shortcut_for_the_sum(x):
    """The block gives its shortcut in the place of the sum: what its convolutions compute is lost."""
    _branch(x)
    return _norm_act(x)


def activate_then_normalise(x):
    """Activation, normalisation, convolution: the first two the wrong way round."""
    y = _conv(layers.BatchNormalization()(layers.ReLU()(x)))
    return _norm_act(layers.Add()([x, y]))


def convolution_after_the_last_activation(x):
    """A convolution behind the last activation, with nothing non-linear before the logits."""
    return _conv(sound(x))


# network -> the fault, a key of `wiring.FAULTS`, that it must be found as; None for none
PLANTED = {
    sound: None,
    shortcut_from_the_stem: "shortcut",
    shortcut_for_the_sum: "dead end",
    activate_then_normalise: "order",
    convolution_after_the_last_activation: "linear pair",
}


def _conv(x):
    return layers.Conv2D(FILTERS, 3, padding="same", use_bias=False)(x)


def _norm_act(x):
    return layers.ReLU()(layers.BatchNormalization()(x))


def _branch(x):
    return _conv(_norm_act(_conv(_norm_act(x))))


def _block(x):
    return layers.Add()([x, _branch(x)])


def _network(body):
    x = Input(SHAPE)
    y = layers.GlobalAveragePooling2D()(body(_conv(x)))
    return Model(x, layers.Dense(CLASSES, name="logits")(y))


def conduct(job):
    """Returns a row for each planted fault, and one for each family, which has none."""
    rows = [_row(_words(body), _network(body), fault) for body, fault in PLANTED.items()]
    return rows + [_row(f"family {name}", build_model(name, SHAPE, CLASSES), None) for name in MODELS]


def _words(body):
    return body.__name__.replace("_", " ")


def _row(case, model, planted):
    findings = check_wiring(model)
    kinds = list(dict.fromkeys(finding.fault for finding in findings))
    right = kinds == ([planted] if planted else [])
    said = "; ".join(finding.explanation for finding in findings)
    return {
        **{"case": case, "seed": 0, "planted": planted or "none", "found": ", ".join(kinds) or "none"},
        **{"right": "yes" if right else "no", "said": said},
    }


def answer(table):
    """How many faults are found, and how many sound networks are found fault with."""
    planted = [row for row in table.rows if row["planted"] != "none"]
    clean = [row for row in table.rows if row["planted"] == "none"]
    right = [sum(row["right"] == "yes" for row in rows) for rows in (planted, clean)]
    return (
        f"Of {len(planted)} planted faults the check finds {right[0]}, each by its kind. Of {len(clean)} sound "
        f"networks, {len(clean) - 1} of them the families of this package, it finds fault with {len(clean) - right[1]}."
    )


def is_found(body):
    """Returns the judge of: the check finds what is planted in a network, and nothing else."""

    def judge(table):
        (row,) = table.of(_words(body))
        return Judgement(row["right"] == "yes", f"found: {row['found']}")

    return judge


def finds_no_more(table):
    """Judges whether the check finds nothing in sound networks."""
    faulted = [row["case"] for row in table.rows if row["planted"] == "none" and row["right"] != "yes"]
    return Judgement(not faulted, f"found fault with: {listed(faulted) or 'none'}")


CLAIMS = (
    Claim("A shortcut taken after the stem is a fault, seen in the graph", is_found(shortcut_from_the_stem)),
    Claim("A shortcut in the place of the sum is a fault, seen in the graph", is_found(shortcut_for_the_sum)),
    Claim("Activation before normalisation is a fault, seen in the graph", is_found(activate_then_normalise)),
    Claim(
        "A convolution after the last activation is a fault, seen in the graph",
        is_found(convolution_after_the_last_activation),
    ),
    Claim("In sound networks no fault is seen", finds_no_more, is_ours=True),
)


STUDY = Study(
    question="What is wrong with a residual block, and can a program see it in the graph alone?",
    reported=(
        "four faults: a shortcut taken after the stem, the sum replaced by the shortcut, normalisation, activation and "
        "convolution in the wrong order, and a convolution after the last activation."
    ),
    varied="the fault that is planted",
    held_fixed="a network of pre-activation blocks; the families as they are",
    scales=ALL_ALIKE,
    dataset=None,
    conduct=conduct,
    columns={"planted": "planted", "found": "found", "right": "right", "said": "what the check says"},
    answer=answer,
    claims=CLAIMS,
)
