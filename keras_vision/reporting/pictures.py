"""The pictures of a run: files in its folder `figures`, and the same in TensorBoard."""

from keras_vision.reporting.events import EventLog
from keras_vision.reporting.style import save_figures


def show_figures(run, figures, step=0):
    """Saves each figure of a dict name -> `Figure` as `figures/name.png`, and the same picture for TensorBoard.

    Args:
        run: A `Run`, which says where: `figures` and `tensorboard`.
        figures: The dict.
        step: The epoch, or another count, under which TensorBoard shows them.
    """
    paths = save_figures(figures, run.figures)
    with EventLog(run.tensorboard) as log:
        for path in paths:
            log.picture(path.stem, path.read_bytes(), step)
