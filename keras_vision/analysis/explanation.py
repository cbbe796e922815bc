"""What in an image speaks for a class, and what against it: the methods, and which of them a network can have.

A method is a row of `METHODS`, and a file of its name in this folder with two functions:
    explain(subject, images, classes)
        returns maps [n, height, width], positive where a pixel speaks for the class, and a dict of facts for each
        image. Given are a `Subject`, float32 images [n, height, width, channels] of raw pixels and a class for each.
    lacks(subject)
        returns what the method needs and the subject does not have, in words; None where it has all.
Importing this file imports neither Keras nor TensorFlow.
"""

import importlib

from keras_vision.errors import BadInput, check_name

# What each shows. The first that a network can have is what "auto" takes.
METHODS = {
    "layercam": "where the features of the last layers speak for the class",
    "integrated_gradients": "what each pixel adds to the class's score, seen against the image's mean colour",
    "occlusion": "how much the score falls where a window of the image is covered",
}
AUTO = "auto"


def choose_method(name, subject):
    """Returns the name of the method to take: `name`, or for "auto" the first that the subject can have.

    Raises:
        BadInput: The subject cannot have it.
    """
    lacking = {one: _module(one).lacks(subject) for one in METHODS}
    able = [one for one, lack in lacking.items() if not lack]
    if name == AUTO:
        return able[0]
    if lacking[name]:
        raise BadInput(f"{name} needs {lacking[name]}. These work here: {', '.join(able)}.")
    return name


def explain_images(subject, images, classes, method, layer=None):
    """Returns the maps and the facts of images, as the head of this file says.

    Args:
        subject: A `Subject`.
        images: Array [n, height, width, channels] of raw pixels.
        classes: Int array [n].
        method: A name in `METHODS`, which the subject can have.
        layer: For LayerCAM, the name of the layer to look at; None for those that it usually looks at.

    Raises:
        BadInput: There is no such layer.
    """
    module, images = _module(method), images.astype("float32")
    if layer is None:
        return module.explain(subject, images, classes)
    check_name("layer", layer, module.layers_with_positions(subject.model))
    return module.explain(subject, images, classes, [layer])


def _module(name):
    return importlib.import_module(f"keras_vision.analysis.{name}")
