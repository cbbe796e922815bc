"""When a job that tells nothing is taken to hang, or to have been stopped."""

import statistics
import time

# A job that tells nothing for so many times as long as its epochs take is ended, and not before so many seconds.
PATIENCE, LEAST_SECONDS = 5, 120
# Until its first epoch ends nothing is known: TensorFlow is loaded, graphs are compiled, and the epoch is trained.
FIRST_SECONDS = 1800


class Patience:
    """How long a job is waited for, from now on."""

    def __init__(self):
        self._usual, self._last = None, time.monotonic()

    def renew(self, rows):
        """Takes note of an epoch, by all rows of metrics.jsonl; of none where what follows is no epoch."""
        self._usual = statistics.median(row["seconds"] for row in rows) if rows else None
        self._last = time.monotonic()

    @property
    def is_over(self):
        """Whether an epoch takes far longer than the others did."""
        most = FIRST_SECONDS if self._usual is None else max(PATIENCE * self._usual, LEAST_SECONDS)
        return time.monotonic() - self._last > most
