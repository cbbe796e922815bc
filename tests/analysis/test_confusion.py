import numpy as np
import pytest

from keras_vision.analysis.confusion import confident_mistakes, confusion_matrix, plot_confusion, plot_mistakes
from keras_vision.reporting.style import save_figures


def test_rows_are_true_classes_and_columns_predicted_ones():
    matrix = confusion_matrix(np.array([0, 0, 1]), np.array([0, 2, 1]), num_classes=3)
    assert matrix.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]


LOGITS = np.array([[5.0, 0.0], [9.0, 0.0], [0.0, 1.0], [0.0, 9.0]])


def test_the_surest_mistake_comes_first():
    mistakes = confident_mistakes(np.array([1, 1, 0, 1]), LOGITS)
    assert [one.position for one in mistakes] == [1, 0, 2]
    assert (mistakes[0].label, mistakes[0].prediction) == (1, 0)
    assert mistakes[0].probability == pytest.approx(1 / (1 + np.exp(-9)))


def test_no_more_mistakes_than_asked_for():
    assert len(confident_mistakes(np.array([1, 1, 0, 1]), LOGITS, limit=2)) == 2


def test_the_confusion_figure_writes_names_counts_and_accuracy():
    axes = plot_confusion(np.array([[3, 1], [0, 4]]), ("cat", "dog")).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["cat", "dog"]
    assert sorted(text.get_text() for text in axes.texts) == ["1", "3", "4"]
    assert "87.5% of 8 images" in axes.get_title()


def test_a_hundred_classes_are_drawn_without_unreadable_words():
    axes = plot_confusion(np.eye(100, dtype=int), [str(i) for i in range(100)]).axes[0]
    assert not axes.texts


@pytest.mark.parametrize("channels", [1, 3])
def test_the_figure_of_mistakes_names_both_classes(channels):
    images = np.zeros((4, 8, 8, channels), "uint8")
    figure = plot_mistakes(images, confident_mistakes(np.array([1, 1, 0, 1]), LOGITS), ("cat", "dog"))
    assert (figure.axes[0].get_title(), figure.axes[0].get_xlabel()) == ("cat, 100%", "is dog")


@pytest.mark.parametrize(("shape", "drawn"), [((1, 8, 1), (1, 8)), ((8, 1, 3), (8, 1, 3)), ((1, 1, 1), (1, 1))])
def test_images_one_pixel_high_or_wide_keep_both_sides(shape, drawn):
    figure = plot_mistakes(np.zeros((4, *shape), "uint8"), confident_mistakes(np.array([1, 1, 0, 1]), LOGITS), "ab")
    assert figure.axes[0].images[0].get_array().shape == drawn


def test_names_are_not_taken_for_mathematics(tmp_path):
    names = ("$", "$$")
    mistakes = confident_mistakes(np.array([1, 1, 0, 1]), LOGITS)
    drawn = {
        "a": plot_confusion(np.eye(2, dtype=int), names),
        "b": plot_mistakes(np.zeros((4, 8, 8, 1)), mistakes, names),
    }
    assert all(path.exists() for path in save_figures(drawn, tmp_path))


def test_a_model_without_mistakes_has_a_figure_too():
    figure = plot_mistakes(np.zeros((1, 8, 8, 1), "uint8"), [], ("cat", "dog"))
    figure.canvas.draw()
    assert figure.get_suptitle() == "No mistakes"
