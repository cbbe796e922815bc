"""Measures whether explanations show what counts, and writes docs/results/explain.md.

    python tools/bench_explain.py [--gtsrb FOLDER] [--data-dir DIR] [--workdir runs/explain]

For Fashion-MNIST and the traffic signs a small VGG is trained. Pixels are deleted, which means given the image's mean
colour, in the order of the map and in random order: the sooner the probability falls, the better the map. Maps are
compared with those of the same network with weights drawn anew, and integrated gradients are added up.

For each family a small network is trained on images of clothes, of which some bear a red patch and are a class of their
own, whatever they show: the maps of new images with a patch must point at it.

What is finished is not run again.
"""

import argparse
import functools
import shlex
import sys
import time
from pathlib import Path

import numpy as np
from bench_common import ROOT, machine_line, write_between

from keras_vision.models import MODELS
from keras_vision.reporting.progress import PlainProgress
from keras_vision.runs import load_model, read_json, write_json
from keras_vision.studies.table import markdown
from keras_vision.system.keras_import import import_keras

PAGE = ROOT / "docs" / "results" / "explain.md"
METHODS = ("occlusion", "integrated_gradients", "layercam")
IMAGES, REDRAWN, PATCHED = 500, 50, 100  # images that are looked at
STEPS = 20  # of deletion
EPOCHS = 6  # on images with patches
PATCH, MARKED = 5, 10  # side in pixels, and the class of the images that bear it
VGG = {"filters": (8, 16, 32)}
SMALL = {
    "mlp": {"hidden_units": (64,)},
    "cnn": {"filters": (8, 16)},
    "vgg": VGG,
    "resnet18": {"width": 8},
    "mlp_mixer": {"patch_size": 4, "hidden_dim": 32, "num_blocks": 2, "tokens_mlp_dim": 16, "channels_mlp_dim": 64},
    "convmixer": {"patch_size": 2, "hidden_dim": 16, "depth": 3},
    "lstm": {"units": 32},
}


# ---- the images ----


def patched(images, rng):
    """Returns RGB images with a red patch each, at a random place, and the masks [n, h, w] of the patches."""
    images, (n, height, width, _) = images.copy(), images.shape
    masks = np.zeros((n, height, width), bool)
    corners = rng.integers((height - PATCH, width - PATCH), size=(n, 2), endpoint=True)
    for mask, (top, left) in zip(masks, corners, strict=True):
        mask[top : top + PATCH, left : left + PATCH] = True
    images[masks] = (255, 0, 0)
    return images, masks


def write_signs(folder, path):
    """Writes the traffic signs as arrays, with `IMAGES` of them for testing; the folder has no test images."""
    from keras_vision.data import load_dataset

    data = load_dataset(f"folder:{folder}", image_size=(32, 32))
    splits = data.train, data.validation, data.test()
    images, labels = (np.concatenate([getattr(split, name) for split in splits]) for name in ("images", "labels"))
    order = np.random.default_rng(0).permutation(len(images))
    test, train = order[:IMAGES], order[IMAGES:]
    np.savez(path, x_train=images[train], y_train=labels[train], x_test=images[test], y_test=labels[test])


def write_patches(data_dir, path):
    """Writes images of Fashion-MNIST in colour; of every three one bears a patch, and is of the class `MARKED`."""
    from keras_vision.data import load_dataset

    data, rng, arrays = load_dataset("fashion_mnist", data_dir=data_dir), np.random.default_rng(0), {}
    for name, split, count in (("train", data.train, 3000), ("test", data.test(), 6 * PATCHED)):
        images, labels = np.repeat(split.images[:count], 3, axis=-1), split.labels[:count].copy()
        images[::3], masks = patched(images[::3], rng)
        labels[::3] = MARKED
        arrays |= {f"x_{name}": images, f"y_{name}": labels}
    np.save(path.with_name("masks.npy"), masks)
    np.savez(path, **arrays)


# ---- the measures ----


def random_order(shape, rng):
    """Returns pixels [n, h * w] in random order."""
    return rng.permuted(np.tile(np.arange(shape[1] * shape[2]), (shape[0], 1)), axis=1)


def order_of(maps):
    """Returns the pixels [n, h * w] of maps [n, h, w], the hottest first."""
    return np.argsort(-maps.reshape(len(maps), -1), axis=1, kind="stable")


def deletion(subject, images, classes, order):
    """Returns the mean probability [n] of each image's class while its pixels are deleted in an order [n, h * w]."""
    from scipy.special import softmax

    from keras_vision.analysis.subject import blank

    n, height, width, _ = images.shape
    ranks = np.argsort(order, axis=1).reshape(n, height, width, 1)
    found = []
    for step in range(1, STEPS):
        left = np.where(ranks < step / STEPS * height * width, blank(images), images).astype("float32")
        pieces = np.array_split(left, -(-n // subject.at_once))
        probabilities = softmax(np.concatenate([subject.scores(piece) for piece in pieces]), axis=1)
        found.append(probabilities[np.arange(n), classes])
    return np.mean(found, axis=0)


def rank_correlation(maps, others):
    """Returns the mean over images of Spearman's correlation of two arrays of maps [n, h, w]."""
    from scipy.stats import rankdata

    pairs = zip(maps.reshape(len(maps), -1), others.reshape(len(others), -1), strict=True)
    return float(np.nanmean([np.corrcoef(rankdata(one), rankdata(other))[0, 1] for one, other in pairs]))


def redrawn(model, seed=1):
    """Returns a network with weights drawn anew, which sees pixels as the trained one does."""
    import keras

    from keras_vision.models.normalization import LAYER

    keras.utils.set_random_seed(seed)
    copy = keras.models.clone_model(model)
    copy.get_layer(LAYER).set_weights(model.get_layer(LAYER).get_weights())
    return copy


def found_share(maps, masks):
    """Returns in which share of the images the hottest pixel of the map lies in the mask.

    Example:

    >>> found_share(np.eye(2)[None], np.eye(2, dtype=bool)[None])
    1.0
    """
    hottest = maps.reshape(len(maps), -1).argmax(axis=1)
    return float(masks.reshape(len(masks), -1)[np.arange(len(masks)), hottest].mean())


# ---- the jobs ----


def open_subject(model):
    from keras_vision.commands.explain import subject_of

    return subject_of(model)


def measure_faithfulness(run, images, methods=METHODS):
    """Returns a dict for each method: what deletion, weights drawn anew and, where it has them, its facts say."""
    from keras_vision.analysis.explanation import explainer

    model, images = load_model(run, float32=True), images.astype("float32")
    subject, other = open_subject(model), open_subject(redrawn(model))
    classes = subject.scores(images).argmax(axis=1)
    by_chance = deletion(subject, images, classes, random_order(images.shape, np.random.default_rng(0)))
    found = {}
    for method in methods:
        start = time.monotonic()
        maps, facts = explainer(subject, method)(images, classes)
        seconds = time.monotonic() - start
        deleted = deletion(subject, images, classes, order_of(maps))
        gain = by_chance - deleted
        anew, _ = explainer(other, method)(images[:REDRAWN], classes[:REDRAWN])
        found[method] = {
            "images": len(images),
            "deleted": float(deleted.mean()),
            "by_chance": float(by_chance.mean()),
            "half_interval": 1.96 * float(gain.std(ddof=1)) / len(gain) ** 0.5,
            "better": float((gain > 0).mean()),
            "redrawn": rank_correlation(maps[:REDRAWN], anew),
            "seconds": seconds / len(images),
            "deviations": [one["deviation"] for one in facts if one],
            "steps": [one["steps"] for one in facts if one],
        }
    return found


def measure_patches(run, images, masks, methods=METHODS):
    """Returns a dict: the share of images that are recognised by their patch; of how many of these (images) the maps
    were made; and by method the share of them in which the patch is found.
    """
    from keras_vision.analysis.explanation import check_method, explainer
    from keras_vision.errors import BadInput

    subject = open_subject(load_model(run, float32=True))
    images = images.astype("float32")
    recognised = subject.scores(images).argmax(axis=1) == MARKED
    chosen = np.flatnonzero(recognised)[:PATCHED]  # what a network does not see cannot be its reason
    found = {"images": len(chosen), "recognised": float(recognised.mean())}
    for method in methods:
        try:
            check_method(method, subject)
        except BadInput:  # a network without positions has no LayerCAM
            continue
        maps, _ = explainer(subject, method)(images[chosen], np.full(len(chosen), MARKED))
        found[method] = found_share(maps, masks[chosen])
    return found


def kept(path, measure):
    """Returns what a JSON file holds, which is measured where it is not there yet."""
    if not path.exists():
        write_json(path, measure())
    return read_json(path)


def trained(workdir, model, dataset, **options):
    """Returns a run, trained where it is not finished."""
    from keras_vision.train import train

    train(model, dataset=dataset, workdir=workdir, progress=PlainProgress(sys.stdout), **options)
    return workdir


# ---- the page ----


def faithfulness_rows(found):
    """Yields the rows of the first table from a dict: data set -> method -> what `measure_faithfulness` returns."""
    for dataset, methods in found.items():
        for method, one in methods.items():
            gain = one["by_chance"] - one["deleted"]
            yield (
                dataset, method, f"{one['deleted']:.3f}", f"{one['by_chance']:.3f}",
                f"{gain:.3f} ± {one['half_interval']:.3f}", f"{one['better']:.0%}", f"{one['redrawn']:.2f}",
                f"{1000 * one['seconds']:.0f} ms",
            )  # fmt: skip


def sums_line(dataset, one):
    """Returns how well integrated gradients add up, as a sentence."""
    deviations, steps = np.array(one["deviations"]), np.array(one["steps"])
    return (
        f"{dataset}: within 1% of the difference of the scores in {np.mean(deviations <= 0.01):.1%} of {len(steps)} "
        f"images, {deviations.max():.1%} off at most, with {np.median(steps):.0f} steps in the median and "
        f"{steps.max()} at most."
    )


def patch_rows(found):
    """Yields the rows of the second table from a dict: family -> what `measure_patches` returns."""
    for model, one in found.items():
        shares = (f"{one[method]:.0%}" if method in one else "" for method in METHODS)
        yield model, f"{one['recognised']:.0%}", one["images"], *shares


def body(faithful, patches):
    """Returns the measured part of the page."""
    columns = ("data", "method", "map's order", "random order", "gain (95%)", "better in", "weights anew", "time")
    sums = "\n".join(f"- {sums_line(name, found['integrated_gradients'])}" for name, found in faithful.items())
    return f"""Command: `{shlex.join(["python", "tools/bench_explain.py", *sys.argv[1:]])}`. {machine_line()}

## Deletion, and weights drawn anew

VGGs of 8, 16 and 32 filters, {IMAGES} test images of each data set. "Map's order" and "random order": the mean
probability of the class while pixels are deleted, in {STEPS} steps; lower is better. "Better in": the share of images
in which the map's order is the better one. "Weights anew": Spearman's correlation with the maps of the same network
with weights drawn anew, over {REDRAWN} images. Time is for one image, on one thread beside other work.

{markdown(columns, faithfulness_rows(faithful))}
Integrated gradients add up:

{sums}

## A planted patch

Small networks of all families. A third of the images bears a red patch of {PATCH}x{PATCH} pixels and is a class of its
own. "Recognised": the share of new images with a patch that the network takes for that class. "Images": of so many of
these maps were made. By method: in how many of the maps the hottest pixel lies in the patch.

{markdown(("family", "recognised", "images", *METHODS), patch_rows(patches))}"""


def main():
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gtsrb", help="the folder of the traffic signs; without it they are left out")
    parser.add_argument("--data-dir")
    parser.add_argument("--workdir", type=Path, default=Path("runs/explain"))
    options = parser.parse_args()
    import_keras()
    from keras_vision.data import load_dataset

    options.workdir.mkdir(parents=True, exist_ok=True)
    faithful, patches = {}, {}
    run = trained(
        options.workdir / "fashion", "vgg", "fashion_mnist", data_dir=options.data_dir, settings=VGG, epochs=3
    )
    images = load_dataset("fashion_mnist", data_dir=options.data_dir).test().images[:IMAGES]
    faithful["Fashion-MNIST"] = kept(
        options.workdir / "fashion.json", functools.partial(measure_faithfulness, run, images)
    )
    if options.gtsrb:
        path = options.workdir / "gtsrb.npz"
        if not path.exists():
            write_signs(options.gtsrb, path)
        run = trained(options.workdir / "gtsrb", "vgg", f"npz:{path}", settings=VGG)
        with np.load(path) as arrays:
            images = arrays["x_test"]
        faithful["gtsrb"] = kept(options.workdir / "gtsrb.json", functools.partial(measure_faithfulness, run, images))
    path = options.workdir / "patches.npz"
    if not path.exists():
        write_patches(options.data_dir, path)
    with np.load(path) as arrays:
        images, masks = arrays["x_test"][::3], np.load(path.with_name("masks.npy"))
    for model in MODELS:
        run = trained(
            options.workdir / model, model, f"npz:{path}", settings=SMALL[model], epochs=EPOCHS, batch_size=32
        )
        patches[model] = kept(options.workdir / f"{model}.json", functools.partial(measure_patches, run, images, masks))
    write_between(PAGE, "What explanations show", body(faithful, patches))
    print(PAGE.read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
