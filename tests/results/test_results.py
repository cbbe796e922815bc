"""What front doors return to Python: fields, rows, tables, pictures, and how a notebook shows them."""

import csv
import inspect
import json
import subprocess
import sys

import pytest
from PIL import Image

import keras_vision as kv
from keras_vision.cli.front_door import front_door
from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.results.answers import Answers
from keras_vision.results.findings import EvaluateResult
from keras_vision.results.result import Result
from keras_vision.results.rows import rows_in
from keras_vision.results.runs import TrainResult, TuneResult
from tests.test_arrows import FRONT_DOORS, HEAVY


@pytest.fixture
def run(tmp_path):
    """A run directory as far as results read it."""
    (tmp_path / "metrics.jsonl").write_text('{"epoch": 1, "accuracy": 0.5}\n{"epoch": 2, "accuracy": 0.75}\n')
    with open(tmp_path / "trials.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("trial", "val_accuracy", "parameters", "whitening", "filters", "reason"))
        writer.writerows([("0000", "0.5", "12", "True", "16", ""), ("0001", "", "9", "False", "16-32", "")])
    (tmp_path / "figures").mkdir()
    Image.new("RGB", (900, 90), "red").save(tmp_path / "figures" / "front.png")
    return str(tmp_path)


def test_a_result_has_fields_and_is_read_as_what_the_command_prints(run):
    record = {"workdir": run, "val_accuracy": 0.75, "test": {"accuracy": 0.7}, "best_epoch": 2}
    result = TrainResult.of(record)
    assert (result.val_accuracy, result.test["accuracy"], result.parameters) == (0.75, 0.7, None)
    assert dict(result) == json.loads(json.dumps(record))
    assert result["best_epoch"] == 2 and "epochs" not in result
    assert repr(result) == f"TrainResult(workdir={run!r}, val_accuracy=0.75, test_accuracy=0.7)"
    with pytest.raises(AttributeError):
        result.val_accuracy = 1.0


def test_a_table_has_numbers_as_numbers_and_names_as_names(run):
    result = TuneResult.of({"workdir": run})
    first, second = result.rows
    assert first == {
        **{"trial": "0000", "val_accuracy": 0.5, "parameters": 12},
        **{"whitening": True, "filters": "16", "reason": None},
    }
    assert (second["val_accuracy"], second["whitening"], second["filters"]) == (None, False, "16-32")
    assert TrainResult.of({"workdir": run}).rows[1] == {"epoch": 2, "accuracy": 0.75}
    assert rows_in(result.run.path / "none.csv") == []


def test_a_table_is_a_data_frame(run):
    pandas = pytest.importorskip("pandas")
    table = TuneResult.of({"workdir": run}).table
    assert isinstance(table, pandas.DataFrame)
    assert table["parameters"].sum() == 21


def test_without_pandas_a_table_says_what_to_do(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    result = TuneResult.of({"workdir": run})
    with pytest.raises(KerasVisionError, match=r"pip install pandas\), or use rows"):
        _ = result.table
    assert "<td>0001</td>" in result._repr_html_()


def test_a_notebook_shows_facts_rows_and_small_pictures(run):
    result = TuneResult.of({"workdir": run, "reached": True, "trials": "<b>"})
    page = result._repr_html_()
    assert "<strong>TuneResult</strong>" in page and "&lt;b&gt;" in page
    assert page.count("<img") == 1 and 'alt="front"' in page
    assert len(page) < 3000
    assert "reason" not in page  # a column without values
    assert page.count("<img") == result.figures._repr_html_().count("<img")
    assert result.figures["front"]._repr_png_()[1:4] == b"PNG"
    with Image.open(result.figures["front"]) as picture:
        assert picture.size == (900, 90)


def test_a_long_table_is_cut_in_a_notebook():
    rows = [{"name": str(number), "n": number} for number in range(30)]
    assert "20 more rows" in EvaluateResult.of({"classes": rows})._repr_html_()


def test_answers_come_one_by_one_and_stay():
    read = []

    def coming():
        for name in ("a", "b", "c"):
            read.append(name)
            yield {"image": name, "predictions": [{"class": "cat", "probability": 0.5}]}

    answers = Answers(coming())
    assert read == ["a"]
    assert next(iter(answers))["image"] == "a" and read == ["a"]
    assert repr(answers) == "Answers(a: cat, ...)"
    assert [one["image"] for one in answers] == ["a", "b", "c"] == [one["image"] for one in answers]
    assert answers.rows[2] == {"image": "c", "class": "cat", "probability": 0.5}
    assert read == ["a", "b", "c"]


def test_every_front_door_is_a_function_of_the_package_and_says_what_it_returns():
    for name in FRONT_DOORS:
        door = getattr(kv, name)
        assert inspect.isfunction(door), name
        assert door.settings.__name__ == f"{name.capitalize()}Settings"


def test_a_result_stands_for_its_run_directory(run):
    @front_door(kv.evaluate.settings)
    def given(asked, progress):
        return {"source": asked.source}

    assert given(TrainResult.of({"workdir": run}))["source"] == run
    assert type(given("runs/else")) is Result


def test_data_is_a_path_or_a_data_set(tmp_path):
    @front_door(kv.train.settings)
    def given(asked, progress):
        return {"dataset": asked.data.dataset}

    (tmp_path / "x.npz").touch()
    assert given(data=tmp_path)["dataset"] == f"folder:{tmp_path}"
    assert given(data=str(tmp_path / "x.npz"))["dataset"] == f"npz:{tmp_path / 'x.npz'}"
    assert given(data="digits")["dataset"] == given(dataset="digits")["dataset"] == "digits"
    with pytest.raises(BadInput, match=r"data='digit' is neither a folder of images.* Did you mean 'digits'"):
        given(data="digit")
    with pytest.raises(BadInput, match="data='digits' and dataset='mnist' say the same"):
        given(data="digits", dataset="mnist")
    with pytest.raises(BadInput, match=r"no setting 'target'. Did you mean 'target_acc'"):
        kv.tune("vgg", target=0.9)


def test_importing_the_package_and_asking_for_a_front_door_imports_nothing_heavy():
    code = (
        "import sys, keras_vision as kv\n"
        "import keras_vision.tune, keras_vision.report\n"
        f"sys.exit(', '.join({HEAVY} & set(sys.modules)) or kv.tune.__name__ != 'tune')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
