"""Trainings in this process, one after the other."""


class Here:
    """An executor; see `keras_vision.search.executors`.

    Args:
        context: What its jobs need.
    """

    slots = 1

    def __init__(self, context):
        self.context, self.places, self._jobs = context, {}, []

    def submit(self, job):
        """Takes a job, which `wait` runs."""
        self._jobs.append(job)

    def wait(self, note):
        """Runs the job that was submitted."""
        job = self._jobs.pop()
        return [(job, self.context.run(job, lambda rows: note(job, rows)))]

    def pause(self, job):
        """Does nothing: nobody asks while the only job runs."""

    def close(self):
        """Does nothing: what runs here has ended."""
