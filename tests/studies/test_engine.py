"""How a study is run: what is on disk afterwards, and that nothing is done twice."""

import csv
import dataclasses
import itertools
import json
import shlex
import shutil

import numpy as np
import pytest
import record_studies
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from keras_vision.cli.reading import parse_settings
from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.reporting.progress import Progress
from keras_vision.runs import Run, load_model
from keras_vision.search.executors import Job
from keras_vision.studies import STUDIES, engine, trainings
from keras_vision.studies.claims import Claim, Judgement
from keras_vision.studies.engine import run_study
from keras_vision.studies.job import StudyJob
from keras_vision.studies.plan import Case, Study, smoke
from keras_vision.studies.report import train_command
from keras_vision.studies.rnn_lstm import plain_rnn
from keras_vision.system.settings import flat, make
from keras_vision.train import main as train_main
from keras_vision.train import train
from keras_vision.training.recipe import FIELDS, recipe_for
from tests.synthetic import make_split

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True, scope="module")
def _tiny_is_a_study():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(STUDIES, "tiny", ("Two perceptrons", "nowhere"))
        yield


def claims(held):
    """One claim, on which the numbers say this."""
    return (Claim("The larger one is better", lambda table: Judgement(held, f"{len(table.rows)} runs")),)


def tiny(**changes):
    """A study of two perceptrons on the digits."""
    study = Study(
        question="Which is better?",
        reported="the larger one.",
        varied="the units",
        held_fixed="the rest",
        scales={"smoke": smoke(), "quick": dataclasses.replace(smoke(), seeds=None)},
        cases=lambda scale: [Case(f"{units} units", "mlp", {"hidden_units": (units,)}) for units in (2, 4)],
        answer=lambda table: f"The best is {table.best()}.",
        claims=claims(True),
        dataset="digits",
        measure=lambda run, model, data: {"layers": len(model.layers), "vector": [1, 2]},
        columns={"layers": "layers"},
    )
    return dataclasses.replace(study, **changes)


def run(folder, study=None, scale="quick", seeds=1, dataset=None):
    study = study or tiny()
    return run_study(StudyJob("tiny", study, scale, seeds, dataset, None, folder, "float32", Progress(), "study tiny"))


@pytest.fixture(scope="module")
def once(tmp_path_factory, _tiny_is_a_study, bare_module):
    """The folder of a finished study of one seed; to be looked at only."""
    folder = tmp_path_factory.mktemp("once") / "w"
    run(folder)
    return folder


@pytest.fixture
def finished(once, tmp_path):
    """A finished study of one seed, to go on with."""
    return shutil.copytree(once, tmp_path / "w")


def rows_in(folder):
    with open(folder / "table.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_study_leaves_its_table_figures_report_and_result(once):
    rows, result = rows_in(once), json.loads((once / "result.json").read_text())
    assert [(row["case"], row["seed"], row["hidden_units"]) for row in rows] == [
        ("2 units", "0", "2"),
        ("4 units", "0", "4"),
    ]
    assert float(rows[0]["val_accuracy"]) == Run(once / "runs/2-units-0").result["val_accuracy"]
    assert (rows[0]["parameters"], rows[0]["layers"]) == (str(2 + 64 * 2 + 2 + 2 * 10 + 10), "6")
    assert float(rows[0]["pflop"]) > 0
    assert not [name for name in rows[0] if name.startswith("test") or name == "vector"]
    assert {path.name for path in (once / "figures").iterdir()} == {"curves.png", "accuracy.png"}
    assert (result["answer"], result["held"], result["runs"]) == (f"The best is {best_of(rows)}.", True, 2)


def best_of(rows):
    return max(rows, key=lambda row: float(row["val_accuracy"]))["case"]


def test_the_report_holds_question_set_up_table_figures_and_answer(once):
    text = (once / "report.md").read_text()
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == ["# Two perceptrons", "## Set-up", "## Results", "## Answer"]
    for words in (
        "Which is better?",
        "- Varied: the units.",
        "- Data: digits, 1,458 images to train and 160 to validate.",
        "- Seeds: 0; ",
        "- Command: `study tiny`",
        "| case | parameters | MACs | epochs |",
        "![curves](figures/curves.png)",
        "reported: the larger one.",
        "**Its claims at the scale quick: 1 held.**",
        "| The larger one is better | held | 2 runs. |",
    ):
        assert words in text
    assert "test" not in text.replace("nothing was chosen", "")


def test_the_report_says_how_to_train_each_network_alone(once, monkeypatch):
    given = []
    monkeypatch.setattr(train, "plainly", lambda progress, **options: given.append(options) or {})
    start = "    python -m keras_vision.train "
    lines = [line for line in (once / "report.md").read_text().splitlines() if line.startswith(start)]
    for line, name in zip(lines, ("2-units-0", "4-units-0"), strict=True):
        assert train_main([*shlex.split(line.removeprefix(start)), "--json"]) == 0
        options, recorded = flat(make(train.settings, **given.pop())), Run(once / "runs" / name).config["settings"]
        assert (options["model"], options["dataset"], options["seed"]) == ("mlp", "digits", 0)
        assert list(options["settings"]["hidden_units"]) == recorded["settings"]["hidden_units"]
        assert recipe_for("mlp", **{name: options[name] for name in FIELDS}).as_dict() == recorded["recipe"]
        assert options["precision"] == recorded["precision"] == "float32"


def test_all_kinds_of_settings_are_written_as_they_are_read():
    settings = {"filters": (16, 32), "blocks": (1,), "whitening": True, "pooling": None, "dropout_rate": 0.1}
    config = {"model": "vgg", "dataset": "cifar10", "recipe": recipe_for("vgg").as_dict(), "views": 6}
    words = shlex.split(train_command(config | {"settings": settings, "seed": 3, "precision": "float32"}))
    assert parse_settings([after for word, after in itertools.pairwise(words) if word == "--set"]) == settings
    assert words[-6:] == ["--views", "6", "--seed", "3", "--precision", "float32"]


@pytest.mark.parametrize("model", ["vgg", "cnn"])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_recipe_with_another_optimizer_is_written_as_it_was(model, optimizer):
    recipe = recipe_for(model, optimizer=optimizer, learning_rate=recipe_for(model).learning_rate)
    config = {"model": model, "dataset": "cifar10", "settings": {}, "seed": 0, "precision": "auto", "views": 1}
    words = shlex.split(train_command(config | {"recipe": recipe.as_dict()}))
    given = {word.removeprefix("--").replace("-", "_"): after for word, after in itertools.pairwise(words)}
    changes = {name: type(getattr(recipe, name))(given[name]) for name in FIELDS if name in given}
    assert recipe_for(model, **changes) == recipe


def test_a_tested_study_reports_the_test_split_its_views_and_that_it_was_opened_once(tmp_path):
    seen = tiny(is_tested=True, cases=lambda scale: [Case("2 units", "mlp", {"hidden_units": (2,)}, views=2)])
    run(tmp_path / "w", seen)
    text = (tmp_path / "w/report.md").read_text()
    assert "test accuracy, %" in text
    assert "opened once for each run" in text
    assert "averaged over several views of it: 2 views with 2 units." in text
    assert rows_in(tmp_path / "w")[0]["test_n"] == "179"


def test_every_run_is_a_session_of_hparams(once):
    for name in ("2-units-0", "4-units-0"):
        log = EventAccumulator(str(once / "runs" / name / "tensorboard")).Reload()
        assert {"_hparams_/session_start_info", "_hparams_/session_end_info"} <= set(log.PluginTagToContent("hparams"))
        assert {"val_accuracy", "parameters", "macs"} <= set(log.Tags()["tensors"])
    log = EventAccumulator(str(once / "tensorboard")).Reload()
    assert "_hparams_/experiment" in log.PluginTagToContent("hparams")
    assert {"curves", "accuracy"} <= set(log.Tags()["images"])


@pytest.fixture
def trained(monkeypatch):
    """The directories that were handed to `train`."""
    called, real = [], trainings.train

    def counted(*args, **options):
        called.append(options["workdir"].name)
        return real(*args, **options)

    monkeypatch.setattr(trainings, "train", counted)
    return called


def test_a_finished_run_is_not_run_again_and_its_record_is_enough_to_add_seeds(finished, trained, tmp_path):
    seen = []
    study = tiny(figures=(lambda table: seen.append(table.first_model("2 units")) or {},))
    run(finished, study)
    assert trained == []
    record_studies.record(finished, tmp_path / "results")
    copied = shutil.copytree(tmp_path / "results" / "tiny", tmp_path / "copied")
    run(copied, study, seeds=2)  # with a report after each seed
    assert trained == ["2-units-1", "4-units-1"]
    assert [row["seed"] for row in rows_in(copied)] == ["0", "1", "0", "1"]
    assert rows_in(copied)[::2] == rows_in(finished)
    assert "± " in (copied / "report.md").read_text()
    assert (copied / "figures" / "curves.png").exists()
    assert seen == [finished / "runs/2-units-0", None, copied / "runs/2-units-1"]


def test_whoever_watches_a_training_is_told_each_epoch_and_its_end(tmp_path):
    study = tiny(scales={"quick": smoke(epochs=2)})
    context = trainings.StudyContext(
        StudyJob("tiny", study, "quick", 1, None, None, tmp_path, "float32", Progress(), "study tiny")
    )
    noted = []
    training = Job(str(tmp_path / "runs" / "2-units-0"), {"case": "2 units", "seed": 0}, 1)
    measured = context.run(training, lambda rows: noted.append([row["epoch"] for row in rows]))
    assert noted == [[1], [1, 2], []]
    assert measured == json.loads((tmp_path / "runs/2-units-0/measured.json").read_text())
    assert trainings.measured_before(context.job, study.cases("quick")[0], 0) == measured


def test_an_interrupted_study_goes_on_where_it_was(finished, trained, monkeypatch):
    shutil.rmtree(finished / "runs" / "4-units-0")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(trainings, "train", interrupt)
        run(finished)
    assert run(finished)["runs"] == 2
    assert trained == ["4-units-0"]


def interrupt(*args, **options):
    raise KeyboardInterrupt


def test_a_scale_has_no_more_seeds_than_it_is_worth(finished, trained):
    run(finished, tiny(scales={"quick": smoke()}), seeds=3)
    assert trained == []


def on_other_data(folder, dataset):
    study = tiny(
        dataset="cifar10",
        scales={"quick": dataclasses.replace(smoke(), dataset=None)},
        cases=lambda scale: [Case("2 units", "mlp", {"hidden_units": (2,)})],
    )
    return run(folder, study, dataset=dataset)


def test_another_data_set_decides_nothing_and_is_not_mixed_with_what_it_was_before_it_changed(tmp_path):
    for seed in (0, 1):
        train_split, test_split = make_split(64, seed=seed), make_split(16, seed=2)
        np.savez(
            tmp_path / "own.npz",
            **{"x_train": train_split.images, "y_train": train_split.labels},
            **{"x_test": test_split.images, "y_test": test_split.labels},
        )
        if seed == 0:
            assert on_other_data(tmp_path / "w", f"npz:{tmp_path}/own.npz")["held"] is None
    trainings.opened_images.cache_clear()  # as in another process
    with pytest.raises(BadInput, match="fingerprint"):
        on_other_data(tmp_path / "w", f"npz:{tmp_path}/own.npz")


def test_a_setting_that_begins_to_vary_is_shown_for_finished_runs_too(finished, trained):
    fast = Case("fast", "mlp", {"hidden_units": (2,)}, {"learning_rate": 0.01})
    run(finished, tiny(cases=lambda scale: [*tiny().cases(scale), fast]))
    assert trained == ["fast-0"]
    assert [row["learning_rate"] for row in rows_in(finished)] == ["0.001", "0.001", "0.01"]


@pytest.mark.parametrize("held", [True, False])
def test_a_smaller_scale_confirms_a_claim_and_does_not_refute_it(finished, held):
    assert run(finished, tiny(claims=claims(held)))["held"] is (held or None)


def test_long_studies_have_a_report_after_each_case(finished, monkeypatch):
    published, real = [], engine.publish

    def publish(job, run, table):
        result = real(job, run, table)
        published.append((job.workdir / "report.md").read_text())
        return result

    monkeypatch.setattr(engine, "publish", publish)
    run(finished, tiny(by_case=True))
    assert len(published) == 2
    assert "- Seeds: 0 (trainings still to come: 1); " in published[0]
    assert "- Seeds: 0; " in published[1]


def test_a_directory_of_another_scale_is_refused(finished):
    with pytest.raises(BadInput, match="scale='quick', not with scale='smoke'"):
        run(finished, scale="smoke")


def test_a_study_that_was_changed_does_not_take_its_old_runs_for_new_ones(finished):
    changed = tiny(scales={"quick": smoke(learning_rate=0.5)})
    with pytest.raises(BadInput, match=r"recipe\.learning_rate=0\.5"):
        run(finished, changed)


def test_a_builder_takes_the_place_of_the_familys_and_is_recorded(tmp_path):
    train("lstm", builder=plain_rnn, settings={"units": 3}, dataset="digits", epochs=1, workdir=tmp_path / "w")
    recorded = Run(tmp_path / "w").config["settings"]
    assert recorded["builder"] == "keras_vision.studies.rnn_lstm.plain_rnn"
    assert load_model(tmp_path / "w").name == "plain_rnn"
    with pytest.raises(BadInput, match="started with builder='keras_vision"):
        train("lstm", settings={"units": 3}, dataset="digits", epochs=1, workdir=tmp_path / "w")


@pytest.fixture
def diverging():
    """A study with a network whose steps are so long that its loss becomes infinite."""
    settings = {"hidden_units": (8, 8, 8), "activation": "linear"}
    wild = Case("wild", "mlp", settings, {"optimizer": "sgd", "learning_rate": 100.0})
    return tiny(cases=lambda scale: [tiny().cases(scale)[0], wild])


def test_a_case_that_diverges_has_a_row_without_numbers_and_no_answer_is_made_up(finished, trained, diverging):
    result = run(finished, diverging)
    assert trained == ["wild-0"]
    assert (result["held"], result["answer"].split(".")[0]) == (None, "These diverged with every seed: wild")
    assert [bool(row["val_accuracy"]) for row in rows_in(finished)] == [True, False]
    assert "These diverged and have no numbers: wild with seed 0." in (finished / "report.md").read_text()
    expecting = dataclasses.replace(diverging, may_diverge=True)
    assert run(finished, expecting)["answer"] == "The best is 2 units."


def test_a_first_case_that_diverges_does_not_end_the_others(tmp_path, diverging):
    figures = (lambda table: pytest.fail("drawn without a case that it needs"),)
    swapped = lambda scale: diverging.cases(scale)[::-1]  # noqa: E731
    changes = {"is_tested": True, "by_case": True, "figures": figures, "cases": swapped}
    result = run(tmp_path / "w", dataclasses.replace(diverging, **changes))
    assert (result["runs"], result["missing"]) == (2, 0)
    assert "for 2 units with seed 0, on 179 images" in (tmp_path / "w/report.md").read_text()


def test_a_study_whose_runs_all_diverge_fails(tmp_path, diverging):
    alone = dataclasses.replace(diverging, cases=lambda scale: diverging.cases(scale)[1:])
    with pytest.raises(KerasVisionError, match="All runs of the study tiny diverged"):
        run(tmp_path / "w", alone)


def test_what_was_trained_on_two_machines_says_what_it_cost_on_each(finished):
    config = finished / "runs" / "4-units-0" / "config.json"
    changed = json.loads(config.read_text())
    changed["machine"]["processor"] = "a faster one"
    config.write_text(json.dumps(changed | {"devices": ["GPU:0"]}))
    run(finished)
    lines = [line for line in (finished / "report.md").read_text().splitlines() if line.startswith("- Machine:")]
    assert len(lines) == 2
    assert all(line.endswith(" for 1 of the trainings.") for line in lines)
    assert f"a faster one, {changed['machine']['cores']} cores, GPUs: 1; TensorFlow" in lines[1]


def test_runs_of_a_version_whose_recipes_had_fewer_fields_are_not_run_again(finished, trained):
    for config in finished.glob("runs/*/config.json"):
        known = json.loads(config.read_text())
        del known["settings"]["recipe"]["patience"], known["settings"]["metric"]
        config.write_text(json.dumps(known))
    run(finished)
    assert trained == []
