"""What a search makes small: what "the smallest network" means to a person."""

import dataclasses
import math

from keras_vision.formats import FORMATS
from keras_vision.reporting.packages import check_installed


@dataclasses.dataclass(frozen=True)
class Size:
    """One meaning of "small".

    Args:
        counted: The field of `ModelCounts` by which networks are proposed: it is known before one is built.
        result: What those that reached the target are ranked by: a key of a trial's result.
        words: It in words, for a number of `result`, as a format string.
        export: The format, a name in `FORMATS`, in which a trial that reached is written in int8 to be measured; None
            where every trial has that number.
    """

    counted: str
    result: str
    words: str
    export: str | None = None

    def check(self):
        """Refuses a size that cannot be measured here.

        Raises:
            BadInput: Packages are missing, with the command that installs them.
        """
        if self.export:
            what = f"A size in bytes is that of an export in the format {self.export}, which"
            check_installed(what, FORMATS[self.export].packages, self.export)

    def of(self, result):
        """Returns the size by a trial's result; infinity where it was not measured, as of a trial that did not reach.

        Example:

        >>> SIZES["macs"].of({"parameters": 340, "macs": 5000}), SIZES["bytes"].of({"parameters": 340, "macs": 5000})
        (5000, inf)
        """
        return result.get(self.result, math.inf)

    def words_of(self, result):
        """Returns the size by a trial's result in words; where it was not measured, the parameters."""
        size = self if self.result in result else SIZES[PARAMETERS]
        return size.words.format(size.of(result))


PARAMETERS = "parameters"  # unless told otherwise
SIZES = {
    PARAMETERS: Size("parameters", "parameters", "{:,} parameters"),
    "macs": Size("macs", "macs", "{:,} multiply-accumulates for one image"),
    "latency": Size("macs", "latency_ms", "{:.2f} ms for one image"),
    "bytes": Size("parameters", "int8_bytes", "{:,} bytes exported in int8", export="litert"),
}
