"""The zoo: small networks that come with the package, trained, each with a card.

A network is two files of this folder. NAME.keras is the model, which plain Keras loads too; NAME.json is its card: how
large it is, what it came to on the test images, and how it was trained. `tools/fill_zoo.py` writes both, of the runs of
the study `front`.
"""

from pathlib import Path
from typing import Any

from keras_vision.errors import BadInput, check_name
from keras_vision.runs import load_model, read_json
from keras_vision.system.settings import POSITIVE, SHARE

FOLDER = Path(__file__).parent


def zoo(dataset: str | None = None, *, accuracy: float | None = None, parameters: int | None = None) -> Any:
    """Returns the smallest trained network that is good enough, or without a bound the cards of all that there are.

    Args:
        dataset: The name of the images that the network was trained on.
        accuracy: At least so large a share of the test images it classified correctly: the smallest such network.
        parameters: At most so many numbers it needs; without `accuracy`, the best such network.

    Returns:
        A `keras.Model`, uncompiled: raw pixels (0 to 255) in, logits out. With neither bound a list of cards, from
        small to large, as dicts: dataset, parameters, macs, test_accuracy and test_interval of this model, the mean
        over the seeds it was trained with as mean_test_accuracy, the command, the machine, and file, its path.

    Raises:
        BadInput: A bound that cannot be, a data set without networks, or no network within the bounds.

    Example:

    >>> model = zoo("fashion_mnist", accuracy=0.9)  # doctest: +SKIP
    >>> smallest = zoo("fashion_mnist")[0]  # doctest: +SKIP
    >>> keras.saving.load_model(smallest["file"])  # doctest: +SKIP
    """
    for name, value, check in (("accuracy", accuracy, SHARE), ("parameters", parameters, POSITIVE)):
        if value is not None:
            check(name, value)
    cards = _cards()
    if dataset is not None:
        if not cards:
            raise BadInput("This package came without trained networks. Train one with tune.")
        check_name("data set", dataset, dict.fromkeys(card["dataset"] for card in cards), "in the zoo")
        cards = [card for card in cards if card["dataset"] == dataset]
    if accuracy is None and parameters is None:
        return cards
    if dataset is None:
        raise BadInput("Give the name of the data set, too. zoo() lists which there are.")
    return load_model(_chosen(cards, accuracy, parameters)["file"])


def _cards() -> list[dict[str, Any]]:
    """Returns the cards of all networks, from small to large."""
    cards = [read_json(path) | {"file": str(path.with_suffix(".keras"))} for path in FOLDER.glob("*.json")]
    return sorted(cards, key=lambda card: (card["dataset"], card["parameters"]))


def _chosen(cards: list[dict[str, Any]], accuracy: float | None, parameters: float | None) -> dict[str, Any]:
    """Returns the card of the smallest network that is accurate enough; where all are, of the most accurate.

    Args:
        cards: Those of one data set, from small to large.
        accuracy, parameters: As in `zoo`; not both None.
    """
    small = [card for card in cards if parameters is None or card["parameters"] <= parameters]
    if not small:
        raise BadInput(
            f"The smallest network of the zoo for {cards[0]['dataset']} has {cards[0]['parameters']:,} parameters, "
            f"more than the {parameters:,} allowed. Allow more, or train a smaller one with tune."
        )
    best = max(small, key=lambda card: card["test_accuracy"])
    if accuracy is None:
        return best
    within = "" if parameters is None else f" with at most {parameters:,} parameters"
    good = [card for card in small if card["test_accuracy"] >= accuracy]
    if not good:
        raise BadInput(
            f"The best network of the zoo for {best['dataset']}{within} classified {best['test_accuracy']:.4f} of the "
            f"test images correctly, and none {accuracy:g}. Ask for less, or train one with tune."
        )
    return good[0]
