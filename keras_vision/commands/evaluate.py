"""What `evaluate` does: answers for images, and measures the answers."""

from pathlib import Path

from keras_vision.commands.explain import mistakes_figure
from keras_vision.commands.model_data import choose_data, leak_warnings, open_images, run_of
from keras_vision.commands.run_pictures import error_figures
from keras_vision.data.brightness import unlike_training
from keras_vision.data.evaluation import EvaluationImages
from keras_vision.data.seen import seen_in_training
from keras_vision.errors import BadInput
from keras_vision.formats.network import check_outputs
from keras_vision.reporting.style import save_figures
from keras_vision.runs import file_name, load_model
from keras_vision.training.evaluation import answer, predict_logits, summary
from keras_vision.training.metrics import details
from keras_vision.training.precision import computing_in


@computing_in("float32")
def carry_out(asked, card, progress):
    """Returns what `evaluate` does.

    Args:
        asked: An `EvaluateSettings`.
        card: The model's card.
        progress: A `Progress`.
    """
    run = run_of(asked.source)
    folder = asked.figures or (run and run.figures)
    if asked.explain and not folder:
        raise BadInput("explain draws a figure, and this model file belongs to no run. Give --figures DIR.")
    model = load_model(asked.source, float32=True)
    check_outputs(model)
    chosen = choose_data(card.get("data_source"), asked.dataset, asked.data_dir, asked.seed, model.input_shape)
    data = open_images(chosen, card, model, asked.split, progress)
    if isinstance(data, EvaluationImages):
        split, images = data.split, data.images
        logits = predict_logits(model, images.images, asked.views)
    else:
        split = asked.split or "test"
        images, logits = answer(model, data, split, asked.views)
    result = summary(data, split, images, logits, asked.views) | details(logits, images.labels, data.class_names)
    result["decisions"] = list(data.decisions)
    result["warnings"] += filter(None, [unlike_training(images.images, card.get("pixel_statistics"))])
    if isinstance(data, EvaluationImages):
        result["warnings"] += filter(None, [seen_in_training(images.images, card.get("training_images"))])
    else:
        result["warnings"] += leak_warnings(card, data, split, chosen.seed)
    is_own = data.fingerprint == card.get("fingerprint")
    prefix = split if is_own else f"{name_in_files(data.name)}_{split}"
    result["figures"] = []
    try:
        if run and is_own and split == "test":
            result["looks"] = run.count_look()
        if folder:
            drawn = error_figures(images, logits, data.class_names)
            if asked.explain and (logits.argmax(axis=1) != images.labels).any():
                drawn["explained_mistakes"] = mistakes_figure(model, images, logits, data.class_names)
            result["figures"] = save(drawn, folder, prefix)
    except OSError as error:  # another's run, perhaps: that it cannot be written must not hide what was measured
        result["warnings"].append(f"A file could not be written: {error}")
    return result


def name_in_files(dataset):
    """Returns the name of a data set as part of a file's: of a path its last part.

    Example:

    >>> name_in_files("folder:/home/me/my photos")
    'folder-my-photos'
    """
    kind, _, path = dataset.partition(":")
    return file_name(f"{kind} {Path(path).name}")


def save(figures, folder, prefix):
    """Saves figures by name and returns their paths, `FOLDER/PREFIX_NAME.png`."""
    return [str(path) for path in save_figures({f"{prefix}_{name}": one for name, one in figures.items()}, folder)]
