"""Search spaces: what `tune` varies, one file per model.

`NAME.py` holds `model_space(hp)`, which draws settings of the model NAME from a `keras_tuner.HyperParameters` and
returns them as keywords of its builder. `common.py` holds `recipe_space(hp, recipe)`, which draws those of the
training. The defaults of every space are good settings by themselves: a search tries them first. A grid varies fastest
what is drawn last, which therefore is what makes a network large: with a limit, it soon comes to small ones.

A search for a target climbs a file's `LADDER`, a tuple of builder keywords from small to large, with the networks
beside it that `neighbours(settings)` returns, or without one those a rung, a width or a layer away, and polishes with
`polish_recipe` of `common.py` and the file's own `polish_space` and `polish_space_last`; see
`keras_vision.search.ladder`.

To search elsewhere, edit these files: they are plain Python, read at each start, and import nothing. Every space fits
images of 8x8 pixels and more; those of the patch models want sides that are multiples of four.
"""
