"""report.md: a study as people read it: question, set-up, table, figures, answer; every number from the table."""

import shlex

from keras_vision.cli.reading import setting_text
from keras_vision.reporting.progress import clock_text
from keras_vision.runs import Run
from keras_vision.studies import STUDIES
from keras_vision.studies.plan import tally, verdict_words
from keras_vision.studies.table import Table, is_share, listed, markdown, number

# column -> heading. Shares are in per cent.
TRAINED = {
    "parameters": "parameters",
    "macs": "MACs",
    "epochs": "epochs",
    "train_accuracy": "training accuracy, %",
    "val_accuracy": "validation accuracy, %",
    "val_crossentropy": "validation cross-entropy",
}
TESTED = {"test_accuracy": "test accuracy, %", "test_crossentropy": "test cross-entropy"}
TIMED = {"seconds": "seconds of training"}


def columns_of(study):
    """Returns the columns of a study's report: name -> heading."""
    if study.conduct:
        return study.columns
    return TRAINED | (TESTED if study.is_tested else {}) | study.columns | TIMED


def report_text(job, table, figures, answer, claims):
    """Returns report.md.

    Args:
        job: A `StudyJob`.
        table: Its `Table`.
        figures: Names of the figures in the folder `figures`.
        answer: What `Study.answer` returns.
        claims: As `keras_vision.studies.claims.judged` returns them.
    """
    study, (asks, source) = job.study, STUDIES[job.name]
    parts = [
        f"# {asks}",
        study.question,
        "## Set-up",
        "\n".join(f"- {line}" for line in _set_up(job, table)),
        "## Results",
        markdown(*table_cells(table, columns_of(study))).rstrip(),
        _notes(study, table),
        study.background,
        *(f"![{name.replace('_', ' ')}](figures/{name}.png)" for name in figures),
        _commands(table),
        "## Answer",
        answer,
        f"The source, {source}, reported: {study.reported}" if study.reported else "",
        f"**{_verdict(job, claims)}**{_how_sure(study, table)}",
        claims_table(claims),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _verdict(job, claims):
    at_scale = "" if job.scale == "full" or job.study.dataset is None else f" at the scale {job.scale}"
    ours = [claim for claim in claims if claim["ours"]]
    none = "It makes none that is judged; ours" if job.study.reported else "Our goals"
    whose = {0: "Its claims", len(claims): none}.get(len(ours), "Its claims and ours")
    return f"{whose}{at_scale}: {tally(claim['held'] for claim in claims)}."


def _how_sure(study, table):
    if study.conduct:
        return ""
    seeds = f"the seeds {listed(map(str, table.seeds))}" if len(table.seeds) > 1 else f"seed {table.seeds[0]}"
    return f" Numbers are of {seeds}; in brackets stand intervals of 95%."


def claims_table(claims):
    """Returns the table of what became of each claim."""
    rows = [(f"{one['claim']}{' (ours)' * one['ours']}", verdict_words(one), _grounds(one)) for one in claims]
    return markdown(["claim", "verdict", "numbers and reasons"], rows).rstrip()


def _grounds(claim):
    return " ".join(f"{part.rstrip('.')}." for part in (claim["numbers"], claim["reason"]) if part)


def _set_up(job, table):
    study, record = job.study, Run(job.workdir).config
    yield f"Varied: {study.varied}."
    yield f"Held fixed: {study.held_fixed}."
    for data in dict.fromkeys(row["data"] for row in table.rows if "data" in row):
        yield f"Data: {data}."
    yield f"Scale: {job.scale}. {job.size.note}".rstrip()
    if not study.conduct:
        missing = job.missing(table)
        so_far = f" (trainings still to come: {missing})" if missing else ""
        yield f"Seeds: {', '.join(map(str, table.seeds))}{so_far}; a seed chooses the validation images too."
    yield from _machines(table, record)
    if total(table, "seconds"):
        yield f"Cost: {clock_text(total(table, 'seconds'))} of training, {number(total(table, 'pflop'))} PFLOP."
    yield f"Command: `{job.command}`"


def _machines(table, record):
    """Yields each machine in words, and where there were several, how long trainings took on it."""
    rows_of = {}
    for row in table.rows:
        if "run" in row:
            rows_of.setdefault(_machine(Run(table.run_folder(row)).config), []).append(row)
    if len(rows_of) < 2:
        yield next(iter(rows_of), _machine(record))
        return
    for words, rows in rows_of.items():
        yield f"{words} It took {clock_text(total(Table(rows), 'seconds'))} for {len(rows)} of the trainings."


def _machine(config):
    """Returns in words what a config.json records of the machine."""
    machine, versions = config["machine"], config["versions"]
    precision = f"; precision {config['precision']}" if "precision" in config else ""
    gpus = sum("GPU" in device for device in config.get("devices") or ())
    return (
        f"Machine: {machine['processor']}, {machine['cores']} cores{f', GPUs: {gpus}' * bool(gpus)}; "
        f"TensorFlow {versions.get('tensorflow')}, Keras {versions['keras']}{precision}."
    )


def _notes(study, table):
    """Returns what must be known to read the table."""
    lines = []
    if not study.conduct:
        lines.append(
            "Accuracies and cross-entropies are those of the best epoch by validation accuracy; on training images "
            "they are means over that epoch, while it changes the network."
        )
        if len(table.seeds) > 1:
            lines.append(
                f"Mean ± standard deviation over {len(table.seeds)} seeds; in curves their range, in the figure of "
                "accuracies each of them above mean and standard deviation."
            )
        elif len(table.cases) > 1:
            lines.append(
                "Each was trained once: where accuracies are compared, the draw of the validation images is allowed "
                "for, but not how trainings differ by seed."
            )
    tested = [row for row in table.rows if "test_low" in row]
    if tested:
        row = tested[0]
        lines.append(
            "The test split was opened once for each run, at its end; nothing was chosen by it. The 95% interval of "
            f"one run: {100 * row['test_low']:.1f}% to {100 * row['test_high']:.1f}% for {row['case']} with seed "
            f"{row['seed']}, on {row['test_n']:,} images; those of the others are in table.csv."
        )
    views = {row["case"]: row["test_views"] for row in tested if row["test_views"] > 1}
    if views:
        averaged = listed(f"{number} views with {case}" for case, number in views.items())
        lines.append(f"The logits of each test image are averaged over several views of it: {averaged}.")
    lost = [f"{row['case']} with seed {row['seed']}" for row in table.rows if "diverged" in row]
    if lost:
        lines.append(f"These diverged and have no numbers: {', '.join(lost)}.")
    return " ".join(lines)


def _commands(table):
    """Returns the lines that train each network of a family alone, with the first seed; "" where there is none."""
    first = {row["case"]: Run(table.run_folder(row)) for row in reversed(table.rows) if "run" in row}
    settings = {case: run.config["settings"] for case, run in first.items() if run.config_path.exists()}
    lines = [
        train_command(settings[case]) for case in table.cases if case in settings and not settings[case]["builder"]
    ]
    which = "Each of them" if len(lines) == len(table.cases) else "Those that are a family's own network, each"
    return f"{which} alone:\n\n" + "\n".join(f"    {line}" for line in lines) if lines else ""


def train_command(settings):
    """Returns the command that trains what a run's config.json records, whatever is so by default on its images.

    Example:

    >>> vgg = {"model": "vgg", "dataset": "cifar10", "settings": {"filters": (16,)}, "views": 6, "seed": 0}
    >>> train_command(vgg | {"precision": "auto", "recipe": {"epochs": 9, "flip": "none"}})
    'python -m keras_vision.train --model vgg --dataset cifar10 --set filters=16, --epochs 9 --flip none --views 6'
    """
    usual = {"views": 1, "seed": 0, "precision": "auto"}
    given = settings["recipe"] | {name: settings[name] for name in usual}
    words = ["python", "-m", "keras_vision.train", "--model", settings["model"], "--dataset", settings["dataset"]]
    for name, value in settings["settings"].items():
        words += ["--set", f"{name}={setting_text(value)}"]
    for name, value in given.items():
        words += [f"--{name.replace('_', '-')}", str(value)] if value != usual.get(name) else []
    return shlex.join(words)


def table_cells(table, columns):
    """Returns (headings, rows) of the table, one row for each case, as lists of words."""
    rows = [[case, *(_cell(table, case, column) for column in columns)] for case in table.cases]
    return ["case", *columns.values()], rows


def _cell(table, case, column):
    values = table.values(case, column)
    if not values:
        return ""
    if any(isinstance(value, (str, bool)) for value in values):
        return ", ".join(dict.fromkeys(map(str, values)))
    mean, deviation = table.mean(case, column), table.deviation(case, column)
    if is_share(column):
        return f"{100 * mean:.1f}" + (f" ± {100 * deviation:.1f}" if deviation is not None else "")
    return number(mean) + (f" ± {number(deviation)}" if deviation else "")


def total(table, column):
    """Returns the sum of a column over all runs."""
    return sum(row[column] for row in table.rows if row.get(column) is not None)
