"""The cleaned table is read back by `csv:` as it was meant."""

import numpy as np
import pytest

from keras_vision.data.audit.clean import write_clean
from keras_vision.data.audit.collection import collect
from keras_vision.data.audit.findings import finding
from keras_vision.data.source import DataSource
from keras_vision.errors import BadInput


def paths(splits=("",), each=30):
    return [f"{split}{name}/n{number}x.png" for split in splits for name in ("cat", "dog") for number in range(each)]


def clean(folder, table, *leave, groups=None, seed=0):
    collection = collect(DataSource(f"folder:{folder}", seed=seed))
    numbers = [np.flatnonzero([str(name).endswith(one) for name in collection.names])[0] for one in leave]
    findings = [finding("blank", collection, number, "blank") for number in numbers]
    groups = np.arange(len(collection)) if groups is None else groups(collection)
    return collection, write_clean(collection, findings, groups, table, seed)


def test_what_is_left_out_is_gone_and_the_splits_of_the_source_stay(pictures, write_pictures):
    folder = write_pictures(paths(("train/", "val/", "test/"), 12), pictures(72))
    collection, written = clean(folder, folder / "clean.csv", "train/cat/n3x.png", "test/dog/n5x.png")
    assert written == {"path": str(folder / "clean.csv"), "images": 70, "left_out": 2, "lost": []}
    again = DataSource(f"csv:{folder / 'clean.csv'}").open()
    test = again.test()
    assert again.class_names == collection.class_names
    assert (len(again.train), len(again.validation), len(test)) == (23, 24, 23)
    kept = collection.images[
        (collection.splits == "test") & ~np.char.endswith(collection.names.astype(str), "dog/n5x.png")
    ]
    assert sorted(map(bytes, test.images)) == sorted(map(bytes, kept))


def test_without_splits_training_sets_images_aside_as_usual(pictures, write_pictures):
    folder = write_pictures(paths(), pictures(60))
    clean(folder, folder / "tables" / "clean.csv", "cat/n3x.png")
    text = (folder / "tables" / "clean.csv").read_text()
    assert text.startswith("path,label\n")
    assert str(folder) in text.splitlines()[1]  # not below the table's folder: in full
    assert DataSource(f"csv:{folder / 'tables' / 'clean.csv'}").open().seed == 0


def test_groups_come_into_one_split(pictures, write_pictures):
    def fives(collection):
        return np.array([hash((file.parent.name, int(file.stem[1:-1]) // 5)) % 10**9 for file in collection.files])

    folder = write_pictures(paths(each=100), pictures(200))
    collection, _ = clean(folder, folder / "clean.csv", groups=fives)
    data = DataSource(f"csv:{folder / 'clean.csv'}").open()
    parts = {"train": data.train, "validation": data.validation, "test": data.test()}
    of = {file: group for file, group in zip(map(str, collection.files), fives(collection), strict=True)}
    groups = [{of[str(file)] for file in part.files} for part in parts.values()]
    assert not (groups[0] & groups[1] or groups[0] & groups[2] or groups[1] & groups[2])
    assert min(map(len, groups)) >= 4 and sum(map(len, parts.values())) == 200
    for part in parts.values():
        assert set(part.labels.tolist()) == {0, 1}


def test_a_seed_chooses_other_groups_for_validation_and_the_same_for_testing(pictures, write_pictures):
    def as_they_come(collection):
        seen = {}
        keys = [(file.parent.name, int(file.stem[1:-1]) % 20) for file in collection.files]
        return np.array([seen.setdefault(key, len(seen)) for key in keys])

    folder = write_pictures(paths(each=100), pictures(200))
    aside = []
    for seed in (0, 1, 2):
        clean(folder, folder / "clean.csv", groups=as_they_come, seed=seed)
        rows = [line.split(",") for line in (folder / "clean.csv").read_text().splitlines()]
        aside.append([{row[0] for row in rows if row[2] == split} for split in ("validation", "test")])
    validations, tests = zip(*aside, strict=True)
    assert tests[0] and tests[0] == tests[1] == tests[2]
    assert validations[0] != validations[1] != validations[2]


@pytest.mark.slow
def test_images_without_files_are_written_beside_the_table(tmp_path):
    collection = collect(DataSource("digits"))
    findings = [finding("blank", collection, 0, "blank")]
    write_clean(collection, findings, np.arange(len(collection)), tmp_path / "clean.csv", seed=0)
    data = DataSource(f"csv:{tmp_path / 'clean.csv'}").open()
    assert data.shape == (8, 8, 1)
    images = np.concatenate([data.train.images, data.validation.images, data.test().images])
    assert sorted(map(bytes, images)) == sorted(map(bytes, collection.images[1:]))


def test_a_class_that_is_lost_is_named_and_the_last_but_one_is_not_taken(pictures, write_pictures):
    folder = write_pictures(paths(each=5), pictures(10))
    collection = collect(DataSource(f"folder:{folder}"))
    findings = [finding("blank", collection, number, "blank") for number in np.flatnonzero(collection.labels == 1)]
    with pytest.raises(BadInput, match="fewer than two classes"):
        write_clean(collection, findings, np.arange(10), folder / "clean.csv", seed=0)
    assert not (folder / "clean.csv").exists()
