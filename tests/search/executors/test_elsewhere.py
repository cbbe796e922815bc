"""What comes of a job in another process is what would have come of it here."""

import json
import types

import pytest

from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.runs import WorkdirRefused
from keras_vision.search.executors import Failure
from keras_vision.search.executors.elsewhere import answer, answered


def there_and_back(came):
    """Returns or raises what a job does that comes to this, or raises it."""

    def run(job, note):
        if isinstance(came, BaseException):
            raise came
        return came

    return answered(json.loads(json.dumps(answer(types.SimpleNamespace(run=run), None, None))))


@pytest.mark.parametrize("came", [{"val_accuracy": 0.1 + 0.2}, Failure("diverged", "the loss became nan", "where")])
def test_results_and_failures_come_back_as_they_are(came):
    assert there_and_back(came) == came


@pytest.mark.parametrize("kind", [WorkdirRefused, BadInput, KerasVisionError])
def test_what_a_person_can_mend_is_raised_with_its_exit_code(kind):
    with pytest.raises(KerasVisionError, match="in use by process 7") as raised:
        there_and_back(kind("in use by process 7"))
    assert type(raised.value) is kind


def test_a_full_disk_is_one_here_too():
    with pytest.raises(OSError, match="No space left") as raised:
        there_and_back(OSError(28, "No space left on device", "w/model.keras"))
    assert (raised.value.errno, raised.value.filename) == (28, "w/model.keras")


def test_any_other_error_is_a_failure_with_what_python_tells():
    failure = there_and_back(TypeError("no such layer\nat all"))
    assert (failure.kind, failure.reason) == ("error", "TypeError: no such layer")
    assert "raise came" in failure.details
