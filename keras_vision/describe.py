"""Says what a network is: `python -m keras_vision.describe --model NAME`, or `... describe RUN|MODEL.keras`."""

import dataclasses
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_vision.cli.command import main as run_command
from keras_vision.cli.front_door import carry_out, front_door
from keras_vision.data.places import ANY_SOURCE, DATA, locate
from keras_vision.errors import BadInput
from keras_vision.models import MODELS
from keras_vision.reporting import tables
from keras_vision.reporting.progress import Progress, installed
from keras_vision.results.findings import DescribeResult
from keras_vision.runs import model_file
from keras_vision.system.settings import SEED, Settings, name_in, setting


@dataclasses.dataclass(frozen=True)
class DescribeSettings(Settings):
    """What `describe` is asked for."""

    model: str = setting(None, f"a new model's family: {', '.join(MODELS)}", "NAME", name_in(MODELS))
    source: str = setting(None, "a run directory or a .keras file, instead of --model", is_word=True)
    input_shape: object = setting(
        None, "the image shape of a new model, such as 28x28x1; if not given, 32x32x3", "HxWxC"
    )
    num_classes: int = setting(None, "the number of classes of a new model; if not given, 10", "N")
    settings: dict = setting(
        {}, "a setting of a new model, such as filters=32,64; may be given several times", "KEY=VALUE", option="set",
        is_repeated=True,
    )  # fmt: skip
    receptive_field: bool = setting(False, "measure and draw what each layer sees")
    linearity: bool = setting(False, "measure linearity and translation equivariance of each kind of layer")
    impulse: str = setting(None, "read a layer's kernel back from its response to a unit impulse", "LAYER")
    gradients: bool = setting(False, "measure the gradient's norm in each layer, on noise or on images of --dataset")
    features: str = setting(
        None, "draw what each layer makes of this image, and look for units that do nothing: on the validation images "
        "of the model's own data, on images of --dataset, or on those of a folder that is given here",
        "IMAGE",
    )  # fmt: skip
    dataset: str = setting(
        None, f"where the images for --gradients and --features come from: {ANY_SOURCE}", "NAME", alias=DATA
    )
    data_dir: str = setting(None, "where that data set is, if not in one of the usual places", "DIR")
    check: bool = setting(False, "look for wiring faults; exit with 1 if there are any")
    kernels: bool = setting(False, "draw what the first layers have learned")
    out: str = setting(
        None,
        "the folder for figures; if not given, figures in the run, or here for a model that belongs to no run",
        "DIR",
    )
    seed: int = setting(0, "the random seed of a new model's weights and of all random inputs", "N", SEED)


@front_door(DescribeSettings, DescribeResult.of)
def describe(asked: DescribeSettings, progress: Progress) -> dict[str, Any]:
    """Show what a network is: what it costs and sees, layer by layer, and whether its wiring makes sense.

    A new model gets the statistics of the images for its gradients. A saved model's own data set is loaded as for its
    training; the images of another folder or TFDS data set are resized to the model's input.

    Returns:
        A dict: model, input_shape, layers, totals, exit_code, and one entry for each instrument that was asked for.

    Raises:
        BadInput: No such model, layer or file, or one that the instruments cannot read.

    Example:

    >>> describe("vgg")["totals"]["parameters"]  # doctest: +SKIP
    964170
    """
    _check(asked)
    return carry_out("commands.describe", asked, progress)


def _check(asked: Any) -> None:
    """Refuses settings that do not go together."""
    if (asked.model is None) == (asked.source is None):
        wanted = "Give either --model NAME, or a run directory or .keras file"
        raise BadInput(f"{wanted}, not both {asked.model!r} and {asked.source!r}." if asked.model else f"{wanted}.")
    for name in ("input_shape", "num_classes", "settings") if asked.source else ():
        if value := getattr(asked, name):
            raise BadInput(f"{name}={value!r} works only with --model NAME, not with the saved model {asked.source}.")
    if asked.dataset and not (asked.gradients or asked.features):
        raise BadInput(
            f"dataset={asked.dataset} is used only with --gradients or --features. Add one of them, or leave it out."
        )
    if asked.data_dir and not (asked.dataset or asked.features):
        raise BadInput(f"data_dir={asked.data_dir} is used only with --dataset. Say which data set is there.")
    if asked.dataset:
        locate(asked.dataset, asked.data_dir)
    if asked.features and not Path(asked.features).exists():
        raise BadInput(f"{asked.features} cannot be used: no such file. Give another image for --features.")
    if asked.source:
        model_file(asked.source)  # what is no model is refused before Keras is loaded


def show(result: Mapping[str, Any], progress: Progress) -> None:
    """Prints a result of `describe` for a person."""
    progress.print(tables.layer_table(result))
    lines = tables.total_lines(result["totals"])
    if "impulse" in result:
        lines.append(tables.impulse_line(result["impulse"]))
    for line in lines:
        progress.say(line)
    for name, table in tables.TABLES.items():
        if name in result:
            progress.print(table(result[name]))
    if "projector" in result:
        folder = shlex.quote(os.path.dirname(result["projector"]))
        command = f"{installed('tensorboard')} --host localhost --logdir {folder}"
        progress.say(f"the last features with thumbnails, in TensorBoard's projector: {command}")
    for line in tables.finding_lines(result.get("findings")):
        progress.say(line)
    for path in result.get("figures", ()):
        progress.say(f"figure: {path}")


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line."""
    return run_command(describe, "describe", show=show, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
