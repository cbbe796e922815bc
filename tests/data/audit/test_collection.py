"""What images are called, wherever their files lie."""

import os
from pathlib import Path

import pytest

from keras_vision.data.audit.collection import collect
from keras_vision.data.source import DataSource


@pytest.fixture
def table(pictures, write_pictures, monkeypatch):
    """The name of a table of 40 images, every other one by its whole path."""
    files = [f"{name}/n{number}x.png" for name in ("cat", "dog") for number in range(20)]
    folder = write_pictures(files, pictures(40))
    paths = [str(folder / file) if number % 2 else file for number, file in enumerate(files)]
    rows = [f"{path},{file[:3]}" for path, file in zip(paths, files, strict=True)]
    (folder / "table.csv").write_text("\n".join(["path,label", *rows]))
    monkeypatch.chdir(folder)
    return "csv:table.csv"


def test_whole_and_relative_paths_of_one_table_are_named_alike(table):
    names = collect(DataSource(table)).names
    assert sorted(names) == sorted(f"{name}/n{number}x.png" for name in ("cat", "dog") for number in range(20))


def test_files_without_a_common_folder_are_named_in_full(table, monkeypatch):
    def of_two_drives(paths):
        raise ValueError("Paths don't have the same drive")

    monkeypatch.setattr(os.path, "commonpath", of_two_drives)
    collection = collect(DataSource(table))
    assert {*collection.names} == {str(Path(file).resolve()) for file in collection.files}
