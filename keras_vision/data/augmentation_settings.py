"""Which changes training images may undergo, and their bounds; `augmentation.py` makes them.

Recipes and command lines read this file without TensorFlow.
"""

import dataclasses

from keras_vision.errors import BadInput, check_choice
from keras_vision.system.numbers import is_number

FLIPS = ("none", "random", "alternating")


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """What training images undergo.

    Args:
        flip: "none"; "random": each image is mirrored left-right with probability 1/2; "alternating": mirrored in
            every other epoch, after a random first choice (Jordan 2024, arXiv:2404.00498, section 3.6).
        shift: Each image moves by up to so many pixels along both axes; the border is filled by reflection.
        cutout: Side, in pixels, of a square set to the image's mean colour; its centre is anywhere in the image, so
            that a part may lie outside (DeVries and Taylor 2017, arXiv:1708.04552, section 3.2).
        cutmix: Probability, per batch, that a box of each image shows another image, with labels mixed by the box's
            area (Yun et al. 2019, arXiv:1905.04899, section 3.1, with alpha 1).

    Raises:
        BadInput: A value outside its range.

    Example:

    >>> Augmentation(flip="alternating", shift=2, cutout=8)
    Augmentation(flip='alternating', shift=2, cutout=8, cutmix=0.0)
    """

    flip: str = "none"
    shift: int = 0
    cutout: int = 0
    cutmix: float = 0.0

    def __post_init__(self):
        check_choice("flip", self.flip, FLIPS)
        for name in ("shift", "cutout"):
            value = getattr(self, name)
            if not (is_number(value, whole=True) and value >= 0):
                raise BadInput(f"{name} must be a whole number of pixels, 0 or more, not {value!r}.")
        if not (is_number(self.cutmix) and 0 <= self.cutmix <= 1):
            raise BadInput(f"cutmix must be a probability between 0 and 1, not {self.cutmix!r}.")


NO_AUGMENTATION = Augmentation()
