"""Measures what a person gets by default on folders of images, beside the plain CNN of most tutorials.

    python tools/anybody.py train FOLDER ... [--seeds 3] [--workdir runs/anybody]
    python tools/anybody.py tune FOLDER ... [--seeds 3]
    python tools/anybody.py report

`train` trains the tutorial's CNN, `train --model cnn` and `train --model vgg`, with no option but the data, on the
same splits, and measures each once on the test images. `tune` then asks `tune --model vgg` for the tutorial's mean
validation accuracy. `report` writes both to docs/results/anybody.md. What is finished is not run again.
"""

import argparse
import json
import resource
import statistics
import sys
import time
from pathlib import Path

from bench_common import ROOT

from keras_vision.reporting.progress import PlainProgress, clock_text
from keras_vision.runs import processor_name, read_json, write_json, write_text
from keras_vision.studies.table import markdown
from keras_vision.system.keras_import import import_keras

RESULTS = ROOT / "docs" / "results" / "anybody.md"
MODELS = ("cnn", "vgg")
PEER = "tutorial"
# As the tutorials have it: at most so many epochs, ended so many after the validation loss was least.
EPOCHS, PATIENCE, BATCH_SIZE = 30, 5, 32
HEAD = """# What a person gets by default

Folders of images that nobody tuned for, at the size that the program chooses, seeds {seeds}. The peer is the CNN of
most tutorials in plain Keras: three convolutions of 32, 64 and 64 filters with max pooling, a dense layer of 64 units,
Adam at its default rate, batches of {batch_size}, at most {epochs} epochs, ended {patience} epochs after the least
validation loss. All see the same splits; the test images were opened once, at the end of each training.

Commands: `python tools/anybody.py train FOLDER ... --seeds {count}`, then `tune`, then `report`. Machine: {processor},
2 cores. Times are of the processor, of all threads together: with one thread, at least what two idle cores take.

"""


def tutorial(input_shape, num_classes):
    """Returns the CNN of most tutorials: raw pixels in, logits out."""
    import keras

    layers = keras.layers
    pixels = keras.Input(input_shape)
    x = layers.Rescaling(1 / 255)(pixels)
    for filters in (32, 64, 64):
        x = layers.Conv2D(filters, 3, activation="relu")(x)
        x = layers.MaxPooling2D()(x) if min(x.shape[1:3]) >= 4 else x  # 8x8 images have no pixels for more
    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    return keras.Model(pixels, layers.Dense(num_classes)(x))


def cpu_seconds():
    """Returns the processor's time that this process and those that it started have taken, in seconds."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def train_tutorial(data, seed):
    """Trains the tutorial's CNN on a `Dataset` and returns what it reaches."""
    import keras

    keras.utils.set_random_seed(seed)
    model = tutorial(data.shape, len(data.class_names))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    stop = keras.callbacks.EarlyStopping("val_loss", patience=PATIENCE, restore_best_weights=True)
    splits = [(split.images.astype("float32"), split.labels) for split in (data.train, data.validation, data.test())]
    model.fit(*splits[0], BATCH_SIZE, EPOCHS, verbose=0, validation_data=splits[1], callbacks=[stop])
    _, validation = model.evaluate(*splits[1], verbose=0)
    _, test = model.evaluate(*splits[2], verbose=0)
    return {"val_accuracy": validation, "test": test, "parameters": model.count_params()}


def measure_training(folder, model, seed, workdir):
    """Returns what one model reaches on one folder with one seed; from disk where that is known."""
    path = workdir / f"{Path(folder).name}-{model}-{seed}.json"
    if path.exists():
        return read_json(path)
    import_keras()
    from keras_vision.data import load_dataset
    from keras_vision.train import train
    from keras_vision.training.memory import forget_models

    forget_models()
    start, cpu = time.monotonic(), cpu_seconds()
    if model == PEER:
        result = train_tutorial(load_dataset(f"folder:{folder}", seed=seed), seed)
    else:
        run = workdir / f"{Path(folder).name}-{model}-{seed}"
        result = train(model, dataset=f"folder:{folder}", seed=seed, workdir=run, progress=PlainProgress(sys.stdout))
        result = {name: result[name] for name in ("val_accuracy", "parameters", "epochs_run")} | {
            "test": result["test"]["accuracy"],
            "images": result["test"]["n"],
        }
    result |= {"seconds": round(time.monotonic() - start, 1), "cpu": round(cpu_seconds() - cpu, 1)}
    write_json(path, result)
    print(folder, model, seed, json.dumps(result), flush=True)
    return result


def measure_search(folder, seeds, workdir):
    """Returns what `tune --model vgg` finds for the tutorial's mean validation accuracy; from disk where known."""
    name = Path(folder).name
    path = workdir / f"{name}-tune.json"
    if path.exists():
        return read_json(path)
    peers = [read_json(workdir / f"{name}-{PEER}-{seed}.json") for seed in range(seeds)]
    target = round(statistics.mean(peer["val_accuracy"] for peer in peers), 4)
    import_keras()
    from keras_vision.tune import tune

    start, cpu = time.monotonic(), cpu_seconds()
    run = workdir / f"{name}-tune"
    found = tune("vgg", dataset=f"folder:{folder}", target_acc=target, workdir=run, progress=PlainProgress(sys.stdout))
    result = {name: found.get(name) for name in ("exit_code", "parameters", "at_least", "trials", "best_values")}
    result |= {
        "target": target,
        "test": found.get("test", {}).get("accuracy"),
        "peer_parameters": peers[0]["parameters"],
    }
    result |= {"seconds": round(time.monotonic() - start, 1), "cpu": round(cpu_seconds() - cpu, 1)}
    write_json(path, result)
    print(folder, json.dumps(result), flush=True)
    return result


def report(workdir, note=""):
    """Writes what was measured to docs/results/anybody.md, with a note on how."""
    found = {path.stem: read_json(path) for path in sorted(workdir.glob("*.json"))}
    names = sorted({stem.rsplit("-", 2)[0] for stem in found if stem.endswith("-0")})
    seeds = sorted({int(stem.rsplit("-", 1)[1]) for stem in found if stem.rsplit("-", 1)[1].isdigit()})
    rows, gains = [], []
    for name in names:
        cells, means = [name], {}
        for model in (PEER, *MODELS):
            results = [found[stem] for seed in seeds if (stem := f"{name}-{model}-{seed}") in found]
            means[model] = statistics.mean(result["test"] for result in results) if results else None
            seconds = max((result["cpu"] for result in results), default=0)
            cells.append(f"{100 * means[model]:.1f}% of {len(results)}, {clock_text(seconds)}" if results else "")
        best = max((means[model] for model in MODELS if means[model] is not None), default=None)
        if best is not None and means[PEER] is not None:
            gains.append(best - means[PEER])
            cells.append(f"{100 * gains[-1]:+.1f}")
        rows.append(cells)
    table = markdown(["data", "tutorial", "train cnn", "train vgg", "the better, in points"], rows)
    text = HEAD.format(
        seeds=", ".join(map(str, seeds)), count=len(seeds), batch_size=BATCH_SIZE, epochs=EPOCHS, patience=PATIENCE,
        processor=processor_name(),
    )  # fmt: skip
    text += f"{note}\n\n" if note else ""
    text += f"## Training\n\nTest accuracy, mean over so many seeds, and the longest training.\n\n{table}\n"
    if gains:
        text += f"\nOn average the better of the two is {100 * statistics.mean(gains):+.1f} points from the tutorial.\n"
    searches = [
        [name, f"{one['target']:.4f}", one["exit_code"], f"{one['parameters']:,}", f"{one['peer_parameters']:,}",
         "" if one["at_least"] is None else f"{one['at_least']:.4f}",
         "" if one["test"] is None else f"{one['test']:.4f}", clock_text(one["cpu"])]
        for name in names if (one := found.get(f"{name}-tune"))
    ]  # fmt: skip
    if searches:
        head = ["data", "target", "exit code", "parameters", "tutorial's", "shown: at least", "test", "time"]
        text += (
            "\n## Search\n\n`tune --model vgg --target-acc TARGET`, the target being the tutorial's mean validation "
        )
        text += f"accuracy.\n\n{markdown(head, searches)}\n"
    write_text(RESULTS, text)
    print(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("what", choices=("train", "tune", "report"))
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workdir", type=Path, default=Path("runs/anybody"))
    parser.add_argument("--note", default="", help="what a reader of the report must know of the measurement")
    options = parser.parse_args()
    if options.what == "report":
        report(options.workdir, options.note)
    elif options.what == "train":
        for seed in range(options.seeds):
            for folder in options.folders:
                for model in (PEER, *MODELS):
                    measure_training(folder, model, seed, options.workdir)
    else:
        for folder in options.folders:
            measure_search(folder, options.seeds, options.workdir)
    return 0


if __name__ == "__main__":
    sys.exit(main())
