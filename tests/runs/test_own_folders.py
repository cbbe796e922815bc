"""Folders of commands: made, marked and known again; a person's own are left alone."""

import pytest

from keras_vision.errors import BadInput
from keras_vision.runs import Run, claim_folder, is_own


def test_a_new_and_an_empty_folder_are_taken_and_taken_again(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".DS_Store").touch()
    for name in ("new/deep", "empty"):
        for _ in range(2):
            with claim_folder("out", tmp_path / name):
                assert is_own(tmp_path / name)
                (tmp_path / name / "figure.png").touch()
        assert is_own(tmp_path / name)
    assert not is_own(tmp_path / "new")


def test_a_command_that_ends_without_files_leaves_no_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".DS_Store").touch()
    for name in ("new/deep", "empty"):
        with pytest.raises(KeyboardInterrupt), claim_folder("out", tmp_path / name):
            raise KeyboardInterrupt
    assert sorted(one.relative_to(tmp_path).as_posix() for one in tmp_path.rglob("*")) == ["empty", "empty/.DS_Store"]


def test_a_persons_folder_is_refused_and_not_marked(tmp_path):
    (tmp_path / "cat.png").touch()
    refused = r"out=.* holds files, and no mark that they are this program's\. Give a new"
    with pytest.raises(BadInput, match=refused), claim_folder("out", tmp_path):
        pass
    assert not is_own(tmp_path)


def test_the_folders_of_a_run_need_no_mark(tmp_path):
    Run(tmp_path).start({"model": "cnn"})
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "loss.png").touch()
    with claim_folder("out", tmp_path / "figures"):
        pass
    assert [one.name for one in (tmp_path / "figures").iterdir()] == ["loss.png"]
