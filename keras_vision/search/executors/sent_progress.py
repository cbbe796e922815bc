"""Progress of a training in another process, as lines for the one where the person looks."""

from keras_vision.reporting.progress import PlainProgress


class SentProgress(PlainProgress):
    """Progress as lines that are sent.

    Args:
        send: Called with the keyword `said` for each line.
    """

    def __init__(self, send):
        super().__init__(None)
        self.send = send

    def say(self, text=""):
        self.send(said=text)
