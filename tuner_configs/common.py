"""How a network is trained: the part of the search space that all models share.

Every range lies around the model's best-known recipe, which is its default. `recipe_space` draws no optimizer, because
each has learning rates of its own. To search with another, give the file of the model (or of `tune --space`) a
`recipe_space` of its own, which is called in place of this one and returns `optimizer` with a fitting learning rate.
`polish_recipe`, of a growing search, draws one and converts the rates; `polish_length` draws how long it trains.
"""


def recipe_space(hp, recipe):
    """Draws settings of the training.

    Args:
        hp: A `keras_tuner.HyperParameters`.
        recipe: Dict of the model's default for every field of the training recipe.

    Returns:
        The fields that are searched, as a dict.

    Example:

    >>> recipe_space(hp, {"learning_rate": 0.002, "weight_decay": 0.05, "label_smoothing": 0.05})
    {'learning_rate': 0.002, 'weight_decay': 0.05, 'label_smoothing': 0.05}
    """
    # Beyond a factor of four from a good learning rate, training crawls on one side and diverges on the other.
    drawn = {"learning_rate": _around(hp, "learning_rate", recipe["learning_rate"], factor=4)}
    # Decay matters by orders of magnitude. None has no neighbourhood on a logarithmic scale, and stays none.
    if recipe["weight_decay"]:
        drawn["weight_decay"] = _around(hp, "weight_decay", recipe["weight_decay"], factor=10)
    most = max(0.2, recipe["label_smoothing"])
    drawn["label_smoothing"] = hp.Float("label_smoothing", 0.0, most, default=recipe["label_smoothing"])
    return drawn


def _around(hp, name, value, factor):
    return hp.Float(name, value / factor, value * factor, sampling="log", default=value)


def polish_recipe(hp, recipe, optimizers, with_optimizer):
    """Draws what polishes the training of a network whose size is settled: optimizer, learning rate and decay.

    Args:
        hp: A `keras_tuner.HyperParameters`.
        recipe: As in `recipe_space`.
        optimizers: Names of those to be tried beside the recipe's own.
        with_optimizer: Function of (recipe, optimizer) that returns such a dict with rate and decay converted.

    Returns:
        The fields that are changed, as a dict.
    """
    choices = list(dict.fromkeys([*optimizers, recipe["optimizer"]]))
    optimizer = hp.Choice("optimizer", choices, default=recipe["optimizer"])
    learning_rate = recipe["learning_rate"] * hp.Choice("learning_rate_factor", [1.0, 2.0, 0.5])
    weight_decay = recipe["weight_decay"] * hp.Choice("weight_decay_factor", [1.0, 0.2])
    changed = with_optimizer(recipe | {"learning_rate": learning_rate, "weight_decay": weight_decay}, optimizer)
    return {name: changed[name] for name in ("optimizer", "learning_rate", "weight_decay")}


def polish_length(hp, recipe):
    """Draws how much longer a network is trained: small ones learn for long; arguments and result as `recipe_space`.

    Sandler et al. 2018 and Trockman & Kolter 2022 train networks of separable convolutions for hundreds of epochs.
    """
    return {"epochs": recipe["epochs"] * hp.Choice("times_as_long", [1, 2, 4])}
