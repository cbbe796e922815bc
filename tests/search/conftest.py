import pytest

from keras_vision.search.executors import runner
from keras_vision.search.ledger import Ledger
from keras_vision.search.space import Space
from tests.search.searches import COMPLETED, RECIPE, SPACE, pretend_to_choose, pretend_to_train, refuse_to_warn


@pytest.fixture
def space(tmp_path):
    (tmp_path / "space.py").write_text(SPACE)
    return Space("mlp", RECIPE, file=tmp_path / "space.py")


@pytest.fixture
def trained():
    """A test that uses this looks at trainings, which `pretended` then leaves as they are."""


@pytest.fixture
def pretended(request, monkeypatch):
    """Trainings are made up: of tests that look at what a search makes of them."""
    if "trained" not in request.fixturenames:
        monkeypatch.setattr(runner, "choose", pretend_to_choose)
        monkeypatch.setattr(runner, "fit", pretend_to_train)


@pytest.fixture
def ledger(tmp_path):
    """A ledger of three completed trials: the second and the third are as good, the third is smaller."""
    ledger = Ledger(tmp_path / "trials.jsonl", warn=refuse_to_warn)
    for number, accuracy in enumerate((0.8, 0.9, 0.9)):
        ledger.record("asked", number, values={"width": number})
        ledger.record("started", number, epochs_done=0)
        ledger.record("completed", number, result=COMPLETED | {"val_accuracy": accuracy, "parameters": 100 - number})
    return ledger
