"""What `describe --features` does: feature maps of an image, units that do nothing, and points for the projector."""

import dataclasses

import numpy as np

from keras_vision.analysis.feature_figures import plot_features
from keras_vision.analysis.features import drawn_layers, features_of, last_features, unit_use
from keras_vision.commands.model_data import choose_data, open_images
from keras_vision.data.evaluation import EvaluationImages
from keras_vision.data.files.images import BadImage, without_pillow_warnings
from keras_vision.data.files.listing import image_files, read
from keras_vision.data.splits import pieces_of
from keras_vision.data.words import printable
from keras_vision.errors import BadInput
from keras_vision.reporting.events import EventLog
from keras_vision.reporting.projector import write_projection

MOST = 2_000  # images that units are looked at by, and points of the projector
FEW = 50  # images, among which a unit that is alive may rest


def draw_features(model, asked, card, folder, progress):
    """Returns (what is known of the units, figures by name, the path of the projector's file).

    Args:
        model: A functional model of images in and one number per class out.
        asked: A `DescribeSettings`, with `features`.
        card: The model's card; empty for a new model.
        folder: The directory of the TensorBoard run that gets the points.
        progress: A `Progress`.

    Raises:
        BadInput: An image cannot be read.
    """
    given, names = _given(model, asked.features, card.get("pixel_scale") or {})
    found = features_of(model, given[:1])
    features = {name: found[name][0] for name in drawn_layers(list(found))}
    images, rows, source = _looked_at(model, asked, card, given, names, progress)
    uses = unit_use(model, pieces_of(images))
    points = np.concatenate([last_features(model).predict_on_batch(piece) for piece in pieces_of(images)])
    answers = np.concatenate([model.predict_on_batch(piece) for piece in pieces_of(images)]).argmax(axis=1)
    classes = card.get("class_names") or range(model.output_shape[-1])
    rows = [row | {"answer": classes[answer]} for row, answer in zip(rows, answers, strict=True)]
    path = write_projection(folder, points, rows, images)
    with EventLog(folder) as log:  # a directory is a run of TensorBoard where it has events
        log.scalars({"features/points": len(points)}, step=0)
    result = {"images": f"{len(images):,} {source}", "layers": [dataclasses.asdict(use) for use in uses]}
    return result, {"features": plot_features(given[0], features)}, str(path)


def _given(model, path, pixel_scale):
    """Returns the images at a path that a person gave, uint8 [n, h, w, c], and their names."""
    found, names = [], []
    with without_pillow_warnings():
        for file in image_files([path]):
            image = read(file, model.input_shape[1:], pixel_scale)
            if isinstance(image, BadImage):
                raise BadInput(f"{image.name} cannot be used: {image.reason}. Give another image for --features.")
            found.append(image)
            names.append(printable(file))
            if len(found) == MOST:
                break
    return np.stack(found), names


def _looked_at(model, asked, card, given, names, progress):
    """Returns the images by which units are judged, what is known of each, and what they are."""
    if not (asked.dataset or "data_source" in card):
        if len(given) < FEW:
            progress.say(
                f"warning: Units are judged by {len(given)} images, on which more of them rest than on many. Give a "
                "folder of images, or --dataset."
            )
        return given, [{"image": name} for name in names], "images that were given"
    chosen = choose_data(card.get("data_source"), asked.dataset, asked.data_dir, None, model.input_shape)
    data = open_images(chosen, card, model, None, progress)
    split = data.images if isinstance(data, EvaluationImages) else data.validation
    numbers = np.sort(np.random.default_rng(0).permutation(len(split))[:MOST])
    rows = [{"image": number, "class": data.class_names[split.labels[number]]} for number in numbers.tolist()]
    kind = f"{data.split} images" if isinstance(data, EvaluationImages) else "validation images"
    return split.images[numbers], rows, f"{kind} of {data.name}"
