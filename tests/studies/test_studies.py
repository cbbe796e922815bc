"""Every study is complete, agrees with its row, and names networks and recipes that exist."""

import types
from pathlib import Path

import numpy as np
import pytest

from keras_vision import studies
from keras_vision.analysis.counts import count_unbuilt
from keras_vision.models import build_model
from keras_vision.runs import file_name
from keras_vision.studies import OURS, STUDIES, load_study, vgg_growth
from keras_vision.studies.convmixer_parts import without
from keras_vision.studies.figures import PALETTE, groups_of
from keras_vision.studies.flattening_order import reordered
from keras_vision.studies.front import NETWORKS
from keras_vision.studies.nonlinearity import affine_difference
from keras_vision.studies.plan import SCALES
from keras_vision.studies.rnn_lstm import gate_openings, plain_rnn, row_gradients
from keras_vision.training.recipe import recipe_for
from tests.models.small import pixels
from tests.studies.test_answers import CHANGES

ROOM = Path(studies.__file__).parent
WRITTEN = {path.stem for path in ROOM.glob("*.py") if "\nSTUDY = " in path.read_text(encoding="utf-8")}
ANSWERED = {*CHANGES}
SHAPES = {"cifar10": (32, 32, 3), "fashion_mnist": (28, 28, 1), "digits": (8, 8, 1)}
COMPARED = [name for name in STUDIES if name in WRITTEN and load_study(name).cases]


def parts(name):
    """What a study consists of -> whether it is there."""
    return {
        f"keras_vision/studies/{name}.py with a STUDY": name in WRITTEN,
        "a row in keras_vision.studies.STUDIES": name in STUDIES,
        "a row of CHANGES in tests/studies/test_answers.py": name in ANSWERED,
    }


@pytest.mark.parametrize("name", sorted(WRITTEN | STUDIES.keys() | ANSWERED))
def test_a_study_has_all_its_parts(name):
    lacking = [part for part, is_there in parts(name).items() if not is_there]
    assert not lacking, f"the study {name} lacks {'; '.join(lacking)}"


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_says_what_it_is(name):
    study = load_study(name)
    assert {"smoke", "quick", "full"} <= {*study.scales} <= {*SCALES}
    assert study.resolved("source") in study.scales
    assert bool(study.cases) != bool(study.conduct)
    assert study.question.endswith("?")
    assert all((study.varied, study.held_fixed, study.claims))
    assert bool(study.reported) != (STUDIES[name][1] == OURS)
    assert not any(claim.sentence.endswith(".") for claim in study.claims)
    assert all(claim.reason.endswith(".") for claim in study.claims if claim.reason)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "scale"), [(name, scale) for name in COMPARED for scale in load_study(name).scales])
def test_the_networks_and_recipes_of_a_study_exist(name, scale):
    study, names = load_study(name), set()
    for case in study.cases(scale):
        size = study.scales[scale]
        dataset = size.dataset or case.dataset or study.dataset
        recipe_for(case.model, **size.recipe | case.recipe)
        settings = size.settings | case.settings
        if scale == "smoke" or not case.builder:
            build = case.builder or (lambda *shape, case=case, **more: build_model(case.model, *shape, **more))
            count_unbuilt(lambda build=build, dataset=dataset, more=settings: build(SHAPES[dataset], 10, **more))
        names.add(file_name(case.name.lower()))
    assert len(names) == len(study.cases(scale)), "two cases would share their runs"
    assert all(len(group) <= len(PALETTE) for group in groups_of(study.cases(scale)).values())


@pytest.mark.slow
def test_the_networks_of_the_front_have_hardly_less_than_they_may_and_no_more():
    for point in NETWORKS:
        shape = SHAPES[point.dataset]
        counts = count_unbuilt(lambda point=point, shape=shape: build_model(point.model, shape, 10, **point.settings))
        assert 0.9 * point.most <= counts.parameters <= point.most, point.name


@pytest.mark.parametrize("name", [name for name in COMPARED if "source" in load_study(name).scales])
def test_the_scale_source_has_fewer_epochs_than_full_by_its_factor_and_is_the_same_otherwise(name):
    study = load_study(name)
    source, full = (study.scales[scale] for scale in ("source", "full"))
    assert source.settings == full.settings
    for short, whole in zip(study.cases("source"), study.cases("full"), strict=True):
        recipes = [size.recipe | case.recipe for size, case in ((source, short), (full, whole))]
        assert whole.settings == short.settings
        assert recipes[0] | {"epochs": recipes[0]["epochs"] * source.shortened} == recipes[1]
    assert f"by a factor of {source.shortened}." in source.note


def test_the_parameters_by_patch_size_are_those_reported():
    study = load_study("mixer_patches")
    counts = [
        count_unbuilt(lambda case=case: build_model("mlp_mixer", (32, 32, 3), 10, **case.settings)).trainable_parameters
        for case in study.cases("full")
    ]
    assert [round(count / 1e6, 2) for count in counts] == [2.38, 2.19, 2.18, 2.31]


def test_the_shallow_networks_are_as_large_as_reported():
    counts = [
        count_unbuilt(lambda case=case: build_model("cnn", (32, 32, 3), 10, **case.settings)).trainable_parameters
        for case in load_study("shallow").cases("full")
    ]
    assert counts[:2] == [61_618, 618]


def test_a_convmixer_with_all_its_parts_is_the_familys():
    own, family = (
        without((8, 8, 3), 5, hidden_dim=4, depth=2),
        build_model("convmixer", (8, 8, 3), 5, hidden_dim=4, depth=2),
    )
    assert [layer.name for layer in own.layers] == [layer.name for layer in family.layers]
    own.set_weights(family.get_weights())
    np.testing.assert_array_equal(own(pixels()), family(pixels()))


@pytest.mark.parametrize(
    ("part", "gone"),
    [({"skips": False}, "depthwise_add"), ({"head": "flatten"}, "gap"), ({"activation": "relu"}, "gelu")],
)
def test_a_part_that_is_taken_away_is_gone(part, gone):
    names = [layer.name for layer in without((8, 8, 3), 5, hidden_dim=4, depth=1, **part).layers]
    assert not [name for name in names if gone in name]


def test_patches_that_are_averaged_lose_their_inside():
    model = without((8, 8, 3), 5, hidden_dim=4, depth=1, encodes_patches=False)
    images = pixels()
    turned = images.reshape(-1, 4, 2, 4, 2, 3)[:, :, ::-1, :, ::-1].reshape(images.shape)
    np.testing.assert_allclose(model(turned), model(images), atol=1e-5)
    assert model.get_layer("patches_conv").kernel.shape == (1, 1, 3, 4)


def test_a_permutation_only_moves_pixels_and_is_not_trained():
    natural, moved = (reordered((4, 4, 3), 5, order=order, width=6) for order in (None, 7))
    moved_weights = iter(natural.get_weights())
    for variable in moved.weights:
        if "order/" not in variable.path:
            variable.assign(next(moved_weights))
    images = pixels((4, 4, 3))
    order = np.random.default_rng(7).permutation(48)
    permuted = images.reshape(-1, 48)[:, order].reshape(images.shape)
    np.testing.assert_allclose(moved(images), natural(permuted), atol=1e-4)
    assert not moved.get_layer("order").trainable_variables


def test_a_linear_network_is_one_affine_map_and_a_usual_one_is_not():
    linear = build_model("cnn", (8, 8, 3), 5, filters=(4, 6), activation="linear", pooling="average")
    usual = build_model("cnn", (8, 8, 3), 5, filters=(4, 6))
    assert affine_difference(linear, pixels()) < 1e-4
    assert affine_difference(usual, pixels()) > 0.05


@pytest.mark.parametrize("build", [plain_rnn, lambda *shape, **more: build_model("lstm", *shape, **more)])
def test_row_gradients_are_those_of_the_loss_at_each_state(build):
    """The norm at the last row follows by hand: what the softmax of the logits leaves, through their kernel."""
    model = build((6, 6, 1), 5, units=4)
    images, labels = pixels((6, 6, 1), n=8), np.arange(8) % 5
    norms = row_gradients(model, images, labels)
    logits = np.asarray(model(images))
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    by_hand = (softmax - np.eye(5)[labels]) @ np.asarray(model.layers[-1].kernel).T
    assert len(norms) == 6
    assert norms[-1] == pytest.approx(np.linalg.norm(by_hand, axis=1).mean(), rel=1e-4)


def test_gates_without_weights_are_open_as_their_biases_say():
    model = build_model("lstm", (6, 6, 1), 5, units=4)
    reader = model.layers[-2]
    reader.set_weights([0 * weight for weight in reader.get_weights()[:2]] + [reader.get_weights()[2]])
    openings = gate_openings(model, pixels((6, 6, 1)))
    assert openings["input_gate"] == pytest.approx(0.5)
    assert openings["forget_gate"] == pytest.approx(1 / (1 + np.exp(-1)))  # its bias starts at 1
    assert len(openings["gates"]) == 3
    assert gate_openings(plain_rnn((6, 6, 1), 5, units=4), pixels((6, 6, 1))) == {}


@pytest.mark.parametrize(
    ("stopped", "end"), [("hopeless", "given up"), ("settled", "learned all"), ("epochs", "trained out")]
)
def test_the_growth_says_how_each_training_ended(stopped, end):
    values = {"filters": (8,), "blocks": (1,)}
    names = ("parameters", "macs", "seconds", "val_accuracy", "epochs_run", "training_flops")
    result = dict.fromkeys(names, 1) | {"stopped": stopped}
    trial = types.SimpleNamespace(number=0, name="0001", status="COMPLETED", values=values, result=result)
    assert vgg_growth._row(trial, values, {"best_trial": None})["status"] == end
