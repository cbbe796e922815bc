"""What trainings take and come to, as recorded ones say: seconds from the studies, accuracies from learning curves.

All are of VGGs on Fashion-MNIST, and lie in docs/results.

- Seconds of an epoch: a fixed part and one for each multiply-accumulate, fitted to the recorded runs. A training is as
  much slower or faster throughout as one of these runs was, drawn anew for each; and so is each of its epochs, by what
  the recorded epochs have of their run's median. First epochs, which also trace the network, are drawn from first ones.
- Accuracy: errors go with a power of the number of parameters, fitted to the recorded curves; the nearest of these
  gives the course. All errors of a training are scaled by one factor, whose deviation is that of equal trainings with
  other seeds (`keras_vision.search.bounds`). A training that is shortened ends where the course is by then.
- Other settings of the training, such as the learning rate, change nothing: nothing of that kind is recorded.
"""

import dataclasses
import json
import math
import statistics

import numpy as np
from bench_common import ROOT
from curves import read_curves
from scipy.optimize import least_squares

from keras_vision.search.bounds import DEVIATION
from keras_vision.search.networks import Networks
from keras_vision.search.plan import Limits

STUDIES = ROOT / "docs" / "results" / "studies"
RUNS = ("vgg_growth/search/trials/*", "vgg_growth/search/confirm/*", "headline/runs/vgg-on-fashion-mnist-*")
MODEL, DATASET, IMAGES, VALIDATION = "vgg", "fashion_mnist", 54_000, 6_000


@dataclasses.dataclass(frozen=True)
class Images:
    """What a search that trains nothing must know of Fashion-MNIST: how many images of which kind."""

    shape: tuple = (28, 28, 1)
    class_names: tuple = tuple(map(str, range(10)))
    train: range = range(IMAGES)


class Recorded:
    """What trainings take and come to, as recorded ones say.

    Attributes:
        networks: The `Networks` that may be trained, of `MODEL` for `Images`.
        runs: How many timed runs there are.
        fixed, per_mac: Seconds of an epoch: a fixed part, and for each multiply-accumulate.
        power: Errors go with the number of parameters to its negative.
    """

    def __init__(self):
        self.networks = Networks(MODEL, Images(), Limits(), print)
        self._read_times()
        self._read_curves()

    def _read_times(self):
        times = [(self.networks.counts_of(settings).macs, seconds) for settings, seconds in timed_runs()]
        self.runs = len(times)
        macs, medians = np.array([(macs, statistics.median(seconds)) for macs, seconds in times]).T
        logs = np.log(medians)  # a second counts for more in a short epoch
        start = np.log([medians.min(), medians.max() / macs.max()])
        found = least_squares(lambda x: np.log(np.exp(x[0]) + np.exp(x[1]) * macs) - logs, start)
        self.fixed, self.per_mac = map(float, np.exp(found.x))
        self._of_runs = medians / (self.fixed + self.per_mac * macs)
        ratios = [np.array(seconds) / median for (_, seconds), median in zip(times, medians, strict=True)]
        self._of_first = np.array([one[0] for one in ratios if len(one) > 1])
        self._of_later = np.concatenate([one[1:] for one in ratios])

    def _read_curves(self):
        kept = [one for one in read_curves() if (one.model, one.dataset, one.images) == (MODEL, DATASET, IMAGES)]
        self._curves = [(self.networks.counts_of(curve.settings).parameters, curve) for curve in kept]
        sizes = np.log([size for size, _ in self._curves])
        errors = np.log([1 - curve.val_accuracy[-1] for curve in kept])
        slope, self._intercept = np.polyfit(sizes, errors, 1)
        self.power = float(-slope)

    def training(self, settings, epochs, seed):
        """Returns what a training would have been: a list of the rows of metrics.jsonl.

        Args:
            settings: Builder keywords.
            epochs: How many.
            seed: A list of whole numbers: equal ones give equal trainings.
        """
        rng, counts = np.random.default_rng(seed), self.networks.counts_of(settings)
        usual = (self.fixed + self.per_mac * counts.macs) * rng.choice(self._of_runs)
        seconds = usual * np.concatenate([rng.choice(self._of_first, 1), rng.choice(self._of_later, epochs - 1)])
        size = counts.parameters
        _, curve = min(self._curves, key=lambda one: abs(math.log(one[0] / size)))
        error = math.exp(self._intercept - self.power * math.log(size)) * math.exp(rng.normal(0, DEVIATION))
        factor = error / (1 - curve.val_accuracy[-1])
        rows = zip(curve.accuracy, curve.val_accuracy, seconds, strict=False)
        return [
            {"accuracy": _scaled(one, factor), "val_accuracy": _scaled(other, factor), "seconds": float(took)}
            for one, other, took in rows
        ]


def _scaled(accuracy, factor):
    return max(0.0, 1 - factor * (1 - accuracy))


def timed_runs():
    """Yields (builder keywords, seconds of each epoch) of the recorded runs whose times are used."""
    for path in sorted(path for pattern in RUNS for path in STUDIES.glob(pattern)):
        settings = json.loads((path / "config.json").read_text(encoding="utf-8"))["settings"]["settings"]
        lines = (path / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        yield settings, [json.loads(line)["seconds"] for line in lines]
