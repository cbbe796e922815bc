"""What programs do to images: less contrast, other shapes, large pixels, JPEG."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from keras_vision.data.corruptions.geometry import averaged_axis, resampled
from keras_vision.data.files.images import THREADS
from keras_vision.system.pictures import through_jpeg

CONTRAST = (0.75, 0.5, 0.4, 0.3, 0.15)  # share of it that is left
# In shares of the smaller side: how far pixels are moved, how far their moves reach, and how far three corners move.
ELASTIC = ((0, 0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05), (0.1, 0.03, 0.03))
PIXELS = (0.95, 0.9, 0.85, 0.75, 0.65)  # share of the rows and columns that are left
QUALITY = (80, 65, 58, 50, 40)


def contrast(x, strength, random, scale):
    """Draws all colours towards their mean in the image."""
    mean = x.mean(axis=(1, 2), keepdims=True)
    return (x - mean) * CONTRAST[strength] + mean


def elastic_transform(x, strength, random, scale):
    """Shears an image and stretches its parts.

    Three corners of a square in the middle are moved, and the plane with them; then each pixel by smooth noise (Simard
    et al. 2003, section 2).
    """
    n, height, width, channels = x.shape
    far, reach, corners = (share * min(height, width) for share in ELASTIC[strength])
    grid = np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij")).astype("float32")
    noise = random.uniform(-1, 1, (2, n, height, width)).astype("float32")
    if far:
        noise = far * gaussian_filter(noise, (0, 0, reach, reach), mode="reflect", truncate=3)
    else:
        noise[:] = 0
    planes = _moved_planes(n, min(height, width) // 3, corners, random)
    middle = np.array([(height - 1) / 2, (width - 1) / 2], "float32")[:, None, None]
    places = grid[:, None] + noise - middle[:, None]
    places = np.concatenate([places, np.ones_like(places[:1])])
    rows, columns = np.einsum("nij,jnhw->inhw", planes, places) + middle[:, None]
    images = np.broadcast_to(np.arange(n, dtype="float32")[:, None, None], rows.shape)
    return np.stack(
        [map_coordinates(x[..., one], (images, rows, columns), order=1, mode="mirror") for one in range(channels)],
        axis=3,
    )


def _moved_planes(count, side, far, random):
    """Returns affine maps [count, 2, 3] that take three corners of a square about 0 to near ones."""
    corners = np.array([[side, side], [side, -side], [-side, -side]], "float64")
    targets = corners + random.uniform(-far, far, (count, 3, 2))
    with_ones = np.concatenate([corners, np.ones((3, 1))], axis=1)
    return np.linalg.solve(with_ones, targets).transpose(0, 2, 1).astype("float32")


def pixelate(x, strength, random, scale):
    """Makes pixels larger."""
    height, width = x.shape[1:3]
    rows, columns = (max(1, int(side * PIXELS[strength])) for side in (height, width))
    small = resampled(x, averaged_axis(height, rows), averaged_axis(width, columns))
    return small[:, np.arange(height) * rows // height][:, :, np.arange(width) * columns // width]


def jpeg_compression(x, strength, random, scale):
    """Stores images as JPEG files and reads them."""
    pixels = np.rint(x * 255).astype("uint8")
    with ThreadPoolExecutor(THREADS) as threads:
        read = threads.map(lambda image: through_jpeg(image, QUALITY[strength]), pixels)
        return np.stack(list(read)).astype("float32") / 255
