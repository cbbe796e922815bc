"""Grey from colours, the same in all rooms: ITU-R 601 luma, by which Pillow turns images grey, too."""

import numpy as np

LUMA = (0.299, 0.587, 0.114)  # shares of red, green and blue


def grey(images: np.ndarray) -> np.ndarray:
    """Returns images [..., h, w, c] of 1 or 3 channels as float32 [..., h, w], not rounded.

    Example:

    >>> grey(np.array([[[0, 100, 0]]], "uint8")).round().tolist()
    [[59.0]]
    """
    return images[..., 0].astype(np.float32) if images.shape[-1] == 1 else images.astype(np.float32) @ _LUMA


_LUMA = np.array(LUMA, np.float32)
