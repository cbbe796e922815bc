"""The networks of a search: built, and counted without being built."""

import json

from keras_vision.analysis.counts import count_unbuilt
from keras_vision.models import build_model
from keras_vision.reporting.progress import settings_line
from keras_vision.search.families import named


def key_of(values):
    """Returns the same text for equal settings, in whatever order they stand.

    Example:

    >>> key_of({"width": 16, "blocks": (1, 2)}) == key_of({"blocks": (1, 2), "width": 16})
    True
    """
    return json.dumps(values, sort_keys=True)


class Networks:
    """The networks of a search for one data set. What one costs is counted once.

    Args:
        model: A name in `MODELS`, or `ANY`: then settings name their family, as in `named`.
        dataset: The `Dataset`.
        limits: A `Limits`.
        say: Called with a line for each network that does not fit the images.
        counted: The field of `ModelCounts` that is the size of a network.

    Attributes:
        counts: The `ModelCounts` so far, by settings as JSON. Searches for the same images may share them.
    """

    def __init__(self, model, dataset, limits, say, counted="parameters"):
        self.model, self.dataset, self.limits, self.say, self.counted = model, dataset, limits, say, counted
        self.counts, self._unfit = {}, {}

    def build(self, settings):
        """Returns the network of these builder keywords."""
        family, own = named(self.model, settings)
        return build_model(family, self.dataset.shape, len(self.dataset.class_names), **own)

    def counts_of(self, settings):
        """Returns the `ModelCounts` of a network without allocating it, or None where its settings do not fit."""
        key = key_of(settings)
        if key not in self.counts:
            try:
                self.counts[key] = count_unbuilt(lambda: self.build(settings))
            except Exception as error:  # its trial, if it has one, builds it again, and fails with the reason
                self.counts[key] = None
                self._unfit[key] = f"{type(error).__name__}: {error}".splitlines()[0]
        return self.counts[key]

    def size_of(self, settings, *, says=True):
        """Returns a network's size, or None where the settings do not fit; if wished, having said why."""
        counts = self.counts_of(settings)
        if says and counts is None and (reason := self._unfit.pop(key_of(settings), None)):
            self.say(f"left out: {settings_line(settings)}: {reason}")
        return counts and getattr(counts, self.counted)

    def sizes_of(self, settings):
        """Returns what a trial's result says of the size of a network; nothing where its settings do not fit."""
        if (counts := self.counts_of(settings)) is None:
            return {}
        return {name: getattr(counts, name) for name in ("parameters", "trainable_parameters")}

    def broken_limit(self, settings):
        """Returns which limit on parameters or MACs a network is over, in words; "" also where it cannot be built."""
        counts = self.counts_of(settings)
        return self.limits.broken_by(counts) if counts else ""

    def allows(self, settings):
        """Returns whether a network that can be built is within the limits on parameters and MACs."""
        return not self.broken_limit(settings)

    def training_flops(self, settings, epochs):
        """Returns the FLOPs of training a network that can be built for so many epochs."""
        return self.counts_of(settings).training_flops * len(self.dataset.train) * epochs
