import os
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import pytest

from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.runs import (
    Run,
    atomic_path,
    default_workdir,
    file_name,
    first_difference,
    load_model,
    model_file,
    read_card,
    read_json,
    save_model,
    write_json,
)


@pytest.fixture
def model():
    inputs = keras.Input((4,))
    return keras.Model(inputs, keras.layers.Dense(2)(inputs))


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})
    with pytest.raises(RuntimeError, match="halfway"), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError("halfway")
    assert read_json(path) == {"a": 1}
    assert os.listdir(tmp_path) == ["a.json"]


def test_json_is_strict(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"loss": float("nan")})
    assert os.listdir(tmp_path) == []


def test_damaged_json_is_named(tmp_path):
    (tmp_path / "result.json").write_text('{"a": ')
    with pytest.raises(KerasVisionError, match=r"result\.json is damaged"):
        read_json(tmp_path / "result.json")


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ({"seed": 0}, {"seed": 1}, "seed"),
        ({"recipe": {"epochs": 1}}, {"recipe": {"epochs": 2}}, "recipe.epochs"),
        ({"a": 1}, {"a": 1, "b": None}, None),
        ({"a": [1]}, {"a": (1,)}, None),
        ({"max_trials": 1}, {"max_trials": 9}, None),
    ],
)
def test_the_first_difference_is_named(old, new, name):
    difference = first_difference(old, new)
    assert difference is None if name is None else difference[0] == name


def test_a_run_with_other_settings_is_refused_by_name(tmp_path):
    Run(tmp_path / "r").start({"seed": 0})
    with pytest.raises(BadInput, match="started with seed=0, not with seed=1"):
        Run(tmp_path / "r").start({"seed": 1})


def test_a_run_of_another_command_is_refused_by_its_name(tmp_path):
    Run(tmp_path / "r").start({"seed": 0, "strategy": "grow"})
    with pytest.raises(BadInput, match="a run of tune, not of train"):
        Run(tmp_path / "r").start({"seed": 0, "target_acc": 0.9})


def test_a_directory_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(BadInput, match="neither empty nor a run"):
        Run(tmp_path).start({"seed": 0})
    assert (tmp_path / "thesis.tex").read_text() == "precious"


def test_a_second_process_is_refused_and_the_first_named(tmp_path):
    code = "import sys; from keras_vision.runs import Run\nwith Run(sys.argv[1]).locked(): pass"
    with Run(tmp_path).locked():
        second = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=False)
    assert second.returncode != 0
    assert f"in use by process {os.getpid()} on" in second.stderr


def test_the_same_command_finds_its_own_run_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Run(default_workdir("tune", "vgg", "digits", {"seed": 0})).start({"seed": 0})
    assert default_workdir("tune", "vgg", "digits", {"seed": 0}).name == "tune-vgg-digits"
    assert default_workdir("tune", "vgg", "digits", {"seed": 1}).name == "tune-vgg-digits-2"


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        ("npz:/a/b/data.npz", "npz-data"),
        ("folder:C:\\Users\\me\\my photos", "folder-my photos"),
        ("npz:C:/x.npz", "npz-x"),
        ("folder:C:\\", "folder-data"),
        ("folder:/a/what? [*]: <b>", "folder-what- - -b"),
        ("folder:/a/trailing...", "folder-trailing"),
        ("folder:..", "folder-data"),
        ("folder:/a/" + 200 * "長", "folder-" + 60 * "長"),
        ("folder:/a/100% Müll", "folder-100% Müll"),
    ],
)
def test_the_default_directory_of_a_path_is_named_by_its_last_part(dataset, name):
    assert default_workdir("train", "cnn", dataset, {}) == Path(f"runs/train-cnn-{name}")


def test_a_name_that_is_too_long_is_refused(tmp_path):
    with pytest.raises(BadInput, match="File name too long"), Run(tmp_path / ("n" * 300)).locked():
        pass


@pytest.mark.parametrize("letter", ["a", "ü", "長", "𝒳"])
def test_a_name_made_of_words_leaves_room_for_endings_and_ends_with_a_whole_character(letter):
    name = file_name(200 * letter)
    assert set(name) == {letter}
    assert len(name) == min(80, 180 // len(letter.encode()))


def test_a_killed_holder_leaves_a_directory_free(tmp_path):
    code = "import os, sys; from keras_vision.runs import Run\nwith Run(sys.argv[1]).locked(): os._exit(9)"
    assert subprocess.run([sys.executable, "-c", code, tmp_path], check=False).returncode == 9
    with Run(tmp_path).locked() as run:
        run.start({"seed": 0})
    assert "in_use_by.txt" not in os.listdir(tmp_path)


def test_what_a_kill_left_half_written_does_not_block_a_start(tmp_path):
    (tmp_path / ".config.123.tmp.json").write_text("{")
    (tmp_path / "lock").touch()
    Run(tmp_path).start({"seed": 0})
    assert sorted(os.listdir(tmp_path)) == ["config.json", "lock"]


def test_a_refused_directory_is_left_as_it_was(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(BadInput, match="neither empty nor a run"), Run(tmp_path).locked():
        pass
    assert os.listdir(tmp_path) == ["thesis.tex"]


@pytest.mark.parametrize("content", ['{"architectures": ["ViT"]}', "[]", '{"settings": 3}'])
def test_a_config_json_of_something_else_is_refused_and_nothing_written_beside_it(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(BadInput, match=r"config\.json was not written by this program"), Run(tmp_path).locked():
        pass
    assert os.listdir(tmp_path) == ["config.json"]


def test_the_first_machine_and_versions_stay_recorded(tmp_path):
    Run(tmp_path).start({"seed": 0, "max_trials": 1}, precision="float32")
    first = Run(tmp_path).config
    Run(tmp_path).start({"seed": 0, "max_trials": 2}, precision="mixed_bfloat16")
    config = Run(tmp_path).config
    assert (config["started"], config["precision"]) == (first["started"], "float32")
    assert config["settings"]["max_trials"] == 2
    assert config["continued"][0]["precision"] == "mixed_bfloat16"


def test_a_model_file_carries_its_card(tmp_path, model):
    save_model(model, tmp_path / "model.keras", {"class_names": ["a", "b"]})
    assert read_card(tmp_path)["class_names"] == ["a", "b"]
    assert load_model(tmp_path).count_params() == model.count_params()


def test_a_failing_save_keeps_the_old_model(tmp_path, model, monkeypatch):
    path = tmp_path / "model.keras"
    save_model(model, path, {})
    before = path.read_bytes()

    def fill_the_disk(self, path, **options):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keras.Model, "save", fill_the_disk)
    with pytest.raises(OSError, match="No space left"):
        save_model(model, path, {})
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("hf://someone/model.keras", "is not fetched"),
        ("https://example.org/model.keras", "is not fetched"),
        ("missing.keras", "There is no "),
        ("weights.h5", "other formats can run code"),
        ("model.pkl", "other formats can run code"),
        ("link.keras", "weights.h5, is not a .keras file"),
        ("pipe.keras", "other formats can run code"),
        ("loop.keras", "There is no "),
    ],
)
def test_other_sources_of_models_are_refused(name, mend, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for other in ("weights.h5", "model.pkl"):
        Path(other).touch()
    os.symlink("weights.h5", "link.keras")
    os.symlink("loop.keras", "loop.keras")
    os.mkfifo("pipe.keras")
    with pytest.raises(BadInput, match=r"Give a run directory or a local \.keras file") as caught:
        model_file(name)
    assert mend in str(caught.value)


@pytest.mark.parametrize("content", [b"\x89HDF\r\n\x1a\n", b"cos\nsystem\n(S'touch canary'\ntR.", b"", b"PK\x03\x04"])
def test_another_format_under_the_right_name_is_refused(content, tmp_path):
    (tmp_path / "model.keras").write_bytes(content)
    with pytest.raises(BadInput, match=r"is damaged or cannot be read"):
        load_model(tmp_path)


def test_a_model_with_code_in_it_is_refused(tmp_path, model):
    inputs = keras.Input((4,))
    evil = keras.Model(inputs, keras.layers.Lambda(lambda x: x)(inputs))
    evil.save(tmp_path / "model.keras")
    with pytest.raises(BadInput, match=r"Lambda' named 'lambda.*holds Python code"):
        load_model(tmp_path / "model.keras")


def test_a_foreign_model_has_an_empty_card(tmp_path, model):
    model.save(tmp_path / "model.keras")
    assert read_card(tmp_path / "model.keras") == {}
    assert zipfile.is_zipfile(tmp_path / "model.keras")


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [({}, {"metric": "accuracy"}, "metric"), ({"recipe": {}}, {"recipe": {"patience": 0.25}}, "recipe.patience")],
)
def test_a_run_of_a_version_that_knew_fewer_settings_is_told_from_one_with_others(tmp_path, old, new, name):
    Run(tmp_path).start({"seed": 0, **old})
    with pytest.raises(BadInput, match=f"another version of this program, which had no setting '{name}'"):
        Run(tmp_path).start({"seed": 0, "confirm": 3, **new})


def test_a_write_to_a_full_disk_says_where(tmp_path):
    with pytest.raises(OSError, match=r"No space left on device: .*a\.json") as full, atomic_path(tmp_path / "a.json"):
        raise OSError(28, "No space left on device")
    assert full.value.filename == str(tmp_path / "a.json")
