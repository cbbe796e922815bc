"""What in an image speaks for a class, and what against it: the methods, and which of them a network can have.

A method is a row of `METHODS`, and a file of its name in this folder with two functions:
    lacks(subject)
        returns what the method needs and a `Subject` does not have, in words; None where it has all.
    explainer(subject)
        returns a function of (float32 images [n, height, width, channels] of raw pixels, int array [n] of classes) that
        returns maps, float32 [n, height, width], positive where a pixel speaks for the class, and a list of n dicts of
        facts. What it compiles is kept for all images that it is given.
Importing this file imports neither Keras nor TensorFlow.
"""

import importlib

from keras_vision.errors import BadInput, check_name

METHODS = {
    "occlusion": "how much less probable the class is where a window of the image is covered",
    "integrated_gradients": "what each pixel adds to the class's score, from an image of one mean colour on",
    "layercam": "where the features of the last layers speak for the class",
}
# The one that every network and every export can have. In docs/results/explain.md it also finds more of what counts
# than LayerCAM; integrated gradients find more still, but as a pattern of single pixels that people cannot read.
USUAL = "occlusion"


def check_method(name, subject):
    """Refuses a method that a subject cannot have.

    Raises:
        BadInput: With what it lacks, and the methods that it can have.
    """
    if lack := _module(name).lacks(subject):
        able = [one for one in METHODS if not _module(one).lacks(subject)]
        raise BadInput(f"{name} needs {lack}. These work here: {', '.join(able)}.")


def explainer(subject, method, layer=None):
    """Returns the function of (images, classes) that the head of this file describes.

    Args:
        subject: A `Subject`.
        method: A name in `METHODS`, which the subject can have.
        layer: For LayerCAM, the name of the layer to look at; None for those that it usually looks at.

    Raises:
        BadInput: There is no such layer.
    """
    module = _module(method)
    if layer is None:
        return module.explainer(subject)
    check_name("layer", layer, module.layers_with_positions(subject.model))
    return module.explainer(subject, [layer])


def _module(name):
    return importlib.import_module(f"keras_vision.analysis.{name}")
