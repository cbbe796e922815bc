"""Searches that find nothing, and what is said of why."""

import pytest

from keras_vision.errors import KerasVisionError
from tests.search.searches import make_search

pytestmark = pytest.mark.usefixtures("bare_runs", "pretended")


@pytest.mark.parametrize(
    ("reasons", "ended", "words"),
    [
        ([], "space", "no network is within the limits and fits the images"),
        ([], "time", "the search ended before one did"),
        (["too large", "too large"], "space", "No trial completed: too large.$"),
        (["a", "b", "c", "d", "e"], "space", "a; b; c; and 2 other reasons"),
    ],
)
def test_why_no_trial_completed_is_told_in_a_line(tmp_path, space, reasons, ended, words):
    search = make_search(tmp_path / "s", space)
    for number, reason in enumerate(reasons):
        search.ledger.record("asked", number, values={})
        search.ledger.record("rejected", number, reason=reason)
    with pytest.raises(KerasVisionError, match=words):
        search.conclude(ended)
