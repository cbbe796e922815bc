"""The smallest networks: what 1,000 to 100,000 parameters can do on Fashion-MNIST and CIFAR-10."""

import dataclasses

from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from keras_vision.reporting import style
from keras_vision.studies.claims import Claim, reaches
from keras_vision.studies.figures import COLUMN, add_legend, legend_height
from keras_vision.studies.plan import Case, Scale, Study, smoke
from keras_vision.studies.table import percent
from keras_vision.training.presets import CIFAR, FASHION, SGD

TITLES = {FASHION: "Fashion-MNIST", CIFAR: "CIFAR-10"}
WARMUP = 0.2  # of the epochs


@dataclasses.dataclass(frozen=True)
class FrontNetwork:
    """A network of the front.

    Args:
        dataset: What it is trained on.
        most: The most parameters that it may have.
        goal: The test accuracy to reach, a mean over seeds.
        settings: The keywords of its builder.
        recipe: Fields of `Recipe`.
        model: A name in `MODELS`.
    """

    dataset: str
    most: int
    goal: float
    settings: dict
    recipe: dict
    model: str = "vgg"

    @property
    def name(self):
        """What its case is called."""
        return f"{TITLES[self.dataset]} {self.most:,}"


def whitened(filters, blocks, **settings):
    """Returns the settings of a `vgg` behind whitened patches that pools early."""
    return {"filters": filters, "blocks": blocks, "whitening": True, "early_pooling": True, **settings}


def separable(filters, blocks, **settings):
    """Returns the same with separable convolutions."""
    return whitened(filters, blocks, convolution="separable", **settings)


def long(epochs, *parts):
    """Returns a recipe of so many epochs in one cycle of the learning rate, put together of `parts`."""
    whole = {"epochs": epochs, "warmup_epochs": round(WARMUP * epochs, 1)}
    for part in parts:
        whole |= part
    return whole


SMALL_STEPS = SGD | {"batch_size": 64, "learning_rate": 0.28}
# What is too small to learn the training images by heart is shown them as they are.
AS_THEY_ARE = {"label_smoothing": 0.0, "flip": "none", "shift": 0}
MOVED = {"label_smoothing": 0.0, "flip": "none", "shift": 1}
VARIED = {"label_smoothing": 0.05, "flip": "none", "shift": 2}
CUT = {"label_smoothing": 0.1, "flip": "alternating", "shift": 2, "cutout": 8}
MIRRORED = {"label_smoothing": 0.0, "flip": "alternating", "shift": 2}
SMOOTHED = {"label_smoothing": 0.05, "flip": "alternating", "shift": 3}

NETWORKS = (
    FrontNetwork(FASHION, 1_000, 0.86, separable((8, 12, 19), (1, 1, 1)), long(40, SMALL_STEPS, AS_THEY_ARE)),
    FrontNetwork(FASHION, 2_500, 0.90, separable((16, 20, 27), (1, 2, 1)), long(60, SMALL_STEPS, AS_THEY_ARE)),
    FrontNetwork(FASHION, 5_000, 0.91, separable((24, 32, 42), (1, 2, 1)), long(60, SMALL_STEPS, MOVED)),
    FrontNetwork(FASHION, 10_000, 0.92, separable((32, 48, 66), (1, 2, 1)), long(60, SMALL_STEPS, MOVED)),
    FrontNetwork(FASHION, 25_000, 0.93, separable((48, 72, 78), (1, 2, 2)), long(60, SMALL_STEPS, VARIED)),
    FrontNetwork(FASHION, 100_000, 0.94, whitened((32, 64, 128), (1, 1, 1)), long(60, SGD, CUT)),
    FrontNetwork(CIFAR, 10_000, 0.78, separable((32, 44, 62), (1, 2, 1)), long(60, SMALL_STEPS, MIRRORED)),
    FrontNetwork(CIFAR, 25_000, 0.84, separable((48, 64, 80), (1, 2, 2)), long(60, SMALL_STEPS, MIRRORED)),
    FrontNetwork(CIFAR, 50_000, 0.87, separable((64, 92, 122), (1, 2, 2)), long(60, SGD, SMOOTHED)),
    FrontNetwork(CIFAR, 100_000, 0.90, separable((80, 128, 168), (2, 2, 2)), long(80, SGD, SMOOTHED)),
)
OF = {network.name: network for network in NETWORKS}

# What others have published: (data set, parameters, test accuracy, where).
PUBLIC = (
    (FASHION, 14_862, 0.89, "Isong 2025, arXiv:2501.15547"),
    (FASHION, 7_659, 0.90, "e2eml.school/leaderboard.html"),
    (CIFAR, 47_643, 0.80, "e2eml.school/leaderboard.html"),
    (CIFAR, 97_530, 0.944, "github.com/xvel/cifar10-tiniest"),
)
QUICK = long(3)
QUICK_MOST = 10_000  # parameters
TINY = separable((4,), (1,))


def cases(scale):
    """Returns a case for each network; of the small scales, of some with less to train."""
    networks = {"smoke": NETWORKS[:2], "quick": [one for one in NETWORKS if one.most <= QUICK_MOST], "full": NETWORKS}[
        scale
    ]
    return [
        Case(
            network.name,
            network.model,
            TINY if scale == "smoke" else network.settings,
            {} if scale == "smoke" else network.recipe | (QUICK if scale == "quick" else {}),
            dataset=network.dataset,
            group=TITLES[network.dataset],
        )
        for network in networks
    ]


def answer(table):
    """How accurate each network is, and how large."""
    words = [
        f"{TITLES[network.dataset]} with at most {network.most:,} parameters "
        f"{table.percent(network.name, 'test_accuracy', 2)} ({table.number(network.name, 'parameters')} parameters, "
        f"goal {percent(network.goal, 0)})"
        for network in map(OF.get, table.cases)
    ]
    return f"On test images, as means over seeds: {'; '.join(words)}."


CLAIMS = tuple(
    Claim(
        f"On {TITLES[network.dataset]}, {network.most:,} parameters reach {percent(network.goal, 0)}",
        reaches(network.name, network.goal),
        is_ours=True,
    )
    for network in NETWORKS
)


def figures(table):
    """Draws the test accuracy against the parameters, for each data set, beside the goals and what others published."""
    drawn = {}
    for dataset, title in TITLES.items():
        if networks := [OF[case] for case in table.cases if OF[case].dataset == dataset]:
            drawn[f"front_{title.lower()}"] = _figure(table, networks, title)
    return drawn


def _figure(table, networks, title):
    """Returns the figure of one data set: each training, their means in a line, goals and public networks."""
    public = [one for one in PUBLIC if TITLES[one[0]] == title]
    names = ["mean over seeds", "each training", "goal", *(where for *_, where in public)]
    figure = style.new_figure(width=COLUMN, height=2.6 + legend_height(names))
    axes = style.new_axes(figure, title=title, x="parameters", y="test accuracy")
    sizes = [table.mean(network.name, "parameters") for network in networks]
    means = [table.mean(network.name, "test_accuracy") for network in networks]
    axes.plot(sizes, means, marker="o", markersize=3, linewidth=1.2, color=style.COLOURS[0], label=names[0])
    trained = [
        (size, value)
        for size, network in zip(sizes, networks, strict=True)
        for value in table.values(network.name, "test_accuracy")
    ]
    axes.scatter(*zip(*trained, strict=True), s=8, alpha=0.5, color=style.COLOURS[0], linewidth=0, label=names[1])
    goals = [(network.most, network.goal) for network in networks]
    axes.scatter(*zip(*goals, strict=True), s=40, marker="_", color="0.35", label=names[2])
    for place, (_, size, accuracy, where) in enumerate(public, start=1):
        axes.scatter([size], [accuracy], s=24, marker="x", color=style.COLOURS[place], label=where)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    axes.grid(linewidth=0.4, alpha=0.5)
    add_legend(figure, axes.get_legend_handles_labels()[0])
    return figure


STUDY = Study(
    question="How many of the test images can a network of 1,000, of 10,000, of 100,000 parameters classify?",
    varied="how many parameters the network has, and with it the network and its recipe",
    held_fixed="the splits of each data set by seed, one view of each test image",
    scales={
        "smoke": smoke(),
        "quick": Scale(
            seeds=1,
            note=f"Networks of up to {QUICK_MOST:,} parameters, for 3 epochs: this says little of the full recipes.",
        ),
        "full": Scale(),
    },
    cases=cases,
    columns={"trainable_parameters": "numbers trained"},
    answer=answer,
    claims=CLAIMS,
    figures=(figures,),
    background=(
        "Parameters are all numbers that the exported network needs, those of fixed filters too. Published by others: "
        + "; ".join(
            f"{TITLES[dataset]} with {size:,} parameters {percent(accuracy)} ({where})"
            for dataset, size, accuracy, where in PUBLIC
        )
        + ". Those on CIFAR-10 are of the original images; above stands "
        "whether ours are of a copy that was stored as JPEG."
    ),
    by_case=True,
    is_tested=True,
)
