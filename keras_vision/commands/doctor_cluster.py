"""What `doctor` looks at on a Ray cluster: each of its nodes, by the same questions that a search asks of it."""

import tempfile
from pathlib import Path

from keras_vision.errors import BadInput
from keras_vision.runs.provenance import versions
from keras_vision.search.executors.ray_cluster import in_words, joined
from keras_vision.search.executors.ray_worker import are_seen
from keras_vision.search.executors.worker_settings import WorkerSettings


def nodes(address):
    """Yields (status, subject, text) for each node of a cluster, or for the cluster where it cannot be used.

    Args:
        address: As of `WorkerSettings.ray`.
    """
    asked = WorkerSettings(ray=address)
    try:
        asked.check_cluster()
        with joined(asked, say=lambda line: None) as cluster:
            yield from _looked_at(cluster)
    except BadInput as error:
        yield "fault", "ray", str(error)


def _looked_at(cluster):
    """Yields what `nodes` does of a cluster that was joined."""
    runs = Path("runs")
    shared = (runs if runs.exists() else Path()).resolve()
    with tempfile.TemporaryDirectory(prefix=".doctor", dir=shared) as folder:
        looked_at = {node.key: node for node in cluster.look({"versions": versions(), "folder": folder, "files": []})}
        fit = sum(not node.unfit for node in looked_at.values())
        is_shared = are_seen(folder, fit)
    for node in cluster.nodes:
        subject, has = f"machine {node.name}", in_words(node.resources)
        if node.key not in looked_at:
            yield "ok", subject, f"no trial fits there: it has {has}"
        elif unfit := looked_at[node.key].unfit:
            yield "fault", subject, unfit
        else:
            free = looked_at[node.key].free_memory / 2**30
            yield "ok", subject, f"{has} for trials; {free:.1f} GiB are free now; the same versions; writes in {shared}"
    if not is_shared:
        text = f"This machine does not see what the others write in {shared}. Go to a folder that all share."
        yield "fault", "shared storage", text
    elif fit:
        yield "ok", "shared storage", f"what the others write in {shared} is seen here"
