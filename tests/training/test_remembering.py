"""What is remembered of a machine: the first answer stays, and no fault of the file ends a run."""

import json

import pytest

from keras_vision.training import remembering
from keras_vision.training.remembering import recall, remember

HERE, THERE = {"processor": "here"}, {"processor": "there"}


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_VISION_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_an_answer_is_remembered_for_its_question_and_machine():
    assert recall(HERE, ["vgg", (8, 16)]) is None
    assert remember(HERE, ["vgg", (8, 16)], {"precision": "float32"}) == {"precision": "float32"}
    assert recall(HERE, ["vgg", [8, 16]]) == {"precision": "float32"}
    assert recall(THERE, ["vgg", (8, 16)]) is recall(HERE, ["vgg", (8, 17)]) is None


def test_the_first_answer_stays():
    remember(HERE, "question", 1)
    assert (remember(HERE, "question", 2), recall(HERE, "question")) == (1, 1)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"answers": 3}', "\x00\xff"])
def test_a_damaged_file_is_written_anew(folder, text):
    remember(HERE, "question", 1)
    (path,) = folder.glob("*.json")
    path.write_text(text)
    assert recall(HERE, "question") is None
    assert (remember(HERE, "question", 2), recall(HERE, "question")) == (2, 2)


@pytest.mark.parametrize("variables", [{"KERAS_VISION_CACHE": "/dev/null/x"}, {"KERAS_VISION_CACHE": "~nobody-here/x"}])
def test_what_cannot_be_written_is_forgotten_and_ends_nothing(monkeypatch, variables, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert remember(HERE, "question", 1) == 1
    assert recall(HERE, "question") is None
    assert not list(tmp_path.iterdir())


def test_it_lies_where_a_desktop_keeps_such_files(monkeypatch, tmp_path):
    monkeypatch.delenv("KERAS_VISION_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    remember(HERE, "question", 1)
    (path,) = (tmp_path / "xdg" / "keras_vision").glob("*.json")
    assert json.loads(path.read_text())["machine"] == HERE
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    remember(HERE, "question", 1)
    assert list((tmp_path / "home" / ".cache" / "keras_vision").glob("*.json"))


def test_the_oldest_is_forgotten_first(monkeypatch):
    monkeypatch.setattr(remembering, "_MOST", 2)
    for number in range(3):
        remember(HERE, number, number)
    assert [recall(HERE, number) for number in range(3)] == [None, 1, 2]
