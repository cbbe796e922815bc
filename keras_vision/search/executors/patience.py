"""When a job that tells nothing is taken to hang, or to have been stopped."""

import statistics
import time

# A job that tells nothing for so many times as long as its epochs take is ended, and not before so many seconds. While
# it takes training steps it tells so, see `SentProgress`: an epoch that takes longer than others is no hang.
PATIENCE, LEAST_SECONDS = 5, 120
# Until its first epoch ends nothing is known: TensorFlow is loaded, graphs are compiled, and images are measured.
FIRST_SECONDS = 1800
# Who waits asks every second or so. If it did not for longer, it was stopped itself, as by Ctrl-Z, and heard nothing.
MOST_AT_ONCE = 10


class Patience:
    """How long a job is waited for, from now on."""

    def __init__(self):
        self._usual, self._waited, self._asked = None, 0.0, time.monotonic()

    def renew(self, rows):
        """Takes note of an epoch, by all rows of metrics.jsonl; of none where what follows is no epoch."""
        self._usual = statistics.median(row["seconds"] for row in rows) if rows else None
        self.go_on()

    def go_on(self):
        """Takes note that training steps are taken."""
        self._waited, self._asked = 0.0, time.monotonic()

    def is_over(self):
        """Returns whether nothing was told for far longer than epochs take; to be asked again and again."""
        now = time.monotonic()
        self._waited += min(now - self._asked, MOST_AT_ONCE)
        self._asked = now
        return self._waited > (FIRST_SECONDS if self._usual is None else max(PATIENCE * self._usual, LEAST_SECONDS))
