"""Which layers are linear, and which commute with shifts of the image: the true table, measured."""

import collections

from keras_vision.analysis.linearity import linearity_table, textbook_table
from keras_vision.models import build_model
from keras_vision.studies.claims import Claim, Judgement
from keras_vision.studies.plan import ALL_ALIKE, Study
from keras_vision.studies.table import listed

SHAPE, CLASSES = (16, 16, 3), 10
# Networks that have each kind of layer once: family -> settings.
NETWORKS = {
    "cnn": {"filters": (4, 4), "hidden_units": (8,)},
    "resnet18": {"width": 4, "blocks": (1, 1)},
    "convmixer": {"hidden_dim": 4, "depth": 1},
}
# The maps that the report asks about -> additive, homogeneous, equivariant to every shift, to shifts by the stride.
BY_ALGEBRA = {
    "ReLU": (False, False, True, True),
    "adding a bias": (False, False, True, True),
    "dense matrix on all pixels": (True, True, False, False),
    "keeping the top-right pixel of each 2x2": (True, True, False, True),
}
PROPERTIES = ("additivity", "homogeneity", "every_shift", "stride_shifts")
COLUMNS = dict(
    zip(PROPERTIES, ("additive", "homogeneous", "equivariant to every shift", "to shifts by the stride"), strict=True)
)
# map -> what holds of it, and why
ENTRIES = {
    "ReLU": {
        "ReLU is not linear": "Of x and -x it takes the sum to 0, and not to the sum of what it makes of each of them.",
        "ReLU commutes with every shift": "It looks at each pixel alone, and treats all alike.",
    },
    "adding a bias": {
        "Adding a bias is not linear": "It takes 0 to the bias, and a linear map takes 0 to 0.",
        "Adding a bias commutes with every shift": "It adds the same everywhere.",
    },
    "dense matrix on all pixels": {
        "A dense matrix is linear": "A(x + y) = Ax + Ay, and A(ax) = aAx.",
        "A dense matrix commutes with no shift": "It weighs each position by weights of its own.",
    },
    "keeping the top-right pixel of each 2x2": {
        "Keeping one pixel of each 2x2 is linear": "Each output is one pixel of the input, times 1.",
        "Keeping one pixel of each 2x2 commutes with shifts by 2 pixels alone": (
            "By one pixel, others become those that are kept."
        ),
    },
}
WORDS = {True: "yes", False: "no", None: "-"}


def conduct(job):
    """Returns a row for each textbook map and each kind of layer, with its verdicts, the same with every seed."""
    rows, agreeing = {}, collections.defaultdict(lambda: [True] * job.seeds)
    for seed in range(job.seeds):
        layers = [one for name, settings in NETWORKS.items() for one in _layers(name, settings, seed)]
        for one in (*textbook_table(seed), *layers):
            verdicts = {name: WORDS[verdict] for name, verdict in one.verdicts().items()}
            row = rows.setdefault(one.kind, {"case": one.kind, "seed": 0, **verdicts})
            # A kind that several networks have is measured in each of them.
            agreeing[one.kind][seed] &= all(row[name] == verdict for name, verdict in verdicts.items())
    return [row | {"agree": f"{sum(agreeing[kind])} of {job.seeds}"} for kind, row in rows.items()]


def _layers(name, settings, seed):
    return linearity_table(build_model(name, SHAPE, CLASSES, **settings), seed)


def answer(table):
    """How many measured entries are those of algebra, and how many kinds of layer are linear."""
    rows = {row["case"]: row for row in table.rows}
    wrong = [
        f"{name} of {kind}"
        for kind, expected in BY_ALGEBRA.items()
        for name, verdict in zip(PROPERTIES, expected, strict=True)
        if rows[kind][name] != WORDS[verdict]
    ]
    entries = len(BY_ALGEBRA) * len(PROPERTIES)
    return (
        f"{_differing(wrong)}"
        f"For the {len(BY_ALGEBRA)} maps of the report, {entries - len(wrong)} of {entries} measured entries are those "
        "of algebra: ReLU and adding a bias are not linear but commute with every shift, a dense matrix is linear and "
        "commutes with none, and keeping one pixel of each 2x2 is linear and commutes with shifts by its stride alone. "
        f"Of {len(rows) - len(BY_ALGEBRA)} kinds of layer measured beside them, {_linear(rows)} are linear."
    )


def is_so(kind, properties):
    """Returns the judge of: of these properties a map has those that algebra says it has, and no others."""

    def judge(table):
        (row,) = table.of(kind)
        expected = dict(zip(PROPERTIES, BY_ALGEBRA[kind], strict=True))
        numbers = ", ".join(f"{COLUMNS[name]}: {row[name]}" for name in properties)
        is_right = all(row[name] == WORDS[expected[name]] for name in properties)
        return Judgement(is_right, f"{numbers} (seeds that agree: {row['agree']})")

    return judge


CLAIMS = tuple(
    Claim(sentence, is_so(kind, PROPERTIES[:2] if "linear" in sentence else PROPERTIES[2:]), reason, is_ours=True)
    for kind, said in ENTRIES.items()
    for sentence, reason in said.items()
)


def _differing(wrong):
    return f"Against algebra are {listed(wrong)}. " if wrong else ""


def _linear(rows):
    layers = [row for kind, row in rows.items() if kind not in BY_ALGEBRA]
    return sum(row["additivity"] == row["homogeneity"] == "yes" for row in layers)


STUDY = Study(
    question="Are ReLU, strided pooling, adding a bias and a dense matrix linear, and equivariant to translation?",
    reported="a table of yes and no for these maps, with errors; its entries are not at hand.",
    varied="the map: those of the report, and each kind of layer of three families",
    held_fixed="random inputs and weights; a property holds where its relative error is below 0.0001",
    scales=ALL_ALIKE,
    dataset=None,
    conduct=conduct,
    columns=COLUMNS | {"agree": "seeds that agree"},
    answer=answer,
    claims=CLAIMS,
    background=(
        "A dash: input or output has no rows and columns that could be shifted. The source's table is wrong in each "
        "entry that says otherwise than the claims below, for the reason beside them."
    ),
)
