"""MLP-Mixer on Fashion-MNIST: a grid of learning rate, dropout and batch size."""

from keras_vision.studies.claims import Claim, above, reaches
from keras_vision.studies.figures import colours_of, plot_metric
from keras_vision.studies.plan import PLAIN, Case, Scale, Study, shortened, smoke
from keras_vision.studies.table import percent

REPORTED, BEST = 0.8917, "rate 0.01, dropout 0.1, batch 256"
SIZES = {
    "smoke": {"num_blocks": 1, "patch_size": 4, "hidden_dim": 8, "tokens_mlp_dim": 8, "channels_mlp_dim": 8},
    "quick": {"num_blocks": 2, "patch_size": 4, "hidden_dim": 16, "tokens_mlp_dim": 256, "channels_mlp_dim": 128},
    "full": {"num_blocks": 8, "patch_size": 4, "hidden_dim": 16, "tokens_mlp_dim": 1024, "channels_mlp_dim": 512},
}
FULL = Scale(PLAIN | {"epochs": 60}, SIZES["full"])


def cases(scale):
    """Returns the grid; of the smoke scale, two of its corners."""
    grid = [
        Case(
            f"rate {rate}, dropout {dropout}, batch {batch}",
            "mlp_mixer",
            {"dropout_rate": dropout},
            {"learning_rate": rate, "batch_size": batch},
            group=f"rate {rate}",
        )
        for rate in (0.01, 0.001)
        for dropout in (0.0, 0.1)
        for batch in (256, 512)
    ]
    return [case for case in grid if scale != "smoke" or (case.name == BEST or case == grid[-1])]


def answer(table):
    """The best of the grid, and what the reported best reaches."""
    chosen = table.best()
    return (
        f"By validation {chosen} is the best of {len(table.cases)}, with a test accuracy of "
        f"{table.percent(chosen, 'test_accuracy', 2)}. The source's best, {BEST}, has "
        f"{table.percent(BEST, 'test_accuracy', 2)}, where {percent(REPORTED, 2)} was reported."
    )


CLAIMS = (
    Claim(f"The test accuracy is {percent(REPORTED, 2)} with {BEST}", reaches(BEST, REPORTED)),
    Claim("This is the best of the grid", above(BEST, *(case.name for case in cases("full") if case.name != BEST))),
)


def figures(table):
    """Draws the source's three figures, one curve for each member of the grid; validation in the place of its test."""
    colours = colours_of(cases(table.scale))
    shown = {
        "loss": ("crossentropy", "training cross-entropy"),
        "train_accuracy": ("accuracy", "training accuracy"),
        "val_accuracy": ("val_accuracy", "validation accuracy"),
    }
    return {f"grid_{name}": plot_metric(table, table.cases, *look, colours) for name, look in shown.items()}


STUDY = Study(
    question="Which learning rate, dropout and batch size serve an MLP-Mixer on Fashion-MNIST?",
    reported=f"the best test accuracy, {percent(REPORTED, 2)}, with rate 0.01, dropout 0.1 and batch 256.",
    varied="learning rate 0.01 or 0.001, dropout 0 or 0.1, batches of 256 or 512",
    held_fixed="blocks, patches of 4 pixels, hidden size 16, both MLPs' widths; AdamW at a constant rate, no decay",
    scales={
        "smoke": smoke(SIZES["smoke"]),
        "quick": Scale(
            PLAIN | {"epochs": 3},
            SIZES["quick"],
            seeds=3,
            note="2 blocks with MLPs of 256 and 128 (8 of 1024 and 512), 3 epochs of 60.",
        ),
        "source": shortened(FULL, by=4),
        "full": FULL,
    },
    dataset="fashion_mnist",
    cases=cases,
    answer=answer,
    claims=CLAIMS,
    figures=(figures,),
    is_tested=True,
)
