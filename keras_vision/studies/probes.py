"""What several studies read from a trained network: how strong signals and gradients are from layer to layer."""

import keras
import numpy as np

from keras_vision.analysis.gradients import layer_gradients

IMAGES = 64
GRADIENT = "gradient norm / weight norm"  # what `kernel_gradients` measures: layers of any shape can be compared by it


def data_words(data):
    """Returns which images these are and how many, for a report."""
    stored = ", stored as JPEG" if "JPEG" in data.origin else ""
    return f"{data.name}, {len(data.train):,} images to train and {len(data.validation):,} to validate{stored}"


def sample(data):
    """Returns the first validation images, as float32, and their labels."""
    return data.validation.images[:IMAGES].astype("float32"), data.validation.labels[:IMAGES]


def kernel_layers(model):
    """Returns the names of the layers with trainable kernels, from the pixels to the logits."""
    return [layer.name for layer in model.layers if any(len(v.shape) > 1 for v in layer.trainable_weights)]


def kernel_gradients(model, data):
    """Returns the gradient's norm over that of the weights, for each layer with kernels from pixels to logits."""
    norms = {layer.name: layer.gradient_norm / layer.weight_norm for layer in layer_gradients(model, *sample(data))}
    return [norms[name] for name in kernel_layers(model)]


def signal_strengths(model, data):
    """Returns the standard deviation of what each layer with kernels gives, from the pixels to the logits."""
    return [float(np.std(output)) for output in outputs_of(model, kernel_layers(model), data)]


def outputs_of(model, names, data):
    """Returns what layers give for the sample, as a list of arrays."""
    part = keras.Model(model.input, [model.get_layer(name).output for name in names])
    images, _ = sample(data)
    return part.predict_on_batch(images)
