"""The pictures of a run, in its folder and in TensorBoard."""

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from keras_vision.reporting.pictures import show_figures
from keras_vision.reporting.style import new_figure
from keras_vision.runs import Run


def test_tensorboard_shows_the_picture_that_is_saved(tmp_path):
    run = Run(tmp_path)
    show_figures(run, {"front": new_figure(height=1, width=2)}, step=3)
    (image,) = EventAccumulator(str(run.tensorboard)).Reload().Images("front")
    assert image.encoded_image_string == (run.figures / "front.png").read_bytes()
    assert (image.width, image.height, image.step) == (300, 150, 3)
