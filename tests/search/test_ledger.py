import os
from pathlib import Path

import numpy as np
import pytest

from keras_vision.errors import KerasVisionError
from keras_vision.search.ledger import Ledger
from tests.search.searches import COMPLETED, refuse_to_warn


def test_replaying_the_file_gives_the_same_trials(ledger):
    assert Ledger(ledger.path, warn=refuse_to_warn).trials == ledger.trials


def test_an_infinite_score_cannot_be_recorded(ledger):
    ledger.record("asked", 3, values={})
    with pytest.raises(ValueError, match="not JSON compliant"):
        ledger.record("completed", 3, result=COMPLETED | {"val_accuracy": float("inf")})
    assert Ledger(ledger.path, warn=refuse_to_warn).trials[3].status == "OPEN"


def test_numpy_numbers_come_back_as_numbers(ledger):
    values = {"width": np.int64(16), "rate": np.float32(0.5), "residual": np.bool_(True)}
    ledger.record("asked", 3, values=values)
    replayed = Ledger(ledger.path, warn=refuse_to_warn).trials[3].values
    assert replayed == {"width": 16, "rate": 0.5, "residual": True}
    assert list(map(type, replayed.values())) == [int, float, bool]


@pytest.mark.parametrize("value", [Path("weights"), np.arange(3), {1, 2}], ids=str)
def test_what_would_come_back_as_another_value_is_refused(ledger, value):
    before = ledger.path.read_bytes()
    with pytest.raises(TypeError, match="cannot be recorded"):
        ledger.record("asked", 3, values={"setting": value})
    assert ledger.path.read_bytes() == before


def test_a_torn_tail_is_read_with_a_warning_and_stays(ledger):
    torn = ledger.path.read_bytes() + b'{"crc": "0000'
    ledger.path.write_bytes(torn)
    lines = []
    assert len(Ledger(ledger.path, warn=lines.append).trials) == 3
    assert "half a record" in lines[0]
    assert ledger.path.read_bytes() == torn


def test_the_next_records_take_the_place_of_a_torn_tail(ledger):
    whole = ledger.path.read_bytes()
    ledger.path.write_bytes(whole + b'{"crc": "0000')
    again = Ledger(ledger.path, warn=lambda line: None)
    again.record("asked", 3, values={"width": 3})
    again.record("rejected", 3, reason="too large")
    assert ledger.path.read_bytes().startswith(whole + b'{"crc": "')
    assert Ledger(ledger.path, warn=refuse_to_warn).trials == again.trials


@pytest.mark.parametrize("keep", range(0, 400, 37))
def test_every_cut_of_the_file_leaves_a_readable_ledger(ledger, keep):
    whole = ledger.path.read_bytes()
    ledger.path.write_bytes(whole[:keep])
    found = Ledger(ledger.path, warn=lambda line: None).trials
    ledger.path.write_bytes(whole[: whole.rfind(b"\n", 0, keep) + 1])
    assert found == Ledger(ledger.path, warn=refuse_to_warn).trials


def test_damage_in_the_middle_is_an_error_that_names_the_line(ledger):
    damaged = ledger.path.read_bytes().replace(b'"width": 1', b'"width": 7')
    ledger.path.write_bytes(damaged)
    with pytest.raises(KerasVisionError, match=r"Line 4 of .*trials.jsonl is damaged. Nothing was changed"):
        Ledger(ledger.path, warn=refuse_to_warn)
    assert ledger.path.read_bytes() == damaged


def test_a_record_that_the_disk_did_not_take_whole_leaves_none_of_it(ledger, monkeypatch):
    whole = ledger.path.read_bytes()
    with monkeypatch.context() as patch, pytest.raises(OSError, match="full"):
        patch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(28, "full")))
        ledger.record("asked", 3, values={"width": 3})
    assert ledger.path.read_bytes() == whole
    ledger.record("asked", 3, values={"width": 3})
    assert Ledger(ledger.path, warn=refuse_to_warn).trials == ledger.trials


def test_two_deaths_without_an_epoch_exhaust_a_trial(ledger):
    ledger.record("asked", 3, values={})
    trial = ledger.trials[3]
    assert not trial.attempts.are_used_up(0)
    ledger.record("started", 3, epochs_done=0)
    assert not trial.attempts.are_used_up(0)
    ledger.record("started", 3, epochs_done=0)
    assert trial.attempts.are_used_up(0)


def test_progress_and_requested_interrupts_are_no_deaths(ledger):
    ledger.record("asked", 3, values={})
    trial = ledger.trials[3]
    for epochs_done in (0, 1, 2):
        ledger.record("started", 3, epochs_done=epochs_done)
        assert not trial.attempts.are_used_up(epochs_done + 1)
    ledger.record("interrupted", 3)
    ledger.record("started", 3, epochs_done=2)
    ledger.record("interrupted", 3)
    assert not trial.attempts.are_used_up(2)


def test_trials_that_ended_are_kept_in_the_order_of_their_numbers(tmp_path):
    ledger = Ledger(tmp_path / "trials.jsonl", warn=refuse_to_warn)
    for number in range(4):
        ledger.record("asked", number, values={"width": number})
    ledger.record("completed", 3, result=COMPLETED)
    ledger.record("failed", 2, reason="diverged")
    ledger.record("rejected", 1, reason="too large")
    ledger.record("completed", 0, result=COMPLETED)
    for known in (ledger, Ledger(ledger.path, warn=refuse_to_warn)):
        assert [trial.number for trial in known.completed] == [0, 3]
        assert [trial.number for trial in known.closed] == [0, 2, 3]
