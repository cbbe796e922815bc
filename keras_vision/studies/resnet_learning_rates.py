"""ResNet18 by learning rate, from far too high to far too low."""

from keras_vision.studies.plan import PLAIN, Case, Scale, Study, all_of, smoke
from keras_vision.studies.table import percent

RATES = {"smoke": ("0.1", "0.001"), "quick": ("0.1", "0.01", "0.001", "0.0001", "0.00001")}
RATES["full"] = RATES["quick"]
BEST, WORST, SLOWEST = "rate 0.001", "rate 0.1", "rate 0.00001"


def cases(scale):
    """Returns a case for each learning rate."""
    return [Case(f"rate {rate}", "resnet18", recipe={"learning_rate": float(rate)}) for rate in RATES[scale]]


def answer(table):
    """0.001 is best, 0.1 worst."""
    best, worst = table.best(), min(table.cases, key=lambda case: table.mean(case, "val_accuracy") or 0.0)
    slow = ""
    if SLOWEST in table.cases:
        slow = f", and with {SLOWEST} the training cross-entropy still ends at "
        slow += table.number(SLOWEST, "last_train_crossentropy")
    text = (
        f"The best validation accuracy, {table.percent(best)}, comes with {best}. "
        f"The worst, {_words(table, worst)}, comes with {worst}{slow}."
    )
    others = [case for case in table.cases if case not in (BEST, WORST)]
    return text, all_of(
        [table.above(BEST, WORST)]
        + [table.above(BEST, other) for other in others]
        + [table.above(other, WORST) for other in others]
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
        "full": Scale(PLAIN | {"epochs": 30}),
    },
    cases=cases,
    may_diverge=True,
    answer=answer,
    background=(
        "The claim is judged on one data set, by the validation accuracy: 0.001 above all others, and 0.1 below. A "
        "rate is too slow where it ends below 0.001."
    ),
)
