"""TensorBoard's event files: scalars, images, and sessions of HParams.

Keras' callback of the name needs TensorFlow and knows nothing of how a session ended; here every backend logs alike.
TensorBoard's own writer of files works in a thread, and a full disk is no `OSError` there.
"""

import os
import socket
import struct
import time
from pathlib import Path

from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
from tensorboard.plugins.hparams import summary_v2 as hparams
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.summary.writer.record_writer import RecordWriter

from keras_vision.reporting.progress import cell


class EventLog:
    """One TensorBoard run.

    Args:
        directory: Where the event file goes.

    Raises:
        OSError: It cannot be written.

    Example:

    >>> with EventLog("runs/example/tensorboard/train") as log:
    ...     log.scalars({"accuracy": 0.91}, step=1)
    """

    def __init__(self, directory):
        directory, now = Path(directory), time.time_ns()
        directory.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{now // 10**9}.{socket.gethostname()}.{os.getpid()}.{now}"
        self._file = open(directory / name, "xb")  # noqa: SIM115  closed where the block of this log ends
        self._records = RecordWriter(self._file)
        self._add(event_pb2.Event(wall_time=now / 1e9, file_version="brain.Event:2"))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._file.close()

    def _add(self, event):
        self._records.write(event.SerializeToString())

    def _write(self, summary, step=0):
        self._add(event_pb2.Event(wall_time=time.time(), step=step, summary=summary))

    def scalars(self, values, step):
        """Logs a dict of floats at `step`."""
        for tag, value in values.items():
            self._write(scalar_pb(tag, float(value)), step)
        self._file.flush()

    def picture(self, tag, png, step=0):
        """Logs the bytes of a PNG file as an image."""
        width, height = struct.unpack(">II", png[16:24])  # of its header (PNG specification, section 11.2.2)
        image = summary_pb2.Summary.Image(encoded_image_string=png, width=width, height=height, colorspace=4)
        self._write(summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag=tag, image=image)]), step)

    def experiment(self, settings, metrics):
        """Declares the columns of the HParams page.

        Args:
            settings: Iterable of the settings' names.
            metrics: Dict of scalar tag -> name shown.
        """
        columns = [hparams.HParam(name) for name in settings]
        shown = [hparams.Metric(tag, display_name=name) for tag, name in metrics.items()]
        self._write(hparams.hparams_config_pb(columns, shown))

    def session(self, name, settings, result, metrics):
        """Logs a run or a trial as a session of HParams; without an end it would be shown as running.

        Args:
            name: Its name.
            settings: Dict of its settings.
            result: Dict with `epochs_run` and what `metrics` names; None where it failed.
            metrics: The names of what is shown of the result.
        """
        self._write(hparams.hparams_pb({key: _plain(value) for key, value in settings.items()}, trial_id=name))
        if result:
            self.scalars({metric: result[metric] for metric in metrics}, step=result["epochs_run"])
        status = api_pb2.STATUS_SUCCESS if result else api_pb2.STATUS_FAILURE
        end = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=time.time())
        content = plugin_data_pb2.HParamsPluginData(session_end_info=end)
        value = summary_pb2.Summary.Value(
            tag=metadata.SESSION_END_INFO_TAG,
            metadata=metadata.create_summary_metadata(content),
            tensor=metadata.NULL_TENSOR,
        )
        self._write(summary_pb2.Summary(value=[value]))


def _plain(value):
    """Returns a setting as HParams can hold it."""
    value = cell(value)
    return value if isinstance(value, bool | int | float | str) else str(value)
