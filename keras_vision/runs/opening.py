"""What a person names a model by, a run directory or a `.keras` file: its file, its card, and the model itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_vision.errors import BadInput
from keras_vision.runs.archive import check_members
from keras_vision.runs.card import card_in
from keras_vision.runs.run import Run
from keras_vision.system.keras_import import import_keras

if TYPE_CHECKING:
    import keras


def model_file(source: str | os.PathLike[str]) -> Path:
    """Returns the path of the model that `source`, a run directory or a local `.keras` file, stands for.

    Raises:
        BadInput: It is neither, or an archive that no model is.

    Example:

    >>> model_file("runs/tune-vgg-fashion_mnist")  # doctest: +SKIP
    PosixPath('runs/tune-vgg-fashion_mnist/model.keras')
    """
    wanted = "Give a run directory or a local .keras file"
    if "://" in str(source):
        raise BadInput(f"{source} is not fetched, because a model from elsewhere can run code. {wanted}.")
    path = Path(source)
    if path.is_dir():
        path = Run(path).model_path
        if not path.exists():
            raise BadInput(f"There is no model.keras in the run directory {source}. Has the run saved a model yet?")
    if not path.exists():
        raise BadInput(f"There is no {source}. {wanted}.")
    target = path.resolve()
    if {path.suffix, target.suffix} != {".keras"} or not target.is_file():
        leads = f", a link to {target}," if path.is_symlink() else ""
        raise BadInput(f"{source}{leads} is not a .keras file. {wanted}: other formats can run code.")
    check_members(path)
    return path


def read_card(source: str | os.PathLike[str]) -> dict[str, Any]:
    """Returns what a model file says of itself: class names, data set, input shape; empty for a foreign file.

    Example:

    >>> read_card("runs/tune-vgg-fashion_mnist")["class_names"][:2]  # doctest: +SKIP
    ['T-shirt/top', 'Trouser']
    """
    return card_in(model_file(source))


def load_model(source: str | os.PathLike[str], *, float32: bool = False) -> keras.Model:
    """Loads the model of a run directory or a local `.keras` file, uncompiled, once `safety` has nothing against it.

    Args:
        source: The directory or file.
        float32: Whether to rebuild in float32 what was trained in mixed precision: to measure or export it.

    Raises:
        BadInput: `source` is something else, is damaged, or holds code (a Lambda layer, say), which is never run.

    Example:

    >>> load_model("runs/tune-vgg-fashion_mnist").output_shape  # doctest: +SKIP
    (None, 10)
    """
    path = model_file(source)
    import_keras(only_to_build=True)
    from keras_vision.runs.models import rebuild_model  # which imports Keras at its top

    return rebuild_model(path, source, float32)
