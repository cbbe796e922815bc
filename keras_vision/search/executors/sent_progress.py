"""Progress of a training in another process, as lines for the one where the person looks."""

import time

from keras_vision.reporting.progress import PlainProgress

BEAT = 30  # seconds between two signs that training steps are taken; patience is longer


class SentProgress(PlainProgress):
    """Progress as lines that are sent, and signs of a training that tells no line for long.

    Args:
        send: Called with the keyword `said` for each line, and now and then with `trains`, while steps are taken.
    """

    def __init__(self, send):
        super().__init__(None)
        self.send, self._sent = send, time.monotonic()

    def say(self, text=""):
        self.send(said=text)

    def step_ended(self, images):
        now = time.monotonic()
        if now - self._sent >= BEAT:
            self._sent = now
            self.send(trains=True)
