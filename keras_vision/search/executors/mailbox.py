"""What is told between a job elsewhere and who submitted it, in files on storage that both see."""

import contextlib
import json
import os
import threading
from pathlib import Path

_SECONDS = 1.0  # between two looks at whether anybody still wants the job


class Mailbox:
    """The messages of one start of a job: dicts, a line of JSON each, in a file that the job adds to.

    Both sides open it by its path; who submitted the job makes it. Once its file is removed nobody wants the job any
    more, and its process ends: also where that is out of reach, in a network that is torn apart.

    Args:
        path: The file.
    """

    def __init__(self, path):
        self.path, self._pause, self._read = Path(path), Path(f"{path}.pause"), 0

    def make(self):
        """Makes the file."""
        self.path.touch(exist_ok=False)

    def remove(self):
        """Removes it: the job is to end, or has ended."""
        self.path.unlink(missing_ok=True)
        self._pause.unlink(missing_ok=True)

    def send(self, **message):
        """Adds a message.

        Raises:
            FileNotFoundError: The file is not there, or no more.
        """
        with open(os.open(self.path, os.O_WRONLY | os.O_APPEND), "wb", buffering=0) as file:
            file.write(json.dumps(message).encode() + b"\n")

    def new(self):
        """Returns the messages that came since this was last called."""
        with open(self.path, "rb") as file:  # opened anew each time, for which network storage looks at the file anew
            file.seek(self._read)
            whole, end, _ = file.read().rpartition(b"\n")
        self._read += len(whole + end)
        return [json.loads(line) for line in whole.splitlines()]

    def ask_to_pause(self):
        """Asks the job to end after its present epoch."""
        self._pause.touch()

    @property
    def is_to_pause(self):
        """Whether the job was asked to."""
        return self._pause.exists()

    @contextlib.contextmanager
    def watched(self):
        """Ends the process at once when the file is removed, for the length of the block."""
        is_done = threading.Event()
        threading.Thread(target=self._watch, args=(is_done,), daemon=True).start()
        try:
            yield
        finally:
            is_done.set()

    def _watch(self, is_done):
        while not is_done.wait(_SECONDS):
            if not self.path.exists():
                os._exit(1)
