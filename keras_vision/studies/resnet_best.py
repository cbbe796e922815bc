"""The best ResNet18 of report 001, by its own recipe, with its first-layer kernels."""

from keras_vision.commands.run_pictures import learned_figures
from keras_vision.runs import load_model
from keras_vision.studies.claims import OTHER_DECAY, Claim, reaches
from keras_vision.studies.plan import PLAIN, Case, Scale, Study, smoke
from keras_vision.studies.table import against

CASE, REPORTED = "ResNet18", 0.902


def cases(scale):
    """Returns the one network."""
    return [Case(CASE, "resnet18")]


def figures(table):
    """Draws the first-layer kernels of the first model, standardised: averaged over the colours, and in colour."""
    folder = table.first_model(CASE)
    return learned_figures(load_model(folder)) if folder else {}


STUDY = Study(
    question="What does a ResNet18 reach by its report's recipe, and what do its first kernels look like?",
    reported="test accuracy 90.2%.",
    varied="nothing",
    held_fixed=(
        "AdamW, for the source's Adam, at a constant rate of 0.001 with decay 0.005, batches of 128, no augmentation"
    ),
    scales={
        "smoke": smoke({"width": 2, "blocks": (1, 1)}),
        "quick": Scale(
            PLAIN | {"weight_decay": 5e-3, "epochs": 3},
            {"width": 16},
            seeds=3,
            note="A quarter of the width (16 filters of 64), 3 epochs of 30: far from what the source's own reach.",
        ),
        "full": Scale(PLAIN | {"weight_decay": 5e-3, "epochs": 30}),
    },
    cases=cases,
    answer=against(CASE, REPORTED),
    claims=(Claim(f"The test accuracy is {REPORTED:.1%}", reaches(CASE, REPORTED, doubt=OTHER_DECAY)),),
    figures=(figures,),
    is_tested=True,
)
