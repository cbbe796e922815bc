"""A space of two settings: the more there are, the longer a Gaussian process thinks."""


def model_space(hp):
    return {"filters": (hp.Int("width", 2, 32, default=16),), "blocks": (1,)}


def recipe_space(hp, recipe):
    return {"learning_rate": hp.Float("learning_rate", 1e-4, 1e-2, sampling="log", default=3e-3)}
