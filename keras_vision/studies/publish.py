"""What a study makes of its table: figures, report, answer and result."""

from keras_vision.errors import KerasVisionError
from keras_vision.reporting.pictures import show_figures
from keras_vision.runs import write_json, write_text
from keras_vision.studies import claims, figures, report


def publish(job, run, table):
    """Writes table, figures, report and result of what there is; returns the result."""
    write_text(job.workdir / "table.csv", table.as_csv())
    lost = _lost(job, table)
    cases = [case for case in job.cases if case.name in table.cases]
    drawn = figures.standard_figures(table, cases) if len(lost) < len(cases) else {}
    for draw in () if lost else job.study.figures:
        drawn |= draw(table)
    show_figures(run, drawn, step=len(table.rows))
    text, result = reported(job, table, list(drawn))
    write_text(job.workdir / "report.md", text)
    write_json(run.result_path, result)
    return result


def reported(job, table, drawn):
    """Returns (the text of report.md, the result) of a table; writes nothing.

    Args:
        job: The study's `StudyJob`.
        table: Its `Table`.
        drawn: Names of the figures in the folder `figures`.
    """
    lost = _lost(job, table)
    answer, found = _answer(job, table, lost), claims.judged(job, table, lost)
    result = {
        "study": job.name,
        "scale": job.scale,
        "seeds": job.seeds,
        "workdir": str(job.workdir),
        "report": str(job.workdir / "report.md"),
        "answer": answer,
        "held": claims.overall(found),
        "claims": found,
        "runs": len(table.rows),
        "missing": job.missing(table),
        "seconds": round(report.total(table, "seconds"), 1),
        "pflop": report.total(table, "pflop"),
        "exit_code": 0,
    }
    return report.report_text(job, table, drawn, answer, found), result


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
    if lost:
        so_far = " so far" if job.missing(table) else ""
        return f"These diverged with every seed{so_far}: {', '.join(lost)}. So the comparison has no answer."
    return job.study.answer(table)
