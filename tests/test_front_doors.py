"""The front doors as a person uses them: words in, an exit code and lines out, on data that needs no download."""

import contextlib
import csv
import importlib
import io
import itertools
import json
import sys
import types
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from keras_vision.errors import BadInput
from keras_vision.evaluate import main as evaluate_main
from keras_vision.models.normalization import normalize
from keras_vision.report import main as report_main
from keras_vision.runs import Run
from keras_vision.search.executors import runner
from keras_vision.train import main as train_main
from keras_vision.train import train
from keras_vision.training.evaluation import score
from keras_vision.tune import main as tune_main
from tests.synthetic import make_split

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("bare_runs")]


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write_images(folder):
    """Writes made-up images in three classes as an npz file and returns its name as a data set."""
    train, test = make_split(240, seed=1), make_split(60, seed=2)
    path = folder / "made_up.npz"
    np.savez(path, x_train=train.images, y_train=train.labels, x_test=test.images, y_test=test.labels)
    return f"npz:{path}"


@pytest.fixture
def images(tmp_path):
    return write_images(tmp_path)


def tune(*words):
    return tune_main(["--model", "mlp", "--strategy", "random", "--epochs", "2", *words])


@pytest.fixture(scope="module")
def search(tmp_path_factory):
    """A search that came to its target: its run, words, exit code and output; to be looked at only."""
    folder = tmp_path_factory.mktemp("search")
    words = ["--model", "vgg", "--dataset", write_images(folder), "--target-acc", "0.8", "--epochs", "6"]
    words += ["--batch-size", "32", "--max-trials", "4", "--confirm", "2", "--workdir", str(folder / "w")]
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as out:
        patch.setattr(runner, "latency_ms", lambda model: 1.5)
        code = tune_main(words)
    return types.SimpleNamespace(run=Run(folder / "w"), words=words, code=code, out=out.getvalue())


def test_a_search_reaches_its_target_and_says_where_things_are(search):
    lines, result = search.out.splitlines(), search.run.result
    assert search.code == 0
    assert result["at_least"] >= 0.8
    shown = f"target 0.8 reached: with 95% confidence the accuracy on new images is at least {result['at_least']:.4f}"
    assert any(line.startswith(shown) for line in lines)
    assert any(
        line.startswith("TensorBoard") and line.endswith(f"tensorboard --host localhost --logdir {search.run.path}")
        for line in lines
    )
    assert lines[-1].startswith("test accuracy")
    assert "on 60 images" in lines[-1]
    assert "95% interval" in lines[-1]
    for name in ("config.json", "result.json", "model.keras", "trials.jsonl", "trials.csv", "tensorboard"):
        assert (search.run.path / name).exists()
    assert {path.name for path in search.run.figures.iterdir()} >= {"first_layer_kernels.png", "confusion_matrix.png"}


def test_a_search_ends_at_the_smallest_network_and_says_what_it_cost(search, capsys):
    trials = list(csv.DictReader(io.StringIO((search.run.path / "trials.csv").read_text())))
    result = search.run.result
    scores = [(int(trial["parameters"]), float(trial["val_accuracy"])) for trial in trials if trial["val_accuracy"]]
    assert result["parameters"] == min(size for size, score in scores if score >= result["goal"] > 0.8)
    assert "; looking for a smaller one" in search.out
    assert "full trainings of the first network that reached the target" in search.out
    assert "trained anew: " in search.out
    assert report_main([str(search.run.path)]) == 0
    assert "Pareto front:" in capsys.readouterr().out


def test_a_search_started_again_does_not_repeat_itself(search, capsys):
    ledger = (search.run.path / "trials.jsonl").read_bytes()
    assert tune_main(["--config", str(search.run.config_path), "--workdir", str(search.run.path)]) == 0
    assert (search.run.path / "trials.jsonl").read_bytes() == ledger
    assert "this split has been measured" not in capsys.readouterr().out


def test_a_target_that_is_not_reached_exits_3_with_the_best_and_no_look_at_the_test_split(images, capsys):
    words = ("--dataset", images, "--target-acc", "1", "--confirm", "0", "--epochs", "1", "--workdir", "w")
    assert tune(*words, "--max-trials", "1") == 3
    out = capsys.readouterr().out
    assert "target 1 not reached: " in out
    assert "test accuracy" not in out
    assert not (Run("w").path / "test_looks.json").exists()
    tune(*words, "--max-trials", "2")  # a larger budget goes on
    assert sum(b'"asked"' in line for line in (Run("w").path / "trials.jsonl").read_bytes().splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--model", "vg"], "Did you mean 'vgg'"),
        (["--dataset", "fashion-mnist"], "Did you mean 'fashion_mnist'"),
        (["--target-acc", "90"], "target_acc must be a share between 0 and 1, not 90. For 90% write 0.9."),
        (["--target-acc", "nan"], "target_acc must be a share between 0 and 1, not nan."),
        (["--strategy", "gird"], "Did you mean 'grid'"),
        (["--strategy", "grow"], "--target-acc SHARE"),
        (["--polish", "bayes"], "Did you mean 'bayesian'"),
        (["--max-trials", "0"], "max_trials must be a positive number, not 0."),
        (["--max-params", "0"], "max_params must be a positive number, not 0."),
        (["--max-latency-ms", "-1"], "max_latency_ms must be a positive number, not -1"),
        (["--keep", "0"], "keep must be a positive number, not 0."),
        (["--max-minutes", "-1"], "max_minutes must be a positive number of minutes, not -1"),
        (["--max-minutes", "inf"], "max_minutes must be a positive number of minutes, not inf"),
        (["--epochs", "0"], "epochs must be a whole number of at least 1, not 0."),
        (["--batch-size", "-4"], "batch_size must be a whole number of at least 1, not -4."),
        (["--precision", "float16"], "mixed_float16"),
        (["--data-dir", "missing"], "missing"),
        (
            ["--space", "missing.py", "--dataset", "digits"],
            "There is no Python file missing.py. Give one with model_space",
        ),
        (["--trials", "3"], "Did you mean '--max-trials'?"),
        (["--seed", "-1"], "seed must be a whole number from 0 to 2147483647, not -1."),
        (["--workdir", ""], "workdir is empty. Name a folder, or leave it out."),
    ],
)
def test_bad_input_exits_2_and_writes_nothing(words, message, capsys, tmp_path):
    assert tune_main(words) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--set", "filter=3"], "Did you mean 'filters'"), (["--workdir", "thesis"], "neither empty nor a run")],
)
def test_a_training_is_refused_before_its_data_is_read(words, message, capsys):
    Path("thesis").mkdir()
    Path("thesis/main.tex").touch()
    Path("damaged.npz").touch()
    assert train_main(["--model", "cnn", "--dataset", "npz:damaged.npz", *words]) == 2
    assert message in capsys.readouterr().err


def test_a_search_is_refused_before_its_data_is_read(capsys):
    Path("thesis").mkdir()
    Path("thesis/main.tex").touch()
    Path("damaged.npz").touch()
    assert tune_main(["--model", "cnn", "--dataset", "npz:damaged.npz", "--workdir", "thesis"]) == 2
    assert "neither empty nor a run" in capsys.readouterr().err


BEFORE_THE_SOURCE = {  # command -> what is written before its data set
    "train": ["--model", "cnn", "--dataset"],
    "tune": ["--model", "cnn", "--dataset"],
    "audit": [],
    "study": ["mixer_best", "--dataset"],
    "describe": ["--model", "cnn", "--gradients", "--dataset"],
    "evaluate": ["RUN", "--dataset"],
    "export": ["RUN", "--format", "keras", "--dataset"],
}


@pytest.mark.parametrize("name", BEFORE_THE_SOURCE)
def test_a_source_that_is_not_there_is_refused_before_keras_is_loaded(name, search, capsys, monkeypatch):
    command = importlib.import_module(f"keras_vision.{name}")
    monkeypatch.setattr(command, "carry_out", None)
    words = [str(search.run.path) if word == "RUN" else word for word in BEFORE_THE_SOURCE[name]]
    assert command.main([*words, "folder:nowhere"]) == 2
    assert "The folder nowhere does not exist. Give a folder" in capsys.readouterr().err


def test_a_command_that_came_to_its_end_is_answered_without_keras(capsys, monkeypatch):
    words = ["--model", "cnn", "--dataset", "digits", "--epochs", "1", "--set", "filters=4,"]
    assert train_main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    monkeypatch.setattr(sys.modules["keras_vision.train"], "carry_out", None)
    assert train_main(words) == 0
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("The run in runs/train-cnn-digits is finished, so this is its result.")
    assert rest == lines[-len(rest) :]


@pytest.mark.parametrize("command", [train_main, tune_main])
def test_a_file_is_no_workdir(command, images, capsys):
    Path("thesis.tex").write_text("mine")
    assert command(["--model", "cnn", "--dataset", images, "--workdir", "thesis.tex"]) == 2
    assert "is a file, not a directory" in capsys.readouterr().err
    assert Path("thesis.tex").read_text() == "mine"


def averaging(shape, classes):
    """A network that looks at no pixel by itself."""
    pixels = keras.Input(shape)
    return keras.Model(pixels, keras.layers.Dense(classes)(keras.layers.GlobalAveragePooling2D()(normalize(pixels))))


@keras.saving.register_keras_serializable("elsewhere")
class Own(keras.layers.Layer):
    """A layer that no model file may hold."""

    def call(self, pixels):
        return pixels


@pytest.mark.usefixtures("drawn")
def test_a_builders_network_without_kernels_is_measured_and_its_mistakes_are_drawn(images):
    result = train("cnn", builder=averaging, dataset=images, epochs=1, workdir="w")
    assert result["test"]["n"] == 60
    assert sorted(path.name for path in Run("w").figures.iterdir()) == [
        "confident_mistakes.png",
        "confusion_matrix.png",
        "reliability.png",
    ]


def test_what_was_decided_about_the_images_and_what_is_odd_about_them_is_recorded():
    x, y = np.random.default_rng(0).integers(0, 256, (24, 8, 8), dtype=np.uint8), np.arange(24) % 2
    np.savez("whole.npz", x_train=x, y_train=y)
    train("cnn", dataset="npz:whole.npz", epochs=1, settings={"filters": (2,)}, workdir="recorded")
    config = Run("recorded").config
    assert "2 classes: 0, 1." in config["decisions"]
    assert config["warnings"] == ["There is no test split, so 2 images were set aside as one, the same for every seed."]


def test_a_builders_network_that_could_not_be_loaded_is_not_trained(images):
    def build(shape, classes):
        pixels = keras.Input(shape)
        x = Own()(normalize(pixels))
        return keras.Model(pixels, keras.layers.Dense(classes)(keras.layers.Flatten()(x)))

    with pytest.raises(BadInput, match=r"of the builder .*Own.* is not known to be harmless"):
        train("cnn", builder=build, dataset=images, epochs=1, workdir="w")
    assert not Path("w").exists()


def test_a_workdir_of_another_search_is_refused_by_the_field(search, capsys):
    ledger = (search.run.path / "trials.jsonl").read_bytes()
    Path("own.py").write_text("LADDER = ({'filters': (4,), 'blocks': (1,)},)\n")
    for changed, message in (
        (("--seed", "1"), "started with seed=0, not with seed=1"),
        (("--target-acc", "0.5"), "started with target_acc=0.8, not with target_acc=0.5"),
        (("--max-params", "1000000"), "started with max_params=None, not with max_params=1000000"),
        (("--precision", "float32"), "started with precision='auto', not with precision='float32'"),
        (("--epochs", "5"), "space.recipe.epochs=6, not with space.recipe.epochs=5"),
        (("--space", "own.py"), "space."),
    ):
        assert tune_main([*search.words, *changed]) == 2
        assert message in capsys.readouterr().err
    assert (search.run.path / "trials.jsonl").read_bytes() == ledger


def test_images_that_changed_are_not_those_of_a_search(images, capsys):
    words = ("--dataset", images, "--workdir", "w", "--max-trials", "1", "--max-minutes", "1e-9")
    assert tune(*words) == 0
    np.savez("made_up.npz", **{name: array[::-1] for name, array in np.load("made_up.npz").items()})
    assert tune(*words) == 2
    assert "fingerprint=" in capsys.readouterr().err


def test_train_then_evaluate(images, capsys, monkeypatch):
    words = ["--model", "cnn", "--dataset", images, "--epochs", "3", "--batch-size", "32", "--set", "filters=8,16"]
    assert train_main([*words, "--json", "--workdir", "w"]) == 0
    trained = json.loads(capsys.readouterr().out)
    assert trained["test"]["looks"] == 1
    assert evaluate_main(["w", "--json"]) == 0
    evaluated = json.loads(capsys.readouterr().out)
    assert evaluated["accuracy"] == trained["test"]["accuracy"]
    assert evaluated["looks"] == 2
    assert evaluate_main(["w", "--split", "validation", "--json"]) == 0
    validation = json.loads(capsys.readouterr().out)
    assert validation["accuracy"] == pytest.approx(trained["val_accuracy"])
    assert evaluate_main(["w", "--views", "2", "--json"]) == 0
    mirrored = json.loads(capsys.readouterr().out)
    assert (mirrored["views"], evaluated["views"], trained["test"]["views"]) == (2, 1, 1)
    assert mirrored["crossentropy"] != evaluated["crossentropy"]
    run = Path("w").resolve()
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")  # the data is recorded with its whole path
    assert evaluate_main([str(run), "--split", "validation", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == validation["accuracy"]
    assert evaluate_main([str(run), "--dataset", "digits"]) == 2
    message = capsys.readouterr().err
    assert "digits has images of classes that the model does not know: '3', '4'" in message
    assert "The model's classes are 0, 1, 2." in message


def test_a_finished_run_is_not_made_again_and_is_one_session_of_hparams_with_its_settings(images, capsys, monkeypatch):
    words = ["--model", "cnn", "--dataset", images, "--epochs", "1", "--set", "filters=4,8", "--workdir", "w"]
    assert train_main(words) == 0
    before = (Run("w").path / "model.keras").read_bytes()
    monkeypatch.setattr("keras_vision.commands.train.choose", None)  # no network is made
    capsys.readouterr()
    assert train_main(["--config", "w/config.json", "--workdir", "w"]) == 0  # its record says what it was asked for
    out = capsys.readouterr().out
    assert (
        out.startswith("The same command came to its end before, in w.") and "This run is finished, so this is" in out
    )
    assert (Run("w").path / "model.keras").read_bytes() == before
    log = EventAccumulator(str(Run("w").tensorboard)).Reload()
    content = log.PluginTagToContent("hparams")["_hparams_/session_start_info"]
    settings = HParamsPluginData.FromString(content).session_start_info.hparams
    assert settings["filters"].string_value == "4-8"
    assert settings["epochs"].number_value == 1
    (accuracy,) = log.Tensors("val_accuracy")
    assert accuracy.tensor_proto.float_val[0] == pytest.approx(Run("w").result["val_accuracy"])
    assert Run("w").config["model_settings"]["kernel_size"] == 3


def test_train_measures_the_views_that_were_asked_for(images, capsys):
    words = ["--model", "cnn", "--dataset", images, "--epochs", "1", "--set", "filters=4,", "--workdir", "w"]
    assert train_main([*words, "--views", "6"]) == 0
    assert "in 6 views (95% interval" in capsys.readouterr().out
    test = Run("w").result["test"]
    assert evaluate_main(["w", "--views", "6", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["crossentropy"] == pytest.approx(test["crossentropy"])
    assert train_main([*words, "--views", "3"]) == 2
    assert "views must be 1, 2 or 6, not 3." in capsys.readouterr().err


def test_a_run_that_is_out_of_time_goes_on_with_more(images, capsys):
    words = ["--model", "cnn", "--dataset", images, "--epochs", "2", "--set", "filters=4,", "--workdir", "w"]
    assert train_main([*words, "--max-minutes", "1e-9"]) == 0
    assert not Run("w").finished
    assert "test accuracy" not in capsys.readouterr().out
    assert train_main([*words, "--max-minutes", "9"]) == 0
    out = capsys.readouterr().out
    assert "continues after epoch 1 of 2" in out
    assert "test accuracy" in out
    assert len(Run("w").config["continued"]) == 1


def test_a_search_that_is_out_of_time_leaves_its_trial_open(images):
    words = ("--dataset", images, "--workdir", "w", "--max-trials", "1")
    assert tune(*words, "--max-minutes", "1e-9") == 0
    assert b'"completed"' not in (Run("w").path / "trials.jsonl").read_bytes()
    assert "test" not in Run("w").result
    tune(*words, "--max-minutes", "9")
    assert Run("w").result["epochs_run"] == 2
    assert Run("w").result["test"]["looks"] == 1


def test_an_unreadable_test_split_does_not_hide_what_was_reached(capsys):
    for split, name, number in itertools.product(("train", "test"), ("cat", "dog"), range(30)):
        Path("photos", split, name).mkdir(parents=True, exist_ok=True)
        pixels = np.full((8, 8), 4 * number + 100 * (name == "cat"), np.uint8)
        Image.fromarray(pixels).save(Path("photos", split, name, f"{number}.png"))
    Path("photos/test/cat/0.png").write_bytes(b"no image")
    words = ["--model", "cnn", "--dataset", "folder:photos", "--epochs", "1", "--set", "filters=4,", "--workdir", "w"]
    assert train_main(words) == 1
    out = capsys.readouterr().out
    assert "warning: The test images could not be read. " in out
    assert "validation accuracy" in out


def test_the_interval_of_a_score_is_wilsons():
    logits = np.zeros((100, 2))
    logits[:, 0] = 1.0
    result = score(logits, np.array([0] * 90 + [1] * 10))
    assert result["accuracy"] == 0.9
    assert result["interval"] == [0.8256, 0.9448]


def test_digits_reach_their_target_with_nothing_but_the_package():
    words = ["--dataset", "digits", "--model", "cnn", "--target-acc", "0.9", "--epochs", "3", "--confirm", "1"]
    assert tune_main(words) == 0


@pytest.mark.real_data
def test_real_images_of_fashion_are_learned(fashion_mnist_dir, capsys):
    network = ["--model", "mlp", "--set", "hidden_units=64,"]
    recipe = ["--epochs", "1", "--batch-size", "512"]
    assert train_main([*network, *recipe, "--data-dir", str(fashion_mnist_dir), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["test"]["n"] == 10_000
    assert result["test"]["accuracy"] > 0.7


def test_a_training_for_balanced_accuracy_weighs_its_classes_and_records_it(images, capsys):
    words = ["--model", "cnn", "--dataset", images, "--epochs", "2", "--set", "filters=4,"]
    words += ["--workdir", "w", "--target-acc", "0.01"]
    assert train_main([*words, "--metric", "balanced_accuracy"]) == 0
    assert "target balanced accuracy 0.01 reached: validation balanced accuracy" in capsys.readouterr().out
    settings = Run("w").config["settings"]
    assert (settings["metric"], settings["recipe"]["class_weight"]) == ("balanced_accuracy", "balanced")


FOLDED = ["--model", "cnn", "--epochs", "2", "--batch-size", "32", "--set", "filters=4,", "--folds", "3"]


def folds_of(run):
    return [Run(run.path / "folds" / str(number)) for number in (1, 2, 3)]


@pytest.fixture(scope="module")
def folded(tmp_path_factory, bare_module):
    """A cross-validation: its run, its words and what it printed; to be looked at only."""
    folder = tmp_path_factory.mktemp("folded")
    words = [*FOLDED, "--dataset", write_images(folder), "--workdir", str(folder / "w")]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert train_main([*words, "--json"]) == 0
    return types.SimpleNamespace(run=Run(folder / "w"), words=words, out=out.getvalue())


def test_a_cross_validation_trains_a_run_for_each_fold_and_opens_no_test_split(folded, capsys):
    result, run = json.loads(folded.out), folded.run
    scores = [fold.result["val_accuracy"] for fold in folds_of(run)]
    assert result["val_accuracy"] == pytest.approx(np.mean(scores)) == pytest.approx(run.result["val_score"])
    low, high = result["interval"]
    assert low <= result["val_accuracy"] <= high
    assert "test" not in result and not list(run.path.rglob("test_looks.json"))
    assert all(fold.result["best_epoch"] == 2 for fold in folds_of(run))  # the last: none is chosen by its fold
    before = run.result_path.read_bytes(), [fold.model_path.read_bytes() for fold in folds_of(run)]
    assert train_main(folded.words) == 0  # nothing is trained again
    assert (run.result_path.read_bytes(), [fold.model_path.read_bytes() for fold in folds_of(run)]) == before
    out = capsys.readouterr().out
    assert f"accuracy {np.mean(scores):.4f} on average of 3 folds (95% interval" in out.splitlines()[-1]
    assert "Fold by fold" in (run.path / "index.html").read_text(encoding="utf-8")
    assert report_main([str(run.path)]) == 0
    assert "on average of 3 folds" in capsys.readouterr().out


def test_the_model_of_a_fold_is_measured_on_the_images_that_it_was_not_trained_on(folded, capsys):
    for fold in folds_of(folded.run):
        assert evaluate_main([str(fold.path), "--split", "validation", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["n"] == 80
        assert found["accuracy"] == pytest.approx(fold.result["val_accuracy"])


def test_a_cross_validation_that_is_out_of_time_goes_on_with_the_fold_that_it_left(images, capsys):
    words = [*FOLDED, "--dataset", images, "--workdir", "w"]
    assert train_main([*words, "--max-minutes", "1e-9"]) == 0
    assert "Time ran out before the last fold" in capsys.readouterr().out
    assert not Run("w").finished
    assert train_main([*words, "--max-minutes", "9"]) == 0
    assert "continues after epoch 1 of 2" in capsys.readouterr().out
    assert all(fold.finished for fold in folds_of(Run("w")))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--folds", "1"], "folds must be a whole number of at least 2, not 1."),
        (["--folds", "3", "--target-acc", "0.9"], "Folds measure a recipe, which has no target."),
        (["--folds", "3", "--patience", "0.5"], "Leave out --folds, or --patience and --views."),
        (["--folds", "3", "--views", "2"], "Leave out --folds, or --patience and --views."),
    ],
)
def test_folds_that_make_no_sense_are_refused(words, message, capsys):
    assert train_main(words) == 2
    assert message in capsys.readouterr().err


def test_a_run_that_was_one_training_is_no_cross_validation(images, capsys):
    words = ["--model", "cnn", "--dataset", images, "--epochs", "1", "--set", "filters=4,", "--workdir", "w"]
    assert train_main(words) == 0
    assert train_main([*words, "--folds", "3"]) == 2
    assert "Give another --workdir" in capsys.readouterr().err
