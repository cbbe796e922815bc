import io
import json
import shutil

import keras
import numpy as np
import pytest

from keras_vision.data.augmentation_settings import Augmentation
from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.models import build_model
from keras_vision.models.blocks import classify, take_pixels
from keras_vision.models.normalization import set_statistics
from keras_vision.models.whitening import LAYER, set_whitening
from keras_vision.reporting.progress import PlainProgress, Progress
from keras_vision.runs import Run, load_model, read_card, save_model
from keras_vision.training import epoch, trainer
from keras_vision.training.checkpoint import Checkpoints
from keras_vision.training.recipe import OPTIMIZERS, Recipe
from keras_vision.training.trainer import TrainingDiverged, WarmupDecay, fit, make_optimizer
from tests.synthetic import make_dataset

pytestmark = pytest.mark.slow

RECIPE = Recipe(epochs=4, batch_size=32, learning_rate=3e-3, warmup_epochs=1, shift=1, flip="none")


def small_model(seed=0, dropout_rate=0.2, **settings):
    keras.utils.set_random_seed(seed)
    settings |= {"filters": (8, 16), "blocks": (1, 1), "dropout_rate": dropout_rate}
    return build_model("vgg", (8, 8, 1), 3, **settings)


class Said(Progress):
    """Keeps the lines that a person would have read."""

    def __init__(self, lines):
        self.lines = lines

    def say(self, text=""):
        self.lines.append(text)


class StopAfter(Exception):
    """Stands for a kill."""


def fit_and_copy(folder, recipe=RECIPE):
    """Trains in `folder`/whole; `folder`/2 is what a kill leaves of it between checkpoint and model of epoch 2."""
    saved = Checkpoints.save

    def save_and_copy(self, model, state):
        saved(self, model, state)
        shutil.copytree(folder / "whole", folder / str(state["epoch"]))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoints, "save", save_and_copy)
        return fit(small_model(), make_dataset(), recipe, Run(folder / "whole"), seed=5)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The folder of a training that nothing disturbed, and of what kills would have left; to be looked at only."""
    folder = tmp_path_factory.mktemp("undisturbed")
    fit_and_copy(folder)
    return folder


@pytest.fixture
def killed(undisturbed, tmp_path):
    """Returns a function that gives the undisturbed run as a kill after so many epochs leaves it."""
    return lambda epochs: Run(shutil.copytree(undisturbed / str(epochs), tmp_path / "killed"))


def weights_of(run):
    return load_model(run.path).get_weights()


def test_a_small_network_learns_and_its_best_epoch_is_named(tmp_path):
    stream = io.StringIO()
    options = {"progress": PlainProgress(stream)}
    result = fit(small_model(dropout_rate=0.0), make_dataset(), RECIPE.replace(epochs=8), Run(tmp_path), **options)
    assert result["val_accuracy"] > 0.9
    assert result["stopped"] == "epochs"
    assert result["epochs_run"] == 8
    assert Run(tmp_path).result == result
    assert "best 0." in stream.getvalue()


def test_the_filters_of_a_whitening_are_made_from_the_training_images(tmp_path):
    settings = {"filters": (4,), "blocks": (1,), "whitening": True}
    data = make_dataset()
    fit(build_model("vgg", (8, 8, 1), 3, **settings), data, RECIPE.replace(epochs=1), Run(tmp_path))
    expected = build_model("vgg", (8, 8, 1), 3, **settings)
    set_statistics(expected, data.statistics.mean, data.statistics.std)
    set_whitening(expected, data.train.images)
    found = load_model(tmp_path).get_layer(LAYER).get_weights()
    np.testing.assert_allclose(found, expected.get_layer(LAYER).get_weights(), rtol=1e-5)


def test_a_kill_before_the_best_model_is_written_leaves_it_to_the_next_start(tmp_path, monkeypatch):
    saved = []

    def save_and_die(model, path, card):
        saved.append(card["val_accuracy"])
        if len(saved) == 2:
            raise StopAfter
        save_model(model, path, card)

    recipe = RECIPE.replace(epochs=8)
    with monkeypatch.context() as patch, pytest.raises(StopAfter):
        patch.setattr(epoch, "save_model", save_and_die)
        fit(small_model(), make_dataset(), recipe, Run(tmp_path), seed=5)
    assert read_card(tmp_path)["val_accuracy"] == saved[0] < saved[1]
    judge = lambda rows: "enough"  # noqa: E731  no epoch follows
    result = fit(small_model(), make_dataset(), recipe, Run(tmp_path), seed=5, judge=judge)
    assert read_card(tmp_path)["val_accuracy"] == saved[1] == result["val_accuracy"]


def test_a_judge_ends_a_training_for_good(tmp_path):
    seen = []

    def judge(rows):
        seen.append(len(rows))
        return "hopeless" if len(rows) >= 2 else None

    result = fit(small_model(), make_dataset(), RECIPE, Run(tmp_path), judge=judge)
    assert (result["stopped"], result["epochs_run"]) == ("hopeless", 2)
    assert set(seen) == {1, 2}
    assert Run(tmp_path).finished


def test_training_ends_at_a_target_met_exactly_and_a_judge_sees_that_epoch_and_does_not_overrule_it(
    undisturbed, tmp_path
):
    seen, dataset = [], make_dataset()
    first = json.loads((undisturbed / "whole" / "metrics.jsonl").read_text().splitlines()[0])["val_accuracy"]
    exactly = round(first * len(dataset.validation)) / len(dataset.validation)

    def judge(rows):
        seen.append(len(rows))
        return "hopeless"

    result = fit(small_model(), dataset, RECIPE, Run(tmp_path), seed=5, target_acc=exactly, judge=judge)
    assert (result["stopped"], result["epochs_run"]) == ("target", 1)
    assert set(seen) == {1}


def test_a_judged_training_that_was_killed_is_judged_again_and_not_continued(killed):
    judge = lambda rows: "hopeless"  # noqa: E731
    result = fit(small_model(), make_dataset(), RECIPE, killed(2), seed=5, judge=judge)
    assert (result["stopped"], result["epochs_run"]) == ("hopeless", 2)


def test_a_training_that_came_to_its_end_shows_no_bar_and_no_judge_overrules_it(killed, monkeypatch):
    progress = Progress()
    monkeypatch.setattr(progress, "fit_started", lambda *args, **options: pytest.fail("a bar that nobody takes away"))
    options = {"judge": lambda rows: "hopeless", "progress": progress}
    result = fit(small_model(), make_dataset(), RECIPE, killed(4), seed=5, **options)
    assert (result["stopped"], result["epochs_run"]) == ("epochs", 4)


def test_memory_that_does_not_suffice_is_an_error_that_says_what_may_help(tmp_path, monkeypatch):
    class ResourceExhaustedError(Exception):
        pass

    def fit_in_vain(*args, **options):
        raise ResourceExhaustedError("OOM when allocating tensor")

    model = small_model()
    monkeypatch.setattr(model, "fit", fit_in_vain)
    with pytest.raises(KerasVisionError, match=r"not enough memory to train on 32 images .* a lower --batch-size"):
        fit(model, make_dataset(), RECIPE, Run(tmp_path))


def test_a_network_that_could_not_be_loaded_is_refused_before_it_is_trained(tmp_path, monkeypatch):
    monkeypatch.setattr("keras_vision.runs.models.MAX_OUTPUT_BYTES", 2**20)
    model = build_model("cnn", (8, 8, 1), 3, filters=(2**12 + 1,))
    with pytest.raises(BadInput, match="At most 1 MiB are allowed"):
        fit(model, make_dataset(), RECIPE, Run(tmp_path))


def test_the_run_directory_holds_what_the_result_says_and_the_model_of_the_best_epoch(undisturbed):
    run, dataset = Run(undisturbed / "whole"), make_dataset()
    rows = [json.loads(line) for line in run.metrics_path.read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    assert run.result["val_accuracy"] == max(row["val_accuracy"] for row in rows)
    assert read_card(run.path)["class_names"] == ["a", "b", "c"]
    assert not run.checkpoints.exists()
    logits = load_model(run.path).predict(dataset.validation.images, verbose=0)
    assert np.mean(logits.argmax(axis=1) == dataset.validation.labels) == pytest.approx(run.result["val_accuracy"])


class PassesLater(float):
    """A deadline that passes between the first and the second look at it."""

    looks = 0

    def __lt__(self, now):
        self.looks += 1
        return self.looks > 1


def test_time_that_runs_out_at_the_end_of_an_epoch_leaves_a_model_and_no_best_epoch_is_named(tmp_path):
    stream = io.StringIO()
    options = {"keep": "last", "deadline": PassesLater(), "progress": PlainProgress(stream)}
    result = fit(small_model(), make_dataset(), RECIPE, Run(tmp_path), **options)
    assert (result["stopped"], result["epochs_run"]) == ("time", 2)
    assert Run(tmp_path).model_path.exists()
    assert "epoch 2 of 4" in stream.getvalue() and "best 0." not in stream.getvalue()


def test_training_ends_at_the_deadline(tmp_path):
    result = fit(small_model(), make_dataset(), RECIPE, Run(tmp_path), deadline=0.0)
    assert (result["stopped"], result["epochs_run"]) == ("time", 1)
    assert not Run(tmp_path).finished


# test id -> (policy, what differs from `RECIPE`)
TRAININGS = {
    "sgd, averaged": ("float32", {"optimizer": "sgd", "learning_rate": 0.05, "ema_momentum": 0.9}),
    "float16, with the scale of its loss": ("mixed_float16", {}),
}


@pytest.mark.parametrize(("policy", "changes"), TRAININGS.values(), ids=TRAININGS)
def test_a_resumed_run_has_the_weights_of_an_undisturbed_one(tmp_path, policy, changes):
    keras.config.set_dtype_policy(policy)
    recipe, lines = RECIPE.replace(**changes), []
    fit_and_copy(tmp_path, recipe)
    result = fit(small_model(), make_dataset(), recipe, Run(tmp_path / "2"), seed=5, progress=Said(lines))
    assert (result["epochs_run"], lines) == (4, [])
    assert_same_weights(Run(tmp_path / "whole"), Run(tmp_path / "2"))


def assert_same_weights(*runs):
    for a, b in zip(*map(weights_of, runs), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_run_resumed_with_adamw_has_the_weights_of_an_undisturbed_one(undisturbed, killed):
    run, lines = killed(2), []
    assert fit(small_model(), make_dataset(), RECIPE, run, seed=5, progress=Said(lines))["epochs_run"] == 4
    assert not lines
    assert_same_weights(Run(undisturbed / "whole"), run)


def test_a_damaged_checkpoint_leaves_the_one_before_it_and_a_half_written_one_goes_at_the_end(killed):
    run = killed(3)
    newest = max(run.checkpoints.glob("epoch-*.npz"))
    newest.write_bytes(newest.read_bytes()[:-200])
    (run.checkpoints / ".epoch-00004.123.tmp.npz").write_bytes(b"half")
    lines = []

    class Listener:
        def __getattr__(self, name):
            return lambda *args, **kwargs: lines.append((name, args, kwargs))

    assert fit(small_model(), make_dataset(), RECIPE, run, seed=5, progress=Listener())["epochs_run"] == 4
    assert any(name == "say" and "epoch-00003.npz is damaged" in args[0] for name, args, _ in lines)
    (started,) = [(args, kwargs) for name, args, kwargs in lines if name == "fit_started"]
    best = max(json.loads(line)["val_accuracy"] for line in run.metrics_path.read_text().splitlines()[:2])
    assert started == ((4, 6), {"done": 2, "best": best})
    assert not run.checkpoints.exists()


def test_a_training_that_starts_anew_keeps_its_own_checkpoints(killed, tmp_path):
    left = killed(3)
    for path in left.checkpoints.glob("epoch-*.npz"):
        path.write_bytes(b"damaged")
    left.path.rename(tmp_path / "whole")
    fit_and_copy(tmp_path)
    kept = {epochs: sorted(path.name for path in Run(tmp_path / epochs).checkpoints.iterdir()) for epochs in "13"}
    assert kept == {"1": ["epoch-00001.npz"], "3": ["epoch-00002.npz", "epoch-00003.npz"]}
    assert json.loads(Run(tmp_path / "3").metrics_path.read_text().splitlines()[-1])["epoch"] == 3


def test_a_shift_as_large_as_the_image_is_refused(tmp_path):
    with pytest.raises(BadInput, match="shift=8 is too large: it must be less than the images' side, 8"):
        fit(small_model(), make_dataset(), RECIPE.replace(shift=8), Run(tmp_path))


def test_another_seed_gives_other_weights(undisturbed, tmp_path):
    fit(small_model(), make_dataset(), RECIPE, Run(tmp_path), seed=6)
    pairs = zip(weights_of(Run(tmp_path)), weights_of(Run(undisturbed / "whole")), strict=True)
    assert not any(np.array_equal(a, b) for a, b in pairs if a.ndim > 1)


def test_a_loss_that_is_not_finite_is_an_error(tmp_path):
    recipe = RECIPE.replace(optimizer="sgd", learning_rate=100.0, momentum=0.99)
    model = build_model("mlp", (8, 8, 1), 3, hidden_units=(64, 64, 64))
    model.layers[-1].kernel.assign(np.full(model.layers[-1].kernel.shape, np.nan))
    with pytest.raises(TrainingDiverged, match="loss became nan"):
        fit(model, make_dataset(), recipe, Run(tmp_path))
    assert not Run(tmp_path).finished


def test_gradients_that_are_never_finite_in_float16_are_an_error(tmp_path):
    keras.config.set_dtype_policy("mixed_float16")
    pixels, x = take_pixels((8, 8, 1))
    x = keras.layers.Dense(4)(keras.layers.Flatten()(x))
    root = keras.ops.sqrt(keras.ops.relu(x) * 0.0)  # 0, and its derivative infinite
    model = keras.Model(pixels, classify(x + root, 3))
    with pytest.raises(
        TrainingDiverged, match=r"gradients were not finite in 20 steps or more\. A lower learning rate"
    ):
        fit(model, make_dataset(), RECIPE.replace(epochs=1, batch_size=8), Run(tmp_path))


@pytest.mark.parametrize(("dataset", "message"), [({"shape": (8, 8, 3)}, "8x8x1"), ({"classes": 4}, "3 classes")])
def test_a_model_that_does_not_fit_the_data_is_refused(tmp_path, dataset, message):
    with pytest.raises(BadInput, match=message):
        fit(small_model(), make_dataset(**dataset), RECIPE, Run(tmp_path))


def test_smoothing_is_not_in_the_reported_crossentropy_and_the_averaged_weights_are_saved(tmp_path):
    run, dataset = Run(tmp_path), make_dataset()
    fit(small_model(), dataset, RECIPE.replace(epochs=1, label_smoothing=0.5, ema_momentum=0.9), run)
    (row,) = [json.loads(line) for line in run.metrics_path.read_text().splitlines()]
    logits = load_model(run.path).predict(dataset.validation.images.astype("float32"), verbose=0)
    plain = keras.losses.sparse_categorical_crossentropy(dataset.validation.labels, logits, from_logits=True)
    assert row["val_crossentropy"] == pytest.approx(float(np.mean(plain)), rel=1e-4)
    assert row["val_loss"] != pytest.approx(row["val_crossentropy"], abs=1e-3)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("settings", [{}, {"convolution": "separable", "activation": "prelu"}], ids=str)
def test_biases_norms_and_slopes_do_not_decay(optimizer, settings):
    model = small_model(**settings)
    optimizer = make_optimizer(RECIPE.replace(optimizer=optimizer), 10, model.trainable_variables)
    optimizer.build(model.trainable_variables)
    decayed = {v.path for v in model.trainable_variables if optimizer._use_weight_decay(v)}
    assert decayed == {v.path for v in model.trainable_variables if v.path.endswith("kernel")}


def test_sgd_has_nesterov_momentum_and_a_warmup_of_half_the_training_at_most():
    optimizer = make_optimizer(RECIPE.replace(optimizer="sgd", epochs=2, warmup_epochs=5), 10, [])
    config = optimizer.get_config()
    assert (config["momentum"], config["nesterov"]) == (0.9, True)
    assert (config["learning_rate"]["config"]["warmup_steps"], config["learning_rate"]["config"]["steps"]) == (10, 20)


def test_training_images_undergo_what_the_recipe_says(tmp_path, monkeypatch):
    given = []

    def batches(*args, augmentation, **options):
        given.append(augmentation)
        raise StopAfter

    monkeypatch.setattr(trainer, "training_batches", batches)
    changes = {"flip": "alternating", "shift": 1, "cutout": 2, "cutmix": 0.5}
    with pytest.raises(StopAfter):
        fit(small_model(), make_dataset(), RECIPE.replace(**changes), Run(tmp_path))
    assert given == [Augmentation(**changes)]


@pytest.mark.parametrize(
    ("schedule", "expected"), [("one_cycle", [0.1, 1.0, 1.0, 0.5, 0.0]), ("cosine", [0.1, 1.0, 1.0, 0.5, 0.0]),
                               ("constant", [0.1, 1.0, 1.0, 1.0, 1.0])]
)  # fmt: skip
def test_the_learning_rate_peaks_and_falls(schedule, expected):
    rate = WarmupDecay(peak=1.0, steps=110, warmup_steps=10, schedule=schedule)
    assert [float(rate(step)) for step in (0, 9, 10, 60, 110)] == pytest.approx(expected, abs=1e-6)
