"""Trainings as tasks of a Ray cluster: on all processors or GPUs of a machine, or of many.

Ray starts processes, finds room for tasks and tells of what died. What a training comes to, how often it is started
anew and what a search asks for next is decided here, as everywhere else.
"""

import dataclasses
import shutil
import time
import uuid
from pathlib import Path

from keras_vision.data.sharing import packed
from keras_vision.errors import BadInput
from keras_vision.runs.provenance import versions
from keras_vision.search.executors import Failure, Job, name_of
from keras_vision.search.executors.elsewhere import answered, recorded
from keras_vision.search.executors.mailbox import Mailbox
from keras_vision.search.executors.patience import Patience
from keras_vision.search.executors.ray_worker import are_seen


@dataclasses.dataclass
class Start:
    """One start of a job.

    Args:
        job: The `Job`.
        mailbox: Its `Mailbox`.
        left_out: How many nodes it could not be given to.
        node, pid: Where its process is, as Ray calls the node, and the process's number there; None until it has begun.
        patience: Its `Patience`, from then on.
    """

    job: Job
    mailbox: Mailbox
    left_out: int
    node: str | None = None
    pid: int | None = None
    patience: Patience | None = None


class RayTasks:
    """An executor; see `keras_vision.search.executors`.

    Args:
        context: What its jobs need.
        folder: Where messages lie: on storage that all nodes share. `close` deletes it.
        cluster: A `Cluster`.

    Raises:
        BadInput: A node cannot run the jobs; says why and how to mend it.
    """

    def __init__(self, context, folder, cluster):
        self.context, self.cluster, self.folder = context, cluster, Path(folder).absolute()
        self.places = {}
        self._tasks, self._images, self._has_told = {}, None, False
        self._mailboxes = self.folder / uuid.uuid4().hex
        self._mailboxes.mkdir(parents=True)
        self._site = {"versions": versions(), "folder": str(self._mailboxes), "files": context.files}
        try:
            self._check_nodes()
        except BadInput:
            self.close()
            raise

    @property
    def slots(self):
        """How many jobs the nodes have room for at present; jobs wait where there is none."""
        return max(1, self.cluster.room)

    def _check_nodes(self):
        nodes = self.cluster.look(self._site)
        for node in nodes:
            if node.unfit:
                raise BadInput(node.unfit)
        if not are_seen(self._mailboxes, len(nodes)):
            raise BadInput(
                f"This machine does not see what the others write in {self._mailboxes}. Give a --workdir on storage "
                "that all machines share."
            )

    def submit(self, job):
        """Has Ray run a job as soon as a node has room."""
        self.places.pop(job.path, None)
        if self.context.dataset and self._images is None:
            self._images = self.cluster.put(packed(self.context.dataset))
        mailbox = Mailbox(self._mailboxes / f"{uuid.uuid4().hex}.jsonl")
        mailbox.make()
        deadline = self.context.deadline
        sent = dataclasses.replace(job, path=str(Path(job.path).absolute()))
        reference = self.cluster.start(
            self._site,
            recorded(self.context.until(None)),
            self._images,
            dataclasses.asdict(sent),
            str(mailbox.path),
            None if deadline is None else deadline - time.monotonic(),
        )
        self._tasks[reference] = Start(job, mailbox, self.cluster.left_out)

    def wait(self, note):
        """Returns the jobs that ended, as soon as there is one."""
        while True:
            ended = self.cluster.ended(list(self._tasks))
            for task in self._tasks.values():
                self._hear(task, note)
            settled = [came for reference in ended for came in self._settle(reference)]
            if settled:
                return settled
            for task in self._tasks.values():
                self._end_if_silent(task)
            self._tell_of_no_room()

    def _hear(self, task, note):
        """Takes note of what a job told."""
        for message in task.mailbox.new():
            if "pid" in message:
                task.node, task.pid, task.patience = message["node"], message["pid"], Patience()
                self.places[task.job.path] = self.cluster.name_of(task.node)
            elif "said" in message:
                self.context.progress.say(f"{name_of(task.job)}: {message['said'].strip()}")
            elif "rows" in message:
                task.patience.renew(message["rows"])
                note(task.job, message["rows"])
            else:
                task.patience.go_on()

    def _settle(self, reference):
        """Returns what a job that ended came to, in a list; an empty one where it was started once more."""
        task = self._tasks.pop(reference)
        task.mailbox.remove()
        message = self.cluster.answer(reference)
        if "unfit" in message:
            if self.cluster.left_out == task.left_out:
                self._leave_out_unfit()
            if self.cluster.left_out > task.left_out:
                self.submit(task.job)
                return []
            message = {"failure": dataclasses.asdict(Failure("died", message["unfit"]))}
        came = answered(message)
        if isinstance(came, Failure) and came.kind == "died":
            self.context.progress.say(f"{name_of(task.job)}: {came.reason}; it goes on in another process")
        return [(task.job, came)]

    def _leave_out_unfit(self):
        """Leaves out nodes that joined and cannot run the jobs, and says why."""
        for node in self.cluster.look(self._site):
            if node.unfit:
                self.cluster.leave_out(node)
                self.context.progress.say(f"{node.unfit} Until it joins anew, nothing runs there.")

    def _end_if_silent(self, task):
        """Ends the process of a job that hangs, or was stopped; that it has ended is told as of any other death."""
        if task.patience and task.patience.is_over():
            self.context.progress.say(f"{name_of(task.job)}: no training step for far too long; its process is ended")
            self.cluster.end(task.node, task.pid)
            task.patience = Patience()

    def _tell_of_no_room(self):
        """Tells the person, once, that all jobs wait because the nodes that had room for them are gone."""
        if not self._has_told and not any(task.pid for task in self._tasks.values()) and not self.cluster.room:
            self.context.progress.say(
                "No machine of the cluster has room for a trial. They wait for one to join. You can also interrupt the "
                "search and continue it later."
            )
            self._has_told = True

    def pause(self, job):
        """Asks a job to end after its present epoch."""
        for task in self._tasks.values():
            if task.job == job:
                task.mailbox.ask_to_pause()

    def close(self):
        """Ends all jobs at once, and deletes the messages."""
        for task in self._tasks.values():
            task.mailbox.remove()
        self.cluster.cancel(list(self._tasks))
        self._tasks = {}
        shutil.rmtree(self.folder, ignore_errors=True)
