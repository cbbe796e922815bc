import time

from keras_vision.analysis.latency import CALLS, WARM_UP, latency_ms


class Sleeper:
    """Stands for a model whose calls take a known time; the first ones, as while compiling, far longer."""

    input_shape = (None, 4, 4, 1)
    shapes = ()

    def predict_on_batch(self, pixels):
        self.shapes += (pixels.shape,)
        time.sleep(0.05 if len(self.shapes) <= WARM_UP else 0.002)


def test_latency_is_the_median_after_warming_up():
    model = Sleeper()
    assert 2 <= latency_ms(model, batch_size=3) < 20
    assert model.shapes == ((3, 4, 4, 1),) * (WARM_UP + CALLS)
