"""choose: the way in which a network trains fastest on this machine, found out by timing some of its training steps.

Which precision is fastest depends on the processor and on the network: the same bfloat16 products that halve the time
of a wide network made one of narrow convolutions take five times as long. So it is measured, within a small share of
the time that the training will take, and remembered: the same training on the same machine computes in the same way.
"""

import contextlib
import dataclasses
import functools
import time

from keras_vision.data.splits import steps_per_epoch
from keras_vision.reporting.progress import Progress
from keras_vision.training.acceleration import asks_for_products, output_shape
from keras_vision.training.own_gradients import own_gradients
from keras_vision.training.precision import candidates, policy_of, set_precision
from keras_vision.training.remembering import recall, remember
from keras_vision.training.timing import machine_facts, seconds_of_gradient, steps_of
from keras_vision.training.trainer import batches_of, check_fit, fitted, in_memory, prepare

SHARE = 0.02  # of a training's expected time, which timing may take at most
FEWEST_STEPS = 100  # of a training of which so small a share holds two steps: one that compiles, and one that is timed
TURNS, TURN_SECONDS = 5, 0.05  # how often each is timed at most, one after the other, and for how long at least
HOPELESS = 1.3  # times the fastest: what is slower gets no second turn
GAIN = 0.98  # of the time of what stands before it, which is more exact, or stock: what takes more is not worth it
SINGLE_GAIN = 0.9  # the same of a single gradient, which is timed apart from the step that it would be a part of
# Of the time in which a step is first made and compiled: to compile it once more, to make the network and its step
# once more, to make a single gradient.
COMPILED_AGAIN, MADE_AGAIN, SINGLE_GRADIENT = 0.2, 1.2, 0.25


@dataclasses.dataclass(frozen=True)
class Choice:
    """The way in which a network is trained.

    Args:
        precision: Its name.
        gradients: The layers that take a gradient of our own, in the words of `own_gradients.own_gradients`.
        milliseconds: Dict: precision -> of a step, as timed; empty where nothing was.
        seconds: How long it took to time them.
    """

    precision: str
    gradients: tuple = ()
    milliseconds: dict = dataclasses.field(default_factory=dict)
    seconds: float = 0.0

    def record(self):
        """Returns it as plain data, for a run's record; `recorded` reads it there."""
        return dataclasses.asdict(self) | {"gradients": list(self.gradients)}

    def sentence(self):
        """Returns in a line how fast the choice is, and how fast the others are; "" where nothing was timed."""
        if len(self.milliseconds) < 2:
            return ""
        times = {name: f"{value:.1f} ms" for name, value in self.milliseconds.items()}
        own = times.pop(self.precision)
        others = ", ".join(f"in {name} {text}" for name, text in times.items())
        return f"precision {self.precision}: here a step takes {own}, {others} (timed for {self.seconds:.1f} s)"


def recorded(config):
    """Returns the `Choice` that a run's record holds; None where it holds none."""
    if "choice" in config:
        return _choice(config["choice"])
    return Choice(config["precision"]) if "precision" in config else None


def _choice(record):
    return Choice(**record | {"gradients": tuple(record["gradients"])})


def choose(build, dataset, recipe, precision="auto", *, earlier=None, progress=None):
    """Chooses the way in which a network trains fastest on this machine, and makes the network for it.

    What an earlier start of the run chose stays, and so does what was remembered. Else each precision takes some
    training steps, and each kind of layer that has a gradient of our own takes that and the stock one, if these cost no
    more than a small share of the training; where they would, it is float32, and stock.

    Args:
        build: Function of nothing that returns the network, uncompiled, with the same weights each time.
        dataset: The `Dataset`.
        recipe: The `Recipe`.
        precision: That of the block of `computing_in` in which this is called, and to whose end the choice holds.
        earlier: The `Choice` of an earlier start, or None.
        progress: A `Progress`, which is told what was timed.

    Returns:
        (the network, for `fit`; the `Choice`).

    Raises:
        BadInput: The network does not fit the images.
        KerasVisionError: A batch does not fit the memory.

    Example:

    >>> with computing_in("auto"):
    ...     model, choice = choose(build, dataset, recipe)  # doctest: +SKIP
    ...     fit(model, dataset, recipe, run)
    """
    names, recipe, progress = candidates(precision), fitted(recipe, dataset), progress or Progress()
    if earlier and earlier.precision in names:
        return _made(build, dataset, recipe, earlier), earlier
    if _steps(dataset, recipe) < FEWEST_STEPS:
        return _made(build, dataset, recipe, Choice(names[0])), Choice(names[0])
    set_precision(names[0])  # an earlier choice may have left another: the question is the same each time
    model = build()
    check_fit(model, dataset, recipe)
    if len(names) == 1 and not own_gradients(model):
        return _made(build, dataset, recipe, Choice(names[0]), model), Choice(names[0])
    question, machine = _question(model, dataset, recipe, names), machine_facts()
    known = recall(machine, question)
    if known is None:
        contest = _Contest(build, dataset, recipe, model, progress)
        found = contest.fastest(names)
        known = remember(machine, question, found.record())
        model = contest.models[policy_of(found.precision)] if known == found.record() else None
        if sentence := found.sentence():
            progress.say(sentence)
    choice = _choice(known)
    return _made(build, dataset, recipe, choice, model), choice


def _made(build, dataset, recipe, choice, model=None):
    """Returns the network, ready to be trained in the way of a `Choice`; made anew where the one there is for another.

    Args:
        build, dataset, recipe: As in `choose`.
        choice: The `Choice`.
        model: The network, uncompiled or ready to be trained with stock gradients; None where there is none yet.
    """
    set_precision(choice.precision)
    if model is None or model.dtype_policy.name != policy_of(choice.precision):
        model = build()
        check_fit(model, dataset, recipe)
    if not model.compiled or choice.gradients:
        prepare(model, dataset, recipe, choice.gradients)
    return model


def _steps(dataset, recipe):
    return recipe.epochs * steps_per_epoch(dataset.train, recipe.batch_size)


class _Contest:
    """The timing of one network's training steps.

    Args:
        build, dataset, recipe, progress: As in `choose`.
        model: The network in float32.

    Attributes:
        models: Dict: policy -> the network with it.
        spent: Seconds of timing so far.
    """

    def __init__(self, build, dataset, recipe, model, progress):
        self.build, self.dataset, self.recipe, self.progress = build, dataset, recipe, progress
        self.models, self.entrants = {model.dtype_policy.name: model}, []
        self.steps = _steps(dataset, recipe)
        self.began = time.perf_counter()

    @property
    def spent(self):
        return time.perf_counter() - self.began

    def _allows(self, seconds):
        """Returns whether there is time for something that takes so many seconds, by the fastest step so far."""
        return self.spent + seconds <= SHARE * self.steps * self._best().best

    def _best(self):
        return min(self.entrants, key=lambda entrant: entrant.best)

    def fastest(self, names):
        """Returns the `Choice` of the fastest of these precisions."""
        with contextlib.ExitStack() as stack:
            with in_memory(self.recipe):
                first = self._enter(names[0], stack)
                compiling = first.compile()
                self.began = time.perf_counter()  # the training compiles its step in any case
                first.take(1)
            for name in names[1:]:
                is_compiled = self._shared_step(name) is not None
                if self._allows(compiling * (COMPILED_AGAIN if is_compiled else MADE_AGAIN) + 2 * first.best):
                    self._try(name, stack)
            self._take_turns()
        winner = functools.reduce(lambda one, other: other if other.best < GAIN * one.best else one, self.entrants)
        winner.leave_step()
        gradients = self._faster_gradients(winner, compiling)
        milliseconds = {entrant.name: round(1000 * entrant.best, 3) for entrant in self.entrants}
        return Choice(winner.name, gradients, milliseconds, round(self.spent, 3))

    def _shared_step(self, name):
        """Returns the step that a network has by now and that serves a precision, too; None where there is none."""
        model = self.models.get(policy_of(name))
        return None if model is None or asks_for_products(model) else model.train_function

    def _enter(self, name, stack):
        model = _made(self.build, self.dataset, self.recipe, Choice(name), self.models.get(policy_of(name)))
        self.models[policy_of(name)] = model
        entrant = _Entrant(name, model, self._shared_step(name))
        entrant.seconds = stack.enter_context(steps_of(model, self._batches()))
        self.entrants.append(entrant)
        return entrant

    def _try(self, name, stack):
        """Enters a precision, unless the network cannot be trained in it: it may be of layers of a person's own."""
        count = len(self.entrants)
        try:
            entrant = self._enter(name, stack)
            entrant.compile()
            entrant.take(1)
        except Exception as error:
            del self.entrants[count:]
            reason = str(error).strip().splitlines()[:1]
            self.progress.say(f"It cannot be trained in {name}: {type(error).__name__}: {''.join(reason)}")

    def _take_turns(self):
        """Times all that may win, in turns, once and as often as there is time for: one step is no measure."""
        for turn in range(TURNS):
            fastest = self._best().best
            hopeful = [entrant for entrant in self.entrants if entrant.best <= HOPELESS * fastest]
            steps = max(1, round(TURN_SECONDS / fastest))
            if len(hopeful) == 1 or (turn and not self._allows(steps * sum(entrant.best for entrant in hopeful))):
                return
            for entrant in hopeful:
                entrant.take(steps)

    def _faster_gradients(self, winner, compiling):
        """Returns which layers gain by a gradient of our own, where all gain more than it takes to compile them."""
        saved = {}
        set_precision(winner.name)
        for words, one in own_gradients(winner.model).items():
            if not self._allows(SINGLE_GRADIENT * compiling + 2 * winner.best):
                break
            shapes = [(self.recipe.batch_size, *one.shapes[0]), *one.shapes[1:]]
            own, stock = (seconds_of_gradient(function, shapes, one.dtype) for function in (one.own, one.stock))
            if own < SINGLE_GAIN * stock:
                saved[words] = one.count * (stock - own)
        return tuple(sorted(saved)) if self.steps * sum(saved.values()) > compiling else ()

    def _batches(self):
        """Returns batches of the training's kind, again and again, of a few of its images."""
        few = self.dataset.train.at(slice(0, 8 * self.recipe.batch_size))
        return batches_of(dataclasses.replace(self.dataset, train=few), self.recipe).repeat()


class _Entrant:
    """One precision in a `_Contest`.

    Args:
        name: The precision.
        model: The network.
        step: Its compiled training step, where that of another precision serves this one; else None.

    Attributes:
        seconds: What `steps_of` gave.
        best: The least seconds of a step.
    """

    def __init__(self, name, model, step):
        self.name, self.model, self.step, self.seconds, self.best = name, model, step, None, float("inf")

    def compile(self):
        """Takes the first step, in which it is compiled; returns its seconds."""
        set_precision(self.name)
        self.leave_step()
        seconds = self.seconds(1)
        self.step = self.model.train_function
        return seconds

    def take(self, steps):
        """Takes training steps and notes how long they took."""
        set_precision(self.name)
        self.leave_step()
        self.best = min(self.best, self.seconds(steps))

    def leave_step(self):
        """Leaves the compiled step of this precision with the network."""
        self.model.train_function = self.step


def _question(model, dataset, recipe, names):
    """Returns as plain data what the answer depends on, beside the machine: the network, its batches, and how many."""
    layers = [[type(layer).__name__, _unnamed(layer.get_config()), output_shape(layer)] for layer in model.layers]
    settings = [getattr(recipe, name) for name in ("batch_size", "optimizer", "ema_momentum", "flip", "cutmix")]
    devices = model.distribute_strategy.num_replicas_in_sync
    return [layers, settings, _steps(dataset, recipe), [*names, *own_gradients(model)], devices]


def _unnamed(config):
    """Returns a layer's settings without the names that Keras numbers."""
    if isinstance(config, dict):
        return {name: _unnamed(value) for name, value in config.items() if name != "name"}
    return [_unnamed(value) for value in config] if isinstance(config, (list, tuple)) else config
