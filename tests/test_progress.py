"""What a person sees on a terminal; what logs and pipes get is looked at with each command."""

import io

import pytest

from keras_vision.progress import LiveProgress, PlainProgress, Progress, make_progress


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
        "  goes on after epoch 1 of 2",
    ):
        assert any(start in line for line in lines), start
    assert "[done]" in terminal.getvalue()
