"""What all tests share: a quiet TensorFlow, and where the real images are."""

import atexit
import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from keras_vision.system.onednn import use_onednn

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("MPLBACKEND", "Agg")

use_onednn()  # as programs do, before tests import Keras

# What is timed in a test is no other's to know, nor the person's.
os.environ["KERAS_VISION_CACHE"] = tempfile.mkdtemp(prefix="keras_vision-")
atexit.register(shutil.rmtree, os.environ["KERAS_VISION_CACHE"], ignore_errors=True)

# Two workers with as many threads as cores each would wait for each other; those of programs that they start, too.
if workers := os.environ.get("PYTEST_XDIST_WORKER_COUNT"):
    threads = str(max(1, os.cpu_count() // int(workers)))
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, threads)

PLACES = (
    os.environ.get("TFDS_DATA_DIR"),
    "~/tensorflow_datasets",
    Path(__file__).parents[2] / "shared" / "tensorflow_datasets",
)


def pytest_collection_modifyitems(items):
    """Puts files with slow tests first: what is left at the end is short, and two workers end together.

    The tests of a file stay together, because they share trainings.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish():
    """Spares the garbage collector, which runs in full before each trial, what is imported by now and stays anyway."""
    gc.collect()
    gc.freeze()


def _real_data_dir(name):
    for place in filter(None, PLACES):
        directory = Path(place).expanduser()
        if (directory / name).is_dir():
            return directory
    pytest.skip(f"{name} is not prepared in TFDS_DATA_DIR or ~/tensorflow_datasets")


def _real_data(name):
    from keras_vision.data import load_dataset

    return load_dataset(name, data_dir=_real_data_dir(name))


@pytest.fixture
def fashion_mnist_dir():
    """A TFDS directory that holds Fashion-MNIST; skips the test where there is none."""
    return _real_data_dir("fashion_mnist")


@pytest.fixture(scope="session")
def fashion_mnist():
    """Fashion-MNIST, to be looked at only; skips the test where there is none."""
    return _real_data("fashion_mnist")


@pytest.fixture(scope="session")
def cifar10():
    """CIFAR-10, to be looked at only; skips the test where there is none."""
    return _real_data("cifar10")


@pytest.fixture
def drawn():
    """A test that uses this looks at pictures, which `bare_runs` then leaves in."""


@pytest.fixture
def bare_runs(request, monkeypatch):
    """Leaves out what takes longer than a small training, as `make_bare` says."""
    from tests.bare import make_bare

    make_bare(monkeypatch, drawn="drawn" in request.fixturenames)


@pytest.fixture(scope="module")
def bare_module():
    """The same for all tests of a module, and for runs that they share."""
    from tests.bare import make_bare

    with pytest.MonkeyPatch.context() as patch:
        make_bare(patch)
        yield


@pytest.fixture(scope="session")
def browser():
    """Chromium without a window; skips where it, or what steers it, is not installed."""
    selenium = pytest.importorskip("selenium.webdriver")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("Debian's packages chromium and chromium-driver are not installed")
    options = selenium.ChromeOptions()
    options.binary_location = chromium
    for word in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    steered = selenium.Chrome(options=options, service=selenium.ChromeService(driver))
    yield steered
    steered.quit()


@pytest.fixture(autouse=True)
def _in_float32():
    """Has a GPU compute float32 products in float32, which tests compare, and leaves no policy behind for the next."""
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].config.experimental.enable_tensor_float_32_execution(False)
    yield
    if "keras" in sys.modules:
        sys.modules["keras"].config.set_dtype_policy("float32")
