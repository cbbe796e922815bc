"""What `audit` finds of errors that were planted, and what it says of folders that other people made.

    python tools/bench_audit.py [--parts labels copies quick folders] [--folders DIR] [--data-dir DIR]

Wrong labels are compared with cleanlab's on the same probabilities where cleanlab is installed (the extra bench).
Writes docs/results/audit.md; a part that is not measured anew stays as it is recorded beside it, in audit.json.
"""

import argparse
import json
import shlex
import sys
import time
from pathlib import Path

import numpy as np
from bench_common import ROOT, machine_line, write_between

from keras_vision.data import DataSource, Split
from keras_vision.data.audit.collection import collect
from keras_vision.data.audit.copies import equal_groups, near_pairs
from keras_vision.data.audit.looking import look
from keras_vision.data.audit.quick import quick_audit
from keras_vision.errors import check_name
from keras_vision.reporting.progress import make_progress
from keras_vision.runs import write_json
from keras_vision.studies.table import markdown
from keras_vision.system.keras_import import import_keras
from keras_vision.system.pictures import through_jpeg

RESULTS = ROOT / "docs" / "results" / "audit.md"
IMAGES = 20_000
FLIPPED = 0.02
PLANTED = 200  # copies of each kind
COPIED = ("fashion_mnist", "cifar10")
HEAD = """Measured by `{command}`. {machine} Seconds are those of one core's work, because other programs ran beside.

**Wrong labels.** {labels}

**Copies.** {copies}

**The quick audit** of `train` and `tune`: {quick}

**Folders that other people made**, all found without training:

{folders}"""


# ---- wrong labels ----


def measure_labels(options):
    """Flips labels of Fashion-MNIST by a seed and looks for them; returns a dict whose rows are those of `found`."""
    import_keras()
    from keras_vision.analysis.label_errors import label_suspects
    from keras_vision.training.out_of_fold import out_of_fold_probabilities

    data = DataSource("fashion_mnist", options.data_dir).open()
    train = data.train.at(slice(0, IMAGES))
    flipped, labels = flip(train.labels, len(data.class_names))
    start = time.process_time()
    progress = make_progress(stream=sys.stdout)
    split, groups = Split(train.images, labels), np.arange(IMAGES)
    probabilities = out_of_fold_probabilities(split, data.class_names, groups, progress=progress)
    seconds = time.process_time() - start
    suspects = [one.position for one in label_suspects(probabilities, labels)]
    rows = [("audit", *found(suspects, flipped))]
    rows += [(f"cleanlab, {name}", *found(order, flipped)) for name, order in cleanlab_orders(probabilities, labels)]
    agreed = float((probabilities.argmax(axis=1) == train.labels).mean())
    return {"rows": rows, "seconds": seconds, "right": agreed, "flipped": len(flipped)}


def flip(labels, classes, seed=0):
    """Returns which labels become another class, drawn at random, and the labels after it."""
    generator = np.random.default_rng(seed)
    flipped = generator.permutation(len(labels))[: round(FLIPPED * len(labels))]
    changed = labels.copy()
    changed[flipped] = (labels[flipped] + generator.integers(1, classes, len(flipped))) % classes
    return flipped, changed


def found(order, flipped):
    """Returns precision among as many suspects as were flipped, the recall of all suspects, and their number.

    Example:

    >>> found([3, 4, 5, 1], [3, 1])
    (0.5, 1.0, 4)
    """
    first = np.isin(order[: len(flipped)], flipped)
    return float(first.sum() / len(flipped)), float(np.isin(order, flipped).sum() / len(flipped)), len(order)


def cleanlab_orders(probabilities, labels):
    """Yields (name, suspects in order) of cleanlab's ways; nothing where it is not installed."""
    try:
        from cleanlab.filter import find_label_issues
    except ImportError:
        print("cleanlab is not installed: nothing to compare with")
        return
    for way in ("prune_by_noise_rate", "prune_by_class", "confident_learning"):
        for rank in ("self_confidence", "normalized_margin"):
            order = find_label_issues(labels, probabilities, filter_by=way, return_indices_ranked_by=rank, n_jobs=1)
            yield f"{way}, by {rank}", order.tolist()


def labels_text(result):
    """Returns the part about labels."""
    rows = [
        (who, f"{precision:.3f}", f"{recall:.3f}", f"{count:,}") for who, precision, recall, count in result["rows"]
    ]
    table = markdown(("who", f"precision of the first {result['flipped']}", "recall of all", "suspects"), rows)
    return (
        f"Of {IMAGES:,} training images of Fashion-MNIST, {FLIPPED:.0%} got another label, by a seed. The networks "
        f"trained in folds are right on {result['right']:.1%} of the images, and took {result['seconds']:.0f} s. "
        "Fashion-MNIST has doubtful labels of its own, which count as errors of the audit here.\n\n" + table
    )


# ---- copies ----


def planted(images, kind, generator):
    """Returns copies of images: "shifted" by up to two pixels each way, as "JPEG 75", or of other "brightness"."""
    return np.stack([_copy(image, kind, generator) for image in images])


def _copy(image, kind, generator):
    if kind == "JPEG 75":
        return through_jpeg(image, 75)
    if kind == "brightness":
        return np.clip(np.rint(image * generator.choice([0.7, 0.85, 1.15, 1.3])), 0, 255).astype(np.uint8)
    down, right = 0, 0
    while not (down or right):
        down, right = generator.integers(-2, 3, 2)
    height, width = image.shape[:2]
    padded = np.pad(image, ((2, 2), (2, 2), (0, 0)), "edge")
    return padded[2 + down : 2 + down + height, 2 + right : 2 + right + width]


def measure_copies(options):
    """Plants copies among images and looks for them; returns rows of (data set, kind, recall) and of false alarms."""
    rows = []
    for name in COPIED:
        generator = np.random.default_rng(0)
        images = DataSource(name, options.data_dir).open().train.images
        images = images[np.sort(generator.permutation(len(images))[:IMAGES])]
        images = images[np.unique(equal_groups(images))]
        kinds = ("shifted", "JPEG 75", "brightness")
        originals = generator.permutation(len(images))[: PLANTED * len(kinds)].reshape(len(kinds), -1)
        copies = [planted(images[chosen], kind, generator) for kind, chosen in zip(kinds, originals, strict=True)]
        start = time.process_time()
        pairs = near_pairs(np.concatenate([images, *copies]))
        seconds, told = time.process_time() - start, {tuple(pair) for pair in pairs.tolist()}
        number = len(images) + np.arange(originals.size).reshape(originals.shape)
        recalls = [
            float(np.mean([(int(one), int(copy)) in told for one, copy in zip(chosen, its, strict=True)]))
            for chosen, its in zip(originals, number, strict=True)
        ]
        alarmed = len(np.unique(pairs[(pairs < len(images)).all(axis=1)])) / len(images)
        rows.append((name, len(images), *recalls, alarmed, seconds))
        print(rows[-1], flush=True)
    return rows


def copies_text(rows):
    """Returns the part about copies."""
    heading = ("data set", "images", "shifted", "JPEG 75", "brightness", "false alarms", "seconds")
    cells = [
        (name, f"{n:,}", *(f"{r:.3f}" for r in (a, b, c)), f"{f:.2%}", f"{s:.0f}") for name, n, a, b, c, f, s in rows
    ]
    return (
        f"{PLANTED} copies of each kind: shifted by one or two pixels, saved as JPEG of quality 75, at 0.7 to 1.3 "
        "times the brightness; the share that was found beside its original. False alarms are images that were called "
        "copies of each other though none was planted; where they are copies indeed, they count all the same.\n\n"
        + markdown(heading, cells)
    )


# ---- the quick audit ----


def measure_quick(options):
    """Returns (images, seconds, what it said) of the quick audit of Fashion-MNIST."""
    data = DataSource("fashion_mnist", options.data_dir).open()
    start = time.process_time()
    said = quick_audit(data)
    return len(data.train) + len(data.validation), time.process_time() - start, said or "nothing"


def quick_text(result):
    """Returns the part about the quick audit."""
    images, seconds, said = result
    return f"{seconds:.1f} s for the {images:,} training and validation images of Fashion-MNIST; it says: {said}"


# ---- folders ----


def measure_folders(options):
    """Returns for each folder in a folder: name, images, seconds, sentences, and kinds of findings with an example."""
    results = []
    for folder in sorted(path for path in Path(options.folders).iterdir() if path.is_dir()):
        start = time.process_time()
        collection = collect(DataSource(f"folder:{folder}"))
        looked, kinds = look(collection), {}
        for one in looked.findings:
            kinds.setdefault(one.kind, []).append(f"{Path(one.name).name}: {one.reason.replace(f'{folder}/', '')}")
        findings = {kind: (len(those), those[0]) for kind, those in kinds.items()}
        sentences = [*collection.sentences, *looked.sentences]
        results.append((folder.name, len(collection), time.process_time() - start, sentences, findings))
        print(folder.name, {kind: count for kind, (count, _) in findings.items()}, flush=True)
    return results


def folders_text(results):
    """Returns the part about folders."""
    parts = []
    for name, images, seconds, sentences, findings in results:
        lines = [f"- {sentence}" for sentence in sentences]
        lines += [f"- {kind}: {count:,}, the first {example}" for kind, (count, example) in findings.items()]
        parts.append(f"`{name}`, {images:,} images, {seconds:.0f} s:\n\n" + "\n".join(lines))
    return "\n\n".join(parts)


PARTS = {
    "labels": (measure_labels, labels_text),
    "copies": (measure_copies, copies_text),
    "quick": (measure_quick, quick_text),
    "folders": (measure_folders, folders_text),
}


def main(arguments=None):
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--parts", nargs="+", default=list(PARTS), metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--folders", help="a folder of folders of images")
    parser.add_argument("--data-dir", help="where Fashion-MNIST and CIFAR-10 are, if not in one of the usual places")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parser.parse_args(arguments)
    for part in options.parts:
        check_name("part", part, PARTS)
    record = options.out.with_suffix(".json")
    known = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    for part in options.parts:
        if part != "folders" or options.folders:
            known[part] = PARTS[part][0](options)
            write_json(record, known)
    texts = {part: write(known[part]) if part in known else "not measured." for part, (_, write) in PARTS.items()}
    words = shlex.join(["python", "tools/bench_audit.py"])
    write_between(options.out, "Audit", HEAD.format(command=words, machine=machine_line("cleanlab"), **texts))


if __name__ == "__main__":
    sys.exit(main())
