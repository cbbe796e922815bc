"""`audit` as a person uses it: a folder in; a table, a list, contact sheets and a cleaned table out."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from keras_vision.audit import audit, main
from keras_vision.commands import audit as command
from keras_vision.commands import audit_labels
from keras_vision.data.source import DataSource
from keras_vision.errors import BadInput
from keras_vision.train import train


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def folder():
    """Dark cats and bright dogs in noise of their own; one cat twice, one blank, and one cat among the dogs."""
    noise = gaussian_filter(np.random.default_rng(0).normal(size=(80, 16, 16)), (0, 1, 1))
    images = np.clip(70 + 80 * noise + 110 * (np.arange(80) >= 40)[:, None, None], 0, 255).astype(np.uint8)
    images[1], images[2] = images[0], 90
    images[41] = 250 - images[41]
    for number, image in enumerate(images):
        file = Path("photos") / ("cat" if number < 40 else "dog") / f"n{number}x.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(file)
    (Path("photos") / "dog" / "empty.png").touch()
    return "folder:photos"


def lines():
    return list(csv.DictReader(Path("audit/findings.csv").read_text(encoding="utf-8").splitlines()))


def test_findings_are_listed_one_line_each_and_drawn(folder, capsys):
    assert main([folder, "--no-labels"]) == 0
    out = capsys.readouterr().out
    found = {(Path(row["image"]).name, row["kind"], row["clean_leaves_out"]) for row in lines()}
    assert found == {
        ("empty.png", "unreadable", "yes"),
        ("n2x.png", "blank", "yes"),
        ("n0x.png", "same", "no"),
        ("n1x.png", "same", "yes"),
        ("n52x.png", "outlier", "no"),
    }
    assert "files that cannot be read" in out and "the same picture again" in out
    assert "modes: L (80)" in out
    assert "Labels were not judged." in out
    for name in ("blank", "same"):
        with Image.open(f"audit/{name}.png") as sheet:
            assert sheet.size[0] > 500
    assert not Path("audit/unreadable.png").exists()


@pytest.mark.slow
def test_the_cleaned_table_is_trained_on(folder):
    result = audit(folder, labels=False, clean="clean.csv")
    assert (result["clean"]["images"], result["clean"]["left_out"]) == (78, 2)
    data = DataSource("csv:clean.csv").open()
    assert sum(map(len, (data.train, data.validation, data.test()))) == 78
    trained = train("mlp", dataset="csv:clean.csv", epochs=1, workdir="w")
    assert trained["exit_code"] == 0


@pytest.mark.slow
def test_the_seed_sets_whole_series_aside_for_validation_and_the_same_ones_for_testing():
    series = gaussian_filter(np.random.default_rng(0).normal(size=(40, 16, 16)), (0, 1, 1)).repeat(5, axis=0)
    images = np.clip(125 + 120 * series + np.random.default_rng(1).normal(0, 8, series.shape), 0, 255).astype(np.uint8)
    for number, image in enumerate(images):
        file = Path("frames", "cat" if number < 100 else "dog", f"{number // 5:03}_{number % 5}.png")
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(file)
    aside = []
    for seed in (0, 1):
        audit("folder:frames", labels=False, clean=f"{seed}.csv", seed=seed)
        rows = list(csv.DictReader(Path(f"{seed}.csv").read_text(encoding="utf-8").splitlines()))
        aside.append(
            {split: {row["path"] for row in rows if row["split"] == split} for split in ("validation", "test")}
        )
    assert aside[0]["test"] == aside[1]["test"] != set()
    assert aside[0]["validation"] != aside[1]["validation"]


def test_a_wrong_label_is_named_with_what_it_looks_like(folder, monkeypatch):
    def answers(split, class_names, groups, *, seed, progress):
        bright = split.images.mean(axis=(1, 2, 3)) > 125
        return np.where(bright[:, None], [[0.001, 0.999]], [[0.999, 0.001]])

    monkeypatch.setattr(audit_labels, "out_of_fold_probabilities", answers)
    result = audit(folder, clean="clean.csv")
    (row,) = [row for row in lines() if row["kind"] == "label"]
    assert Path(row["image"]).name == "n41x.png"
    assert row["reason"] == "labelled dog (0.1%), looks like cat (99.9%)"
    assert row["clean_leaves_out"] == "yes"
    assert "n41x" not in Path("clean.csv").read_text()
    assert "80 images were judged by small networks, each for images on which it was not trained" in result["labels"]


@pytest.mark.slow
def test_a_model_judges_only_what_it_was_not_trained_on(folder, monkeypatch):
    train("mlp", dataset=folder, on_bad_image="skip", epochs=1, workdir="w")
    asked = []

    def answers(split, class_names, groups, *, seed, progress):
        asked.append(len(split))
        return np.full((len(split), 2), 0.5)

    monkeypatch.setattr(audit_labels, "out_of_fold_probabilities", answers)
    result = audit(folder, model="w")
    assert asked == [result["splits"]["train"]]
    assert result["labels"].startswith(
        "w judged the labels of validation and test images, which it was not trained on."
    )
    with pytest.raises(BadInput, match=r"trained with seed=0.* Give --seed 0\."):
        audit(folder, model="w", seed=1)
    with pytest.raises(BadInput, match="at another size or on other images than these"):
        audit(folder, model="w", image_size=12)
    shutil.copytree("photos", "others")
    for photos in ("photos", "others"):
        Path(photos, "cat/n5x.png").unlink()
    with pytest.raises(BadInput, match="at another size or on other images than these"):
        audit(folder, model="w")
    assert "If it was trained on some of these images" in audit("folder:others", model="w")["labels"]
    assert len(asked) == 1


@pytest.mark.slow
def test_a_model_that_was_trained_at_another_size_knows_its_images_again(folder, monkeypatch):
    train("mlp", dataset=folder, on_bad_image="skip", image_size=12, epochs=1, workdir="w")
    asked = []

    def answers(split, class_names, groups, *, seed, progress):
        asked.append(split.images.shape)
        return np.full((len(split), 2), 0.5)

    monkeypatch.setattr(audit_labels, "out_of_fold_probabilities", answers)
    result = audit(folder, model="w")
    assert asked == [(result["splits"]["train"], 12, 12, 1)]


def test_json_is_one_object(folder, capsys):
    assert main([folder, "--no-labels", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["findings"]["blank"]["images"] == 1
    assert result["splits"] == {"train": 64, "validation": 8, "test": 8}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["folder:missing"], "does not exist"),
        (["fashion-mnist"], "Did you mean 'fashion_mnist'"),
        (["digits", "--clean", "clean.txt"], "clean must be a file that ends in .csv, not 'clean.txt'."),
        (["digits", "--no-labels", "--model", "w"], "Leave out --no-labels, or --model."),
        (["digits", "--model", "missing"], "missing"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_written(words, message, capsys):
    assert main(words) == 2
    assert message in capsys.readouterr().err
    assert not list(Path().iterdir())


def test_a_cleaned_table_never_takes_the_place_of_another_file(tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text("path,label,rating\na.png,cat,5\n")
    for source in (f"csv:{table}", "digits"):
        with pytest.raises(BadInput, match=r"mine\.csv exists, and is not replaced, .* Remove it first"):
            audit(source, clean=str(tmp_path / "." / "mine.csv"))
    assert table.read_text().startswith("path,label,rating")


def test_a_cleaned_table_is_replaced_as_long_as_nobody_changed_it(tmp_path):
    for _ in range(2):
        audit("digits", labels=False, clean=str(tmp_path / "clean.csv"))
    with (tmp_path / "clean.csv").open("a") as table:
        table.write("mine.png,7\n")
    with pytest.raises(BadInput, match=r"clean\.csv exists, and is not replaced, as no audit wrote it as it is\."):
        audit("digits", labels=False, clean=str(tmp_path / "clean.csv"))


def test_images_of_a_cleaned_table_never_go_into_a_persons_folder(monkeypatch):
    monkeypatch.setattr(command, "look", lambda *given: pytest.fail("work has started"))
    Path("clean").mkdir()
    Path("clean", "mine.png").touch()
    with pytest.raises(BadInput, match=r"clean=clean holds files, and no mark"):
        audit("digits", labels=False, clean="clean.csv")


def test_the_folder_of_findings_is_no_persons_and_no_class(folder):
    with pytest.raises(BadInput, match=r"out=photos/cat holds files, and no mark"):
        audit(folder, labels=False, out="photos/cat")
    for _ in range(2):
        assert audit(folder, labels=False, out="photos/audit")["images"] == 80
    assert DataSource(folder, on_bad_image="skip").open().class_names == ("cat", "dog")


@pytest.mark.parametrize("words", [["--clean", "/proc/clean.csv"], ["--out", "/proc/audit"]])
def test_what_cannot_be_written_is_refused_before_the_images_are_read(words, monkeypatch, capsys):
    monkeypatch.setattr(command, "collect", lambda *given: pytest.fail("work has started"))
    assert main(["digits", *words]) == 2
    assert "is not a folder that can be written" in capsys.readouterr().err
