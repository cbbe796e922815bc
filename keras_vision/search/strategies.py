"""The strategies by name: how a search's next settings are proposed."""

from keras_vision.errors import check_choice
from keras_vision.search.growing import Growing
from keras_vision.search.oracles import ORACLES, Tuning, make_oracle


def make_strategy(name, polish="grid"):
    """Returns a function from a `Search` to its strategy: an object with `ask`, `tell` and `confirm`.

    Args:
        name: `"grow"`, for a search over a `Ladder`, or a key of `ORACLES`, for one over a `Space`.
        polish: The oracle with which a growing search varies the training.
    """
    check_choice("strategy", name, ("grow", *ORACLES))
    if name == "grow":
        return lambda search: Growing(
            search.space,
            target_acc=search.target_acc,
            size_of=search.size_of,
            allows=search.allows,
            polish=polish,
            seed=search.seed,
        )
    return lambda search: Tuning(
        make_oracle(name, search.space.hyperparameters, search.seed, max_epochs=search.space.recipe.epochs)
    )
