import csv
import io
import json
import shutil
import types
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from keras_vision.commands.model_data import check_classes, choose_data, run_of
from keras_vision.data import load_dataset
from keras_vision.data.source import DataSource
from keras_vision.errors import BadInput
from keras_vision.evaluate import evaluate, show
from keras_vision.models import build_model
from keras_vision.reporting.progress import PlainProgress
from keras_vision.runs import Run, load_model, read_card, replace_card, save_model, write_json
from keras_vision.training.evaluation import answer
from keras_vision.training.trainer import model_card
from tests.synthetic import make_split

SEED = 7
pytestmark = pytest.mark.usefixtures("bare_runs")


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write_images(name, *, seed, test=True):
    """Writes a made-up data set in three classes and returns its specification."""
    train, held_out = make_split(90, seed=seed), make_split(30, seed=seed + 1)
    arrays = {"x_train": train.images, "y_train": train.labels}
    np.savez(name, **arrays, **({"x_test": held_out.images, "y_test": held_out.labels} if test else {}))
    return f"npz:{name}"


def save_run(dataset, *, policy="float32"):
    """Saves a model, untrained, as a run on `dataset` with seed `SEED` would, and returns the run's directory."""
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(policy)
    data = load_dataset(dataset, seed=SEED)
    model = build_model("cnn", data.shape, len(data.class_names), filters=(4, 8))
    source = {"data_source": DataSource(dataset, seed=SEED).whole().record()}
    save_model(model, "run/model.keras", model_card(data, model, source))
    return "run"


@pytest.fixture
def images():
    return write_images("images.npz", seed=1)


@pytest.fixture
def run(images):
    return save_run(images)


@pytest.mark.slow
def test_validation_images_are_those_of_the_training_however_the_data_set_is_named(run, images):
    own = evaluate(run, split="validation")
    assert evaluate(run, dataset=images, split="validation")["crossentropy"] == own["crossentropy"]
    assert evaluate(run, split="validation", seed=SEED + 1)["crossentropy"] != own["crossentropy"]


def test_the_models_own_splits_need_no_warning(run, images):
    assert evaluate(run, split="validation")["warnings"] == []
    assert evaluate(run, dataset=images)["warnings"] == []


def test_the_test_images_of_an_unfinished_run_stay_closed(run):
    Run("started").start({"model": "cnn"})
    shutil.copy("started/config.json", run)
    with pytest.raises(BadInput, match=r"is not finished, and its test images are opened once, .* --split validation"):
        evaluate(run)
    assert "looks" not in evaluate(run, split="validation")
    write_json(Run(run).result_path, {})
    assert evaluate(run)["looks"] == 1


def test_another_seed_for_the_validation_split_is_warned_of(run):
    assert "than the seed of its training, seed=7" in evaluate(run, split="validation", seed=3)["warnings"][0]


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_data_set_that_changed_since_the_training_is_warned_of(run, split):
    write_images("images.npz", seed=5)
    (warning,) = evaluate(run, split=split)["warnings"]
    assert "not, or no longer, the data that the model was trained on" in warning


@pytest.mark.slow
def test_new_data_is_measured_on_its_test_split_or_all_of_it_and_none_is_set_aside(run):
    split, whole = write_images("split.npz", seed=5), write_images("whole.npz", seed=5, test=False)
    found = {given: evaluate(run, dataset=split, split=given) for given in (None, "test", "all")}
    assert [result["n"] for result in found.values()] == [30, 30, 120]
    assert "its 30 test images are measured; --split all measures all" in found[None]["decisions"][0]
    assert (evaluate(run, dataset=whole)["n"], evaluate(run, dataset=whole)["split"]) == (90, "all")
    with pytest.raises(BadInput, match="has no validation split of its own, only train and test"):
        evaluate(run, dataset=split, split="validation")


def test_the_models_own_data_is_never_measured_as_a_whole(run, images):
    with pytest.raises(BadInput, match="is the data that the model was trained on"):
        evaluate(run, split="all")


@pytest.mark.parametrize("split", ["validation", "test"])
def test_the_models_own_data_is_known_by_its_images_wherever_they_lie(run, split):
    shutil.copy("images.npz", "moved.npz")
    own, moved = evaluate(run, split=split), evaluate(run, dataset="npz:moved.npz", split=split)
    assert (moved["n"], moved["crossentropy"]) == (own["n"], own["crossentropy"])
    assert moved.get("looks") == (2 if split == "test" else None)


def test_images_that_the_model_was_trained_on_are_known_by_their_pixels_and_counted(run):
    own, new = load_dataset("npz:images.npz", seed=SEED).train, make_split(30, seed=9)
    x, y = np.concatenate([own.images[:7], new.images]), np.concatenate([own.labels[:7], new.labels])
    np.savez("mixed.npz", x_test=x, y_test=y)
    np.savez("new.npz", x_test=new.images, y_test=new.labels)
    (warning,) = evaluate(run, dataset="npz:mixed.npz")["warnings"]
    assert "The model was trained on 7 of these 37 images" in warning
    assert evaluate(run, dataset="npz:new.npz")["warnings"] == []


def photographs(folder, labels, *, count=4, mode="L"):
    """Writes `count` pictures of each class; the class of a name is its last letter's place among "012"."""
    random = np.random.default_rng(0)
    for label in labels:
        Path(folder, label).mkdir(parents=True)
        for index in range(count):
            shape = (20, 12, 3) if mode == "RGB" else (20, 12)
            pixels = random.integers(0, 120, shape) + 40 * "012".index(label[-1])
            Image.fromarray(pixels.astype("uint8"), mode).save(Path(folder, label, f"{index}.png"))
    return f"folder:{folder}"


def test_classes_are_matched_by_name_and_missing_ones_are_said(run):
    result = evaluate(run, dataset=photographs("photos", ["2", "0"]))
    assert result["n"] == 8
    assert [row["n"] for row in result["classes"]] == [4, 0, 4]
    assert "There are no images of 1." in result["decisions"]
    recalls = [row["recall"] for row in result["classes"] if row["n"]]
    assert result["balanced_accuracy"] == pytest.approx(np.mean(recalls))


def test_one_class_is_enough_to_be_measured(run):
    assert evaluate(run, dataset=photographs("photos", ["1"]))["n"] == 4


def test_a_class_that_the_model_does_not_know_is_named_with_those_it_knows(run):
    with pytest.raises(BadInput, match=r"does not know: 'zebra0'.* The model's classes are 0, 1, 2\."):
        evaluate(run, dataset=photographs("photos", ["1", "zebra0"]))


def test_inverted_images_are_warned_of_and_the_models_own_are_not():
    white_on_black = {name: ink(60, seed=seed) for name, seed in (("train", 1), ("test", 2))}
    arrays = {f"x_{name}": images for name, images in white_on_black.items()}
    arrays |= {f"y_{name}": np.arange(60) % 3 for name in white_on_black}
    np.savez("ink.npz", **arrays)
    np.savez("paper.npz", x_train=255 - ink(30, seed=3), y_train=np.arange(30) % 3)
    run = save_run("npz:ink.npz")
    assert evaluate(run)["warnings"] == []
    (warning,) = evaluate(run, dataset="npz:paper.npz")["warnings"]
    assert warning.startswith(
        "The images look inverted: the brightness of their borders is 255 on average, but was 0 in"
    )


def ink(count, *, seed):
    """White signs on black: noise that leaves the border free."""
    images = np.zeros((count, 8, 8, 1), "uint8")
    images[:, 2:6, 2:6] = np.random.default_rng(seed).integers(100, 256, (count, 4, 4, 1))
    return images


def test_colours_are_made_grey_for_a_grey_model_and_it_is_said(run):
    colour = photographs("colour", "012", mode="RGB")
    for path in Path("colour").rglob("*.png"):
        grey = Path("grey", *path.parts[1:])
        grey.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as image:
            image.convert("L").save(grey)
    result = evaluate(run, dataset=colour)
    assert any(line.startswith("Colour images are turned grey") for line in result["decisions"])
    # Resized before and after the colours are left out: a grey level apart at most.
    assert result["crossentropy"] == pytest.approx(evaluate(run, dataset="folder:grey")["crossentropy"], rel=0.01)


@pytest.mark.slow
def test_only_looks_at_the_test_split_of_the_models_own_data_count(run):
    evaluate(run, split="validation")
    assert "looks" not in evaluate(run, dataset=write_images("other.npz", seed=5))
    assert evaluate(run)["looks"] == 1
    assert evaluate(run, dataset="npz:./images.npz")["looks"] == 2


def test_what_was_measured_is_returned_where_the_run_cannot_be_written(run, monkeypatch):
    def full(self):
        raise OSError("No space left on device")

    monkeypatch.setattr(Run, "count_look", full)
    result = evaluate(run)
    assert result["n"] == 30
    assert result["warnings"] == ["A file could not be written: No space left on device"]


def test_a_folder_for_pictures_that_is_a_file_is_refused_before_work(run, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="figures=file is not a folder that can be written"):
        evaluate(run, figures="file")


def test_another_file_in_the_directory_of_a_run_is_not_that_run(run):
    write_json(Run(run).config_path, {})
    shutil.copy(Run(run).model_path, "run/second.keras")
    assert (run_of("run/model.keras").path, run_of("run/second.keras")) == (Run(run).path, None)


@pytest.mark.parametrize(("is_there", "expected"), [(True, "/then"), (False, None)])
def test_where_the_data_was_then_counts_while_it_is_still_there(is_there, expected, monkeypatch):
    def locate(spec, data_dir):
        if data_dir == "/then" and not is_there:
            raise BadInput(f"There is no directory {data_dir}.")
        return types.SimpleNamespace(kind="tfds")

    monkeypatch.setattr("keras_vision.commands.model_data.locate", locate)
    own = {"spec": "cifar10", "data_dir": "/then", "image_size": None, "on_bad_image": "error", "seed": 3}
    for dataset in (None, "cifar10"):
        assert choose_data(own, dataset, None, None, (None, 32, 32, 3)).data_dir == expected
    assert choose_data(own, None, "/now", None, (None, 32, 32, 3)).data_dir == "/now"


@pytest.mark.parametrize(
    ("own", "dataset", "size", "on_bad"),
    [
        ({"spec": "folder:/a", "on_bad_image": "skip"}, "folder:/b", (8, 9), "skip"),
        ({"spec": "npz:/a.npz", "image_size": 8}, "npz:/b.npz", (8, 9), "error"),
        ({"spec": "npz:/a.npz"}, "npz:/b.npz", None, "error"),
        ({"spec": "folder:/a", "on_bad_image": "skip"}, "cifar10", None, "error"),
        ({}, "folder:/b", (8, 9), "error"),
    ],
)
def test_data_that_moved_is_read_as_it_was(own, dataset, size, on_bad):
    chosen = choose_data(own, dataset, None, None, (None, 8, 9, 3))
    assert (chosen.image_size, chosen.on_bad_image) == (size, on_bad)


def test_classes_in_another_order_are_refused(run):
    names = list(read_card(run)["class_names"])
    with pytest.raises(BadInput, match="but the model has, in this order"):
        check_classes(names, names[::-1])


def test_a_look_by_way_of_the_runs_own_file_counts_too(run):
    write_json(Run(run).config_path, {})
    assert evaluate(run)["looks"] == 1
    assert evaluate("run/model.keras")["looks"] == 2


@pytest.mark.slow
@pytest.mark.usefixtures("drawn")
def test_pictures_go_into_the_run_and_those_of_other_data_get_names_of_their_own(run):
    evaluate(run)
    evaluate(run, dataset=write_images("other.npz", seed=5))
    names = ("confident_mistakes.png", "confusion_matrix.png", "reliability.png")
    prefixes = ("npz-other.npz_test", "test")
    assert sorted(path.name for path in Run(run).figures.glob("*.png")) == [f"{p}_{n}" for p in prefixes for n in names]


@pytest.mark.slow
@pytest.mark.usefixtures("drawn")
def test_pictures_of_a_file_are_drawn_where_asked_and_nowhere_else(run, images, tmp_path):
    (tmp_path / "run" / "model.keras").rename("alone.keras")
    before = {*tmp_path.rglob("*")}
    assert evaluate("alone.keras")["figures"] == []
    assert {*tmp_path.rglob("*")} == before
    first, *_ = evaluate("alone.keras", figures="drawn")["figures"]
    with Image.open(first) as picture:
        assert picture.width > 500


def test_a_person_sees_each_class_the_calibration_and_the_accuracy_last(run):
    said = io.StringIO()
    result = evaluate(run)
    show(result, PlainProgress(said))
    lines = said.getvalue().splitlines()
    row = result["classes"][1]
    (line,) = (line.split() for line in lines if line.split()[:1] == [row["name"]])
    assert line[1:] == [str(row["n"]), *([f"{row['precision']:.3f}"] if row["precision"] else ["-"]), *line[3:]]
    assert any(f"calibration error {result['calibration_error']:.4f}" in line for line in lines)
    assert f"{row['recall']:.3f}" in line
    assert lines[-1].startswith("test accuracy")


def test_names_are_shown_as_they_are_and_of_more_than_five_classes_the_top_five_too():
    names = ["cat [indoor]", "cat [outdoor]", "[/x]", "d", "e", "f"]
    images = make_split(120, classes=6)
    arrays = {"x_train": images.images, "y_train": images.labels, "x_test": images.images, "y_test": images.labels}
    np.savez("[six].npz", class_names=names, **arrays)
    said = io.StringIO()
    result = evaluate(save_run("npz:[six].npz"))
    show(result, PlainProgress(said))
    unfolded = "".join(said.getvalue().split())  # a long path is folded
    assert not [name for name in (*names, "[six].npz, test images") if name.replace(" ", "") not in unfolded], unfolded
    assert f"top-5 accuracy {result['top5']['accuracy']:.4f} (95% interval" in said.getvalue()


def test_a_model_that_ends_in_probabilities_is_refused(run, images):
    from keras_vision.formats.network import with_probabilities

    save_model(with_probabilities(load_model(run)), "probable.keras", {})
    with pytest.raises(BadInput, match=r"ends in a softmax .*Give one that ends in logits"):
        evaluate("probable.keras", dataset=images)


def test_where_the_images_came_from_and_what_is_odd_about_them_is_said():
    run = save_run(write_images("untested.npz", seed=1, test=False))
    said = io.StringIO()
    evaluate(run, progress=PlainProgress(said))
    source, *_, warning = said.getvalue().splitlines()
    assert "untested.npz" in source
    assert warning.startswith("warning: There is no test split")


def test_images_of_another_folder_are_resized_to_the_model(run, tmp_path):
    for index, label in enumerate("012" * 20):
        path = tmp_path / "photos" / label / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((20, 12), index, "uint8")).save(path)
    assert evaluate(run, dataset="folder:photos")["n"] == 60


def test_a_wrong_name_of_a_data_set_is_refused_before_the_model_is_loaded(run, monkeypatch):
    monkeypatch.setattr("keras_vision.runs.load_model", None)
    with pytest.raises(BadInput, match="Did you mean 'digits'"):
        evaluate(run, dataset="digit")


def test_the_models_own_data_set_is_not_downloaded_because_its_file_says_so(run, tmp_path, monkeypatch):
    for place in ("TFDS_DATA_DIR", "HOME"):
        monkeypatch.setenv(place, str(tmp_path))
    monkeypatch.setattr("keras_vision.data.prepared.download", None)
    save_model(load_model(run), "foreign.keras", {"data_source": {"spec": "cifar10", "data_dir": None, "seed": 0}})
    with pytest.raises(BadInput, match=r"cifar10, is not on this machine.*--dataset cifar10 to download it"):
        evaluate("foreign.keras")


def test_a_negative_seed_is_refused(run):
    with pytest.raises(BadInput, match="seed must be a whole number from 0 to 2147483647, not -1"):
        evaluate(run, seed=-1)


def test_a_model_trained_in_mixed_precision_is_measured_in_float32(images):
    mixed = evaluate(save_run(images, policy="mixed_bfloat16"))
    assert evaluate(save_run(images))["crossentropy"] == pytest.approx(mixed["crossentropy"], rel=1e-6)


def test_no_rewrite_to_bfloat16_is_in_force(run, monkeypatch):
    import tensorflow as tf

    from keras_vision.commands import evaluate as command
    from keras_vision.training.fast_ops import BFLOAT16_REWRITE

    found = []

    def note(*arguments):
        found.append(tf.config.optimizer.get_experimental_options()[BFLOAT16_REWRITE])
        return answer(*arguments)

    monkeypatch.setattr(command, "answer", note)
    tf.config.optimizer.set_experimental_options({BFLOAT16_REWRITE: True})
    try:
        evaluate(run)
    finally:
        tf.config.optimizer.set_experimental_options({BFLOAT16_REWRITE: False})
    assert found == [False]


def copy_of(run, *, without=(), replaced=None):
    """Writes damaged.keras: the run's model without some members of the archive, or with other contents for some."""
    with zipfile.ZipFile(f"{run}/model.keras") as whole, zipfile.ZipFile("damaged.keras", "w") as copy:
        for name in set(whole.namelist()) - set(without):
            copy.writestr(name, (replaced or {}).get(name, whole.read(name)))
    return "damaged.keras"


@pytest.mark.parametrize(
    "damage",
    [
        {"without": ["config.json"]},
        {"replaced": {"config.json": b'{"module": '}},
        {"replaced": {"config.json": b"\xff\xfe"}},
        {"replaced": {"keras_vision.json": b'{"class_names": '}},
        {"replaced": {"model.weights.h5": b"\x89HDF\r\n\x1a\n"}},
    ],
)
def test_a_model_file_with_damaged_members_is_called_damaged(run, images, damage):
    with pytest.raises(BadInput, match=r"The model damaged\.keras is damaged or cannot be read \(.+\)\. Copy it"):
        evaluate(copy_of(run, **damage), dataset=images)


@pytest.mark.parametrize("kept", [0, 100, 0.5, 0.99])
def test_a_truncated_model_file_is_called_damaged(run, images, kept, tmp_path):
    whole = (tmp_path / run / "model.keras").read_bytes()
    (tmp_path / "damaged.keras").write_bytes(whole[: kept if isinstance(kept, int) else int(kept * len(whole))])
    with pytest.raises(BadInput, match="is damaged or cannot be read"):
        evaluate("damaged.keras", dataset=images)


def test_a_model_file_with_a_flipped_bit_is_called_damaged(run, tmp_path):
    path = tmp_path / run / "model.keras"
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("model.weights.h5")
    content[member.header_offset + member.compress_size // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"is damaged .*Bad CRC-32"):
        load_model(path)


def test_a_model_file_may_be_a_link_to_one(run, images, tmp_path):
    (tmp_path / "link.keras").symlink_to(tmp_path / run / "model.keras")
    assert evaluate("link.keras", dataset=images)["n"] == 30


@pytest.mark.parametrize("name", ["test", "Testing", "valid"])
def test_a_folder_of_test_images_alone_is_measured_whole(run, name, tmp_path):
    photographs(tmp_path / "new" / name, ["0", "1"])
    result = evaluate(run, dataset=f"folder:{tmp_path / 'new'}")
    assert result["n"] == 8


@pytest.mark.slow
@pytest.mark.usefixtures("drawn")
def test_the_most_confident_mistakes_are_explained_where_that_is_asked_for(run):
    assert not any("explained" in path for path in evaluate(run)["figures"])
    figures = evaluate(run, explain=True)["figures"]
    (path,) = [path for path in figures if "explained" in path]
    assert path == str(Run(run).figures / "test_explained_mistakes.png")
    assert Path(path).exists()


def test_explained_mistakes_need_a_folder(run):
    shutil.copy(Run(run).model_path, "alone.keras")
    with pytest.raises(BadInput, match=r"this model file belongs to no run\. Give --figures"):
        evaluate("alone.keras", explain=True)


@pytest.mark.slow
def test_a_calibration_is_kept_in_the_model_file_and_nothing_else_of_it_changes(run):
    before, weights = evaluate(run), load_model(run).get_weights()
    card = read_card(run)
    found = evaluate(run, calibrate=True)
    temperature = found["calibration"]["temperature"]
    assert temperature == found["temperature"] != 1
    assert read_card(run) == card | {"calibration": read_card(run)["calibration"]}
    assert all((new == old).all() for new, old in zip(load_model(run).get_weights(), weights, strict=True))
    assert found["calibration"]["before"]["crossentropy"] == pytest.approx(before["crossentropy"])
    assert found["calibration"]["after"]["crossentropy"] == pytest.approx(found["crossentropy"])
    assert [row["recall"] for row in found["classes"]] == [row["recall"] for row in before["classes"]]
    assert evaluate(run)["crossentropy"] == pytest.approx(found["crossentropy"])
    assert "calibration" not in evaluate(run)


@pytest.mark.slow
def test_a_second_calibration_starts_from_the_logits_again(run):
    first = evaluate(run, calibrate=True)
    assert evaluate(run, calibrate=True)["calibration"] == first["calibration"]


def test_a_calibration_lessens_the_crossentropy_of_the_validation_images(run):
    scores = evaluate(run, calibrate=True, split="validation")["calibration"]
    assert scores["after"]["crossentropy"] < scores["before"]["crossentropy"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dataset": "other.npz"}, "is not, or no longer, that data. Say where it is"),
        ({"seed": SEED + 1}, "trained on most of the validation images that seed=8 chooses"),
        ({"views": 2}, "calibrated for one view of each image"),
    ],
)
def test_a_model_is_calibrated_on_its_own_validation_images_alone(run, options, message):
    if "dataset" in options:
        options = {"dataset": write_images(options["dataset"], seed=5)}
    with pytest.raises(BadInput, match=message):
        evaluate(run, calibrate=True, **options)
    assert "calibration" not in read_card(run)


def test_the_model_of_a_fold_is_calibrated_on_its_fold_alone_even_where_validation_images_are_the_datas_own(run):
    train, validation, test = make_split(90, seed=1), make_split(30, seed=2), make_split(30, seed=3)
    arrays = {"x_train": train.images, "y_train": train.labels, "x_test": test.images, "y_test": test.labels}
    np.savez("own.npz", **arrays, x_val=validation.images, y_val=validation.labels)
    run = save_run("npz:own.npz")
    replace_card(Run(run).model_path, read_card(run) | {"fold": [1, 4]})
    with pytest.raises(BadInput, match="trained on most of the validation images that seed=8 chooses"):
        evaluate(run, calibrate=True, seed=SEED + 1)
    assert evaluate(run, calibrate=True)["calibration"]["images"] == 30


def test_a_model_is_not_calibrated_on_data_that_changed(run):
    write_images("images.npz", seed=5)
    with pytest.raises(BadInput, match="no longer, that data"):
        evaluate(run, calibrate=True)


def test_a_link_to_a_model_stays_a_link_and_its_target_is_calibrated(run, tmp_path):
    (tmp_path / "link.keras").symlink_to(tmp_path / run / "model.keras")
    evaluate("link.keras", calibrate=True)
    assert (tmp_path / "link.keras").is_symlink()
    assert "calibration" in read_card(run)


def test_a_person_reads_what_the_calibration_changed(run):
    said = io.StringIO()
    result = evaluate(run, calibrate=True)
    show(result, PlainProgress(said))
    text = said.getvalue()
    assert f"validation images: temperature {result['temperature']:g}, kept in the model file" in text
    scores = result["calibration"]
    assert f"calibration error {scores['before']['calibration_error']:.4f} -> " in text


@pytest.mark.slow
@pytest.mark.usefixtures("drawn")
def test_the_reliability_is_drawn_before_and_after(run, monkeypatch):
    from keras_vision.commands import run_pictures

    drawn, plot = [], run_pictures.plot_reliability
    monkeypatch.setattr(run_pictures, "plot_reliability", lambda curves: drawn.append(list(curves)) or plot(curves))
    evaluate(run)
    evaluate(run, calibrate=True)
    assert drawn == [["now"], ["calibrated", "before"]]


@pytest.mark.parametrize(
    "damage",
    [
        None,
        {},
        {"temperature": 0, "images": 9, "answered": []},
        {"temperature": 2, "images": 9, "answered": [{"threshold": 0.5}]},
        {
            "temperature": float("1e400"),
            "images": 9,
            "answered": [{"threshold": 0, "answered": 9, "right": 9, "shown": 1}],
        },
        {"temperature": 2, "images": 9, "answered": [{"threshold": 0, "answered": 9, "right": 10, "shown": 1}]},
        {"temperature": 2, "images": 9, "answered": [{"threshold": "0", "answered": 9, "right": 9, "shown": 1}]},
    ],
)
def test_a_calibration_that_makes_no_sense_is_damage(run, damage):
    card = json.dumps(read_card(run) | {"calibration": damage})
    with pytest.raises(BadInput, match=r"calibration in keras_vision\.json is not what a calibration gives"):
        evaluate(copy_of(run, replaced={"keras_vision.json": card}))


@pytest.mark.slow
@pytest.mark.usefixtures("drawn")
def test_corruptions_are_measured_by_kind_and_strength_and_drawn(run, monkeypatch):
    from keras_vision.commands import corruptions
    from keras_vision.data.corruptions import KINDS

    seen, corrupt = [], corruptions.corrupt
    monkeypatch.setattr(corruptions, "corrupt", lambda *what: seen.append(what[1:]) or corrupt(*what))
    result = evaluate(run, corruptions=True)
    found = result["corruptions"]
    assert [row["name"] for row in found["kinds"]] == list(KINDS)
    assert {len(row["accuracies"]) for row in found["kinds"]} == {5}
    assert found["mean_accuracy"] == pytest.approx(np.mean([row["accuracies"] for row in found["kinds"]]))
    assert set(seen) == {(kind, strength) for kind in KINDS for strength in range(1, 6)}
    assert str(Run(run).figures / "test_corruptions.png") in result["figures"]
    said = io.StringIO()
    show(result, PlainProgress(said))
    assert f"mean accuracy on corrupted images {found['mean_accuracy']:.4f}, on the images" in said.getvalue()
    (line,) = [line for line in said.getvalue().splitlines() if line.strip().startswith("fog ")]
    assert len(line.split()) == 7


def read_table(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_all_that_was_measured_is_in_files_for_other_programs(run):
    result = evaluate(run)
    whole, *tables = result["files"]
    assert [Path(path).name for path in (whole, *tables)] == [
        "test.json",
        "test_classes.csv",
        "test_confusion_matrix.csv",
        "test_reliability.csv",
        "test_answers.csv",
    ]
    assert json.loads(Path(whole).read_text(encoding="utf-8")) == result
    classes, confusion, reliability, answers = map(read_table, tables)
    assert [float(row["specificity"]) for row in classes] == [row["specificity"] for row in result["classes"]]
    assert [float(row["interval_low"]) for row in classes] == [row["interval"][0] for row in result["classes"]]
    assert sum(int(row["n"]) for row in reliability) == len(answers) == result["n"]
    right = [row["true class"] == row["answer"] for row in answers]
    assert np.mean(right) == pytest.approx(result["accuracy"])
    assert sum(int(row[row["true class"]]) for row in confusion) == sum(right)


def test_answers_name_the_files_of_images_that_have_any(run):
    result = evaluate(run, dataset=photographs("photos", ["0", "2"]))
    (path,) = [path for path in result["files"] if path.endswith("_answers.csv")]
    assert Path(path).name == "folder-photos_all_answers.csv"
    assert {row["file"].rpartition("photos/")[2] for row in read_table(path)} == {
        f"{label}/{number}.png" for label in "02" for number in range(4)
    }


def test_numbers_of_a_file_are_written_where_asked_and_nowhere_else(run, tmp_path):
    (tmp_path / "run" / "model.keras").rename("alone.keras")
    assert evaluate("alone.keras")["files"] == []
    assert all(Path(path).parent == Path("there") for path in evaluate("alone.keras", figures="there")["files"])


@pytest.mark.parametrize("damage", [3, {}, {"border": 3, "contrast": 3}, {"border": {"mean": "9", "std": 1}}])
def test_statistics_that_make_no_sense_are_damage(run, damage):
    card = json.dumps(read_card(run) | {"pixel_statistics": damage})
    with pytest.raises(BadInput, match=r"pixel_statistics in keras_vision\.json is not made of numbers"):
        evaluate(copy_of(run, replaced={"keras_vision.json": card}))
