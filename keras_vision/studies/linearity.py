"""Which layers are linear, and which commute with shifts of the image: the true table, measured."""

import collections

from keras_vision.analysis.linearity import linearity_table, textbook_table
from keras_vision.models import build_model
from keras_vision.studies.plan import SCALES, Scale, Study
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
    """The measured table is that of algebra; the source's own entries are not at hand, so that none is judged."""
    rows = {row["case"]: row for row in table.rows}
    wrong = [
        f"{name} of {kind}"
        for kind, expected in BY_ALGEBRA.items()
        for name, verdict in zip(PROPERTIES, expected, strict=True)
        if rows[kind][name] != WORDS[verdict]
    ]
    entries = len(BY_ALGEBRA) * len(PROPERTIES)
    text = (
        f"{_differing(wrong)}"
        f"For the {len(BY_ALGEBRA)} maps of the report, {entries - len(wrong)} of {entries} measured entries are those "
        "of algebra: ReLU and adding a bias are not linear but commute with every shift, a dense matrix is linear and "
        "commutes with none, and keeping one pixel of each 2x2 is linear and commutes with shifts by its stride alone. "
        f"Of {len(rows) - len(BY_ALGEBRA)} kinds of layer measured beside them, {_linear(rows)} are linear."
    )
    return text, None


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
    scales=dict.fromkeys(SCALES, Scale()),
    dataset=None,
    conduct=conduct,
    columns={
        "additivity": "additive",
        "homogeneity": "homogeneous",
        "every_shift": "equivariant to every shift",
        "stride_shifts": "to shifts by the stride",
        "agree": "seeds that agree",
    },
    answer=answer,
    background=(
        "A dash: input or output has no rows and columns that could be shifted. A table with other entries for the "
        "maps of the report is wrong where it differs from this one."
    ),
)
