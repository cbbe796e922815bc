"""How fast: training and inference of every family by this package, by stock Keras and by PyTorch, in one run.

    python tools/bench.py [--families vgg ...] [--rounds 5] [--seconds 3] [--peers stock jax torch]

Every configuration runs in a process of its own, because the switches of TensorFlow that matter are global. All
processes of a family stay alive, and only one computes at a time: a round times each of them for some seconds, one
after the other, so that a machine that grows warm or busy slows all alike. Writes docs/results/speed.md.
"""

import argparse
import contextlib
import dataclasses
import importlib.util
import json
import math
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_common import Amount, machine_line, spread, write_between

from keras_vision.errors import KerasVisionError, check_name
from keras_vision.models import MODELS
from keras_vision.runs import write_json
from keras_vision.studies.table import markdown
from keras_vision.system.keras_import import import_keras

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "results" / "speed.md"
BATCH, CLASSES = 128, 10
# case: (family, input shape)
CASES = {name: (name, (32, 32, 3)) for name in MODELS} | {"vgg 28x28x1": ("vgg", (28, 28, 1))}

# configuration: (whose it is, what its worker is asked for)
OURS, EXPORTED, STOCK32 = "keras_vision, auto", "keras_vision, exported to OpenVINO", "Keras, float32"
CONFIGURATIONS = {
    OURS: ("ours", {"precision": "auto"}),
    "keras_vision, float32": ("ours", {"precision": "float32"}),
    EXPORTED: ("exported", {}),
    STOCK32: ("stock", {"precision": "float32"}),
    "Keras, mixed_bfloat16": ("stock", {"precision": "mixed_bfloat16"}),
    "Keras on JAX, float32": ("jax", {"precision": "float32"}),
    "Keras on JAX, mixed_bfloat16": ("jax", {"precision": "mixed_bfloat16"}),
    "PyTorch, float32": ("torch", {"precision": "float32"}),
    "PyTorch, bfloat16 autocast": ("torch", {"precision": "bfloat16"}),
    "PyTorch, float32, compiled": ("torch", {"precision": "float32", "is_compiled": True}),
    "PyTorch, bfloat16 autocast, compiled": ("torch", {"precision": "bfloat16", "is_compiled": True}),
}
PEERS = ("stock", "jax", "torch")
CHOSEN = (OURS, EXPORTED)  # what people get who choose no precision
THEIRS = [name for name, (library, _) in CONFIGURATIONS.items() if library in PEERS]
# library -> (what it imports, the extra that installs that)
OPTIONAL = {"torch": ("torch", "bench"), "jax": ("jax", "bench"), "exported": ("openvino", "openvino")}
JOBS = ("training", "inference")
MIN_BATCHES = 5  # of each timing, however slow
STEPS = 2_500  # of the training for which a precision is chosen, as many as most have by default
PRODUCT_SIDE = 4096
MEAN, DEVIATION = 127.5, 73.9  # of uniform pixels 0 to 255
# So small a step leaves the network as it is, however often it is repeated: nothing converges, nothing underflows.
LEARNING_RATE = 1e-6

COLUMNS = (
    *("family", "configuration", "training, images/s", "TFLOP/s", "share of product"),
    *("inference, images/s", "TFLOP/s", "share of product"),
)
SUMMARY_COLUMNS = (
    *("family", "training, images/s", "best peer", "ratio", "ratio to Keras float32"),
    *("inference, images/s", "by", "best peer", "ratio", "ratio to Keras float32"),
)
METHOD = f"""Batches of {BATCH} images that lie in memory, {CLASSES} classes, AdamW and cross-entropy for all; Keras and
this package through `model.fit` and `model.predict`, PyTorch through a plain loop without metrics. "Keras" is the same
graph, compiled as Keras alone has it, on TensorFlow or on JAX; "PyTorch" is the same network, with an equal number of
parameters, in whichever memory layout was faster in a few eager training steps. "Exported to OpenVINO" is what
`keras_vision.export` writes, in that runtime and the precision it picks. Numbers are medians over
rounds (lowest to highest). A ratio is the median of the ratios of each round; the best peer is that of the highest
median. FLOPs are those of `keras_vision.analysis.counts`; "share of product" divides by what a
{PRODUCT_SIDE}x{PRODUCT_SIDE} matrix product in the same arithmetic reached in the same rounds: {{products}}."""

WORTHWHILE = 0.8  # a product in bfloat16 takes at most this share of the time in float32, where a processor has it
NO_BFLOAT16 = "A product of matrices in bfloat16 takes {:.2f} of the time in float32 here: bfloat16 is left out."


# ---- the worker: one configuration of one family ----


@dataclasses.dataclass(frozen=True)
class Entrant:
    """A configuration that is ready to be timed.

    Attributes:
        facts: What the report tells of it: `parameters`, `arithmetic` ("float32", "bfloat16", ...) and more.
        jobs: name -> function that does that many batches, and returns when they are done; an export has no training.
    """

    facts: dict
    jobs: dict


def ours(family, input_shape, precision, settings=None):
    """Returns an `Entrant`: the model of this package, trained as its trainer does it."""
    import_keras()
    from keras_vision.analysis.counts import count
    from keras_vision.training.choosing import choose
    from keras_vision.training.precision import computing_in
    from keras_vision.training.recipe import Recipe

    recipe = Recipe(optimizer="adamw", learning_rate=LEARNING_RATE, schedule="constant", warmup_epochs=0)
    recipe = recipe.replace(epochs=STEPS, flip="none", shift=0)  # of one step each
    with computing_in(precision):
        model, choice = choose(
            lambda: our_model(family, input_shape, **settings or {}), made_up(input_shape), recipe, precision
        )
    counts = count(model)
    facts = {"parameters": counts.trainable_parameters, "arithmetic": arithmetic_of(choice.precision)}
    facts |= {"precision": choice.precision, "choice": choice.record()}
    flops = {"training": counts.training_flops, "inference": counts.flops}
    return Entrant(facts | {"flops": flops}, keras_jobs(model, choice.precision))


def made_up(input_shape):
    """Returns a `Dataset` of one batch of noise."""
    import numpy as np

    from keras_vision.data import Dataset, Split

    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (BATCH, *input_shape), dtype=np.uint8)
    split = Split(images, generator.integers(0, CLASSES, BATCH))
    return Dataset("noise", split, split, lambda: split, tuple(map(str, range(CLASSES))), "made up", fingerprint="")


def our_model(family, input_shape, **settings):
    """Returns the family's model, for pixels that are all values alike."""
    from keras_vision.models import build_model
    from keras_vision.models.normalization import set_statistics

    model = build_model(family, input_shape, CLASSES, **settings)
    channels = input_shape[-1]
    set_statistics(model, mean=[MEAN] * channels, std=[DEVIATION] * channels)
    return model


def exported(family, input_shape):
    """Returns an `Entrant`: the model of this package as its OpenVINO export."""
    import_keras()
    import numpy as np
    import openvino

    from keras_vision.formats.network import with_probabilities
    from keras_vision.formats.openvino import FILE, write

    model = our_model(family, input_shape)
    with tempfile.TemporaryDirectory() as folder:
        write(with_probabilities(model), folder, origin=None)
        network = openvino.Core().compile_model(Path(folder, FILE), "CPU")
    request = network.create_infer_request()
    pixels = np.random.default_rng(0).integers(0, 256, (BATCH, *input_shape), dtype=np.uint8)

    def inference(batches):
        for _ in range(batches):
            request.infer([pixels.astype("float32")])

    precision = network.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    arithmetic = {"bf16": "bfloat16", "f16": "float16"}.get(precision, "float32")
    parameters = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    return Entrant({"parameters": parameters, "arithmetic": arithmetic}, {"inference": inference})


def stock(family, input_shape, precision):
    """Returns an `Entrant`: the same graph, compiled as a plain person would, so that stock Keras trains it."""
    import keras

    from keras_vision.training.precision import computing_in

    with computing_in(precision):
        model = our_model(family, input_shape)
        model.compile(
            keras.optimizers.AdamW(LEARNING_RATE),
            keras.losses.CategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
    parameters = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    return Entrant({"parameters": parameters, "arithmetic": arithmetic_of(precision)}, keras_jobs(model, precision))


def on_jax(family, input_shape, precision):
    """Returns an `Entrant`: the same graph on Keras' JAX backend, which compiles whole steps."""
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    keras.config.set_dtype_policy(precision)
    model, split = our_model(family, input_shape), made_up(input_shape).train
    model.compile(
        keras.optimizers.AdamW(LEARNING_RATE),
        keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    batch = split.images, keras.utils.to_categorical(split.labels, CLASSES)
    parameters = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    jobs = {
        "training": lambda steps: model.fit(endless(batch), steps_per_epoch=steps, shuffle=False, verbose=0),
        "inference": lambda steps: model.predict(endless(batch[:1]), steps=steps, verbose=0),
    }
    return Entrant({"parameters": parameters, "arithmetic": arithmetic_of(precision)}, jobs)


def endless(batch):
    """Yields a batch for ever."""
    while True:
        yield batch


def pytorch(family, input_shape, precision, is_compiled=False):
    """Returns an `Entrant`: the same architecture in PyTorch."""
    import peers_torch

    build = peers_torch.FAMILIES[check_name("network in PyTorch", family, peers_torch.FAMILIES)]
    model = build(input_shape, CLASSES, mean=MEAN, deviation=DEVIATION)
    facts, jobs = peers_torch.jobs(model, input_shape, BATCH, CLASSES, LEARNING_RATE, precision, is_compiled)
    return Entrant(facts | {"arithmetic": precision}, jobs)


def product(side=PRODUCT_SIDE):
    """Returns an `Entrant` whose jobs are products of square matrices, one for each arithmetic."""
    import_keras()
    from keras import ops, random

    def job(dtype):
        matrix = ops.cast(random.normal((side, side)), dtype)

        def multiply(times):
            for _ in range(times):
                result = ops.matmul(matrix, matrix)
            ops.convert_to_numpy(ops.cast(result[0, 0], "float32"))  # waits for the device

        return multiply

    return Entrant({}, {dtype: job(dtype) for dtype in ("float32", "bfloat16", "float16")})


LIBRARIES = {"ours": ours, "exported": exported, "stock": stock, "jax": on_jax, "torch": pytorch, "product": product}


def keras_jobs(model, precision):
    """Returns the jobs of a compiled Keras model, over one batch of the training pipeline again and again.

    Args:
        model: The model.
        precision: What each job enters, as `computing_in` takes it.
    """
    from keras_vision.data.pipeline import training_batches
    from keras_vision.training.precision import computing_in

    in_precision = computing_in(precision)
    split = made_up(model.input_shape[1:]).train
    batches = training_batches(split, num_classes=CLASSES, batch_size=BATCH, seed=0, epochs=1)
    batches = batches.cache().repeat().prefetch(2)
    only_images = batches.map(lambda images, labels: images)
    return {
        "training": in_precision(lambda steps: model.fit(batches, steps_per_epoch=steps, shuffle=False, verbose=0)),
        "inference": in_precision(lambda steps: model.predict(only_images, steps=steps, verbose=0)),
    }


def arithmetic_of(precision):
    """Returns in which numbers the products of a precision are computed.

    Example:

    >>> arithmetic_of("float32+onednn_bfloat16"), arithmetic_of("float32")
    ('bfloat16', 'float32')
    """
    return next((dtype for dtype in ("bfloat16", "float16") if precision.endswith(dtype)), "float32")


def work(library, options):
    """The worker's life: says its facts, then does a job for some seconds for each line "JOB SECONDS" it is sent."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not be taken for a reply

    def reply(record):
        print(json.dumps(record), file=replies, flush=True)

    entrant = LIBRARIES[library](**options)
    reply(entrant.facts | {"jobs": list(entrant.jobs)})
    speeds = {}
    for line in sys.stdin:
        job, seconds = line.split()
        if job not in speeds:
            speeds[job] = warm_up(entrant.jobs[job])
        batches = max(MIN_BATCHES, round(float(seconds) * speeds[job]))
        speeds[job] = batches / timed(entrant.jobs[job], batches)
        reply(speeds[job])


def warm_up(job, seconds=0.5):
    """Does a job until it is compiled and has once run for so long; returns batches per second."""
    timed(job, 2)  # compiles
    batches = 1
    while (spent := timed(job, batches)) < seconds:
        batches *= 2
    return batches / spent


def timed(job, batches):
    """Returns the seconds that a job takes for so many batches."""
    start = time.perf_counter()
    job(batches)
    return time.perf_counter() - start


class WorkerFailed(KerasVisionError):
    """A worker ended before its work was done; the message is the last line it wrote."""


class Worker:
    """A process that holds one `Entrant`, seen from outside.

    Raises:
        WorkerFailed: It could not be built.
    """

    def __init__(self, library, options):
        self.errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115  closed in close()
        environment = os.environ | {
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # the others need some of the memory too
            "KERAS_VISION_CACHE": os.devnull,  # what is chosen is found out here and now
            "TORCHINDUCTOR_COMPILE_THREADS": "1",  # its compilers would stay alive beside the measurement
        }
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--worker", json.dumps([library, options])], env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
        )  # fmt: skip
        self.facts = self._reply()

    def speed(self, job, seconds):
        """Returns batches per second of a job that is done for about so long."""
        with contextlib.suppress(BrokenPipeError):  # it is dead, which its missing reply tells better
            print(job, seconds, file=self.process.stdin, flush=True)
        return self._reply()

    def close(self):
        """Ends the process."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()

    def _reply(self):
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        self.process.wait()
        self.errors.seek(0)
        lines = [line.strip() for line in self.errors if line.strip()]
        self.close()
        raise WorkerFailed(lines[-1] if lines else f"exit code {self.process.returncode}")


# ---- the rounds ----


@dataclasses.dataclass
class Measured:
    """What the rounds of one case gave.

    Attributes:
        facts: configuration -> its worker's facts.
        speeds: configuration -> job -> images per second, one for each round.
        products: arithmetic -> FLOP/s, one for each round.
        failures: configuration -> why it could not be measured.
    """

    facts: dict = dataclasses.field(default_factory=dict)
    speeds: dict = dataclasses.field(default_factory=dict)
    products: dict = dataclasses.field(default_factory=dict)
    failures: dict = dataclasses.field(default_factory=dict)


def measure_case(family, input_shape, configurations, rounds, seconds):
    """Starts the workers of a family, lets each compile, and times them in turns.

    Raises:
        KerasVisionError: A peer has another number of parameters than ours: it is not the same network.
    """
    measured, workers = Measured(), {"product": Worker("product", {})}
    try:
        for name in configurations:
            library, options = CONFIGURATIONS[name]
            try:
                worker = Worker(library, {"family": family, "input_shape": input_shape, **options})
                for job in worker.facts["jobs"]:
                    worker.speed(job, seconds=0.1)  # compiles
            except WorkerFailed as error:
                if name == OURS:
                    raise
                measured.failures[name] = str(error)
                print(f"  {name}: failed: {error}", flush=True)
                continue
            workers[name], measured.facts[name] = worker, worker.facts
            measured.speeds[name] = {job: [] for job in worker.facts["jobs"]}
        check_same_size(measured.facts)
        arithmetics = sorted({facts["arithmetic"] for facts in measured.facts.values()})
        for number in range(rounds):
            measure_round(workers, arithmetics, measured, number, seconds)
            print(f"  round {number + 1} of {rounds}", flush=True)
    finally:
        for worker in workers.values():
            worker.close()
    return measured


def measure_round(workers, arithmetics, measured, number, seconds):
    """Times each worker once; each round begins with another of them."""
    names = list(measured.facts)
    for arithmetic in arithmetics:
        flops = 2 * PRODUCT_SIDE**3 * workers["product"].speed(arithmetic, seconds)
        measured.products.setdefault(arithmetic, []).append(flops)
    for name in names[number % len(names) :] + names[: number % len(names)]:
        for job, speeds in measured.speeds[name].items():
            speeds.append(BATCH * workers[name].speed(job, seconds))


def check_same_size(facts):
    """Refuses to compare networks of different numbers of parameters."""
    sizes = {name: of_one["parameters"] for name, of_one in facts.items()}
    if len(set(sizes.values())) > 1:
        raise KerasVisionError(f"not the same network: parameters {sizes}")


# ---- the report ----


def detail_rows(case, measured):
    """Returns a row for each configuration of a case."""
    for name in CONFIGURATIONS:
        if name in measured.failures:
            yield (case, name, f"failed: {measured.failures[name]}", *[""] * (len(COLUMNS) - 3))
        elif name in measured.speeds:
            yield (case, name, *(cell for job in JOBS for cell in rate_cells(measured, name, job)))


def rate_cells(measured, name, job):
    """Returns images/s with spread, TFLOP/s, and the share of what a matrix product reaches."""
    if job not in measured.speeds[name]:
        return "", "", ""
    speeds = measured.speeds[name][job]
    flops = statistics.median(speeds) * measured.facts[OURS]["flops"][job]
    share = flops / statistics.median(measured.products[measured.facts[name]["arithmetic"]])
    return spread(map(Amount, speeds)), f"{flops / 1e12:.3f}", f"{share:.0%}"


def summary_row(case, measured):
    """Returns a row that compares ours with the best peer and with stock Keras in float32."""
    row = [case]
    for job in JOBS:
        mine, best = fastest(measured, job, CHOSEN), fastest(measured, job, THEIRS)
        speeds = measured.speeds[mine][job]
        row += [spread(map(Amount, speeds)), *([mine] if job == "inference" else [])]
        row += [f"{best}, {spread(map(Amount, measured.speeds[best][job]))}" if best else ""]
        row += [ratio(speeds, measured.speeds[one][job]) if one in measured.speeds else "" for one in (best, STOCK32)]
    return row


def fastest(measured, job, names):
    """Returns which of some configurations does a job fastest by its median; None where none does it."""
    speeds = {name: measured.speeds[name][job] for name in names if job in measured.speeds.get(name, ())}
    return max(speeds, key=lambda name: statistics.median(speeds[name]), default=None)


def ratio(speeds, others):
    """Returns the ratios of two configurations, round by round, as a median with spread.

    Example:

    >>> ratio([20.0, 30.0, 22.0], [10.0, 10.0, 10.0])
    '2.20 (2.00 to 3.00)'
    """
    return spread((Amount(mine / other) for mine, other in zip(speeds, others, strict=True)), "{:.2f}")


def report(cases, command, missing=(), remark=""):
    """Returns the measured part of the page.

    Args:
        cases: case -> `Measured`.
        command: The command line that made it.
        missing: Libraries whose rows were wanted, and that are not installed.
        remark: A sentence on configurations that were left out.
    """
    products = {}
    for measured in cases.values():
        for arithmetic, flops in measured.products.items():
            products.setdefault(arithmetic, []).extend(Amount(rate / 1e12) for rate in flops)
    products = ", ".join(f"{spread(of_one, '{:.3f}')} TFLOP/s in {name}" for name, of_one in sorted(products.items()))
    precisions = sorted({measured.facts[OURS]["precision"] for measured in cases.values()})
    parts = [
        f"Command: `{command}`. {machine_line('torch')} Precision `auto` picked {', '.join(precisions)}.",
        METHOD.format(products=products),
        remark,
        *(
            f"{name} is not installed: `pip install .[{extra}]` adds its rows."
            for name, extra in map(OPTIONAL.get, missing)
        ),
        markdown(SUMMARY_COLUMNS, (summary_row(case, measured) for case, measured in cases.items())),
        markdown(COLUMNS, (row for case, measured in cases.items() for row in detail_rows(case, measured))),
    ]
    return "\n\n".join(filter(None, parts))


def bfloat16_share():
    """Returns what share of its time in float32 a matrix product takes in bfloat16 on this machine."""
    worker = Worker("product", {"side": 1024})
    try:
        return worker.speed("float32", 0.2) / worker.speed("bfloat16", 0.2)
    finally:
        worker.close()


def chosen_configurations(peers, *, in_bfloat16=True):
    """Returns the configurations to measure, and the libraries that are wanted and not installed."""
    libraries = ("ours", "exported", *peers)
    missing = [name for name in libraries if name in OPTIONAL and not importlib.util.find_spec(OPTIONAL[name][0])]
    wanted = {*libraries} - {*missing}
    chosen = [
        name
        for name, (library, options) in CONFIGURATIONS.items()
        if library in wanted and (in_bfloat16 or "bfloat16" not in options.get("precision", ""))
    ]
    return chosen, missing


def main(arguments=None):
    """Runs the command line; returns 1 where a configuration could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--families", nargs="+", default=list(CASES), metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each timing")
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=PEERS)
    parser.add_argument("--out", default=RESULTS, type=Path)
    parser.add_argument("--json", type=Path, help="file for every single measurement")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parser.parse_args(arguments)
    if options.worker:
        return work(*json.loads(options.worker))
    for case in options.families:
        check_name("family", case, CASES)
    share = bfloat16_share()
    configurations, missing = chosen_configurations(options.peers, in_bfloat16=share <= WORTHWHILE)
    remark = "" if share <= WORTHWHILE else NO_BFLOAT16.format(share)
    command = shlex.join(["python", "tools/bench.py", *arguments])
    cases = {}
    for case in options.families:
        print(case, flush=True)
        cases[case] = measure_case(*CASES[case], configurations, options.rounds, options.seconds)
        write_between(options.out, "Speed", report(cases, command, missing, remark))  # so far
        if options.json:
            write_json(options.json, {case: dataclasses.asdict(measured) for case, measured in cases.items()})
    print(options.out.read_text(encoding="utf-8"))
    return int(any(measured.failures for measured in cases.values()))


if __name__ == "__main__":
    sys.exit(main())
