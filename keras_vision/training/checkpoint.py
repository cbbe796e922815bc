"""Checkpoints to resume from: one file that holds weights, optimiser and history of the same epoch."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np

from keras_vision.runs import atomic_path

KEEP = 2  # a damaged newest file leaves the one before it


class Checkpoints:
    """The checkpoints of one run.

    Everything of an epoch is in one `.npz` file (checked by its CRCs), written whole or not at all, so that weights
    and history cannot be of different epochs.

    Args:
        directory: Where they are kept.
    """

    def __init__(self, directory):
        self.directory = Path(directory)

    def save(self, model, state):
        """Writes the variables of a compiled model and its optimiser, and `state` (a dict with key `epoch`).

        The optimiser must be built. Checkpoints of later epochs are of a training that this one is no part of: they go.
        """
        arrays = {f"v{i:05d}": keras.ops.convert_to_numpy(v) for i, v in enumerate(_variables(model))}
        newest = self.directory / f"epoch-{state['epoch']:05d}.npz"
        with atomic_path(newest) as temporary:
            np.savez(temporary, state=np.array(json.dumps(state, allow_nan=False)), **arrays)
        found = self._newest_first()
        place = found.index(newest)
        for other in [*found[:place], *found[place + KEEP :]]:
            other.unlink()

    def restore(self, model, warn):
        """Sets the model and optimiser to the newest sound checkpoint.

        Args:
            model: A compiled model of the same architecture.
            warn: Called with a line for each damaged file that is passed over.

        Returns:
            The state saved with it, or None where there is none.
        """
        for path in self._newest_first():
            try:
                with open(path, "rb") as file, np.load(file, allow_pickle=False) as saved:
                    arrays = {name: saved[name] for name in saved.files}
                state = json.loads(str(arrays.pop("state")))
            except Exception as error:  # zipfile and numpy raise many kinds over flipped bytes
                warn(f"warning: The checkpoint {path} is damaged ({error}) and is not used.")
                continue
            variables = _variables(model)
            if [v.shape for v in variables] != [arrays[name].shape for name in sorted(arrays)]:
                warn(f"warning: The checkpoint {path} belongs to another model and is not used.")
                continue
            for variable, name in zip(variables, sorted(arrays), strict=True):
                variable.assign(arrays[name])
            return state
        return None

    def remove(self):
        """Removes the checkpoints of a finished run."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def _newest_first(self):
        return sorted(self.directory.glob("epoch-*.npz"), reverse=True)


def latest_epoch(directory):
    """Returns the epoch of the newest checkpoint in a directory, 0 where there is none."""
    epochs = (int(path.stem.removeprefix("epoch-")) for path in Path(directory).glob("epoch-*.npz"))
    return max(epochs, default=0)


def _variables(model):
    return [*model.variables, *model.optimizer.variables]
