"""What more workers are worth to a search: 1 to 1,000 of them, by a simulation from recorded trainings.

    python tools/scale.py [--startup SECONDS] [--workdir DIR]

The loop, the ledger, the strategies and the tables are those of `tune`; only trainings are not done: how long they take
and what they come to is answered by `recorded.py`. What was simulated is not simulated again as long as DIR is kept.
Writes docs/results/scale.md and docs/results/scale.png. It takes some ten minutes of computing, and no training.
"""

import argparse
import dataclasses
import hashlib
import json
import math
import statistics
import sys
from pathlib import Path

from bench_common import ROOT, Amount, logarithmic, machine_line, median, spread, write_between

from keras_vision.reporting import style
from keras_vision.runs import read_json, write_json
from keras_vision.search.strategies import STRATEGIES
from keras_vision.studies.table import markdown
from keras_vision.system.keras_import import import_keras

RESULTS = ROOT / "docs" / "results" / "scale.md"
PICTURE = "scale"
STARTUP = 6.0  # seconds from the start of a worker until it takes a job; the page says how that was measured
ENOUGH = 0.8  # of as many times as there are workers
WORKERS = (1, 10, 100, 1_000)
MANY = 100  # workers, of which it is said how many trials they need
# strategy -> trials of a search without a target. A Gaussian process takes the longer to propose, the more there were.
TRIALS = {"random": 4_000, "grid": 300, "bayesian": 20, "hyperband": 4_000}
SERIES = (100, 500, 1_000, 4_000)
# strategy -> (target, trials) of searches with one. The space's networks nearly all reach 0.9.
TARGETS = {"random": (0.96, 100), "hyperband": (0.96, 100), "grow": (0.9, 40)}
TARGET_WORKERS = (1, 2, 4, 8, 16)
USUAL_TRIALS = STRATEGIES["grow"].trials
SEEDS = 3
SPEED_COLUMNS = ["strategy", "workers", "trials", "speed-up", "of the workers", "full trainings an hour, times one's",
                 "ms of computing for a trial"]  # fmt: skip
SEARCH_COLUMNS = ["strategy", "workers", "seeds that reached", "times sooner", "training until then, times one's",
                  "paused in vain", "seconds lost"]  # fmt: skip
TEXT = """Command: `python tools/scale.py`. {machine}

Nothing is trained. The search's own loop, ledger, strategies and tables run; the clock is made up. Trainings are VGGs
on 54,000 images of Fashion-MNIST, of the spaces in `tuner_configs/vgg.py`, for six epochs. They take and come to what
recorded ones say:

- An epoch takes {fixed:.1f} s and {per_mac:.2f} s for each million multiply-accumulates: fitted to {runs} recorded runs
  (`docs/results/studies`). What no run has is answered by this line. A training is as much slower or faster than it as
  one of these runs was, drawn anew for each, and each of its epochs as the recorded epochs differ from their run's
  median. First epochs are drawn from first ones, which hold the tracing.
- Errors go with the number of parameters to the power of -{power:.2f}, fitted to the curves in `curves.jsonl`. The
  nearest of these gives the course, and chance moves it as much as other seeds do (3% of the error). Other settings,
  such as the learning rate, change nothing here: nothing of that kind is recorded. A shortened training ends where the
  course is by then.
- A worker takes {startup:.1f} s before its first job. Importing TensorFlow and the program takes 5.3 s of computing on
  an AMD EPYC (`time`, three times); the rest is for the start of the process and the first network. It is paid once for
  each worker. Workers do not slow each other down, and none dies. Sending images and models takes no time.

**Without a target.** "Speed-up" is how much longer one worker would take for the same finished trainings; "of the
workers" is its share of what that many workers could do at most. "Full trainings" are those for all epochs, which all
are but Hyperband's short ones; with several workers the Bayesian search tries other networks. "Computing" is what the
search's own process does for a trial, in ms of one core, the simulation included.

{ups}

How the speed-up of {many} workers depends on the number of trials; as many trials as workers take as long as the
longest of them:

{series}

**With a target**, {seeds} seeds: {target} for the strategies that stop there, and 0.9 for growing, of which the
question is when it has a network as small as one worker ends with after its usual {usual} trials (of at most {most}).
"Times sooner" and "training until then" (seconds of training by all workers) are medians over the seeds that reached
(lowest to highest). Trainings that are paused, since something better was found, and never go on lead to nothing;
"seconds lost" is their share of all training up to the end of the search, confirmations included.

{searches}

![speed-up by workers](scale.png)
"""


class Simulations:
    """Simulations of which the results are kept.

    Args:
        recorded: A `Recorded`.
        startup: As of `simulate`.
        workdir: Where they are kept.
    """

    def __init__(self, recorded, startup, workdir):
        self.recorded, self.startup, self.workdir = recorded, startup, Path(workdir)

    def __call__(self, strategy, workers, trials, **options):
        """Returns a `Came`; arguments as of `simulate`."""
        from simulated import Came, simulate

        options |= {"startup": self.startup}
        asked = json.dumps([strategy, workers, trials, options], sort_keys=True)
        record = self.workdir / f"{hashlib.sha256(asked.encode()).hexdigest()[:16]}.json"
        if not record.exists():
            came = simulate(self.recorded, strategy, workers, trials, **options)
            print(asked, f"{came.speed_up:.2f} times one worker, {came.driver:.0f} s of computing", flush=True)
            write_json(record, dataclasses.asdict(came))
        return Came(**read_json(record))


# ---- the page ----


def speed_ups(simulated):
    """Returns {strategy: a `Came` for each number of workers}, of searches without a target."""
    return {
        strategy: [simulated(strategy, workers, trials) for workers in WORKERS if workers <= trials]
        for strategy, trials in TRIALS.items()
    }


def series(simulated):
    """Returns {strategy: the speed-up of `MANY` workers, in words, by the number of trials}."""
    return {
        strategy: {trials: f"{simulated(strategy, MANY, trials).speed_up:.0f}" for trials in SERIES if trials <= most}
        for strategy, most in TRIALS.items()
        if most >= MANY
    }


def searches(simulated):
    """Returns {strategy: {workers: a `Came` for each seed}}, of searches with a target."""
    return {
        strategy: {
            workers: [simulated(strategy, workers, trials, target=target, seed=seed) for seed in range(SEEDS)]
            for workers in TARGET_WORKERS
        }
        for strategy, (target, trials) in TARGETS.items()
    }


def _gains(ones, many, aims):
    """Returns, of the seeds of which both reached: (how many times sooner, how many times the training until then)."""
    pairs = [(one.first_within(aim), other.first_within(aim)) for one, other, aim in zip(ones, many, aims, strict=True)]
    return [(one[0] / other[0], other[1] / one[1]) for one, other in pairs if one and other]


def _aims(strategy, simulated):
    """Returns how small a network is to be found, of each seed: any, or as small as growing finds with one worker."""
    if strategy != "grow":
        return [math.inf] * SEEDS
    target, _ = TARGETS[strategy]
    return [simulated(strategy, 1, USUAL_TRIALS, target=target, seed=seed).parameters for seed in range(SEEDS)]


def search_rows(simulated):
    """Returns the rows of the table of searches with a target, and {strategy: how many times sooner, by workers}."""
    rows, sooner = [], {}
    for strategy, by_workers in searches(simulated).items():
        aims = _aims(strategy, simulated)
        for workers, many in by_workers.items():
            gains = _gains(by_workers[1], many, aims)
            speeds, works = ([Amount(gain[place]) for gain in gains] for place in (0, 1))
            sooner.setdefault(strategy, []).append(median(speeds).value if speeds else math.nan)
            paused = statistics.mean(one.paused for one in many)
            lost = sum(one.lost for one in many) / sum(one.lost + one.finished for one in many)
            row = [strategy, workers, f"{len(gains)} of {SEEDS}", spread(speeds, "{:.1f}"), spread(works, "{:.2f}")]
            rows.append([*row, f"{paused:.1f}", f"{lost:.0%}"])
    return rows, sooner


def speed_rows(ups):
    """Returns the rows of the table of searches without a target."""
    return [
        [
            *(came.strategy, f"{came.workers:,}", f"{came.trials:,}", f"{came.speed_up:,.1f}"),
            *(f"{came.speed_up / came.workers:.2f}", f"{_full_rate(came) / _full_rate(ups[came.strategy][0]):,.1f}"),
            f"{1000 * came.driver / came.trials:.0f}",
        ]
        for found in ups.values()
        for came in found
    ]


def _full_rate(came):
    return came.full / came.clock


def draw(ups, sooner):
    """Returns the picture: how many times as fast, by workers; and how many times sooner the target is reached."""
    figure = style.new_figure(3.0)
    panels = (
        ("without a target", "times the trainings in the same time", [(n, [c.workers for c in found],
          [c.speed_up for c in found]) for n, found in ups.items()]),
        ("with a target", "times sooner there", [(n, TARGET_WORKERS, found) for n, found in sooner.items()]),
    )  # fmt: skip
    for place, (title, y, lines) in enumerate(panels, start=1):
        axes = style.new_axes(figure, (1, 2, place), title=title, x="workers", y=y)
        most = max(max(workers) for _, workers, _ in lines)
        axes.plot((1, most), (1, most), color="0.6", linewidth=1, label="as many times as workers")
        axes.plot((1, most), (ENOUGH, ENOUGH * most), color="0.6", linewidth=1, linestyle="--", label=f"{ENOUGH} of it")
        for name, workers, found in lines:
            colour = style.COLOURS[list(STRATEGIES).index(name)]
            axes.plot(workers, found, marker="o", markersize=3, linewidth=1.2, color=colour, label=name)
        logarithmic(axes)
    return figure


def page(simulated, recorded):
    """Returns the page's text, and its picture."""
    ups = speed_ups(simulated)
    rows, sooner = search_rows(simulated)
    many = [[name, *(found.get(trials, "") for trials in SERIES)] for name, found in series(simulated).items()]
    facts = {"startup": simulated.startup, "runs": recorded.runs, "power": recorded.power, "fixed": recorded.fixed}
    facts |= {"per_mac": 1e6 * recorded.per_mac, "enough": ENOUGH, "many": MANY, "seeds": SEEDS}
    facts |= {"usual": USUAL_TRIALS, "target": TARGETS["random"][0], "most": TARGETS["grow"][1]}
    tables = {
        "ups": markdown(SPEED_COLUMNS, speed_rows(ups)),
        "series": markdown(["strategy", *(f"{trials:,} trials" for trials in SERIES)], many),
        "searches": markdown(SEARCH_COLUMNS, rows),
    }
    return TEXT.format(**facts, **tables, machine=machine_line()), draw(ups, sooner)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--startup", type=float, default=STARTUP, help="seconds until a worker takes its first job")
    parser.add_argument("--workdir", type=Path, default=Path("runs/scale"))
    options = parser.parse_args()
    import_keras()
    from recorded import Recorded

    recorded = Recorded()
    text, figure = page(Simulations(recorded, options.startup, options.workdir), recorded)
    write_between(RESULTS, "What more workers are worth to a search", text)
    style.save_figures({PICTURE: figure}, RESULTS.parent)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
