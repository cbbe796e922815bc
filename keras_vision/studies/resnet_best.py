"""The best ResNet18 of report 001, by its own recipe, with its first-layer kernels."""

from keras_vision.commands.run_pictures import learned_figures
from keras_vision.runs import load_model
from keras_vision.studies.claims import Claim, either, reaches
from keras_vision.studies.plan import DECAYS, PLAIN, Case, Scale, Study, smoke
from keras_vision.studies.table import against

CASE, REPORTED = "ResNet18", 0.902
COUPLED = f"{CASE} with the decay in the gradient"


def cases(scale):
    """Returns the network, and at its source's own size also with the other decay that its report may mean."""
    coupled = [Case(COUPLED, "resnet18", recipe={"optimizer": "adam"})] if scale in ("source", "full") else []
    return [Case(CASE, "resnet18"), *coupled]


CLAIMS = (Claim(f"The test accuracy is {REPORTED:.1%}", either(reaches(CASE, REPORTED), reaches(COUPLED, REPORTED))),)


def figures(table):
    """Draws the first-layer kernels of the first model, standardised: averaged over the colours, and in colour."""
    folder = table.first_model(CASE)
    return learned_figures(load_model(folder)) if folder else {}


STUDY = Study(
    question="What does a ResNet18 reach by its report's recipe, and what do its first kernels look like?",
    reported="test accuracy 90.2%.",
    varied=DECAYS,
    held_fixed="Adam at a constant rate of 0.001 with decay 0.005, batches of 128, no augmentation",
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
    claims=CLAIMS,
    by_case=True,
    figures=(figures,),
    is_tested=True,
)
