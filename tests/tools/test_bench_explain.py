"""What tools/bench_explain.py measures, on networks and maps whose measures are known."""

import bench_explain
import keras
import numpy as np
import pytest

from keras_vision.analysis.explanation import METHODS
from keras_vision.analysis.subject import Subject
from keras_vision.models import MODELS, build_model


@pytest.mark.slow
def test_every_family_and_every_method_is_measured():
    assert bench_explain.SMALL.keys() == MODELS.keys()
    assert set(bench_explain.METHODS) == METHODS.keys()
    for name, settings in bench_explain.SMALL.items():
        assert build_model(name, (28, 28, 3), 10, **settings).output_shape == (None, 10)


def test_deletion_in_the_right_order_leaves_less_than_in_any_other():
    """The score of class 0 is the first pixel, above the mean: without it both classes are equally probable."""
    images = np.zeros((2, 4, 5, 1), "float32")
    images[:, 0, 0] = 100
    subject = Subject(lambda pixels: np.stack([pixels[:, 0, 0, 0], np.full(len(pixels), 5.0)], axis=1), at_once=1)
    maps = images[..., 0]
    first = bench_explain.deletion(subject, images, [0, 0], bench_explain.order_of(maps))
    last = bench_explain.deletion(subject, images, [0, 0], bench_explain.order_of(-maps))
    np.testing.assert_allclose(first, 0.5, atol=1e-6)
    np.testing.assert_allclose(last, 1, atol=1e-6)


def test_random_orders_hold_every_pixel_once_and_differ():
    orders = bench_explain.random_order((2, 3, 4, 1), np.random.default_rng(0))
    assert [sorted(order) for order in orders.tolist()] == [list(range(12))] * 2
    assert orders[0].tolist() != orders[1].tolist()


def test_maps_correlate_with_themselves_and_not_with_their_reverse():
    maps = np.random.default_rng(0).normal(size=(3, 5, 5))
    assert bench_explain.rank_correlation(maps, maps**3) == pytest.approx(1)
    assert bench_explain.rank_correlation(maps, -maps) == pytest.approx(-1)


def test_patches_are_red_and_where_the_masks_are():
    images, masks = bench_explain.patched(np.zeros((3, 9, 8, 3), "uint8"), np.random.default_rng(0))
    assert masks.sum(axis=(1, 2)).tolist() == [bench_explain.PATCH**2] * 3
    np.testing.assert_array_equal(images[..., 0] == 255, masks)
    assert not images[..., 1:].any()


def test_weights_drawn_anew_keep_the_statistics_of_the_pixels():
    model = build_model("cnn", (8, 8, 1), 3, filters=(4,))
    model.get_layer("normalization").set_weights([np.array([7.0]), np.array([4.0])])
    other = bench_explain.redrawn(model, seed=1)
    assert other.get_layer("normalization").get_weights()[0] == 7
    kernels = [keras.ops.convert_to_numpy(one.get_layer("block1_conv1").kernel) for one in (model, other)]
    assert not np.allclose(*kernels)


def test_the_page_has_a_row_for_each_data_set_method_and_family():
    one = {
        "deleted": 0.1,
        "by_chance": 0.3,
        "half_interval": 0.01,
        "better": 0.9,
        "redrawn": [0.1, 0.3],
        "seconds": 0.02,
    }
    one |= {"deviations": [0.001, 0.02], "steps": [16, 64]}
    faithful = {"digits": dict.fromkeys(METHODS, one)}
    page = bench_explain.body(faithful, {"mlp": {"recognised": 0.9, "images": 100, "occlusion": 0.97}})
    assert "| digits | occlusion | 0.100 | 0.300 | 0.200 ± 0.010 | 90% | 0.20 | 0.30 | 20 ms |" in page
    assert "within 1% of the difference of the scores in 50.0% of 2 images, 2.0% off at most" in page
    assert "| mlp | 90% | 100 | 97% |  |  |" in page
