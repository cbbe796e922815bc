"""VGG to 90%: grown from one convolution per block until it gets there, then made smaller, then polished."""

import dataclasses

from keras_vision.commands.train_and_tune import open_data
from keras_vision.data.source import DataSource
from keras_vision.reporting import style
from keras_vision.reporting.progress import Progress, cell, settings_line
from keras_vision.search.ledger import Ledger
from keras_vision.studies.claims import Claim, Judgement
from keras_vision.studies.figures import COLUMN, make_logarithmic
from keras_vision.studies.plan import Scale, Study
from keras_vision.studies.probes import data_words
from keras_vision.studies.table import number, percent
from keras_vision.training.aim import meets_target
from keras_vision.tune import tune

# scale -> what `tune` is called with
SEARCHES = {
    "smoke": {"target_acc": 0.5, "max_trials": 2, "epochs": 4},
    "quick": {"target_acc": 0.9, "max_trials": 8},
    "full": {"target_acc": 0.9, "max_trials": 40, "epochs": 20},
}
# why a training was stopped -> what the table says
ENDS = {"hopeless": "given up", "settled": "learned all", "epochs": "trained out"}


def conduct(job):
    """Searches, confirms the smallest network that reached the target, and returns a row for each trial."""
    search = SEARCHES[job.scale] | {"dataset": job.dataset or job.size.dataset or job.study.dataset}
    folder = job.workdir / "search"
    result = tune(
        "vgg",
        strategy="grow",
        polish="grid",
        confirm=None if job.scale == "smoke" else job.seeds,
        data_dir=job.data_dir,
        workdir=folder,
        precision=job.precision,
        progress=job.progress,
        **dataclasses.asdict(job.worker_settings),
        **search,
    )
    data = open_data(DataSource(search["dataset"], job.data_dir), Progress())
    facts = {"data": data_words(data), "target_acc": search["target_acc"]}
    trials = Ledger(folder / "trials.jsonl").trials
    return [_row(trial, trials[0].values, result) | facts for trial in trials]


def _row(trial, rung, result):
    """Returns the row of a trial.

    Args:
        trial: The `Trial`.
        rung: The first rung's values: what a trial has beside these was polished.
        result: That of `tune`.
    """
    row = {
        **{"case": f"trial {trial.number + 1}", "seed": 0, "status": trial.status.lower()},
        **{name: cell(trial.values[name]) for name in ("filters", "blocks")},
        "polished": settings_line({name: value for name, value in trial.values.items() if name not in rung}),
    }
    if trial.result:
        row |= {name: trial.result[name] for name in ("parameters", "macs", "seconds", "val_accuracy")}
        row |= {"epochs": trial.result["epochs_run"], "pflop": trial.result["training_flops"] / 1e15}
        row |= {"status": ENDS.get(trial.result["stopped"], row["status"])}
    if result["best_trial"] == f"trials/{trial.name}":
        confirmed = result.get("confirmed", {"mean": None, "accuracies": []})
        row |= {
            "best": "yes",
            "reached": result["reached"],
            "confirmed_accuracy": confirmed["mean"],
            "confirmed_by": len(confirmed["accuracies"]),
        }
    return row


def answer(table):
    """Which trial was the first to reach the target, and what the best one is."""
    (best,) = [row for row in table.rows if row.get("best")]
    target = best["target_acc"]
    tried = [row for row in table.rows if row.get("val_accuracy") is not None]
    reached = [row for row in tried if meets_target(row, target)]
    first = f"None of {len(tried)} trainings reached {percent(target, 2)}"
    if reached:
        first = (
            f"Of {len(tried)} trainings {reached[0]['case']} was the first to reach {percent(target, 2)}, with "
            f"{number(reached[0]['parameters'])} parameters"
        )
    confirmed = best.get("confirmed_accuracy")
    others = "with another seed" if best["confirmed_by"] == 1 else f"on average over {best['confirmed_by']} other seeds"
    again = f", and {percent(confirmed, 2)} {others}" if confirmed is not None else ""
    second = (
        f"The best has filters {best['filters']}, convolutions {best['blocks']} and {number(best['parameters'])} "
        f"parameters: {percent(best['val_accuracy'], 2)}{again}"
    )
    return f"{first}. {second}."


def is_reached(table):
    """Judges whether the search reached its target, as its outcome says."""
    (best,) = [row for row in table.rows if row.get("best")]
    confirmed = best.get("confirmed_accuracy")
    found = f"{percent(best['val_accuracy'], 2)} of the validation images, target {percent(best['target_acc'], 2)}"
    numbers = found + (f"; {percent(confirmed, 2)} with other seeds" if confirmed is not None else "")
    because = "" if "reached" in best else "the table does not say whether the search reached its target"
    return Judgement(best.get("reached"), numbers, because)


def figures(table):
    """Draws the search: accuracy and parameters, trial by trial."""
    rows = [row for row in table.rows if row.get("val_accuracy") is not None]
    places = [int(row["case"].split()[-1]) for row in rows]
    figure = style.new_figure(width=COLUMN, height=4.0)
    panels = {"val_accuracy": "validation accuracy", "parameters": "parameters"}
    for number_of_panel, (column, label) in enumerate(panels.items(), start=1):
        axes = style.new_axes(figure, (2, 1, number_of_panel), y=label, x="trial" if number_of_panel == 2 else "")
        axes.plot(places, [row[column] for row in rows], color="0.7", linewidth=1, zorder=1)
        for name, is_shown, colour in (("reached", True, style.COLOURS[2]), ("missed", False, style.COLOURS[5])):
            shown = [i for i, row in enumerate(rows) if meets_target(row, row["target_acc"]) == is_shown]
            look = {"s": 22, "color": colour, "label": name, "zorder": 2}
            axes.scatter([places[i] for i in shown], [rows[i][column] for i in shown], **look)
        axes.set_xticks(places)
        axes.tick_params(which="both", labelsize=8)
        axes.grid(linewidth=0.4, alpha=0.5)
        if column == "val_accuracy":
            target = rows[0]["target_acc"]
            axes.axhline(target, color="black", linewidth=0.8, linestyle="--", label=f"target {target:g}")
            axes.legend(fontsize=8, frameon=False)
        else:
            make_logarithmic(axes)
    return {"growth": figure}


STUDY = Study(
    question="What is the smallest VGG that reaches 90%, found by growing it block by block?",
    reported=(
        "a plan: one 3x3 convolution per block, more blocks of twice the channels until 90% is reached, then a second "
        "convolution in one block at a time, then a grid over learning rate, kernel, stride and padding, pooling and "
        "optimiser."
    ),
    varied="what `tune --strategy grow --polish grid` proposes: blocks, channels, convolutions, then the training",
    held_fixed="the data and the target; before each network lie fixed filters that whiten patches of 2x2 pixels",
    scales={
        "smoke": Scale(dataset="digits", note="Two trials: this only shows that the study runs."),
        "quick": Scale(dataset="fashion_mnist", note="Eight trials, of forty."),
        "full": Scale(note="Forty trials of at most 20 epochs."),
    },
    conduct=conduct,
    dataset="cifar10",
    columns={
        "filters": "filters",
        "blocks": "convolutions",
        "polished": "polished",
        "parameters": "parameters",
        "macs": "MACs",
        "epochs": "epochs",
        "val_accuracy": "validation accuracy, %",
        "status": "end",
        "best": "best",
        "confirmed_accuracy": "mean over other seeds, %",
        "seconds": "seconds of training",
    },
    answer=answer,
    claims=(Claim("A VGG that is grown by this plan reaches 90%", is_reached),),
    figures=(figures,),
    background=(
        "A training goes on where it reaches the target, and is given up once it hardly can any more. (In a table that "
        "says 'reached it' it ended in that epoch, as an older version had it.) The best network is trained again with "
        "as many other seeds as the study is run with, and one that misses the target there gives way to the next "
        "smallest; these trainings are not among the costs above."
    ),
)
