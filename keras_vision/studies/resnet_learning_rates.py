"""ResNet18 by learning rate, from far too high to far too low."""

from keras_vision.studies.claims import Claim, above, below
from keras_vision.studies.plan import PLAIN, Case, Scale, Study, shortened, smoke
from keras_vision.studies.table import percent

RATES = {"smoke": ("0.1", "0.001"), "quick": ("0.1", "0.01", "0.001", "0.0001", "0.00001")}
RATES["source"] = RATES["full"] = RATES["quick"]
BEST, WORST, SLOWEST = "rate 0.001", "rate 0.1", "rate 0.00001"
BETWEEN = ("rate 0.01", "rate 0.0001")
FULL = Scale(PLAIN | {"epochs": 30})


def cases(scale):
    """Returns a case for each learning rate."""
    return [Case(f"rate {rate}", "resnet18", recipe={"learning_rate": float(rate)}) for rate in RATES[scale]]


def answer(table):
    """The best rate, the worst, and where the slowest ends."""
    best, worst = table.best(), min(table.cases, key=lambda case: table.mean(case, "val_accuracy") or 0.0)
    slow = ""
    if SLOWEST in table.cases:
        slow = f", and with {SLOWEST} the training cross-entropy still ends at "
        slow += table.number(SLOWEST, "last_train_crossentropy")
    return (
        f"The best validation accuracy, {table.percent(best)}, comes with {best}. "
        f"The worst, {_words(table, worst)}, comes with {worst}{slow}."
    )


CLAIMS = (
    Claim("0.001 is the best rate", above(BEST, WORST, *BETWEEN, SLOWEST)),
    Claim("0.1 is the worst rate", below(WORST, BEST, *BETWEEN, SLOWEST)),
    Claim("0.00001 is too slow: it ends below 0.001", below(SLOWEST, BEST)),
)


def _words(table, case):
    mean = table.mean(case, "val_accuracy")
    return "none at all, since every run diverged" if mean is None else percent(mean)


STUDY = Study(
    question="How much does the learning rate matter to a ResNet18?",
    reported="0.001 is best, 0.1 worst on all sets, and 0.00001 too slow.",
    varied="the learning rate, constant over the training",
    held_fixed="the network; AdamW, batches of 128, no decay, no augmentation, no label smoothing",
    scales={
        "smoke": smoke({"width": 2, "blocks": (1, 1)}),
        "quick": Scale(
            PLAIN | {"epochs": 2}, {"width": 8}, seeds=3, note="An eighth of the width (8 filters, of 64), 2 epochs."
        ),
        "source": shortened(FULL, by=3),
        "full": FULL,
    },
    cases=cases,
    may_diverge=True,
    answer=answer,
    claims=CLAIMS,
    background="The claims are judged on one data set, by the validation accuracy.",
)
