"""The way in which a network trains fastest: what is timed, for how long, what is remembered, what stays the same."""

import contextlib
import json
from types import SimpleNamespace

import keras
import pytest

from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.models import build_model
from keras_vision.models.normalization import normalize
from keras_vision.reporting.progress import Progress
from keras_vision.runs import Run
from keras_vision.train import train
from keras_vision.training import choosing, precision
from keras_vision.training.choosing import Choice, choose, recorded
from keras_vision.training.precision import REWRITE, computing_in
from keras_vision.training.recipe import Recipe
from keras_vision.training.trainer import fit
from tests.synthetic import make_dataset
from tests.training.test_precision import present

COMPILING = 0.5  # seconds, of a step in the made-up time of these tests
LONG = Recipe(epochs=500, batch_size=32, flip="none", shift=0)  # 3,000 steps of the images below
NAMES = {("float32", False): "float32", ("float32", True): REWRITE, ("mixed_bfloat16", False): "mixed_bfloat16"}
NETWORKS = {
    "cnn": {"filters": (4, 4)},
    "mlp_mixer": {"patch_size": 4, "hidden_dim": 8, "num_blocks": 1, "tokens_mlp_dim": 4, "channels_mlp_dim": 8},
}


@pytest.fixture(autouse=True)
def _remembers_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_VISION_CACHE", str(tmp_path / "cache"))


@pytest.fixture(autouse=True)
def _bfloat16(monkeypatch):
    """A CPU with bfloat16 instructions and no GPU."""
    monkeypatch.setattr(precision, "_gpu_capability", lambda: None)
    monkeypatch.setattr(precision, "_cpu_has_bfloat16", lambda: True)


class Machine:
    """A machine with a clock of its own, on which steps take what the test says.

    Args:
        seconds: Dict: precision -> of a step.
        gradients: Seconds of (our, the stock) gradients.
    """

    def __init__(self, seconds, gradients=(1.0, 0.5)):
        self.now, self.seconds, self.gradients = 0.0, seconds, gradients
        self.taken, self.compiled, self.timed = [], [], 0

    @contextlib.contextmanager
    def steps_of(self, model, batches):
        def seconds(steps):
            policy, rewrites, _ = present()
            name = NAMES[policy, rewrites]
            began = self.now
            if (model.train_function, name) not in self.compiled:
                model.train_function = model.train_function or object()
                self.compiled.append((model.train_function, name))
                is_made = any(step is model.train_function for step, _ in self.compiled[:-1])
                self.now += COMPILING * (choosing.COMPILED_AGAIN if is_made else 1)
            self.taken += [name] * steps
            self.now += steps * self.seconds[name]
            return (self.now - began) / steps

        yield seconds

    def seconds_of_gradient(self, function, shapes, dtype):
        self.timed += 1
        return self.gradients["stock" in function.__name__]


@pytest.fixture
def machine(monkeypatch):
    """Gives a function that puts a `Machine` under `choose`."""

    def make(seconds, **more):
        made = Machine(seconds, **more)
        monkeypatch.setattr(choosing, "steps_of", made.steps_of)
        monkeypatch.setattr(choosing, "seconds_of_gradient", made.seconds_of_gradient)
        monkeypatch.setattr(choosing, "time", SimpleNamespace(perf_counter=lambda: made.now))
        return made

    return make


def builder(family="cnn", data=None, built=None):
    """A function that builds a network, the same each time, and counts how often in a list."""
    data = data or make_dataset()

    def build():
        if built is not None:
            built.append(keras.config.dtype_policy().name)
        keras.utils.set_random_seed(3)
        return build_model(family, data.shape, len(data.class_names), **NETWORKS.get(family, {}))

    return build


def chosen(asked="auto", *, family="cnn", recipe=LONG, **more):
    with computing_in(asked):
        model, choice = choose(builder(family), make_dataset(), recipe, asked, **more)
        return model, choice, present()


TIMES = {"float32": 0.2, REWRITE: 0.1, "mixed_bfloat16": 0.15}


@pytest.mark.parametrize("fastest", TIMES)
@pytest.mark.parametrize("family", NETWORKS)
def test_the_fastest_is_taken_set_and_told(machine, family, fastest):
    machine(TIMES | {fastest: 0.05})
    told, progress = [], Progress()
    progress.say = told.append
    model, choice, now = chosen(family=family, progress=progress)
    assert choice.precision == fastest == NAMES[now[:2]]
    assert choice.milliseconds == {name: 1000 * (0.05 if name == fastest else time) for name, time in TIMES.items()}
    assert model.dtype_policy.name == now[0]
    assert len(told) == 1
    assert told[0].startswith(f"precision {fastest}: here a step takes 50.0 ms, in ")


@pytest.mark.parametrize(
    ("times", "expected"),
    [((0.1, 0.099, 0.2), "float32"), ((0.1, 0.08, 0.079), REWRITE), ((0.1, 0.08, 0.07), "mixed_bfloat16")],
)
def test_what_is_within_the_noise_is_no_reason_to_round_more(machine, times, expected):
    machine(dict(zip(TIMES, times, strict=True)))
    assert chosen()[1].precision == expected


@pytest.mark.parametrize("times", [TIMES, TIMES | {REWRITE: 0.9}, dict.fromkeys(TIMES, 0.004)])
def test_timing_takes_no_more_than_its_share_of_the_training(machine, times):
    made = machine(times)
    _, choice, _ = chosen()
    share = made.now - COMPILING  # which the training needs in any case
    # What is tried turns out to take longer than the estimate, by as much as it is slower.
    slack = 2 * max(0, times[REWRITE] - times["float32"])
    assert share <= choosing.SHARE * 3_000 * choice.milliseconds[choice.precision] / 1000 + slack


def test_what_is_hopeless_gets_no_second_turn(machine):
    made = machine({"float32": 0.2, REWRITE: 1.0, "mixed_bfloat16": 0.19})
    chosen()
    assert made.taken.count(REWRITE) == 2 < made.taken.count("float32")


def test_of_a_short_training_nothing_is_timed(machine):
    made = machine(TIMES)
    _, choice, now = chosen(recipe=LONG.replace(epochs=10))  # 60 steps
    assert (choice, now[0], made.taken) == (Choice("float32"), "float32", [])
    assert choice.sentence() == ""


def test_of_many_steps_that_take_no_time_only_float32_is_timed(machine):
    made = machine(dict.fromkeys(TIMES, 1e-4))
    _, choice, _ = chosen()
    assert (choice.precision, set(made.taken)) == ("float32", {"float32"})
    assert choice.sentence() == ""


def test_a_precision_that_was_asked_for_is_compared_with_no_other(machine):
    made = machine(TIMES)
    for name in TIMES:
        model, choice, now = chosen(name)
        assert (choice.precision, NAMES[now[:2]], set(made.taken)) == (name, name, {name})
        assert model.compiled
        made.taken.clear()


def test_gradients_of_layers_are_compared_in_a_precision_that_was_asked_for(machine):
    machine(TIMES, gradients=(0.1, 0.5))
    assert "max pooling of 8x8x4" in chosen("float32")[1].gradients
    made = machine(TIMES)
    choice = chosen("float32", family="mlp")[1]  # which has none of our own
    assert (choice, made.taken) == (Choice("float32"), [])


@pytest.mark.slow
def test_what_was_found_out_is_remembered_for_the_same_training_alone(machine):
    made = machine(TIMES)
    assert chosen()[1].precision == REWRITE
    assert made.taken
    made = machine(TIMES | {REWRITE: 0.5})
    assert chosen()[1].precision == REWRITE
    assert not made.taken
    assert chosen(recipe=LONG.replace(batch_size=16))[1].precision == "mixed_bfloat16"
    assert chosen(family="mlp_mixer")[1].precision == "mixed_bfloat16"
    assert chosen(recipe=LONG.replace(epochs=400))[1].precision == "mixed_bfloat16"
    assert chosen()[1].precision == REWRITE


def test_what_another_process_found_out_meanwhile_counts(machine, monkeypatch):
    machine(TIMES)
    other = Choice("mixed_bfloat16", (), {"float32": 1.0, "mixed_bfloat16": 0.5})
    monkeypatch.setattr(choosing, "remember", lambda machine, question, answer: other.record())
    model, choice, now = chosen()
    assert (choice, now[0], model.dtype_policy.name) == (other, "mixed_bfloat16", "mixed_bfloat16")


def test_the_choice_of_an_earlier_start_stays(machine):
    made = machine(TIMES)
    earlier = Choice("mixed_bfloat16", ("max pooling of 8x8x4",))
    model, choice, now = chosen(earlier=earlier)
    assert (choice, now[0], made.taken) == (earlier, "mixed_bfloat16", [])
    assert model.dtype_policy.name == "mixed_bfloat16"


def test_one_that_this_machine_does_not_have_is_chosen_anew(machine):
    machine(TIMES)
    assert chosen(earlier=Choice("mixed_float16"))[1].precision == REWRITE


def test_a_record_keeps_a_choice_and_old_ones_keep_the_precision():
    choice = Choice(REWRITE, ("max pooling of 8x8x4",), {"float32": 2.0, REWRITE: 1.0}, 0.7)
    assert recorded(json.loads(json.dumps({"precision": REWRITE, "choice": choice.record()}))) == choice
    assert recorded({"precision": "float32"}) == Choice("float32")
    assert recorded({}) is None


def test_a_network_is_built_once_for_each_policy_that_is_timed(machine):
    machine(TIMES)
    built = []
    with computing_in("auto"):
        choose(builder(built=built), make_dataset(), LONG)
    assert built == ["float32", "mixed_bfloat16"]


def test_what_cannot_be_trained_in_a_precision_is_left_out_and_told(machine):
    machine(TIMES | {"mixed_bfloat16": 0.01})

    def build():
        if keras.config.dtype_policy().name == "mixed_bfloat16":
            raise TypeError("my layer is for float32")
        return builder()()

    told, progress = [], Progress()
    progress.say = told.append
    with computing_in("auto"):
        _, choice = choose(build, make_dataset(), LONG, progress=progress)
        assert (choice.precision, present()[0]) == (REWRITE, "float32")
    assert told[0] == "It cannot be trained in mixed_bfloat16: TypeError: my layer is for float32"


def test_what_cannot_be_trained_at_all_is_an_error_in_plain_words(machine, monkeypatch):
    made = machine(TIMES)

    class ResourceExhaustedError(Exception):
        pass

    def steps_of(model, batches):
        raise ResourceExhaustedError

    monkeypatch.setattr(choosing, "steps_of", steps_of)
    with pytest.raises(KerasVisionError, match="not enough memory to train on 32 images"):
        chosen()
    with pytest.raises(BadInput, match="The model takes images of"), computing_in("auto"):
        choose(builder(data=make_dataset(shape=(9, 9, 1))), make_dataset(), LONG)
    assert made.taken == []


@pytest.mark.parametrize(("own", "stock", "takes"), [(0.001, 0.01, True), (0.01, 0.001, False), (0.01, 0.0101, False)])
def test_gradients_of_our_own_are_taken_where_they_are_faster(machine, own, stock, takes):
    made = machine(TIMES, gradients=(own, stock))
    model, choice, _ = chosen()
    # max pooling of 8x8x4 and of 4x4x4; the convolutions
    assert (len(choice.gradients), made.timed > 0) == ((4, True) if takes else (0, True))
    assert (model.train_function is None) is takes  # the step that was timed is made anew with them


def test_gradients_that_save_less_than_it_takes_to_compile_them_are_not_taken(machine):
    machine(TIMES, gradients=(1e-5, 2e-5))
    assert chosen()[1].gradients == ()


RUN = Recipe(epochs=100, batch_size=32, flip="none", shift=0)  # 600 steps


@pytest.mark.slow
@pytest.mark.parametrize(("family", "fastest"), [("mlp_mixer", REWRITE), ("cnn", "mixed_bfloat16")])
def test_a_training_that_was_timed_equals_one_that_remembers(tmp_path, monkeypatch, family, fastest):
    """Steps are really taken here, and only what the clock says is made up."""
    steps_of, results = choosing.steps_of, []

    @contextlib.contextmanager
    def slow(model, batches):
        with steps_of(model, batches) as seconds:
            yield lambda steps: (seconds(steps), 60 * (1 + (NAMES[present()[:2]] != fastest)))[1]

    monkeypatch.setattr(choosing, "steps_of", slow)
    data = make_dataset()
    for name in ("timed", "remembered"):
        with computing_in("auto"):
            model, choice = choose(builder(family), data, RUN)
            fit(model, data, RUN.replace(patience=0.0), Run(tmp_path / name), judge=lambda rows: "hopeless")
        assert (choice.precision, len(choice.milliseconds)) == (fastest, 3)
        results.append(Run(tmp_path / name).metrics_path.read_text().splitlines()[0])
    clocked = ("seconds", "images_per_second")
    timed, remembered = ({k: v for k, v in json.loads(row).items() if k not in clocked} for row in results)
    assert timed == remembered


@pytest.mark.slow
def test_a_run_keeps_its_choice_when_it_goes_on(tmp_path, monkeypatch):
    kinds = iter([Choice(REWRITE), Choice("float32")])
    asked = []

    def choose(build, data, recipe, precision, *, earlier, progress):
        asked.append(earlier)
        choice = earlier or next(kinds)
        return build(), choice

    monkeypatch.setattr("keras_vision.commands.train.choose", choose)
    monkeypatch.setattr("keras_vision.commands.run_pictures.draw_pictures", lambda run, model, dataset: None)
    given = {"dataset": "digits", "settings": {"hidden_units": (8,)}, "epochs": 2, "workdir": tmp_path / "run"}
    train("mlp", **given, max_minutes=1e-9)
    train("mlp", **given)
    assert asked == [None, Choice(REWRITE)]
    config = Run(tmp_path / "run").config
    assert (config["precision"], config["choice"]["precision"]) == (REWRITE, REWRITE)


def test_few_images_of_the_training_are_enough_to_time_it():
    data = make_dataset(train=2_000)
    contest = choosing._Contest(
        builder(), data, LONG.replace(class_weight="balanced"), build_model("cnn", data.shape, 3), None
    )
    batch = next(iter(contest._batches()))
    assert [tuple(part.shape) for part in batch] == [(32, 8, 8, 1), (32, 3), (32,)]


def test_a_question_is_the_same_for_a_network_that_is_built_again_and_another_for_another():
    data = make_dataset()
    ask = lambda **settings: choosing._question(  # noqa: E731
        build_model("cnn", data.shape, 3, **settings), data, LONG, ("float32", REWRITE)
    )
    assert json.dumps(ask(filters=(4,))) == json.dumps(ask(filters=(4,))) != json.dumps(ask(filters=(5,)))


def test_a_network_whose_layers_are_used_twice_is_chosen_for_too(machine):
    machine(TIMES)

    def build():
        keras.utils.set_random_seed(0)
        inputs = keras.Input((8, 8, 1))
        x = normalize(inputs)
        for layer in (keras.layers.Conv2D(1, 3, padding="same"), keras.layers.Dense(1), keras.layers.MaxPooling2D()):
            x = layer(layer(x))
        return keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(x)))

    with computing_in("auto"):
        _, choice = choose(build, make_dataset(), LONG)
    assert (choice.precision, choice.gradients) == (REWRITE, ())
