"""Weights counted by hand and by program: two heads behind two convolutions, one of them in groups."""

import math

import keras

from keras_vision.analysis.counts import count_unbuilt
from keras_vision.reporting.tables import short
from keras_vision.studies.claims import Claim, Judgement
from keras_vision.studies.plan import ALL_ALIKE, Study
from keras_vision.studies.table import listed

IMAGE, CLASSES, GROUPS = (128, 128, 4), 20, 4
REPORTED = {"flatten": 76_379_136, "gap": 178_176}
# layer -> the reported output, with the channels last
OUTPUTS = {"conv": "124x124x256", "grouped_conv": "122x122x256", "flatten": "3810304"}
HEADS = {"flatten": keras.layers.Flatten, "gap": keras.layers.GlobalAveragePooling2D}
# layer -> its weights as a person writes them down: (in words, as factors)
BY_HAND = {
    "conv": ("4 x 256 x 5²", (4, 256, 5, 5)),
    "grouped_conv": ("4 groups of 64 x 64 x 3²", (GROUPS, 64, 64, 3, 3)),
    "flatten_logits": ("(256 x 122²) x 20", (256, 122, 122, CLASSES)),
    "gap_logits": ("256 x 20", (256, CLASSES)),
}


def network(head):
    """Builds the report's network with a head of `HEADS`, without biases."""
    pixels = keras.Input(IMAGE)
    x = keras.layers.Conv2D(256, 5, use_bias=False, name="conv")(pixels)
    x = keras.layers.Conv2D(256, 3, groups=GROUPS, use_bias=False, name="grouped_conv")(x)
    x = HEADS[head](name=head)(x)
    return keras.Model(pixels, keras.layers.Dense(CLASSES, use_bias=False, name=f"{head}_logits")(x))


def conduct(job):
    """Returns a row for each layer and one for each whole network."""
    rows, totals = {}, []
    for head in HEADS:
        counts = count_unbuilt(lambda head=head: network(head))
        for layer in counts.layers:
            words, factors = BY_HAND.get(layer.name, ("none", (0,)))
            if layer.kind != "InputLayer":
                rows[layer.name] = _row(
                    layer.name, layer.output_shape, words, math.prod(factors), layer.weights, layer.macs
                )
        by_hand = sum(math.prod(BY_HAND[name][1]) for name in _layers(head))
        total = _row(f"network, {head}", (CLASSES,), "the sum", by_hand, counts.weights, counts.macs)
        totals.append(total | {"reported": REPORTED[head]})
    return [*rows.values(), *totals]


def _row(case, shape, words, by_hand, weights, macs):
    return {
        **{"case": case, "seed": 0, "output": "x".join(map(str, shape)), "reckoning": words},
        **{"by_hand": by_hand, "by_program": weights, "macs": short(macs)},
    }


def answer(table):
    """The weights by both ways of counting, and where most of them are."""
    rows = {row["case"]: row for row in table.rows}
    totals = [row for row in table.rows if "reported" in row]
    same = all(row["by_hand"] == row["by_program"] for row in table.rows)
    words = listed(f"{row['by_program']:,} ({row['case'].removeprefix('network, ')})" for row in totals)
    share = rows["flatten_logits"]["by_program"] / rows["network, flatten"]["by_program"]
    by_hand = "the same, layer by layer" if same else "others"
    return (
        f"By program the two networks have {words} weights, and by hand {by_hand}. {100 * share:.1f}% of the larger "
        "one's are in the dense layer behind the flattening, which global average pooling does without."
    )


def _sum(head):
    return f"By hand: {' + '.join(BY_HAND[name][0] for name in _layers(head))}."


def _layers(head):
    return "conv", "grouped_conv", f"{head}_logits"


def has_weights(head):
    """Returns the judge of: hand and program count as many weights of a network as reported."""

    def judge(table):
        (row,) = table.of(f"network, {head}")
        differing = [one["case"] for one in table.rows if one["by_hand"] != one["by_program"]]
        numbers = f"{row['by_hand']:,} by hand, {row['by_program']:,} by program"
        if differing:
            return Judgement(None, numbers, f"hand and program differ in {listed(differing)}")
        return Judgement(row["by_program"] == REPORTED[head], numbers)

    return judge


def has_outputs(table):
    """Judges whether the layers' outputs are as large as reported."""
    found = {layer: str(table.of(layer)[0]["output"]) for layer in OUTPUTS}
    return Judgement(found == OUTPUTS, listed(found.values()))


CLAIMS = (
    Claim("With flattening there are 76,379,136 weights", has_weights("flatten"), reason=_sum("flatten")),
    Claim("With global average pooling there are 178,176 weights", has_weights("gap"), reason=_sum("gap")),
    Claim(
        "The outputs are 124x124x256, 122x122x256 and 3,810,304",
        has_outputs,
        reason="Without padding a kernel of n pixels leaves n - 1 rows and columns fewer.",
    ),
)


STUDY = Study(
    question="How many weights do two convolutions and a classifier have, with flattening and with average pooling?",
    reported="76,379,136 and 178,176 weights without biases; outputs 256x124x124, 256x122x122 and 3,810,304.",
    varied="what lies before the dense layer",
    held_fixed="128x128 images in 4 channels; 5x5 kernels to 256 channels; 3x3 kernels in 4 groups; no padding or bias",
    scales=ALL_ALIKE,
    dataset=None,
    conduct=conduct,
    columns={
        **{
            "output": "output",
            "reckoning": "by hand",
            "by_hand": "weights by hand",
            "by_program": "weights by program",
        },
        **{"macs": "MACs", "reported": "weights reported"},
    },
    answer=answer,
    claims=CLAIMS,
)
