"""Records finished studies in docs/results: reports, tables, figures, and the settings and epochs of every run.

    python -m keras_vision.study --all --scale quick
    python tools/record_studies.py runs/study-*-quick

What was recorded of a study before is replaced, but not by a smaller scale or by fewer trainings of the same one; a
directory without a report is passed over, and named. The page of the headline and its table in docs/measured.md are
written from its full scale alone.
Models, checkpoints and event files stay where they are: what is kept of a run is small, enough to see where each number
comes from, and enough to go on. Copied back, a study trains only what is missing; but vgg_growth, a search, starts
anew, and what resnet_best, mixer_best and shallow draw of their models needs these:

    cp -r docs/results/studies/headline runs/study-headline-full
    python -m keras_vision.study headline --scale full --seeds 1

Where only what is said of numbers has changed, the reports are made anew from the tables that are recorded; nothing is
trained or drawn:

    python tools/record_studies.py --again
"""

import argparse
import re
import shutil
import sys
from pathlib import Path

from bench_common import ROOT, write_between

from keras_vision.errors import BadInput
from keras_vision.reporting.progress import Progress, clock_text
from keras_vision.results.rows import rows_in
from keras_vision.runs import Run, read_json, write_json, write_text
from keras_vision.studies import STUDIES, costs, headline, load_study
from keras_vision.studies.job import StudyJob
from keras_vision.studies.plan import SCALES, tally
from keras_vision.studies.publish import reported
from keras_vision.studies.table import Table, markdown, percent
from keras_vision.training.presets import PRESETS

RESULTS = ROOT / "docs" / "results"
SUMMARY = ("answer", "held", "claims", "runs", "seconds", "pflop")  # of a result
KEPT = ("report.md", "table.csv", "trials.csv", "front.csv", "config.json", "metrics.jsonl", "measured.json")
PAGE = """# The studies

Each report names its command, machine, seeds and cost; beside it lie its table, its figures, and of each run the
settings and the epochs. Together: {seconds} of training, {pflop:.3g} PFLOP. {claims}"""
BEST = (
    "family",
    "data set",
    "test accuracy (95% interval)",
    "cross-entropy",
    "views",
    "to beat",
    "parameters",
    "training",
    "PFLOP",
)
COLUMNS = ("study", "scale", "answer", "claims", "trainings", "training time", "PFLOP")


def record(workdir, studies):
    """Copies what is worth keeping of one study.

    Args:
        workdir: The study's directory.
        studies: The folder that gets a folder of the study's name.

    Returns:
        The study's name.

    Raises:
        BadInput: The directory is not that of a study with a report.
    """
    run = Run(workdir)
    settings = run.config["settings"] if run.config_path.exists() else {}
    if "study" not in settings or not run.finished:
        raise BadInput(f"{workdir} is not the directory of a study that has a report.")
    if "claims" not in run.result:
        raise BadInput(
            f"The report in {workdir} is of an older version. Start its command again, which trains nothing."
        )
    folder = studies / settings["study"]
    summary = {key: run.result[key] for key in SUMMARY} | {"scale": settings["scale"]}
    before = folder / "summary.json"
    if before.exists() and _weight(read_json(before)) > _weight(summary):
        scale, runs = (read_json(before)[key] for key in ("scale", "runs"))
        print(f"what is recorded stays, {runs} rows at the scale {scale}; to replace it, remove {folder}: ", end="")
        return settings["study"]
    shutil.rmtree(folder, ignore_errors=True)
    cut = [training for training in run.path.glob("runs/*") if not (training / "measured.json").exists()]
    kept = [path for path in sorted(run.path.rglob("*")) if path.name in KEPT and path.parent not in cut]
    for path in [*kept, *sorted(run.figures.glob("*.png"))]:
        copy = folder / path.relative_to(run.path)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    write_json(folder / "summary.json", summary)
    return settings["study"]


def again(folder):
    """Makes the report and the summary of a recorded study anew, from its table; figures stay as they are.

    Args:
        folder: Where the study is recorded.
    """
    run = Run(folder)
    settings = run.config["settings"]
    newest = run.newest_start
    job = StudyJob(
        name=settings["study"],
        study=load_study(settings["study"]),
        scale=settings["scale"],
        seeds=newest["seeds"],
        dataset=settings["dataset"],
        data_dir=None,
        workdir=folder,
        precision=settings["precision"],
        progress=Progress(),
        command=newest["command"],
    )
    rows = [{name: value for name, value in row.items() if value is not None} for row in rows_in(folder / "table.csv")]
    report = folder / "report.md"
    drawn = re.findall(r"\(figures/(.+?)\.png\)", report.read_text(encoding="utf-8"))
    text, result = reported(job, Table(rows, job.scale, folder), drawn)
    write_text(report, text)
    write_json(folder / "summary.json", {key: result[key] for key in SUMMARY} | {"scale": job.scale})


def cost_of(folder):
    """Returns what a recorded study cost, as `keras_vision.studies.costs` keeps it; None where it trained nothing.

    Args:
        folder: Where the study is recorded.
    """
    summary, machine = read_json(folder / "summary.json"), Run(folder).config["machine"]
    if not summary["seconds"]:
        return None
    families, processors = {}, {}
    for family, measured, processor in trainings_of(folder):
        families[family] = families.get(family, 0.0) + measured["seconds"]
        processors[processor] = None
    alone = costs.machine_words(machine["processor"], machine["cores"], ())
    return {
        "processor": " and ".join(processors or [alone]),
        "trainings": summary["runs"],
        "seconds": summary["seconds"],
        "families": families or {"vgg": summary["seconds"]},  # the search trains nothing else
    }


def trainings_of(folder):
    """Yields (family, what was measured, machine) of each training of a recorded study that came to its end.

    Args:
        folder: Where the study is recorded.
    """
    for path in sorted(folder.glob("runs/*/measured.json")):
        config, measured = Run(path.parent).config, read_json(path)
        if "diverged" not in measured:
            machine = config["machine"]
            processor = costs.machine_words(machine["processor"], machine["cores"], config.get("devices") or ())
            yield config["settings"]["model"], measured, processor


def write_costs(studies, path):
    """Writes what recorded studies cost, beside what is known of other scales, and how fast this machine is.

    That is timed once, where studies were recorded on it, and it should have nothing else to do then; to time it again,
    remove its row from `steps`.

    Args:
        studies: The folder of the recorded studies.
        path: A file as `keras_vision.studies.costs.RECORDED`.
    """
    known = read_json(path) if path.exists() else {"studies": {}, "runs": [], "steps": {}}
    for name in recorded(studies):
        cost = cost_of(studies / name)
        if cost is None:
            continue
        scale = read_json(studies / name / "summary.json")["scale"]
        known["studies"][name] = known["studies"].get(name, {}) | {scale: cost}
        for family, measured, processor in trainings_of(studies / name):
            gflops = round(1e6 * measured["pflop"] / measured["seconds"], 1)
            run = {"family": family, "macs": measured["macs"], "gflops": gflops, "processor": processor}
            known["runs"] += [] if run in known["runs"] else [run]
    processors = {cost["processor"] for by_scale in known["studies"].values() for cost in by_scale.values()}
    if costs.this_machine() in processors - known["steps"].keys():
        known["steps"][costs.this_machine()] = costs.timed_steps()
    write_json(path, known)


def summaries(studies):
    """Returns what is recorded of each study: name -> its summary, in the order of the studies."""
    return {name: read_json(studies / name / "summary.json") for name in recorded(studies)}


def recorded(studies):
    """Returns the names of the studies that are recorded, in their order."""
    return [name for name in STUDIES if (studies / name).is_dir()]


def claims_words(found):
    """Returns in a sentence how many claims of the recorded studies are held, and how many are not decided.

    Args:
        found: As `summaries` returns it.
    """
    verdicts = [claim["held"] for one in found.values() for claim in one["claims"]]
    open_ones = sum(any(claim["held"] is None for claim in one["claims"]) for one in found.values())
    return (
        f"Of {len(verdicts)} claims in {len(found)} studies, {tally(verdicts)}. "
        f"Studies with a claim that is not decided: {open_ones}."
    )


def _weight(summary):
    """Returns what orders records of a study: a larger scale weighs more, then one of more trainings."""
    return SCALES.index(summary["scale"]), summary["runs"]


def index(studies):
    """Returns the page that lists all studies that are recorded."""
    found = summaries(studies)
    rows = [
        (
            f"[{STUDIES[name][0]}]({name}/report.md)",
            one["scale"],
            one["answer"],
            tally(claim["held"] for claim in one["claims"]),
            *((one["runs"], clock_text(one["seconds"]), f"{one['pflop']:.3g}") if one["seconds"] else ("", "", "")),
        )
        for name, one in found.items()
    ]
    seconds, pflop = (sum(one[key] for one in found.values()) for key in ("seconds", "pflop"))
    page = PAGE.format(seconds=clock_text(seconds), pflop=pflop, claims=claims_words(found))
    return page + "\n\n" + markdown(COLUMNS, rows)


def best_runs(folder):
    """Returns the table of the headline for docs/measured.md: what our best runs reach with seed 0, and what was
    to be.

    Args:
        folder: Where the headline is recorded.
    """
    measured = [read_json(path) for path in sorted(folder.glob("runs/*/measured.json"))]
    rows = [
        (
            run[0],
            headline.TITLES[run[1]],
            f"{row['test_accuracy']:.2%} ({row['test_low']:.2%} to {row['test_high']:.2%})",
            f"{row['test_crossentropy']:.3f}",
            row["test_views"],
            _goal(run),
            f"{row['parameters']:,}",
            clock_text(row["seconds"]),
            f"{row['pflop']:.3g}",
        )
        for run in PRESETS
        for row in measured
        if (row["case"], row["seed"]) == (headline.name_of(*run), 0) and "diverged" not in row
    ]
    return markdown(BEST, rows)


def _goal(run):
    if run not in headline.REPORTED:
        return f"our own goal: {percent(headline.AIMS[run])}"
    loss = f", cross-entropy {headline.LOSS}" if run[0] == "cnn" else ""
    return f"reported: {percent(headline.REPORTED[run], 2)}{loss}"


def main(arguments=None):
    """Runs the command line; returns 1 where a directory was passed over."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("workdirs", nargs="*", type=Path, metavar="WORKDIR", help="directories of studies")
    parser.add_argument("--again", action="store_true", help="make all recorded reports anew, from their tables")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--overview", type=Path, default=ROOT / "docs" / "measured.md")
    options = parser.parse_args(arguments)
    if not (options.workdirs or options.again):
        parser.error("give directories of studies, or --again")
    studies = options.out / "studies"
    refused = []
    for workdir in options.workdirs:
        try:
            print(record(workdir, studies))
        except BadInput as error:
            refused.append(error)
    for name in recorded(studies) if options.again else ():
        again(studies / name)
    write_text(studies / "README.md", index(studies))
    write_costs(studies, costs.RECORDED if options.out == RESULTS else options.out / costs.RECORDED.name)
    write_between(options.out.parent / "studies.md", "Re-running the studies", claims_words(summaries(studies)))
    best = studies / "headline"
    if best.is_dir() and read_json(best / "summary.json")["scale"] == "full":
        report = (best / "report.md").read_text(encoding="utf-8")
        write_text(options.out / "headline.md", report.replace("](figures/", f"](studies/{best.name}/figures/"))
        write_between(options.overview, "What is measured", best_runs(best))
    for error in refused:
        print(f"passed over: {error}", file=sys.stderr)
    return int(bool(refused))


if __name__ == "__main__":
    sys.exit(main())
