"""What a person sees on a terminal; what logs and pipes get is looked at with each command."""

import io
import sys
import types

import pytest

from keras_vision.reporting.progress import LiveProgress, PlainProgress, Progress, make_progress, suitable_progress
from keras_vision.reporting.tables import TextTable


class Terminal(io.StringIO):
    """A stream that says of itself that a person sits before it."""

    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "quiet", "kind"),
    [(Terminal(), False, LiveProgress), (io.StringIO(), False, PlainProgress), (Terminal(), True, Progress)],
)
def test_bars_are_for_terminals(stream, quiet, kind):
    assert type(make_progress(quiet=quiet, stream=stream)) is kind


def test_a_search_on_a_terminal_leaves_its_trials_and_epochs_as_lines():
    terminal = Terminal()
    with make_progress(stream=terminal) as progress:
        for number in (1, 2):
            progress.trial_started(number, 2, {"filters": (8, 16)})
            progress.fit_started(epochs=2, steps=3, done=number - 1, best=0.5)
            for epoch in range(number, 3):
                for _ in range(3):
                    progress.step_ended(images=32)
                progress.epoch_ended(epoch, 2, {"accuracy": 0.6, "val_accuracy": 0.7})
            progress.fit_ended()
        progress.say("[done]")
    lines = terminal.getvalue().splitlines()
    for start in (
        "trial 1 of 2: filters=8,16",
        "trial 2 of 2",
        "  epoch 1 of 2  accuracy 0.6",
        "  continues after epoch 1 of 2",
    ):
        assert any(start in line for line in lines), start
    assert "[done]" in terminal.getvalue()


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
@pytest.mark.parametrize(("best", "words"), [(0.8, "best 0.8000"), (None, "")])
def test_the_best_epoch_is_named_where_it_is_what_counts(stream, best, words):
    stream = stream()
    progress = make_progress(stream=stream)
    progress.fit_started(epochs=2, steps=1, best=best)
    progress.step_ended(images=32)
    progress.epoch_ended(1, 2, {"accuracy": 0.6, "val_accuracy": 0.7})
    progress.fit_ended()
    (line,) = [line for line in stream.getvalue().splitlines() if "epoch 1 of 2  accuracy" in line]
    assert words in line if words else "best" not in stream.getvalue()


def notebook():
    """IPython, as a notebook has it among its modules."""
    return types.SimpleNamespace(get_ipython=lambda: object())


def test_a_script_that_calls_a_front_door_prints_for_itself():
    assert type(suitable_progress()) is Progress
    given = PlainProgress(io.StringIO())
    assert suitable_progress(given) is given


def test_a_notebook_and_a_prompt_show_progress(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", notebook())
    assert type(suitable_progress()) is PlainProgress
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: None))  # imported by a script
    assert type(suitable_progress()) is Progress
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert type(suitable_progress()) is LiveProgress


def test_front_doors_ask_what_suits(monkeypatch):
    from keras_vision.evaluate import evaluate
    from keras_vision.train import train

    def asked(given):
        raise KeyError("asked")

    monkeypatch.setattr("keras_vision.cli.front_door.suitable_progress", asked)
    for front_door, word in ((train, "cnn"), (evaluate, "nothing")):
        with pytest.raises(KeyError, match="asked"):
            front_door(word)


def test_bars_that_nobody_entered_are_there_while_a_training_goes_on():
    progress = LiveProgress(Terminal())
    progress.say("before")
    progress.fit_started(epochs=1, steps=1)
    assert progress.bars.live.is_started
    progress.epoch_ended(1, 1, {"accuracy": 0.5})
    progress.fit_ended()
    assert not progress.bars.live.is_started


class Full(io.StringIO):
    """A stream on a full disk."""

    def write(self, text):
        raise OSError(28, "No space left on device")


def test_progress_that_cannot_be_written_is_given_up_and_a_result_is_an_error():
    PlainProgress(Full()).say("an epoch")
    with LiveProgress(Full()) as progress:
        progress.say("an epoch")
    with pytest.raises(OSError, match="No space left"):
        PlainProgress(Full(), must_be_read=True).say("the accuracy")


@pytest.mark.parametrize("stream", [None, "closed"])
def test_no_stream_is_no_reason_to_stop(stream, monkeypatch):
    if stream == "closed":
        stream = io.StringIO()
        stream.close()
    monkeypatch.setattr(sys, "stdout", stream)
    with make_progress() as progress:
        progress.say("Müll")
        progress.print(TextTable(None, ("class",)))


def test_a_notebook_has_a_bar_that_moves_and_leaves_the_last_epoch(monkeypatch):
    shown, shell = [], types.SimpleNamespace(kernel=object())
    display = types.SimpleNamespace(
        HTML=str, display=lambda page, display_id: types.SimpleNamespace(update=shown.append)
    )
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.delitem(sys.modules, "keras_vision.reporting.notebook", raising=False)
    progress = suitable_progress()
    progress.fit_ended()  # of nothing
    progress.fit_started(epochs=1, steps=2)
    progress.step_ended(32)
    assert '<progress value="1" max="2"' in shown[-1] and "epoch 1 of 1" in shown[-1]
    progress.epoch_ended(1, 1, {"accuracy": 0.5})
    progress.fit_ended()
    assert shown[-1] == "<pre>epoch 1 of 1  accuracy 0.5000  best 0.0000</pre>"
    monkeypatch.delitem(sys.modules, "keras_vision.reporting.notebook")
