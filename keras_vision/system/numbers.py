"""What counts as a number, as a person gives it: NumPy's own do, and truth values do not. NumPy is not imported."""

import numbers
from typing import Any


def is_number(value: Any, *, whole: bool = False) -> bool:
    """Returns whether a value is a number, or with `whole` a whole one, by its type.

    Example:

    >>> is_number(np.float32(0.5)), is_number(np.int64(3), whole=True), is_number(3.0, whole=True), is_number(True)
    (True, True, False, False)
    """
    return isinstance(value, numbers.Integral if whole else numbers.Real) and not isinstance(value, bool)


def plain(value: Any) -> Any:
    """Returns a value with Python's own numbers and truth values for NumPy's, in tuples, lists and dicts too.

    Of float32 it is the number as it is written, not the nearest of its binary neighbours in float64.

    Example:

    >>> plain({"filters": (np.int64(8), 16), "dropout_rate": np.float32(0.1)})
    {'filters': (8, 16), 'dropout_rate': 0.1}
    """
    if type(value) in (tuple, list):
        return type(value)(map(plain, value))
    if type(value) is dict:
        return {name: plain(one) for name, one in value.items()}
    if getattr(value, "ndim", None) != 0 or not hasattr(value, "item"):
        return value
    own = value.item()
    return float(str(value)) if isinstance(own, float) and type(value).__module__ == "numpy" else own
