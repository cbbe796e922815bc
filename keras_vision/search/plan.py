"""SearchPlan: all that a search was asked for."""

import dataclasses

from keras_vision.data.source import DataSource
from keras_vision.search.outcome import Goal
from keras_vision.search.sizes import PARAMETERS, SIZES
from keras_vision.search.strategies import STRATEGIES, USUAL, USUAL_POLISH
from keras_vision.system.settings import POSITIVE, Settings, setting


@dataclasses.dataclass(frozen=True)
class Limits(Settings):
    """The most that a network may cost; None is no limit."""

    max_params: int = setting(None, "try no network with more parameters", "N", POSITIVE)
    max_macs: int = setting(None, "try no network with more multiply-accumulates for one image", "N", POSITIVE)
    max_latency_ms: float = setting(
        None, "try no network that takes longer for one image on this machine", "MS", POSITIVE
    )

    def broken_by(self, counts):
        """Returns which limit a network of these `ModelCounts` is over, in words, or ""."""
        for name, value, limit in (
            ("parameters", counts.parameters, self.max_params),
            ("MACs", counts.macs, self.max_macs),
        ):
            if limit is not None and value > limit:
                return f"{value:,} {name}, more than the {limit:,} allowed"
        return ""

    def broken_in_time(self, milliseconds):
        """Returns that a latency is over its limit, in words, or ""."""
        if self.max_latency_ms is not None and milliseconds > self.max_latency_ms:
            return f"{milliseconds:.2f} ms for one image, more than the {self.max_latency_ms:g} allowed"
        return ""


@dataclasses.dataclass(frozen=True)
class SearchPlan:
    """What a search was asked for. All of it is plain data, which another process can be given.

    Args:
        model: A name in `MODELS`, or `ANY` for all of these.
        goal: A `Goal`: the target, and how often what was found is trained anew.
        source: The `DataSource`: which images, and the random seed.
        strategy: A name in `STRATEGIES`.
        polish: The strategy with which a growing search varies the training.
        ending: A name in `ENDINGS`: when a training is given up.
        limits: The most that a network may cost.
        minimize: A name in `SIZES`: what is made small.
        max_trials: Trials in all, those of earlier starts included, rejected ones not.
        spare_trials: So many more, where what was found turned out to be luck, and nothing near its size reached.
        deadline: No epoch starts after this, in the time of `time.monotonic()`.
        keep: How many model files are kept: those of the best trials.
        precision: As in `computing_in`.
    """

    model: str
    goal: Goal
    source: DataSource = dataclasses.field(default_factory=DataSource)
    strategy: str = USUAL
    polish: str = USUAL_POLISH
    ending: str = "hopeless"
    limits: Limits = Limits()
    minimize: str = PARAMETERS
    max_trials: int = STRATEGIES[USUAL].trials
    spare_trials: int = 0
    deadline: float | None = None
    keep: int = 3
    precision: str = "auto"

    @property
    def seed(self):
        """What seeds the strategy and, with its number, each trial."""
        return self.source.seed

    @property
    def size(self):
        """What is made small, a `Size`."""
        return SIZES[self.minimize]

    @property
    def card(self):
        """What the model file of each trial says of its data, as a dict."""
        return {"data_source": self.source.record()}

    @property
    def stops_at_target(self):
        """Whether the search ends at the first trial that reaches the target, or goes on to smaller networks."""
        return STRATEGIES[self.strategy].stops_at_target
