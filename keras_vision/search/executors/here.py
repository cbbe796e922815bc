"""Trainings in this process, one after the other."""


class Here:
    """An executor; see `keras_vision.search.executors`.

    Args:
        context: What its jobs need.
    """

    slots = 1

    def __init__(self, context):
        self.context, self.places = context, {}
        self._job, self._is_to_pause = None, False

    def submit(self, job):
        """Takes a job, which `wait` runs."""
        self._job, self._is_to_pause = job, False

    def wait(self, note):
        """Runs the job that was submitted."""
        job = self._job

        def noted(rows):
            note(job, rows)
            return self._is_to_pause

        return [(job, self.context.run(job, noted))]

    def pause(self, job):
        """Asks the job to end after its present epoch."""
        self._is_to_pause = True

    def close(self):
        """Does nothing: what runs here has ended."""
