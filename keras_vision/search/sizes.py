"""What a search makes small: what "the smallest network" means to a person."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Size:
    """One meaning of "small".

    Args:
        counted: The field of `ModelCounts` by which networks are proposed: it is known before one is built.
        result: What those that reached the target are ranked by: a key of a trial's result.
        words: It in words, for a number of `result`, as a format string.
    """

    counted: str
    result: str
    words: str


PARAMETERS = "parameters"  # unless told otherwise
SIZES = {
    PARAMETERS: Size("parameters", "parameters", "{:,} parameters"),
    "macs": Size("macs", "macs", "{:,} multiply-accumulates for one image"),
    "latency": Size("macs", "latency_ms", "{:.2f} ms for one image"),
}
