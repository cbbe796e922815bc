"""What the units of a layer see, as numbers.

A unit at position i of an axis sees the pixels from `start + i * jump` on, `size` of them. To follow that
through reshapes and transposes, each axis of a tensor is written as the walks that it makes over the image: the patches
of a flattened 8x8 grid walk down the rows and along the columns. A layer that mixes an axis sees its whole walk.

Source: Araujo, Norris & Sim 2019, "Computing receptive fields of convolutional neural networks".
"""

from dataclasses import dataclass

import numpy as np

AXES = (0, 1)  # of the image: height, width


@dataclass(frozen=True)
class Walk:
    """`length` positions, `jump` pixels apart along an axis of the image; axis None is along channels."""

    axis: int | None
    length: int
    jump: int = 0


@dataclass(frozen=True)
class Field:
    """What the units of one layer see.

    Attributes:
        image: (height, width) of the input in pixels.
        size: Pixels seen, (height, width); not cut at the image's border.
        start: First pixel that the unit at position 0 sees; negative in the padding.
        layout: For each axis of the layer's output, its walks, the outer one first.
    """

    image: tuple
    size: tuple
    start: tuple
    layout: tuple

    @property
    def jump(self):
        """Pixels from one unit to the next, (height, width); 0 where all see the same."""
        return tuple(min((walk.jump for walk in self._walks(axis)), default=0) for axis in AXES)

    @property
    def is_global(self):
        """Whether every unit sees the whole image."""
        return all(self.is_global_along(axis) for axis in AXES)

    @property
    def text(self):
        """The size in words: "7x7", "3xall", "global"."""
        if self.is_global:
            return "global"
        return "x".join("all" if self.is_global_along(axis) else str(self.size[axis]) for axis in AXES)

    def is_global_along(self, axis):
        """Whether every unit sees all of the image along an axis."""
        covers = self.start[axis] <= 0 and self.start[axis] + self.size[axis] >= self.image[axis]
        return covers and not self.jump[axis]

    def centre_box(self):
        """Returns (top, left, height, width), in pixels, of what the centre unit sees."""
        starts = [self.start[axis] + sum(walk.length // 2 * walk.jump for walk in self._walks(axis)) for axis in AXES]
        return (*starts, *self.size)

    def centre_mask(self):
        """Returns a float array of the output's shape: 1 at the centre unit, in every channel, and 0 elsewhere."""
        mask = np.ones(())
        for walks in self.layout:
            indices = np.indices([walk.length for walk in walks])
            spatial = [i == walk.length // 2 for i, walk in zip(indices, walks, strict=True) if walk.axis in AXES]
            shape = [walk.length for walk in walks]
            here = np.ones(shape) if not spatial else np.logical_and.reduce(spatial).astype(float)
            mask = np.multiply.outer(mask, here.ravel())
        return mask

    def _walks(self, axis):
        return [walk for walks in self.layout for walk in walks if walk.axis == axis]
