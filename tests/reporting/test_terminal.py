"""Tables as a terminal shows them."""

import io
import re

import pytest
from rich.console import Console

from keras_vision.reporting.tables import TextTable
from keras_vision.reporting.terminal import drawn, new_bars, print_table

LEADERS = TextTable(None, ("trial", "validation", "trained anew", "parameters", "MACs", "ms an image", "epochs"))
LEADERS.add_row("0007  filters=8,16  blocks=1,2", "0.9820", "0.9827", "11,004,282", "721 k", "0.48", "9, hopeless")


@pytest.mark.parametrize("width", [80, 200])
def test_numbers_stay_whole_and_words_stay_there(width):
    stream = io.StringIO()
    Console(file=stream, width=width).print(drawn(LEADERS))
    lines = stream.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    line = next(line for line in lines if "0007" in line)
    assert [cell for cell in LEADERS.rows[0][1:] if cell not in line] == []
    assert "filters=8,16" in stream.getvalue()


def test_a_row_is_a_line_where_there_is_no_terminal():
    stream = io.StringIO()
    print_table(LEADERS, stream)
    assert any(all(cell in line for cell in LEADERS.rows[0]) for line in stream.getvalue().splitlines())


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


@pytest.mark.parametrize("value", ["", "1"])
def test_colours_are_left_out_where_a_person_wants_none(value, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", value)
    stream = Terminal()
    with new_bars(stream) as bars:
        bars.add_task("epoch 1 of 2", total=2, completed=1, note="")
        bars.refresh()
    assert "epoch 1 of 2" in stream.getvalue()
    colours = re.findall(r"\x1b\[[0-9;]*3[0-9;]*m", stream.getvalue())
    assert bool(colours) is (value == "")  # empty counts as not set (no-color.org)
