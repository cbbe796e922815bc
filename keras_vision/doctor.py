"""Says whether this machine is ready: `python -m keras_vision.doctor`."""

import dataclasses
import sys
from collections.abc import Mapping
from typing import Any

from keras_vision.cli.command import main as run_command
from keras_vision.cli.front_door import front_door
from keras_vision.commands.doctor import MAIN_COMMAND, findings
from keras_vision.reporting.progress import Progress
from keras_vision.results.findings import DoctorResult
from keras_vision.search.executors.worker_settings import CLUSTER
from keras_vision.system.settings import Settings, setting


@dataclasses.dataclass(frozen=True)
class DoctorSettings(Settings):
    """What `doctor` is asked for."""

    data_dir: str = setting(
        None, "the TFDS directory to look in, if the data are not in one of the usual places", "DIR"
    )
    ray: str = setting(
        None, "look at each machine of a Ray cluster too, by the address that --ray of other commands takes; run it in "
        "the folder in which a search is to be started", "local|HOST:PORT", CLUSTER,
    )  # fmt: skip


@front_door(DoctorSettings, DoctorResult.of, words=0)
def doctor(asked: DoctorSettings, progress: Progress) -> dict[str, Any]:
    """Check whether this machine is ready for the main command, a VGG search on Fashion-MNIST, and what else it can do.

    Nothing is downloaded, and the network is not used but for a Ray cluster.

    Returns:
        A dict: findings, a list of dicts of status ("ok", "warning", "fault"), subject and text; command, the main one;
        and exit_code, 1 where any is a fault: that command would fail.

    Example:

    >>> doctor()["exit_code"]  # doctest: +SKIP
    0
    """
    found = findings(asked.data_dir, asked.ray)
    has_fault = any(finding.status == "fault" for finding in found)
    command = f"{MAIN_COMMAND} --ray {asked.ray}" if asked.ray else MAIN_COMMAND
    listed = [dataclasses.asdict(finding) for finding in found]
    return {"findings": listed, "command": command, "exit_code": int(has_fault)}


def show(result: Mapping[str, Any], progress: Progress) -> None:
    """Prints the findings, one a line, and what follows from them."""
    for one in result["findings"]:
        progress.say(f"{one['status']:<9}{one['subject']}: {one['text']}")
    faults = sum(one["status"] == "fault" for one in result["findings"])
    progress.say(f"{faults} of these would stop {result['command']}" if faults else f"ready for {result['command']}")


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line."""
    return run_command(doctor, "doctor", show=show, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
