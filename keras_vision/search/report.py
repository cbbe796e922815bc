"""What a search found, as data: the leaderboard, what mattered, what it cost, and what failed."""

import csv
from pathlib import Path

from keras_vision.errors import BadInput
from keras_vision.reporting.progress import Progress, settings_line
from keras_vision.reporting.tables import TextTable, short
from keras_vision.runs import Run
from keras_vision.search.families import verdict
from keras_vision.search.ledger import Ledger
from keras_vision.search.outcome import recorded_outcome
from keras_vision.search.ranking import ranking
from keras_vision.search.sizes import PARAMETERS, SIZES
from keras_vision.search.whereabouts import by_worker, death_line, deaths
from keras_vision.training.measures import METRICS

LEADERS = 10
# Below so many trials for each setting, importance is mostly chance.
TRIALS_PER_SETTING = 10


def is_search(run):
    """Returns whether a directory is the run of a search, and not of a training.

    Args:
        run: Its `Run`.

    Raises:
        BadInput: It holds neither.
    """
    settings = run.config["settings"] if run.config_path.exists() else {"study": None}
    if "study" in settings:
        raise BadInput(f"There is no search or training in {run.path}. Give a run directory that tune or train made.")
    return "strategy" in settings


def report_on(workdir, progress=None):
    """Reads a search's directory and returns its report. Nothing is trained and nothing is written.

    Args:
        workdir: The directory, which may be read-only, and in use by the search itself.
        progress: A `Progress`, which is told where the last record is torn.

    Returns:
        A dict: workdir, model, dataset, metric, target_acc, result (None where the search has none yet), families
        (what each came to, where there are several), verdict ("" where there is none), leaders (each with its mean over
        other seeds where it was confirmed), front, importance, caution, failed, statuses, workers (who ran how many
        trainings) and deaths (of their processes), both empty where one process did it all.

    Raises:
        BadInput: The directory holds no search, or one that has tried nothing yet.
    """
    run = Run(workdir)
    path = run.path / "trials.jsonl"
    if not is_search(run) or not path.exists():
        raise BadInput(
            f"The search in {workdir} has tried nothing yet. First continue it with the command that started it."
        )
    settings = run.config["settings"]
    ledger = Ledger(path, warn=(progress or Progress()).say)
    trials, completed = ledger.trials, ledger.completed
    importance = importance_of(completed)
    result = run.result if run.finished else None
    earlier = (result or {}).get("goal", settings["target_acc"])  # of a search that did not record what it needs
    needed = run.config.get("needed", earlier)
    return {
        "workdir": str(run.path),
        "model": settings["model"],
        "dataset": settings["dataset"],
        "metric": settings.get("metric", "accuracy"),
        "target_acc": settings["target_acc"],
        "result": result,
        "families": (result or {}).get("families", []),
        "verdict": recorded_outcome(result, settings["target_acc"]).sentence() if result else "",
        "leaders": _leaders(ranking(run, completed, needed, SIZES[settings.get("minimize", PARAMETERS)])),
        "front": read_csv(run.path / "front.csv"),
        "importance": importance,
        "caution": caution(len(completed), len(importance)),
        "failed": [
            {"trial": trial.name, "status": trial.status, "reason": trial.reason}
            for trial in trials
            if trial.status in ("FAILED", "REJECTED")
        ],
        "statuses": {status: sum(trial.state == status for trial in trials) for status in _statuses(trials)},
        "workers": by_worker(ledger.history),
        "deaths": deaths(ledger.history),
    }


def importance_of(trials):
    """Returns how much of the differences in accuracy each setting explains, the most important first.

    Measured by permutation importance of a random forest (Breiman 2001) that predicts the validation accuracy from the
    settings, as shares that add up to 1. Settings that no two trials differ in are left out.

    Args:
        trials: Completed `Trial`s.

    Returns:
        Dict from name to share; empty for fewer than three trials, or where nothing differs.
    """
    from sklearn import ensemble, inspection  # which take two seconds that `--help` has not

    columns = {name: _as_numbers([trial.values.get(name) for trial in trials]) for name in _names(trials)}
    columns = {name: column for name, column in columns.items() if len(set(column)) > 1}
    scores = [trial.score for trial in trials]
    if len(trials) < 3 or not columns or len(set(scores)) == 1:
        return {}
    table = list(zip(*columns.values(), strict=True))
    forest = ensemble.RandomForestRegressor(n_estimators=100, random_state=0).fit(table, scores)
    found = inspection.permutation_importance(forest, table, scores, n_repeats=20, random_state=0)
    gains = found.importances_mean.clip(min=0)
    if not gains.sum():
        return {}
    shares = {name: round(float(gain), 3) for name, gain in zip(columns, gains / gains.sum(), strict=True)}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _names(trials):
    return list(dict.fromkeys(name for trial in trials for name in trial.values if not name.startswith("tuner/")))


def _as_numbers(values):
    """Returns numbers as they are (none as -1), and anything else by its place among the values in order."""
    if all(isinstance(value, (int, float)) or value is None for value in values):
        return [-1.0 if value is None else float(value) for value in values]
    texts = [str(value) for value in values]
    order = {text: place for place, text in enumerate(sorted(set(texts)))}
    return [float(order[text]) for text in texts]


def caution(trials, settings):
    """Returns in words that so many trials are few for the importance of so many settings, or ""."""
    needed = TRIALS_PER_SETTING * settings
    return f"from {trials} trials; about {needed} are needed to trust it" if trials < needed else ""


def _leaders(trials):
    """Returns the first trials of a ranking as dicts."""
    keys = ("val_accuracy", "parameters", "trainable_parameters", "macs", "latency_ms")
    keys += ("int8_bytes", "epochs_run", "stopped", "seconds")
    return [
        {
            "trial": trial.name,
            **{key: trial.result.get(key) for key in keys},
            "val_score": trial.score,
            "confirmed_mean": trial.confirmed and trial.confirmed["mean"],
            "ran_on": trial.places,
            "values": trial.values,
        }
        for trial in trials[:LEADERS]
    ]


def shared_settings(settings):
    """Returns what several dicts have in common; nothing of fewer than two."""
    first, *others = settings or [{}]
    return {k: v for k, v in first.items() if others and all(k in other and other[k] == v for other in others)}


def _statuses(trials):
    return sorted({trial.state for trial in trials})


def read_csv(path):
    """Returns the rows of a CSV file of a run as dicts; none where there is no such file."""
    if not Path(path).exists():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def parts(found):
    """Yields a report for a person: a `TextTable`, or a line of text, at a time."""
    metric = METRICS[found["metric"]]
    scored = "validation" if found["metric"] == "accuracy" else metric
    target = f", target {metric} {found['target_acc']:g}" if found["target_acc"] is not None else ""
    counts = ", ".join(f"{status.lower()}: {count}" for status, count in found["statuses"].items())
    yield f"{found['model']} on {found['dataset']}{target} ({counts})"
    shared = shared_settings([line["values"] for line in found["leaders"]])
    if shared:
        yield f"all with {settings_line(shared)}"
    is_exported = any(line.get("int8_bytes") for line in found["leaders"])
    measured = ("parameters", "MACs", "ms an image", *(["bytes in int8"] * is_exported))
    leaders = TextTable(None, ("trial", scored, "trained anew", *measured, "epochs"))
    for line in found["leaders"]:
        leaders.add_row(
            f"{line['trial']}  {settings_line({k: v for k, v in line['values'].items() if k not in shared})}",
            f"{line['val_score']:.4f}",
            "" if line["confirmed_mean"] is None else f"{line['confirmed_mean']:.4f}",
            f"{line['parameters']:,}",
            short(line["macs"]),
            f"{line['latency_ms']:.2f}",
            *([f"{line['int8_bytes']:,}" if line.get("int8_bytes") else ""] * is_exported),
            str(line["epochs_run"]) if line["stopped"] == "epochs" else f"{line['epochs_run']}, {line['stopped']}",
        )
    yield leaders
    if found["families"]:
        yield verdict(found["families"])
    yield f"Pareto front: trials that no other beats in both {metric} and a cost"
    front = TextTable(None, ("trial", scored, "smallest by"))
    score = f"val_{found['metric']}"
    for row in found["front"]:
        front.add_row(row["trial"], f"{float(row[score]):.4f}", row["smallest_by"].replace(" ", ", "))
    yield front
    if found["importance"]:
        caution = f" ({found['caution']})" if found["caution"] else ""
        yield f"Share of the differences in {metric} that a setting explains{caution}"
        importance = TextTable(None, ("setting", "share"))
        for name, share in found["importance"].items():
            importance.add_row(name, f"{share:.0%}")
        yield importance
    for line in found["failed"]:
        yield f"{line['status'].lower()} {line['trial']}: {line['reason']}"
    yield from _who_ran_what(found)


def _who_ran_what(found):
    """Yields what `parts` does of the workers; nothing where one process did it all."""
    if found["workers"]:
        workers = TextTable(None, ("ran on", "trainings", "died"))
        for line in found["workers"]:
            workers.add_row(line["where"], str(line["trainings"]), str(line["died"]))
        yield workers
    yield from map(death_line, found["deaths"])
