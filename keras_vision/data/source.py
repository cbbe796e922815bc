"""DataSource: one value that says which images, how they are read and how they are split."""

import dataclasses

from keras_vision.data.places import ANY_SOURCE, DATA, ON_BAD_IMAGE, PATH_KINDS
from keras_vision.system.paths import at_home
from keras_vision.system.settings import SEED, Settings, one_of, setting

_NAMES = ("data_dir", "image_size", "on_bad_image", "seed")  # of a record, beside "spec"


@dataclasses.dataclass(frozen=True)
class DataSource(Settings):
    """Which images, how they are read and how they are split.

    It opens them, it is what a run records, and it travels inside a model file, so that `evaluate` finds them again.

    Example:

    >>> DataSource("digits").open().shape
    (8, 8, 1)
    """

    dataset: str = setting("fashion_mnist", ANY_SOURCE, "NAME", alias=DATA)
    data_dir: str = setting(None, "where a named data set is, if not in one of the usual places", "DIR")
    image_size: int = setting(None, "resize all images to this height and width", "PIXELS")
    on_bad_image: str = setting(
        "error", "what to do about a damaged training image: stop and name it, or skip and count it",
        "|".join(ON_BAD_IMAGE), one_of(ON_BAD_IMAGE),
    )  # fmt: skip
    seed: int = setting(0, "the random seed: the same seed gives the same splits and the same training", "N", SEED)

    def open(self, announce=None, pixel_scale=None):
        """Returns the `Dataset`; arguments and errors as in `load_dataset`."""
        from keras_vision.data.loading import load_dataset  # which every `--help` that lists these settings can spare

        return load_dataset(
            self.dataset,
            data_dir=self.data_dir,
            image_size=self.image_size,
            on_bad_image=self.on_bad_image,
            seed=self.seed,
            announce=announce,
            pixel_scale=pixel_scale,
        )

    def whole(self):
        """Returns the same with whole paths, which hold from any folder."""
        kind, colon, path = self.dataset.partition(":")
        dataset = f"{kind}:{at_home(path).resolve()}" if kind in PATH_KINDS and colon else self.dataset
        data_dir = str(at_home(self.data_dir).resolve()) if self.data_dir else None
        return dataclasses.replace(self, dataset=dataset, data_dir=data_dir)

    def record(self):
        """Returns what a model file keeps of its data, as a dict; `from_record` reads it."""
        return {"spec": self.dataset} | {name: getattr(self, name) for name in _NAMES}

    @classmethod
    def from_record(cls, record):
        """Returns what `record` wrote; what an older file lacks is as usual."""
        size = record.get("image_size")
        known = {name: record[name] for name in _NAMES if name in record and name != "image_size"}
        return cls(record["spec"], image_size=tuple(size) if isinstance(size, list) else size, **known)
