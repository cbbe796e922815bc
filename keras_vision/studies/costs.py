"""Costs: what studies took where they were recorded, and an estimate of what they will take here.

What took some time there is expected to take as many times as much here as training steps of a small network of the
same family do. These are timed once on a machine, and remembered.
"""

from pathlib import Path

from keras_vision.data.source import DataSource
from keras_vision.models import build_model
from keras_vision.runs import processor_name, read_json
from keras_vision.system.machine import cores
from keras_vision.training.devices import devices_for
from keras_vision.training.precision import computing_in
from keras_vision.training.recipe import recipe_for
from keras_vision.training.remembering import recall, remember
from keras_vision.training.timing import machine_facts, steps_of
from keras_vision.training.trainer import batches_of, prepare

# Written by tools/record_studies.py:
# studies: name -> scale -> a cost (processor, trainings, seconds, families: name -> seconds);
# runs: a list of dicts of single trainings (family, macs, gflops: how many were computed in a second, processor);
# steps: processor -> as `step_milliseconds` returns it.
RECORDED = Path(__file__).with_name("recorded.json")
# family -> a network that takes seconds to compile
NETWORKS = {
    "mlp": {"hidden_units": (256, 256)},
    "cnn": {"filters": (16, 32, 64)},
    "vgg": {"filters": (16, 32, 64), "blocks": (1, 1, 1)},
    "resnet18": {"width": 16, "blocks": (1, 1)},
    "mlp_mixer": {"patch_size": 4, "hidden_dim": 64, "num_blocks": 2, "tokens_mlp_dim": 64, "channels_mlp_dim": 256},
    "convmixer": {"patch_size": 4, "hidden_dim": 64, "depth": 2},
    "lstm": {"units": 64},
}
SIDE = 32  # pixels of the images
STEPS, TURNS = 5, 8  # timed together; how often, of which the least counts


def machine_words(processor, count, devices):
    """Returns a machine as costs are kept by it.

    Args:
        processor: Its name.
        count: How many cores it has.
        devices: Names of those that trained, as `keras_vision.training.devices.devices_for` gives them.

    Example:

    >>> machine_words("AMD EPYC", 2, ["CPU:0"]), machine_words("AMD EPYC", 16, ["GPU:0"])
    ('AMD EPYC, 2 cores', 'AMD EPYC, 16 cores, GPU')
    """
    return f"{processor}, {count} cores{', GPU' * any('GPU' in name for name in devices)}"


def this_machine():
    """Returns this machine as `machine_words` does."""
    return machine_words(processor_name(), cores(), devices_for(1))


def recorded_costs(name):
    """Returns what a study cost where it was recorded, as a dict: scale -> a cost; empty where it trains nothing."""
    return read_json(RECORDED)["studies"].get(name, {})


def step_milliseconds(progress):
    """Returns how long a training step of a small network of each family takes here in float32: family -> milliseconds.

    Args:
        progress: A `Progress`, which is told that this takes a while.
    """
    machine = machine_facts()
    question = ["steps of small networks", NETWORKS, SIDE, STEPS, TURNS]
    known = recall(machine, question)
    if known is None:
        progress.say("timing some training steps of each family, once on this machine")
        known = remember(machine, question, timed_steps())
    return known


def timed_steps():
    """Times some training steps of each family, and returns the least milliseconds of one, as `step_milliseconds`."""
    data = DataSource("digits", image_size=SIDE, seed=0).open()
    return {family: _milliseconds(family, data) for family in NETWORKS}


def _milliseconds(family, data):
    recipe = recipe_for(family)
    with computing_in("float32"):
        model = build_model(family, data.train.images.shape[1:], len(data.class_names), **NETWORKS[family])
        prepare(model, data, recipe)
        with steps_of(model, batches_of(data, recipe).repeat()) as seconds:
            seconds(1)  # which compiles it
            return round(1000 * min(seconds(STEPS) for _ in range(TURNS)), 3)


def slower_by(family, processor, here):
    """Returns how many times as long a family trains here as on another machine; None where it was not timed there.

    Args:
        family: A name in `MODELS`.
        processor: The other machine, as `machine_words` names it.
        here: As `step_milliseconds` returns it.
    """
    there = read_json(RECORDED)["steps"].get(processor)
    return here[family] / there[family] if there else None


def expected_seconds(cost, here):
    """Returns an estimate of what the trainings of a study take here that were recorded elsewhere.

    Args:
        cost: As `recorded_costs` has it.
        here: As `step_milliseconds` returns it.

    Returns:
        Seconds; None where no steps were timed on that machine.

    Example:

    >>> cost = {"processor": "AMD EPYC, 2 cores", "families": {"mlp": 60}}
    >>> there = read_json(RECORDED)["steps"]["AMD EPYC, 2 cores"]
    >>> expected_seconds(cost, {"mlp": 2 * there["mlp"]})
    120.0
    """
    factors = {family: slower_by(family, cost["processor"], here) for family in cost["families"]}
    if None in factors.values():
        return None
    return sum(seconds * factors[family] for family, seconds in cost["families"].items())
