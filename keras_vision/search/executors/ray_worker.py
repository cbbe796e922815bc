"""What the nodes of a Ray cluster do for a search: look whether they can, run its jobs, and end one that hangs.

Ray calls these functions in processes of its own. One that has run a job is given the next one, and keeps what it has
imported and opened by then.
"""

import contextlib
import os
import signal
import socket
import time
import uuid
from pathlib import Path

from keras_vision.data.sharing import unpacked
from keras_vision.runs.provenance import versions
from keras_vision.search.executors import Job
from keras_vision.search.executors.elsewhere import answer, opened
from keras_vision.search.executors.mailbox import Mailbox
from keras_vision.search.executors.sent_progress import SentProgress
from keras_vision.system.keras_import import import_keras
from keras_vision.system.machine import free_memory
from keras_vision.system.ray_import import import_ray

SEEING = 60  # seconds for which NFS may show a folder as it was
_contexts: dict = {}  # the one context of this process, once open: Ray gives a process jobs of one search alone


def why_unfit(site):
    """Returns why jobs cannot run on this node, in sentences with the mend; "" where they can.

    Args:
        site: What they need, a dict: the `versions` of packages; the `folder` of mailboxes, in which a file
            "seen-..." is left; and other `files`.
    """
    node, own = socket.gethostname(), versions()
    for name, version in site["versions"].items():
        if own.get(name) != version:
            has = f"{name} {own[name]}" if name in own else f"no {name}"
            return f"The machine {node} has {has}, but this machine has {version}. Install the same version on both."
    for path in (site["folder"], *site["files"]):
        if not os.access(path, os.R_OK):
            return f"The machine {node} does not see {path}. Give paths on storage that all machines share."
    try:
        Path(site["folder"], f"seen-{uuid.uuid4().hex}").touch()
    except OSError as error:
        return f"The machine {node} cannot write in {site['folder']} ({error.strerror}). Give it the right to."
    return ""


def are_seen(folder, nodes):
    """Returns whether this machine sees the signs that so many nodes left in a folder; storage may show them late."""
    ends = time.monotonic() + SEEING
    while len(list(Path(folder).glob("seen-*"))) < nodes:
        if time.monotonic() > ends:
            return False
        time.sleep(0.1)
    return True


def look(site):
    """Returns what this node is like, a dict: `unfit`, as `why_unfit` says it, and its `free_memory` in bytes."""
    return {"unfit": why_unfit(site), "free_memory": free_memory()}


def run(site, record, dataset, job, mailbox, seconds_left):
    """Runs a job; returns what `answer` does, or why it cannot run here, as `unfit`.

    Args:
        site: As in `why_unfit`; of a node that joined late nobody has asked it yet.
        record: The context, as `recorded` returns it.
        dataset: As `packed` returns it, or None; of the first job of a process all others have the images too.
        job: A `Job` as a dict.
        mailbox: The path of its `Mailbox`.
        seconds_left: Until the search's deadline; None where there is none. Clocks of machines differ.
    """
    if not _contexts and (reason := why_unfit(site)):
        return {"unfit": reason}
    mailbox, job = Mailbox(mailbox), Job(**job)
    asked_at = mailbox.path.stat().st_mtime
    with mailbox.watched():
        mailbox.send(node=import_ray().get_runtime_context().get_node_id(), pid=os.getpid())
        if seconds_left is not None:  # by the clock of the storage, as long as the job waited for a node
            seconds_left -= max(0.0, mailbox.path.stat().st_mtime - asked_at)
        import_keras()
        if not _contexts:
            images = unpacked(*dataset) if dataset else None
            _contexts["open"] = opened(record, images, SentProgress(mailbox.send))
        context = _contexts["open"].until(None if seconds_left is None else time.monotonic() + seconds_left)
        context.progress.send = mailbox.send

        def note(rows):
            mailbox.send(rows=rows)
            return mailbox.is_to_pause

        return answer(context, job, note)


def end(pid):
    """Ends a process of this node at once, also a stopped one."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
