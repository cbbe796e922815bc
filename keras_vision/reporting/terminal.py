"""What rich draws: tables, and bars that move in place."""

from rich import box, progress
from rich.console import Console
from rich.table import Table
from rich.text import Text

LEAST_TEXT = 10  # characters of a column of words, however narrow the terminal is


def drawn(table):
    """Returns a `keras_vision.reporting.tables.TextTable` as rich draws it. What is in its cells is never markup.

    Texts are folded where the terminal is narrow; the heads of numbers always are, between their words.
    """
    title = table.title and Text(table.title, style="table.title")
    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for place, name in enumerate(table.columns):
        cells = [row[place] for row in table.rows if row is not None]
        if place in table.texts:
            made.add_column(name, overflow="fold", min_width=min(LEAST_TEXT, max(map(len, [name, *cells]))))
        else:
            made.add_column(name, justify="right", width=max(map(len, [*name.split(), *cells])))
    for row in table.rows:
        if row is None:
            made.add_section()
        else:
            made.add_row(*map(Text, row))
    return made


def print_table(table, stream):
    """Prints a table on a stream that is no terminal."""
    Console(file=stream, width=110, highlight=False).print(drawn(table))


def new_bars(stream):
    """Returns a `rich.progress.Progress` for a terminal; what it draws is gone once it has stopped."""
    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(bar_width=None),
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[note]}"),
        progress.TimeRemainingColumn(),
        console=Console(file=stream, highlight=False),
        transient=True,
    )
