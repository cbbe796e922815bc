"""What the benchmarks report: medians, bounds, turns, lines read back; with made-up numbers and tiny programs."""

import sys
import types

import bench
import bench_accuracy
import bench_auto
import bench_common
import bench_search
import pytest

from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.models import MODELS
from keras_vision.reporting.progress import PlainProgress

Amount, Epoch, Watched = bench_common.Amount, bench_common.Epoch, bench_common.Watched
OURS, Job = bench_search.OURS, bench_search.Job


def watched(*accuracies, seconds=100.0, ended="itself"):
    """A program whose epochs took ten seconds and 0.5 PFLOP each."""
    epochs = [Epoch(10.0 * n, accuracy, 0.5 * n) for n, accuracy in enumerate(accuracies, start=1)]
    return Watched(tuple(epochs), seconds, ended, None)


# ---- amounts ----


@pytest.mark.parametrize(
    ("values", "bounds", "expected"),
    [
        ([3.0, 1.0, 2.0], [], Amount(2.0)),
        ([1.0, 2.0], [9.0], Amount(2.0)),
        ([1.0], [9.0, 9.0], Amount(9.0, True)),
        ([5.0, 6.0], [1.0], Amount(5.0, True)),
        ([1.0], [9.0], Amount(5.0, True)),
    ],
)
def test_median_is_a_bound_where_it_could_be_larger(values, bounds, expected):
    assert bench_common.median([*map(Amount, values), *(Amount(bound, True) for bound in bounds)]) == expected


def test_spread_marks_bounds():
    assert bench_common.spread([Amount(1234.4), Amount(2000.0, True), Amount(1000.0)]) == "1,234 (1,000 to > 2,000)"
    assert bench_common.spread([Amount(0.512)], "{:.2f}") == "0.51"
    assert bench_common.spread([]) == ""


def test_time_and_arithmetic_are_those_of_the_first_epoch_at_the_target():
    assert bench_common.reaching(watched(0.8, 0.9, 0.95), 0.9) == (Amount(20.0), Amount(1.0))


def test_target_that_was_not_reached_gives_bounds():
    assert bench_common.reaching(watched(0.8, 0.85), 0.9) == (Amount(100.0, True), Amount(1.0, True))


# ---- lines and programs ----


def test_lines_of_our_epochs_are_read(capsys):
    progress = PlainProgress(sys.stdout)
    progress.fit_started(epochs=5, steps=1)
    progress.epoch_ended(4, 5, {"accuracy": 0.91, "val_accuracy": 0.9002, "crossentropy": 0.2, "val_crossentropy": 0.3})
    assert bench_common.read_epoch(capsys.readouterr().out, 41.5) == Epoch(41.5, 0.9002)


def test_lines_of_the_peers_epochs_are_read_with_their_arithmetic():
    line = bench_common.epoch_line(2, 5, 0.87654, 0.0123)
    assert bench_common.read_epoch(line, 3.0) == Epoch(3.0, 0.8765, 0.0123)


@pytest.mark.parametrize(
    "line",
    ["trial 1 of 20: stages=3", "target 0.9 reached: validation accuracy 0.9002", "  continues after epoch 2 of 5"],
)
def test_other_lines_end_no_epoch(line):
    assert bench_common.read_epoch(line) is None


def program(code):
    return [sys.executable, "-c", code]


def test_program_is_followed_to_its_end(tmp_path):
    code = "print('epoch 1 of 2 validation 0.5'); print('epoch 2 of 2 validation 0.6'); print('test accuracy 0.55 on')"
    seen = bench_common.follow(program(code), cap=60, log=tmp_path / "log")
    assert ([epoch.accuracy for epoch in seen.epochs], seen.ended, seen.test) == ([0.5, 0.6], "itself", 0.55)
    assert (tmp_path / "log").read_text().count("epoch") == 2


def test_program_is_stopped_where_it_is_enough(tmp_path):
    code = "import time\nfor n in range(60): print(f'epoch {n} of 60 validation 0.{n:02}'); time.sleep(0.05)"
    seen = bench_common.follow(program(code), cap=60, log=tmp_path / "log", is_enough=lambda epochs: len(epochs) == 3)
    assert (len(seen.epochs), seen.ended) == (3, "enough")


def test_program_and_its_children_are_stopped_at_the_cap(tmp_path):
    child = f"import time, pathlib; time.sleep(1.5); pathlib.Path({str(tmp_path / 'alive')!r}).touch()"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    seen = bench_common.follow(program(code), cap=0.5, log=tmp_path / "log")
    assert (seen.ended, seen.epochs) == ("cap", ()) and seen.seconds >= 0.5
    assert not (tmp_path / "alive").exists()


def test_program_that_fails_is_an_error_that_names_its_log(tmp_path):
    with pytest.raises(KerasVisionError, match=r"exit code 4; see .*log"):
        bench_common.follow(program("raise SystemExit(4)"), cap=60, log=tmp_path / "log")
    assert bench_common.follow(program("raise SystemExit(3)"), cap=60, log=tmp_path / "log", may_return=(0, 3))


def test_records_are_read_back(tmp_path):
    assert bench_common.read_record(tmp_path / "a.json") is None
    bench_common.write_record(tmp_path / "a.json", watched(0.8, 0.9), seed=3)
    assert bench_common.read_record(tmp_path / "a.json") == ({"seed": 3}, watched(0.8, 0.9))


# ---- pages ----


def test_measured_part_is_replaced_and_the_rest_stays(tmp_path):
    page = tmp_path / "page.md"
    bench_common.write_between(page, "Speed", "old")
    page.write_text(page.read_text().replace("# Speed\n", "# Speed\n\nWhy.\n") + "\n## What did not help\n")
    bench_common.write_between(page, "Speed", "new")
    text = page.read_text()
    assert text.startswith("# Speed\n\nWhy.\n") and text.endswith("## What did not help\n")
    assert "new" in text and "old" not in text


def test_page_without_marker_lines_is_refused(tmp_path):
    (tmp_path / "page.md").write_text("# Mine\n")
    with pytest.raises(BadInput, match="one line <!-- measured: begin -->"):
        bench_common.write_between(tmp_path / "page.md", "Speed", "new")
    assert (tmp_path / "page.md").read_text() == "# Mine\n"


# ---- speed ----


def test_every_family_is_timed_on_colour_and_vgg_on_grey_too():
    assert {family for family, shape in bench.CASES.values() if shape == (32, 32, 3)} == set(MODELS)
    assert bench.CASES["vgg 28x28x1"] == ("vgg", (28, 28, 1))


def test_arithmetic_is_that_of_the_products():
    names = ("float32", "float32+onednn_bfloat16", "mixed_bfloat16", "mixed_float16")
    assert [bench.arithmetic_of(name) for name in names] == ["float32", "bfloat16", "bfloat16", "float16"]


def timings(**speeds):
    """Measurements of two rounds, as if the network did a TFLOP in training and half of it in inference."""
    names = {"ours": bench.OURS, "keras": bench.STOCK32, "torch": "PyTorch, float32"}
    measured = bench.Measured(products={"float32": [4e12, 4e12]})
    for name, pair in speeds.items():
        measured.facts[names[name]] = {"arithmetic": "float32", "parameters": 7, "precision": "float32"}
        measured.facts[names[name]]["flops"] = {"training": 1e12, "inference": 5e11}
        measured.speeds[names[name]] = {"training": list(pair), "inference": list(pair)}
    return measured


def test_summary_compares_with_the_best_peer_round_by_round():
    measured = timings(ours=(2.0, 4.0), keras=(1.0, 1.0), torch=(2.0, 2.0))
    row = dict(zip(bench.SUMMARY_COLUMNS[:5], bench.summary_row("vgg", measured), strict=False))
    assert row["best peer"].startswith("PyTorch, float32, 2")
    assert (row["ratio"], row["ratio to Keras float32"]) == ("1.50 (1.00 to 2.00)", "3.00 (2.00 to 4.00)")


def test_summary_takes_the_export_where_it_infers_faster_and_has_no_training_of_it():
    measured = timings(ours=(2.0, 4.0))
    measured.facts[bench.EXPORTED] = {"arithmetic": "float32", "parameters": 7}
    measured.speeds[bench.EXPORTED] = {"inference": [5.0, 5.0]}
    row = bench.summary_row("vgg", measured)
    assert row[1] == "3 (2 to 4)" and row[5:7] == ["5 (5 to 5)", bench.EXPORTED]
    assert ["vgg", bench.EXPORTED, "", "", ""] in [list(row[:5]) for row in bench.detail_rows("vgg", measured)]


def test_summary_without_peers_has_no_ratio():
    assert bench.summary_row("vgg", timings(ours=(2.0, 4.0)))[2:5] == ["", "", ""]


def test_details_give_rate_and_share_of_a_matrix_product():
    (row,) = bench.detail_rows("vgg", timings(ours=(1.0, 3.0)))
    assert row[3:5] == ("2.000", "50%") and row[6:] == ("1.000", "25%")


def test_failure_is_a_row_that_says_why():
    measured = timings(ours=(1.0, 1.0))
    measured.failures["PyTorch, float32"] = "no compiler"
    assert ("vgg", "PyTorch, float32", "failed: no compiler") in [row[:3] for row in bench.detail_rows("vgg", measured)]


def test_networks_of_different_size_are_not_compared():
    with pytest.raises(KerasVisionError, match="not the same network"):
        bench.check_same_size({"a": {"parameters": 1}, "b": {"parameters": 2}})


def test_what_is_not_installed_is_left_out_and_told(monkeypatch):
    monkeypatch.setattr(bench.importlib.util, "find_spec", lambda name: None)
    names, missing = bench.chosen_configurations(("stock", "torch"))
    assert not [name for name in names if "PyTorch" in name or "OpenVINO" in name]
    page = bench.report({"vgg": timings(ours=(1.0, 1.0))}, "command", missing)
    assert "pip install .[bench]" in page and "pip install .[openvino]" in page


def test_bfloat16_is_left_out_where_the_processor_has_none_and_that_is_told(monkeypatch):
    monkeypatch.setattr(bench.importlib.util, "find_spec", lambda name: name)
    names, _ = bench.chosen_configurations(bench.PEERS, in_bfloat16=False)
    assert "PyTorch, float32, compiled" in names and bench.OURS in names and bench.EXPORTED in names
    assert not [name for name in names if "bfloat16" in name]
    page = bench.report({"vgg": timings(ours=(1.0, 1.0))}, "command", remark=bench.NO_BFLOAT16.format(1.1))
    assert "takes 1.10 of the time in float32 here: bfloat16 is left out." in page


def test_job_is_timed_in_batches_that_fill_the_seconds(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(bench.time, "perf_counter", lambda: clock[0])

    def job(batches):
        clock[0] += 0.1 * batches

    assert bench.warm_up(job) == pytest.approx(10.0)


@pytest.mark.slow
def test_worker_that_dies_tells_its_last_line():
    with pytest.raises(bench.WorkerFailed, match="KeyError: 'nobody'"):
        bench.Worker("nobody", {})


# ---- accuracy ----


def test_accuracy_row_has_time_and_arithmetic_for_each_target():
    runs = {"vgg": [watched(0.7, 0.9), watched(0.9, 0.95)]}
    (row,) = bench_accuracy.rows(runs, targets=[0.8, 0.95])
    assert row[:3] == ("vgg", "keras_vision", 2)
    assert row[3:7] == ("15 (10 to 20)", "0.750 (0.500 to 1.000)", "> 60 (20 to > 100)", "> 1.000 (1.000 to > 1.000)")
    assert len(row) == len(bench_accuracy.columns([0.8, 0.95]))


def test_recipes_compete_on_the_data_they_are_meant_for():
    assert "report_mlp_mixer_grey" in bench_accuracy.peers_for("fashion_mnist")
    assert "report_resnet18" not in bench_accuracy.peers_for("fashion_mnist")


def test_arithmetic_grows_epoch_by_epoch():
    assert [epoch.pflop for epoch in bench_accuracy.with_pflop(watched(0.1, 0.2), 0.25).epochs] == [0.25, 0.5]


# ---- search ----


def test_searches_take_turns_seed_by_seed():
    jobs = bench_search.jobs_of("fashion_mnist", (0.93, 0.9), (0, 1), epochs=5)
    assert [(job.search, job.seed) for job in jobs[:4]] == [(OURS, 0), (OURS, 0), ("hyperband", 0), ("random", 0)]
    assert [job.targets for job in jobs[:3]] == [(0.9,), (0.93,), (0.9, 0.93)]
    assert len({job.name for job in jobs}) == len(jobs) == 8


def after(seconds, target=0.9):
    """A search that reached the target after so long."""
    return Watched((Epoch(seconds, target),), seconds, "enough", None)


@pytest.fixture
def jobs():
    return bench_search.jobs_of("cifar10", (0.8,), (0, 1), epochs=8)


def test_peer_is_waited_for_a_multiple_of_our_median(jobs):
    records = {jobs[0]: after(100.0)}
    assert bench_search.next_job(jobs, records, 3.5, 600.0) == (jobs[1], 350.0)


def test_ours_is_waited_for_as_long_as_was_asked_for_also_in_a_later_start(jobs):
    assert bench_search.next_job(jobs, {}, 3.5, 600.0) == (jobs[0], 600.0)
    records = {job: after(10.0) for job in jobs} | {jobs[0]: watched(0.7, seconds=60.0, ended="cap")}
    assert bench_search.next_job(jobs, records, 3.5, 60.0) is None
    assert bench_search.next_job(jobs, records, 3.5, 600.0) == (jobs[0], 600.0)


def test_cap_counts_the_slowest_of_our_targets():
    jobs = bench_search.jobs_of("fashion_mnist", (0.9, 0.93), (0,), epochs=5)
    records = {jobs[0]: after(10.0), jobs[1]: after(40.0, target=0.93)}
    assert bench_search.next_job(jobs, records, 2.0, 600.0) == (jobs[2], 80.0)


def test_peer_stopped_before_our_final_cap_runs_again_at_the_end(jobs):
    stopped = watched(0.7, seconds=35.0, ended="cap")
    records = {job: after(30.0) for job in jobs} | {jobs[0]: after(10.0), jobs[1]: stopped}
    assert bench_search.next_job(jobs, records, 3.5, 600.0) == (jobs[1], pytest.approx(70.0))
    records[jobs[1]] = watched(0.7, seconds=70.0, ended="cap")
    assert bench_search.next_job(jobs, records, 3.5, 600.0) is None


def test_row_counts_who_reached_and_bounds_the_ratio(jobs):
    records = {jobs[0]: after(10.0), jobs[3]: after(20.0), jobs[1]: watched(0.5, seconds=60.0, ended="cap")}
    ours, peer = bench_search.rows(jobs, records)
    assert ours[:5] == ("cifar10, 0.8", OURS, 2, 2, "15 (10 to 20)")
    assert peer[:5] == ("cifar10, 0.8", "hyperband", 1, 0, "> 60")
    assert peer[6] == "< 0.25"


def test_peer_that_was_faster_gives_a_ratio_above_one(jobs):
    (_, peer) = bench_search.rows(jobs, {jobs[0]: after(10.0), jobs[1]: after(5.0)})
    assert peer[6] == "2.00"


def test_commands_name_data_seed_and_directory(tmp_path):
    options = types.SimpleNamespace(data_dir=tmp_path)
    job = Job("cifar10", "hyperband", 2, (0.8,), epochs=8)
    words = bench_search.command(job, options, tmp_path / "work")
    assert words[1:3] == ["tools/peers_keras_tuner.py", "hyperband"]
    assert words[words.index("--seed") + 1] == "2" and words[words.index("--epochs") + 1] == "8"
    ours = bench_search.command(Job("cifar10", OURS, 2, (0.8,)), options, tmp_path / "work")
    assert ours[1:5] == ["-m", "keras_vision.tune", "--model", "vgg"] and ours[-2:] == ["--target-acc", "0.8"]


# ---- the precision that is chosen ----


def test_a_row_compares_what_was_chosen_with_the_best_fixed_precision():
    choice = {"precision": "float32", "gradients": [], "seconds": 1.0}
    speeds = {"auto": [95.0, 100.0, 99.0], "float32": [100.0, 100.0, 100.0], "mixed_bfloat16": [300.0, 1.0, 1.0]}
    cells, median = bench_auto.row("cnn 4-4", {"choice": choice, "parameters": 2166}, speeds)
    assert median == 0.99
    assert cells[1:3] == ["2,166", "99 (95 to 100)"]
    assert cells[-2:] == ["1.0 s (0.0%)", "float32: 0.99 (0.95 to 1.00)"]


def test_precisions_are_timed_equally_often_and_their_processes_end(monkeypatch):
    begun = []

    class Worker:
        def __init__(self, library, options):
            self.precision, self.facts = options["precision"], {"precision": options["precision"]}

        def speed(self, job, seconds):
            begun.append(self.precision)
            return {"auto": 2.0, "float32": 1.0}[self.precision]

        def close(self):
            begun.append(f"closed {self.precision}")

    monkeypatch.setattr(bench_auto, "Worker", Worker)
    facts, speeds = bench_auto.measure("mlp", ["float32"], rounds=3, seconds=1.0, total=0.0)
    assert begun[:2] == ["auto", "float32"]  # compiled
    assert sorted(begun[2:-2]) == [*["auto"] * 3, *["float32"] * 3]
    assert begun[-2:] == ["closed auto", "closed float32"]
    assert (facts, speeds) == ({"precision": "auto"}, {"auto": [256.0] * 3, "float32": [128.0] * 3})
