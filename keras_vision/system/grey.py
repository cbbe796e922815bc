"""Grey from colours as Pillow makes it, by ITU-R 601 luma: for what is compared with files or shown to a person.

Where only the brightness of images is measured, the plain mean of the channels does.
"""

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
