"""Searches for a model that reaches a target: `python -m keras_vision.tune --model vgg --target-acc 0.9`."""

import functools
import shlex
import sys
from pathlib import Path

from keras_vision.cli.command import main as run_command
from keras_vision.cli.job import (
    begin,
    check_seed,
    check_share,
    closing_lines,
    data_source,
    deadline_after,
    finish,
    fit_recipe,
    open_dataset,
    recipe_for_metric,
    warn_of_majority,
)
from keras_vision.errors import BadInput, check_choice
from keras_vision.models import MODELS
from keras_vision.reporting.progress import installed, settings_line, suitable_progress
from keras_vision.search.ending import ENDINGS
from keras_vision.search.outcome import make_goal, recorded_outcome
from keras_vision.search.strategies import POLISHERS, STRATEGIES, USUAL_POLISH, default_strategy
from keras_vision.system.quiet import import_keras
from keras_vision.training.recipe import SEARCH_STEPS, recipe_for
from keras_vision.training.scores import METRICS


def tune(
    model="vgg",
    *,
    dataset="fashion_mnist",
    data_dir=None,
    image_size=None,
    on_bad_image="error",
    metric="accuracy",
    target_acc=None,
    strategy=None,
    polish=None,
    ending="hopeless",
    space=None,
    max_trials=None,
    max_minutes=None,
    max_params=None,
    max_macs=None,
    max_latency_ms=None,
    epochs=None,
    batch_size=None,
    keep=3,
    confirm=None,
    seed=0,
    workdir=None,
    precision="auto",
    progress=None,
):
    """Search for settings of a model family that reach a target accuracy on new images.

    With the strategy `"grow"` the outcome is the smallest network that reached the target: the search climbs from small
    networks to large ones, and from the first that reaches the target goes on to smaller ones. The other strategies
    stop at the first trial that reaches it. A trial is given up once it is hopeless. What is found is trained anew on
    other validation images: these trainings say whether the target is reached, see `keras_vision.search.outcome`. The
    best model is measured on the test images once, and not at all while a target is still to be reached. Started again
    on the same directory, a search goes on where it was.

    Args:
        model: A name in `MODELS`.
        dataset: A name in `DATASETS`, or `folder:PATH`, `npz:PATH`, `csv:FILE`, `tfds:NAME`.
        data_dir: Where a named data set lies; the usual places by default.
        image_size: Height and width to which all images are resized.
        on_bad_image: `"error"` or `"skip"`.
        metric: `"accuracy"`, or `"balanced_accuracy"`, the mean recall of the classes: what the target is about. The
            latter sets the recipe's `class_weight` to `"balanced"`.
        target_acc: Share of new images to be classified rightly; without one the search uses its whole budget.
        strategy: `"grow"`, or one of Keras Tuner's oracles: `"random"`, `"grid"`, `"bayesian"`, `"hyperband"`. By
            default `"grow"` for vgg with a target, else `"random"`.
        polish: The oracle with which a growing search varies the training: `"grid"`, the default, `"random"` or
            `"bayesian"`.
        ending: A name in `keras_vision.search.ending.ENDINGS`: when a trial is given up.
        space: A Python file with a search space, or a ladder, of your own.
        max_trials: Trials in all; by default 8 of a growing search, 20 of another.
        max_minutes: Start no new epoch after this long.
        max_params: Trainable parameters of the largest network that is tried.
        max_macs: Multiply-accumulates, for one image, of the costliest.
        max_latency_ms: Milliseconds, for one image on this machine, of the slowest.
        epochs: Epochs of each trial; the family's best known number by default.
        batch_size: Images per step, likewise.
        keep: Number of best trials whose model files are kept.
        confirm: Train the best network so many times more, with other seeds and on other validation images; by default
            3 times where there is a target, and up to 9 where the images are few. One that only reached the target by
            luck gives way to the next smallest, for good. With 0 the validation images by which the best was chosen
            have the last word.
        seed: Everything random derives from it.
        workdir: The run directory; `runs/tune-MODEL-DATASET` by default.
        precision: See `keras_vision.training.precision.set_precision`.
        progress: A `Progress`.

    Returns:
        The result as a dict: workdir, val_accuracy, parameters, best_trial, best_values, trials, ended,
        full_trainings (what the search cost, in full trainings of the first that reached), confirmed, test, exit_code
        and more. The exit code is 3 where the target was not shown to be reached.

    Raises:
        BadInput: Before any work starts, where an argument cannot be right.

    Example:

    >>> tune("cnn", dataset="digits", target_acc=0.9)["exit_code"]  # doctest: +SKIP
    0
    """
    progress = suitable_progress(progress)
    strategy = strategy or default_strategy(model, target_acc)
    check_choice("model", model, MODELS)
    row = STRATEGIES[check_choice("strategy", strategy, STRATEGIES)]
    if polish is not None:
        check_choice("polish", polish, POLISHERS)
        if strategy != "grow":
            raise BadInput(f"polish={polish} with the strategy {strategy!r}", "it with the strategy 'grow' alone")
    elif strategy == "grow":
        polish = USUAL_POLISH
    check_choice("metric", metric, METRICS)
    check_choice("ending", ending, ENDINGS)
    check_share("target_acc", target_acc)
    check_seed(seed)
    max_trials = row.trials if max_trials is None else max_trials
    if confirm is not None and confirm < 0:
        raise BadInput(f"confirm={confirm}", "a number of trainings, 0 for none")
    check_budgets(max_trials=max_trials, keep=keep)
    check_budgets(max_params=max_params, max_macs=max_macs, max_latency_ms=max_latency_ms)
    if row.needs_target and target_acc is None:
        raise BadInput(
            f"strategy {strategy!r} without a target", "--target-acc SHARE", "It ends at the smallest that reaches."
        )
    deadline = deadline_after(max_minutes)
    changes = recipe_for_metric(metric, {"epochs": epochs, "batch_size": batch_size})
    recipe = recipe_for(model, **changes)  # a mistake in it, or in a space of one's own, is told before data are read
    import_keras()
    from keras_vision.analysis.counts import count_unbuilt
    from keras_vision.models import build_model
    from keras_vision.runs import Run, default_workdir
    from keras_vision.search.ladder import Ladder
    from keras_vision.search.loop import run_search
    from keras_vision.search.plan import Limits, SearchPlan
    from keras_vision.search.space import Space
    from keras_vision.training.precision import set_precision
    from keras_vision.training.trainer import check_fit

    chosen = set_precision(precision)
    source = data_source(dataset, data_dir, image_size, on_bad_image, seed)  # with whole paths, for later starts
    kind = functools.partial(Ladder if row.needs == "ladder" else Space, model, fixed=changes, file=space)
    kind(recipe=recipe)
    if workdir:
        Run(workdir).check_usable()
    data = open_dataset(dataset, data_dir, image_size, on_bad_image, seed, progress)
    warn_of_majority(data, target_acc, progress, metric)
    recipe, decisions = fit_recipe(model, data, changes, progress, steps=SEARCH_STEPS)
    choices = kind(recipe=recipe)
    goal = make_goal(target_acc, metric, confirm, data)
    goal.check()
    settings, first = choices.first()

    def build_first():
        network = build_model(model, data.shape, len(data.class_names), **settings)
        check_fit(network, data, first)
        return network

    count_unbuilt(build_first)  # without its weights, which the limits may forbid
    set_precision(precision)  # which was forgotten with it
    limits = {"max_params": max_params, "max_macs": max_macs, "max_latency_ms": max_latency_ms}
    shared = {
        "model": model,
        "dataset": source["spec"],
        "metric": metric,
        "target_acc": target_acc,
        "strategy": strategy,
        "polish": polish,
        "ending": ending,
        **limits,
        "keep": keep,
        "seed": seed,
        "precision": precision,
    }
    config = shared | {
        "fingerprint": data.fingerprint,
        "space": choices.describe(),
        "recipe": recipe.as_dict(),
        "confirm": goal.confirmations,
        "max_trials": max_trials,
        "max_minutes": max_minutes,
    }
    arguments = shared | {
        "data_dir": source["data_dir"],
        "image_size": image_size,
        "on_bad_image": on_bad_image,
        "space": space and str(Path(space).resolve()),
        "epochs": epochs,
        "batch_size": batch_size,
    }
    run = Run(workdir or default_workdir("tune", model, dataset, config))
    with run.locked():
        run.start(config, precision=chosen, arguments=arguments, decisions=[*data.decisions, *decisions])
        begin(model, data, chosen, run, progress)
        if goal.sentence():
            progress.say(goal.sentence())
        plan = SearchPlan(
            model,
            goal,
            strategy=strategy,
            polish=polish,
            ending=ending,
            limits=Limits(**limits),
            max_trials=max_trials,
            deadline=deadline,
            keep=keep,
            seed=seed,
            precision=precision,
            card={"data_source": source},
        )
        result = run_search(plan, data, choices, run, progress)
        return finish(run, result, data, progress, target_acc=target_acc, reached=result["reached"])


def check_budgets(**budgets):
    """Refuses budgets that are not positive (None is let through)."""
    for name, value in budgets.items():
        if value is not None and not value > 0:
            raise BadInput(f"{name}={value}", "a positive number")


def report(*, report, confirm=None, progress=None):
    """Print what an earlier search found.

    Args:
        report: The run directory of the search.
        confirm: As in `tune`: train the best network so many times more, with other seeds, before the report.
        progress: A `Progress`.

    Returns:
        The report as a dict; see `keras_vision.search.report.report_on`. With `confirm` also exit_code, as of `tune`.

    Raises:
        BadInput: The directory holds no search; or, with `confirm`, its best trial is not finished.

    Example:

    >>> report(report="runs/tune-vgg-fashion_mnist")["leaders"][0]["parameters"]  # doctest: +SKIP
    """
    from keras_vision.search.report import report_on

    found = report_on(report, progress)
    if confirm:
        from keras_vision.runs import Run

        config = Run(report).config
        newest = config.get("continued", [config])[-1]  # with what the latest start was asked to keep
        closed = found["statuses"].get("COMPLETED", 0) + found["statuses"].get("FAILED", 0)
        best = (found["result"] or {}).get("best_trial")
        finished = [f"trials/{leader['trial']}" for leader in found["leaders"]]
        if not finished or (best and best not in finished):
            raise BadInput(
                f"{report}, whose best trial is not finished ({best or 'none is'})",
                "a search that has finished it",
                "The command that started the search goes on with it.",
            )
        result = tune(**newest["arguments"], workdir=report, max_trials=closed, confirm=confirm, progress=progress)
        found = report_on(report, progress) | {"exit_code": result["exit_code"]}
    return found


def show(result, progress):
    """Prints the lines that end a search."""
    counts = ", ".join(f"{name}: {result[name]}" for name in ("failed", "rejected") if result.get(name))
    progress.say(
        f"best of {result['trials']} trials{f' ({counts})' if counts else ''}: {result['best_trial']}, "
        f"{settings_line(result['best_values'])}"
    )
    progress.say(cost_line(result))
    if "confirmed" in result:
        progress.say(confirmed_line(result["confirmed"], result.get("metric", "accuracy")))
    if result["target_acc"] is not None:
        progress.say(recorded_outcome(result, result["target_acc"]).sentence())
    for line in closing_lines(result | {"target_acc": None}):
        progress.say(line)


def cost_line(result):
    """Returns what a search cost, as the line that a person reads."""
    spent = (
        f"cost: {result['search_seconds']:.0f} s of training, as much as {result['full_trainings']:.2f} full trainings"
    )
    if "search_seconds_to_target" not in result:
        return f"{spent} of the best"
    reached = "reached" if result["reached"] else "seemed to reach"
    return (
        f"{spent} of the first network that {reached} the target, which was after "
        f"{result['search_seconds_to_target']:.0f} s and {result['full_trainings_to_target']:.2f}"
    )


def confirmed_line(confirmed, metric="accuracy"):
    """Returns the accuracies of `confirm` as the line that a person reads."""
    spread = f", standard deviation {confirmed['deviation']:.4f}" if confirmed["deviation"] is not None else ""
    each = ", ".join(f"{accuracy:.4f}" for accuracy in confirmed["accuracies"])
    of = "validation images" if metric == "accuracy" else METRICS[metric]
    return f"trained anew: {confirmed['mean']:.4f} of {of} on average{spread} ({each})"


def show_report(found, progress):
    """Prints a report as tables."""
    from keras_vision.search.report import renderables

    for renderable in renderables(found):
        progress.print(renderable)
    if found["result"]:
        progress.say(cost_line(found["result"]))
        if "confirmed" in found["result"]:
            progress.say(confirmed_line(found["result"]["confirmed"], found["metric"]))
            if found["verdict"]:
                progress.say(found["verdict"])
        elif found["result"]["best_trial"] in [f"trials/{leader['trial']}" for leader in found["leaders"]]:
            words = [installed("python"), "-m", "keras_vision.tune", "--report", found["workdir"], "--confirm", "3"]
            progress.say(f"confirm it: {shlex.join(words)}")


def main(arguments=None):
    """Runs the command line."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if any(word.split("=")[0] == "--report" for word in arguments):
        return run_command(
            report, "tune", flags=("report", "confirm"), show=show_report, resumable=True, arguments=arguments
        )
    return run_command(
        tune,
        "tune",
        flags=(
            *("model", "dataset", "data_dir", "image_size", "on_bad_image", "metric", "target_acc"),
            *(
                "strategy",
                "polish",
                "ending",
                "space",
                "max_trials",
                "max_minutes",
                "max_params",
                "max_macs",
                "max_latency_ms",
            ),
            *("epochs", "batch_size", "keep", "confirm", "seed", "workdir", "precision"),
        ),
        show=show,
        resumable=True,
        epilog="--report WORKDIR [--confirm N] prints what an earlier search found, instead of searching.",
        arguments=arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
