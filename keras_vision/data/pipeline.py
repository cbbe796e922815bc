"""How a split reaches the trainer: shuffle, gather, augment, prefetch.

The images stay one uint8 tensor in memory; what is shuffled is numbers. Every random choice is a function of
(seed, epoch, step) alone, so a run that resumes at epoch k sees the batches that it would have seen undisturbed.
"""

import numpy as np
import tensorflow as tf

from keras_vision.data.augmentation import NO_AUGMENTATION, augment
from keras_vision.data.splits import ALIGNED, steps_per_epoch
from keras_vision.errors import BadInput

# Steps count from 0, so this number is free for the draws that belong to a whole epoch or run.
_NO_STEP = -1
# Batches that are ready before the step asks for them.
_READY = 4


def training_batches(
    split,
    *,
    num_classes,
    batch_size,
    seed,
    epochs,
    start_epoch=0,
    augmentation=NO_AUGMENTATION,
    class_weights=None,
):
    """Returns the batches of all epochs from `start_epoch` to `epochs` - 1, one after the other.

    Args:
        split: A `Split`.
        num_classes: Length of the one-hot labels.
        batch_size: Images per batch; a smaller split is one batch.
        seed: The random seed, an integer.
        epochs: Where the run ends, counted from its first start.
        start_epoch: Where this part of the run begins.
        augmentation: What the images undergo.
        class_weights: Float array [num_classes], or None. A mixed image weighs as its labels do, each by its share.

    Returns:
        `tf.data.Dataset` of uint8 [b, h, w, c] and float32 [b, num_classes], and of float32 [b], the weights of the
        images, where classes have weights; with `steps_per_epoch` batches an epoch. It is one dataset, so that
        prefetching does not pause between epochs.

    Raises:
        BadInput: An empty split, or a batch size below 1.

    Example:

    >>> batches = training_batches(dataset.train, num_classes=10, batch_size=512, seed=0, epochs=8)
    """
    _check(split, batch_size)
    images, labels = _in_memory(split)
    run_seed = tf.constant([seed, _NO_STEP], tf.int64)
    first_flips = tf.random.stateless_uniform((len(split),), run_seed, 0, 2, tf.int32) == 1

    def batch(epoch, step, rows):
        augmented, mixed_labels = augment(
            tf.gather(images, rows),
            tf.one_hot(tf.gather(labels, rows), num_classes),
            augmentation,
            seed=tf.random.fold_in(tf.stack([seed, epoch]), step),
            epoch=epoch,
            first_flips=tf.gather(first_flips, rows),
        )
        if class_weights is None:
            return augmented, mixed_labels
        # A sum, because a product of matrices is one of bfloat16 where the training's is.
        return augmented, mixed_labels, tf.reduce_sum(mixed_labels * class_weights, axis=1)

    return _delivered(_shuffled(split, batch_size, seed, range(start_epoch, epochs)), batch)


def _shuffled(split, batch_size, seed, epochs):
    """Returns a `tf.data.Dataset` of (epoch, step, rows): the numbers of the images of each batch of these epochs."""
    steps = steps_per_epoch(split, batch_size)
    batch_size = min(batch_size, len(split))

    def of_epoch(epoch):
        order = _order(len(split), tf.random.fold_in(tf.stack([seed, epoch]), _NO_STEP))
        rows = tf.reshape(order[: steps * batch_size], (steps, batch_size))
        return tf.data.Dataset.from_tensor_slices((tf.fill((steps,), epoch), tf.range(steps), rows))

    batches = tf.data.Dataset.range(epochs.start, epochs.stop).flat_map(of_epoch)
    return batches.apply(tf.data.experimental.assert_cardinality(steps * len(epochs)))


def evaluation_batches(split, *, num_classes, batch_size):
    """Returns the split once, in its own order, the last batch as large as what remains.

    Args:
        split: A `Split`.
        num_classes: Length of the one-hot labels.
        batch_size: Images per batch.

    Returns:
        `tf.data.Dataset` of uint8 [b, h, w, c] and float32 [b, num_classes].

    Raises:
        BadInput: An empty split, or a batch size below 1.

    Example:

    >>> batches = evaluation_batches(dataset.validation, num_classes=10, batch_size=1000)
    """
    _check(split, batch_size)
    images, labels = _in_memory(split)

    def batch(start):
        end = start + batch_size
        return images[start:end], tf.one_hot(labels[start:end], num_classes)

    return _delivered(tf.data.Dataset.range(0, len(split), batch_size), batch)


def _check(split, batch_size):
    if batch_size < 1:
        raise BadInput(f"batch_size must be at least 1, not {batch_size}.")
    if not len(split):
        raise BadInput("The split has no images. At least one is needed.")


def _in_memory(split):
    with tf.device("CPU"):  # batches are cut on the host, beside the training step on an accelerator
        return _tensor_of(split.images), tf.constant(split.labels.astype(np.int32))


def _tensor_of(images):
    """Returns an array as a tensor: in the same memory where TensorFlow can use that, else as a copy."""
    is_usable = images.flags.c_contiguous and images.flags.writeable and images.ctypes.data % ALIGNED == 0
    return tf.experimental.dlpack.from_dlpack(images.__dlpack__()) if is_usable else tf.constant(images)


def _delivered(numbers, batch):
    """Returns the batches that a function makes of numbers, ahead of the step and by all cores.

    The tuning of tf.data is off: its thread sleeps twice as long each time, and the end of an iterator can wait until
    it wakes. With it, a `fit` of 2.6 seconds was seen to return after 5.1. Its rewrites of the graph are off, too: they
    would make nothing faster here, and to find that out they copy all images.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    batches = numbers.map(batch, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return batches.prefetch(_READY).with_options(options)


def _order(length, seed):
    """A permutation of 0 .. length - 1; 64-bit keys, because ties among 32-bit floats would favour early numbers."""
    return tf.argsort(tf.random.stateless_uniform((length,), seed, None, None, tf.int64))
