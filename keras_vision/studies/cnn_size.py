"""CNN by size: layers and pooling, blocks and skips, and filters swept from underfitting to overfitting."""

from keras_vision.studies.claims import Claim, Judgement, reaches
from keras_vision.studies.figures import PALETTE, plot_lines
from keras_vision.studies.plan import PLAIN, PLAIN_WORDS, Case, Scale, Study, smoke
from keras_vision.studies.table import listed, number

LOSS, ACCURACY, EPOCHS = 0.67, 0.78, (4, 5)
FILTERS = "filters"
PART_WORDS = ("conv, ", "block", FILTERS)  # in the names of the cases of each part
RISE = 1.05  # a loss that ends higher than its lowest by so much overfits
# scale -> the values of each part; `epochs` in the order layers, blocks, filters
PARTS = {
    "smoke": {"convs": (1,), "dense": (2,), "depths": (), "widths": (2,), "base": 4, "epochs": (1, 1, 1)},
    "quick": {"convs": (1, 4), "dense": (2,), "depths": (1, 3), "widths": (2, 8, 32), "base": 16, "epochs": (3, 3, 8)},
}
FULL = {
    "convs": (1, 2, 3, 4),
    "dense": (2, 3),
    "depths": (1, 2, 3),
    "widths": (1, 2, 4, 8, 16, 32, 64, 128),
    "base": 32,
}
PARTS |= {"source": FULL | {"epochs": (10, 10, 15)}, "full": FULL | {"epochs": (20, 20, 30)}}


def cases(scale):
    """Returns the cases of three parts: layers with either pooling, blocks with skips, and filters."""
    part = PARTS[scale]
    return [*_layers(**part), *_blocks(**part), *_filters(**part)]


def _layers(convs, dense, base, epochs, **_):
    """1 to 4 convolutions, each with a pooling, before 2 or 3 dense layers."""
    for layers in dense:
        for count in convs:
            for pooling in ("max", "average"):
                settings = {"filters": tuple(base * 2**i for i in range(count)), "pooling": pooling}
                settings["hidden_units"] = (4 * base,) * (layers - 1)
                name = f"{count} conv, {layers} dense, {pooling}"
                yield Case(name, "cnn", settings, {"epochs": epochs[0]}, group=f"{layers} dense layers")


def _blocks(depths, base, epochs, **_):
    """1 to 3 blocks of 1 or 3 convolutions and one dense layer, with a skip around each block where there are more."""
    for depth in depths:
        for convs in (1, 3):
            settings = {"filters": tuple(base * 2**i for i in range(depth)), "convs_per_stage": convs}
            name = f"{depth} block{'s' * (depth > 1)} of {convs}"
            yield Case(name, "cnn", settings | {"residual": depth > 1}, {"epochs": epochs[1]}, group="blocks")


def _filters(widths, epochs, **_):
    """Three convolutions of more and more filters."""
    for width in widths:
        settings = {"filters": (width, 2 * width, 4 * width)}
        yield Case(f"{width} filters", "cnn", settings, {"epochs": epochs[2]}, group=FILTERS)


def answer(table):
    """The lowest loss of each part, and how the smallest and the largest sweep of filters end."""
    best = best_of(table)
    parts = [[case for case in table.cases if word in case] for word in PART_WORDS]
    swept = parts[-1]
    small, large = swept[0], swept[-1]
    of_parts = listed(_best_of(table, part) for part in parts if part)
    return (
        f"The lowest validation cross-entropy of each part is {of_parts}; with {best}, of an accuracy of "
        f"{table.percent(best)}, it is reached after {table.number(best, 'lowest_epoch')} of "
        f"{table.number(best, 'epochs')} epochs and ends at {table.number(best, 'last_val_crossentropy')}. With "
        f"{large} the training "
        f"cross-entropy ends at {table.number(large, 'last_train_crossentropy')} and the validation one, from its "
        f"lowest of {table.number(large, 'lowest_val_crossentropy')}, at "
        f"{table.number(large, 'last_val_crossentropy')}; with {small} they end at "
        f"{table.number(small, 'last_train_crossentropy')} and {table.number(small, 'last_val_crossentropy')}."
    )


def best_of(table):
    """Returns the case with the lowest validation loss."""
    return table.best("lowest_val_crossentropy", lowest=True)


def overfits(table):
    """Judges whether the best network's loss ends well above its lowest."""
    lowest, last = (table.mean(best_of(table), f"{when}_val_crossentropy") for when in ("lowest", "last"))
    return Judgement(last > RISE * lowest, f"from {number(lowest)} to {number(last)} with {best_of(table)}")


def is_best_early(table):
    """Judges in which epoch the best network's loss is lowest."""
    epoch = table.mean(best_of(table), "lowest_epoch")
    return Judgement(EPOCHS[0] <= epoch <= EPOCHS[1], f"in epoch {number(epoch)} with {best_of(table)}")


CLAIMS = (
    Claim(
        f"The loss of the best network is {LOSS}",
        lambda table: reaches(best_of(table), LOSS, "lowest_val_crossentropy", lowest=True)(table),
    ),
    Claim(f"Its accuracy is {ACCURACY:.0%}", lambda table: reaches(best_of(table), ACCURACY, "val_accuracy")(table)),
    Claim("It is best after 4 to 5 epochs", is_best_early),
    Claim("It overfits afterwards", overfits),
)


def _best_of(table, part):
    best = table.best("lowest_val_crossentropy", part, lowest=True)
    return f"{table.number(best, 'lowest_val_crossentropy')} of {best!r}"


def figures(table):
    """Draws training and validation loss against the number of parameters, for the sweep of filters."""
    swept = [case for case in table.cases if FILTERS in case]
    sizes = [table.mean(case, "parameters") for case in swept]
    shown = {
        "training, at the end": "last_train_crossentropy",
        "validation, at the end": "last_val_crossentropy",
        "validation, at its lowest": "lowest_val_crossentropy",
    }
    series = {
        label: (
            sizes,
            [table.mean(case, column) for case in swept],
            [min(table.values(case, column)) for case in swept],
            [max(table.values(case, column)) for case in swept],
        )
        for label, column in shown.items()
    }
    colours = dict(zip(shown, PALETTE, strict=False))
    dashed = ("validation, at its lowest",)  # where it is the same as at the end, both are to be seen
    look = {"x": "parameters", "y": "cross-entropy", "colours": colours, "log": ("x",), "dashed": dashed}
    return {"loss_by_size": plot_lines(series, **look)}


STUDY = Study(
    question="How large should a plain CNN be: how many layers, which pooling, how many blocks, how many filters?",
    reported=(
        f"the best network has a test loss of {LOSS} and an accuracy of {ACCURACY:.0%} after 4 to 5 epochs, and "
        "overfits afterwards."
    ),
    varied="convolutions, pooling and dense layers; then blocks, their convolutions and skips; then filters",
    held_fixed=f"3x3 kernels, batch norm, ReLU; {PLAIN_WORDS}",
    scales={
        "smoke": smoke(),
        "quick": Scale(
            PLAIN,
            seeds=3,
            note="Half the filters, 11 of 30 networks, 3 epochs (8 for the sweep of filters), of 20 and 30.",
        ),
        "source": Scale(
            PLAIN, shortened=2, note="10 epochs (15 for the sweep of filters), of 20 and 30: fewer by a factor of 2."
        ),
        "full": Scale(PLAIN),
    },
    cases=cases,
    columns={"lowest_val_crossentropy": "lowest validation cross-entropy", "lowest_epoch": "in epoch"},
    answer=answer,
    claims=CLAIMS,
    figures=(figures,),
    background=(
        "The claims are judged by the network with the lowest loss, on validation images: its source looked for the "
        "best epoch on its test images, which then are no more than that. When the lowest loss comes goes with the "
        "batch size and the rate, which are not reported: it is judged by ours. A network overfits where its "
        f"validation loss ends more than {RISE - 1:.0%} above its lowest."
    ),
)
