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


def test_what_another_command_wrote_meanwhile_stays_and_hides_no_error(tmp_path):
    with pytest.raises(KeyboardInterrupt), claim_folder("out", tmp_path / "new" / "a"):
        with claim_folder("out", tmp_path / "new" / "b"):
            (tmp_path / "new" / "b" / "figure.png").touch()
        raise KeyboardInterrupt
    assert not (tmp_path / "new" / "a").exists()
    assert is_own(tmp_path / "new" / "b")


def test_of_two_commands_in_one_folder_the_one_that_writes_keeps_the_mark(tmp_path):
    with claim_folder("out", tmp_path / "new"):
        with claim_folder("out", tmp_path / "new"):
            pass
        (tmp_path / "new").mkdir(exist_ok=True)
        (tmp_path / "new" / "figure.png").touch()
    assert is_own(tmp_path / "new")


def test_a_link_to_nothing_is_refused(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    with pytest.raises(BadInput, match="not a folder that can be written"), claim_folder("out", tmp_path / "link"):
        pass


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
