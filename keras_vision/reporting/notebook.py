"""The bar of a notebook: HTML that IPython displays and replaces. ipywidgets need not be installed for it."""

import html
import time

from IPython.display import HTML, display

SECONDS = 0.2  # between two drawings, at least: each is a message to the browser


class Bar:
    """A bar that moves in place, with a line under it, which alone stays at the end.

    Args:
        total: How many steps it has.
    """

    def __init__(self, total):
        self.total, self.drawn_at, self.shown = total, 0.0, display(HTML(""), display_id=True)

    def move(self, done, words, line):
        """Shows that `done` steps are done, with words beside the bar and a line under it."""
        if time.monotonic() - self.drawn_at >= SECONDS:
            self.drawn_at = time.monotonic()
            bar = f'<progress value="{done}" max="{self.total}" style="width: 50%"></progress>'
            self.shown.update(HTML(f"{html.escape(words)} {bar}<pre>{html.escape(line)}</pre>"))

    def end(self, line):
        """Puts a line in its place."""
        self.shown.update(HTML(f"<pre>{html.escape(line)}</pre>"))
