"""The network as all formats write it: float32 pixels in, probabilities out, in inference mode, any batch size."""

import contextlib
import math

import keras
import tensorflow as tf

from keras_vision.errors import BadInput
from keras_vision.models.graph import ending_of, last_layers, steps_of


def check_outputs(model):
    """Refuses a model that ends in probabilities, which would go through a softmax twice, or in several things."""
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise BadInput(
            f"The model has {len(model.inputs)} inputs and {len(model.outputs)} outputs. Give one with one of each."
        )
    for last in last_layers(model):
        if ending := ending_of(last):
            raise BadInput(f"The model ends in a {ending} ({last.name}). Give one that ends in logits.")


def with_probabilities(model, temperature=1.0):
    """Returns a model that ends in probabilities where `model` ends in logits; they share their weights.

    Args:
        model: The model.
        temperature: What its logits are divided by, as a calibration found.
    """
    logits = model.outputs[0]
    if temperature != 1:
        logits = keras.layers.Rescaling(1 / temperature, dtype="float32", name="temperature")(logits)
    probabilities = keras.layers.Softmax(dtype="float32", name="probabilities")(logits)
    return keras.Model(model.inputs, probabilities, name=model.name)


def pixels_spec(classifier):
    """Returns the type of a classifier's input: float32 [n, height, width, channels], n open."""
    return tf.TensorSpec((None, *classifier.input_shape[1:]), tf.float32, name="pixels")


@contextlib.contextmanager
def traced(classifier, *, constant=False):
    """Gives the classifier as a `tf.function` from `pixels` to {"probabilities": ...}, for a converter.

    Recurrent layers are unrolled in it: their loops hold lists of tensors, which converters take only for a fixed
    batch size, or not at all. GELU is made of erf in it: Keras makes it of erfc, which ONNX lacks.

    Args:
        classifier: A model that ends in probabilities.
        constant: Whether its weights are constants of the graph, for a converter that does not find all variables.
    """
    weights = [(variable, variable.numpy()) for variable in classifier.variables if constant]

    def serve(pixels):
        with keras.StatelessScope(state_mapping=weights):  # whose values become tensors of the graph being traced
            return {"probabilities": classifier(pixels, training=False)}

    loops = [layer for layer in recurrent_layers(classifier) if not layer.unroll]
    cells = (getattr(layer, "cell", layer) for layer in _layers(classifier))
    gelus = [cell for cell in cells if getattr(cell, "activation", None) is keras.activations.gelu]
    for layer in loops:
        layer.unroll = True
    for cell in gelus:
        cell.activation = _gelu
    try:
        yield tf.function(serve, input_signature=[pixels_spec(classifier)], autograph=False)
    finally:
        for layer in loops:
            layer.unroll = False
        for cell in gelus:
            cell.activation = keras.activations.gelu


def _gelu(x):
    """Returns the exact GELU in the one form that LiteRT's converter knows: it has no erf to make others of."""
    return x * 0.5 * (keras.ops.erf(x * math.sqrt(0.5)) + 1)


def recurrent_layers(model):
    """Yields the layers of a model that compute time step by time step; both directions of a bidirectional one."""
    return (layer for layer in _layers(model) if hasattr(layer, "unroll"))


def _layers(model):
    for step in steps_of(model):
        directions = (getattr(step.layer, name, None) for name in ("forward_layer", "backward_layer"))
        yield from (layer for layer in (step.layer, *directions) if layer is not None)
