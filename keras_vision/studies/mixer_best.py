"""The best MLP-Mixer of report 001, by its own recipe, with the units of its first token mixing."""

from keras_vision.analysis.kernels import plot_kernels, token_mixing_units
from keras_vision.commands.run_pictures import learned_figures
from keras_vision.runs import load_model
from keras_vision.studies.claims import Claim, either, reaches
from keras_vision.studies.plan import DECAYS, PLAIN, Case, Scale, Study, shortened, smoke
from keras_vision.studies.table import against

CASE, REPORTED = "MLP-Mixer", 0.779
COUPLED = f"{CASE} with the decay in the gradient"
# "256 units with 8x8 weights each": patches of 4 pixels. The MLP of the channels is 4 times as wide as these, as in its
# question 4.4.
SOURCE = {
    **{"patch_size": 4, "hidden_dim": 512, "num_blocks": 8, "tokens_mlp_dim": 256, "channels_mlp_dim": 2048},
    "dropout_rate": 0.4,
}
SMALL = {"hidden_dim": 64, "num_blocks": 2, "tokens_mlp_dim": 64, "channels_mlp_dim": 256, "dropout_rate": 0.4}
TINY = {"hidden_dim": 8, "num_blocks": 1, "tokens_mlp_dim": 8, "channels_mlp_dim": 8, "dropout_rate": 0.4}
FULL = Scale(PLAIN | {"weight_decay": 5e-4, "epochs": 30}, SOURCE)


def cases(scale):
    """Returns the network, and at its source's own size also with the other decay that its report may mean."""
    coupled = [Case(COUPLED, "mlp_mixer", recipe={"optimizer": "adam"})] if scale in ("source", "full") else []
    return [Case(CASE, "mlp_mixer"), *coupled]


CLAIMS = (Claim(f"The test accuracy is {REPORTED:.1%}", either(reaches(CASE, REPORTED), reaches(COUPLED, REPORTED))),)


def figures(table):
    """Draws the token-mixing units and the patch kernels of the first model, standardised."""
    folder = table.first_model(CASE)
    if folder is None:
        return {}
    model = load_model(folder)
    units = plot_kernels(token_mixing_units(model), title="Token-mixing units, block 1", limit=256)
    return learned_figures(model) | {"token_mixing_units": units}


STUDY = Study(
    question="What does an MLP-Mixer reach by its report's recipe, and what do its first token-mixing units look at?",
    reported="test accuracy 77.9%.",
    varied=DECAYS,
    held_fixed="dropout 0.4; Adam at a constant rate of 0.001 with decay 0.0005, batches of 128, no augmentation",
    scales={
        "smoke": smoke(TINY),
        "quick": Scale(
            PLAIN | {"weight_decay": 5e-4, "epochs": 5},
            SMALL,
            seeds=3,
            note="2 blocks of hidden size 64 (8 of 512), 5 epochs of 30: far from what the source's own reach.",
        ),
        "source": shortened(FULL, by=3),
        "full": FULL,
    },
    cases=cases,
    answer=against(CASE, REPORTED),
    claims=CLAIMS,
    by_case=True,
    figures=(figures,),
    is_tested=True,
)
