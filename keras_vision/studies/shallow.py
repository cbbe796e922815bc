"""One convolution before a dense layer or a global average, against a deep network; and what each can see."""

import dataclasses

import keras

from keras_vision.analysis.receptive_field import receptive_fields
from keras_vision.analysis.receptive_field_measured import measure_fields, plot_fields
from keras_vision.runs import load_model
from keras_vision.studies.claims import Claim, below, counts
from keras_vision.studies.plan import PLAIN, PLAIN_WORDS, Case, Scale, Study, smoke
from keras_vision.studies.table import listed

DENSE, AVERAGE, DEEP = "one conv, dense", "one conv, average", "deep"
POOR = 0.1  # by so much accuracy the deep network must be ahead
ABOUT = 0.05  # by so large a share a number may differ from one that was rounded
ONE = {"pooling": None, "batch_norm": False}
DEEP_FILTERS = {"smoke": (4, 4), "quick": (16, 32, 64), "full": (32, 64, 128)}


def cases(scale):
    """Returns the two shallow networks, of 61,618 and 618 parameters on CIFAR-10, and the deep one."""
    found = [
        Case(DENSE, "cnn", {"filters": (6,), "head": "flatten"} | ONE),
        Case(AVERAGE, "cnn", {"filters": (16,), "head": "gap"} | ONE),
        Case(DEEP, "cnn", {"filters": DEEP_FILTERS[scale], "head": "gap"}),
    ]
    return found[1:] if scale == "smoke" else found


def last_convolution(model):
    """Returns the name of the last convolution."""
    return [layer.name for layer in model.layers if isinstance(layer, keras.layers.Conv2D)][-1]


def measure(run, model, data):
    """Returns what a unit of the last convolution sees: by theory, and by its gradients."""
    layer = last_convolution(model)
    (field,) = measure_fields(model, [layer])
    return {"receptive_field": receptive_fields(model)[layer].text, "measured_width": field.width}


def answer(table):
    """Accuracy, parameters and receptive field of each network."""
    words = listed(
        f"{table.percent(case)} with {table.number(case, 'parameters')} parameters ({case})" for case in table.cases
    )
    fields = listed(f"{table.values(case, 'receptive_field')[0]} pixels ({case})" for case in table.cases)
    return f"The validation accuracy is {words}. A unit of the last convolution can see {fields}."


CLAIMS = (
    Claim("With the dense layer there are about 60,000 parameters", counts({DENSE: 60_000}, ABOUT)),
    Claim("With the average there are about 600 parameters", counts({AVERAGE: 600}, ABOUT)),
    Claim("One convolution before a dense layer is poor", below(DENSE, DEEP, by=POOR)),
    Claim("One convolution before an average is poor", below(AVERAGE, DEEP, by=POOR)),
)


def figures(table):
    """Draws what a unit of the last convolution of each network sees, by theory and measured."""
    fields = []
    for case in table.cases:
        if folder := table.first_model(case):
            model = load_model(folder, float32=True)
            (field,) = measure_fields(model, [last_convolution(model)])
            fields.append(dataclasses.replace(field, layer=case))
    return {"receptive_fields": plot_fields(fields)} if fields else {}


STUDY = Study(
    question="What can one convolution do before a dense layer or a global average, and what does it see?",
    reported="about 60,000 parameters with the dense layer and 600 with the average, and both are poor.",
    varied="the network: one 3x3 convolution and a head, or three with batch norm, and pooling between",
    held_fixed=PLAIN_WORDS,
    scales={
        "smoke": smoke(),
        "quick": Scale(PLAIN | {"epochs": 4}, seeds=3, note="Half the filters in the deep network, 4 epochs of 20."),
        "full": Scale(PLAIN | {"epochs": 20}),
    },
    cases=cases,
    measure=measure,
    columns={"receptive_field": "sees, by theory", "measured_width": "sees, measured, pixels wide"},
    answer=answer,
    claims=CLAIMS,
    figures=(figures,),
    background=f"Poor is taken to mean: at least {100 * POOR:.0f} points behind the deep network.",
)
