"""The projector's files, read by TensorBoard's own plugin."""

import io

import numpy as np
from PIL import Image
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.plugins import base_plugin
from tensorboard.plugins.projector import projector_plugin
from werkzeug.test import Client

from keras_vision.reporting.events import EventLog
from keras_vision.reporting.projector import write_projection


def served(folder):
    """A client of the plugin for a log directory."""
    multiplexer = plugin_event_multiplexer.EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(folder))
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(folder))
    context = base_plugin.TBContext(logdir=str(folder), data_provider=provider)
    apps = projector_plugin.ProjectorPlugin(context).get_plugin_apps()
    return {path: Client(app) for path, app in apps.items()}


def test_the_plugin_serves_points_what_they_are_and_their_thumbnails(tmp_path):
    features = np.arange(15, dtype="float32").reshape(5, 3)
    images = np.arange(5, dtype="uint8")[:, None, None, None] * np.full((5, 4, 6, 1), 40, "uint8")
    rows = [{"class": f"class\t{number}", "answer": "a"} for number in range(5)]
    write_projection(tmp_path / "tensorboard", features, rows, images)
    with EventLog(tmp_path / "tensorboard") as log:
        log.scalars({"points": 5}, step=0)
    apps = served(tmp_path)
    assert apps["/runs"].get("/").json == ["tensorboard"]
    (points,) = apps["/info"].get("/?run=tensorboard").json["embeddings"]
    assert points["tensorShape"] == [5, 3]
    assert points["sprite"]["singleImageDim"] == [6, 4]
    query = f"/?run=tensorboard&name={points['tensorName']}"
    assert (np.frombuffer(apps["/tensor"].get(query).data, "float32").reshape(5, 3) == features).all()
    assert apps["/metadata"].get(query).text.splitlines()[:2] == ["class\tanswer", "class 0\ta"]
    with Image.open(io.BytesIO(apps["/sprite_image"].get(query).data)) as sprite:
        pixels = np.asarray(sprite)
    assert pixels.shape == (12, 18)
    assert pixels[0, ::6].tolist() == [0, 40, 80]
    assert pixels[4, ::6].tolist() == [120, 160, 0]


def test_thumbnails_of_large_images_are_small(tmp_path):
    write_projection(tmp_path, np.zeros((2, 2)), [{"image": 0}] * 2, np.zeros((2, 200, 100, 3), "uint8"))
    with Image.open(tmp_path / "projector" / "thumbnails.png") as sprite:
        assert sprite.size == (2 * 25, 2 * 50)
