"""What `train` and `tune` do with `dry_run`: say what would be done, how large it is and how long it takes."""

import time

from keras_vision.analysis.counts import count_unbuilt
from keras_vision.data.splits import steps_per_epoch
from keras_vision.errors import BadInput
from keras_vision.search.networks import Networks
from keras_vision.training.precision import computing_in
from keras_vision.training.timing import steps_of
from keras_vision.training.trainer import batches_of, fitted, in_memory, prepare

_SECONDS, _MOST_STEPS = 1.0, 20  # of timing
# A run without its model: its page, figures and logs; 0.6 MB of a network for digits, more with large images.
_BESIDE_THE_MODEL = 1_000_000
_CHECKPOINT = 3  # times the weights: they, and two numbers that AdamW keeps for each


def forecast_training(asked, run, data, recipe, build):
    """Returns what `train` would do, as a dict; nothing is written.

    Args:
        asked: A `TrainSettings`.
        run: The `Run` that it would be.
        data: The `Dataset`.
        recipe: The `Recipe`.
        build: Function of nothing that returns the network.
    """
    counts, times = count_unbuilt(build), asked.folds or 1
    seconds = training_seconds(build, data, recipe)
    return _common(asked, run, data, recipe) | {
        "networks": [_network("network", asked.settings, counts, seconds)],
        "trainings": [times, times],
        "bytes": times * _BESIDE_THE_MODEL + _CHECKPOINT * counts.weight_bytes + times * counts.weight_bytes,
    }


def forecast_search(asked, run, data, space, plan, progress):
    """Returns what `tune` would do, as a dict; nothing is written.

    Args:
        asked: A `TuneSettings`.
        run: The `Run` that it would be.
        data: The `Dataset`.
        space: The `Space` or `Ladder`.
        plan: The `SearchPlan`.
        progress: A `Progress`.
    """
    networks = Networks(asked.model, data, asked.limits, progress.say)
    settings, recipe = space.first()
    smallest, largest = _ends([settings, *space.examples(networks.size_of)], networks)
    settings = settings if networks.allows(settings) else smallest
    first = networks.counts_of(settings)
    seconds = training_seconds(lambda: networks.build(settings), data, recipe)
    rows = []
    for name, one in (("first", settings), ("smallest", smallest), ("largest", largest)):
        counts = networks.counts_of(one)
        share = counts.training_flops / max(first.training_flops, 1)
        rows.append(_network(name, one, counts, seconds * share))
    most = max(row["weight_bytes"] for row in rows)
    kept, trials = plan.keep + plan.goal.confirmations + 1, plan.max_trials + plan.goal.confirmations
    return _common(asked, run, data, recipe) | {
        "strategy": plan.strategy,
        "space": space.choices(),
        "max_trials": plan.max_trials,
        "confirm": plan.goal.confirmations,
        "networks": rows,
        "trainings": [1 + plan.goal.confirmations, trials + plan.spare_trials],
        "bytes": trials * _BESIDE_THE_MODEL + (kept + _CHECKPOINT) * most,
        "max_latency_ms": asked.limits.max_latency_ms,
    }


def _ends(examples, networks):
    """Returns the smallest and the largest of some networks that are within the limits."""
    sized = sorted(filter(networks.size_of, examples), key=networks.size_of)
    allowed = list(filter(networks.allows, sized))
    if sized and not allowed:
        broken = networks.broken_limit(sized[0])
        raise BadInput(f"The smallest network that was looked at has {broken}. Allow more, or choose another family.")
    return (allowed or examples)[0], (allowed or examples)[-1]


def _common(asked, run, data, recipe):
    return {
        "dry_run": True,
        "workdir": str(run.path),
        "continues": run.config_path.exists(),
        "images": {"training": len(data.train), "validation": len(data.validation)},
        "class_names": list(data.class_names),
        "shape": list(data.shape),
        "recipe": recipe.as_dict(),
        "max_minutes": asked.max_minutes,
        "workers": getattr(getattr(asked, "worker_settings", None), "workers", 1),
        "warnings": list(data.warnings),
        "exit_code": 0,
    }


def _network(name, settings, counts, seconds):
    return {
        "name": name,
        "settings": settings,
        "parameters": counts.parameters,
        "macs": counts.macs,
        "weight_bytes": counts.weight_bytes,
        "seconds": round(seconds, 1),
    }


@computing_in("float32")
def training_seconds(build, data, recipe):
    """Returns how long the steps of a training take in float32, by some that are timed here; its numbers are not kept.

    Args:
        build: Function of nothing that returns the network.
        data: The `Dataset`.
        recipe: The `Recipe`.
    """
    recipe = fitted(recipe, data)
    model = build()
    prepare(model, data, recipe)
    with in_memory(recipe), steps_of(model, batches_of(data, recipe).repeat()) as seconds:
        seconds(2)  # compiles
        taken, began = [], time.monotonic()
        while not taken or (time.monotonic() - began < _SECONDS and len(taken) < _MOST_STEPS):
            taken.append(seconds(1))
    return min(taken) * recipe.epochs * steps_per_epoch(data.train, recipe.batch_size)
