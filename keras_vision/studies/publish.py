"""What a study makes of its table: figures, report, answer and result."""

from keras_vision.errors import KerasVisionError
from keras_vision.reporting.pictures import show_figures
from keras_vision.runs import write_json, write_text
from keras_vision.studies import figures, report


def publish(job, run, table):
    """Writes table, figures, report and result of what there is; returns the result."""
    write_text(job.workdir / "table.csv", table.as_csv())
    lost = _lost(job, table)
    text, held = _answer(job, table, lost)
    cases = [case for case in job.cases if case.name in table.cases]
    drawn = figures.standard_figures(table, cases) if len(lost) < len(cases) else {}
    for draw in () if lost else job.study.figures:
        drawn |= draw(table)
    show_figures(run, drawn, step=len(table.rows))
    write_text(job.workdir / "report.md", report.report_text(job, table, list(drawn), text, held))
    result = {
        "study": job.name,
        "scale": job.scale,
        "workdir": str(job.workdir),
        "report": str(job.workdir / "report.md"),
        "answer": text,
        "held": held,
        "runs": len(table.rows),
        "missing": job.missing(table),
        "seconds": round(report.total(table, "seconds"), 1),
        "pflop": report.total(table, "pflop"),
        "exit_code": 0,
    }
    write_json(run.result_path, result)
    return result


def _lost(job, table):
    """Returns the cases without a run that came to its end, where a study cannot do without.

    Raises:
        KerasVisionError: All trainings are done, and none came to its end.
    """
    if not job.cases:
        return []
    lost = [case for case in table.cases if not table.values(case, "val_accuracy")]
    if len(lost) == len(table.cases) and not job.missing(table):
        raise KerasVisionError(f"All runs of the study {job.name} diverged.")
    return [] if job.study.may_diverge and len(lost) < len(table.cases) else lost


def _answer(job, table, lost):
    """Returns the answer and whether the claim held.

    Trainings on other images than the source's decide nothing, and smaller ones do not refute it: their size may be why
    it does not show.
    """
    if lost:
        so_far = " so far" if job.missing(table) else ""
        return f"These diverged with every seed{so_far}: {', '.join(lost)}. So the comparison has no answer.", None
    text, held = job.study.answer(table)
    if not job.study.dataset:
        return text, held
    has_others = (job.dataset or job.size.dataset or job.study.dataset) != job.study.dataset
    is_too_small = held is False and job.scale != "full"
    return text, None if has_others or is_too_small else held
