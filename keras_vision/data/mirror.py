"""Whether mirror images may be trained on, seen in the images themselves.

A digit, a letter or a traffic sign means something else when it is mirrored, a flower does not. Where a mirror image is
as good an image of its class, it lies as near to the other images of the class as the image itself does: nearer as
often as further away.
"""

import dataclasses

import numpy as np

from keras_vision.data.files.images import resize_images

SIDE = 16  # images are compared at this size, grey, with equal brightness and contrast
ASKED, COMPARED = 1_000, 5_000  # images whose mirror images are looked at, and those they are compared with
PIECES = 50  # in which they are made small, so that large images are not copied all at once
# Shares of mirror images that lie further away: 0.48 to 0.55 for photographs of insects, leaves and the classes of
# CIFAR-10, 0.64 for drawn faces, 0.81 for clothes of which all shoes point the same way, 0.90 to 0.98 for signs,
# gestures and digits.
FURTHER = 0.6
# One class may turn into another where the others do not change. Of so many images it is known.
FURTHER_IN_A_CLASS, ENOUGH = 0.75, 30


@dataclasses.dataclass(frozen=True)
class Mirror:
    """What was found.

    Args:
        further: Share of the images whose mirror image lies further from their class than they do.
        most: The highest such share in a class.
        images: How many were looked at.
    """

    further: float
    most: float
    images: int

    @property
    def allowed(self):
        """Whether mirror images may be trained on. Too few images do not tell, and are not mirrored."""
        return self.images >= ENOUGH and self.further <= FURTHER and self.most <= FURTHER_IN_A_CLASS

    def sentence(self):
        """Returns the finding in words."""
        if self.images < ENOUGH:
            return "Images are not mirrored in training: there are too few to tell whether that would be right."
        shown = f"{100 * self.further:.0f}% of the mirror images are further from their class than the originals"
        if self.allowed:
            return f"Images are mirrored in training: {shown}, hardly more than half, so left and right do not matter."
        if self.further <= FURTHER:
            shown += f", but {100 * self.most:.0f}% in one class"
        return f"Images are not mirrored in training: {shown}."


def look_at_mirror_images(split, seed=0):
    """Compares images and their mirror images with the other images of their class.

    Args:
        split: A `Split`, the training images.
        seed: Chooses which images are looked at.

    Returns:
        A `Mirror`.

    Example:

    >>> look_at_mirror_images(load_dataset("digits").train).allowed
    False
    """
    chosen = np.random.default_rng(seed).permutation(len(split))[:COMPARED]
    labels = split.labels[chosen]
    images = np.concatenate([_comparable(split.images[some]) for some in np.array_split(chosen, PIECES)])
    asked = np.arange(len(chosen)) < ASKED
    votes, of_classes = [], [0.0]
    for label in np.unique(labels):
        members, questions = images[labels == label], images[(labels == label) & asked]
        if len(members) > 1 and len(questions):
            further = _votes(questions, members)
            votes.append(further)
            if len(further) >= ENOUGH:
                of_classes.append(float(further.mean()))
    votes = np.concatenate(votes) if votes else np.zeros(0)
    return Mirror(float(votes.mean()) if len(votes) else 0.0, max(of_classes), len(votes))


def _comparable(images):
    """Returns small grey images, float32 [n, SIDE, SIDE], of mean 0 and deviation 1."""
    if not len(images):
        return np.zeros((0, SIDE, SIDE), np.float32)
    grey = images.mean(axis=-1, keepdims=True).astype(np.uint8)
    small = resize_images(grey, SIDE, SIDE)[..., 0].astype(np.float32)
    small -= small.mean(axis=(1, 2), keepdims=True)
    return small / np.maximum(small.std(axis=(1, 2), keepdims=True), 1)


def _votes(questions, members):
    """Returns for each question 1 where its mirror image lies further from the members, 0 where nearer, else 0.5.

    An image is itself one of the first members, in the same order, and is not compared with itself.
    """
    flat = members.reshape(len(members), -1)

    def nearest(images):
        rows = images.reshape(len(images), -1)
        squares = (rows**2).sum(1)[:, None] + (flat**2).sum(1) - 2 * rows @ flat.T
        squares[np.arange(len(rows)), np.arange(len(rows))] = np.inf
        return squares.min(axis=1)

    difference = nearest(questions[:, :, ::-1]) - nearest(questions)
    return 0.5 + 0.5 * np.sign(np.where(np.abs(difference) < 1e-3, 0, difference))
