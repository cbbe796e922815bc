"""Folders of commands: made, marked and known again; a person's own are left alone."""

import pytest

from keras_vision.errors import BadInput
from keras_vision.runs import Run, claim_folder, is_own


def test_a_new_and_an_empty_folder_are_taken_and_taken_again(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".DS_Store").touch()
    for name in ("new/deep", "empty"):
        claim_folder("out", tmp_path / name)
        (tmp_path / name / "figure.png").touch()
        claim_folder("out", tmp_path / name)
        assert is_own(tmp_path / name)
    assert not is_own(tmp_path / "new")


def test_a_persons_folder_is_refused_and_not_marked(tmp_path):
    (tmp_path / "cat.png").touch()
    with pytest.raises(BadInput, match=r"out=.* holds files, and no mark that they are this program's\. Give a new"):
        claim_folder("out", tmp_path)
    assert not is_own(tmp_path)


def test_the_folders_of_a_run_need_no_mark(tmp_path):
    Run(tmp_path).start({"model": "cnn"})
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "loss.png").touch()
    claim_folder("out", tmp_path / "figures")
    assert [one.name for one in (tmp_path / "figures").iterdir()] == ["loss.png"]
