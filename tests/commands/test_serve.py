"""The page to try a model: its server, what it refuses, and the page in a browser."""

import base64
import http.client
import io
import json
import signal
import socket
import threading
import time

import numpy as np
import pytest
from PIL import Image

from keras_vision.commands import local_server
from keras_vision.commands.local_server import LocalServer
from keras_vision.commands.serve import Tryout
from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.explain import explain
from keras_vision.models import build_model
from keras_vision.predict import predict
from keras_vision.runs import save_model
from keras_vision.serve import main as serve_main

NAMES = ["circle", "<b>cross</b>", "square"]
BINARY = "application/octet-stream"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model file: a network for grey images of 12x10 in three classes, as it was born."""
    path = tmp_path_factory.mktemp("served") / "model.keras"
    border = {"mean": 3.0, "std": 1.0, "lowest": 0.0, "highest": 9.0}
    statistics = dict.fromkeys(("brightness", "border", "contrast", "colour", "extremes"), border)
    network = build_model("cnn", (12, 10, 1), 3, filters=(4, 8))
    save_model(network, path, {"class_names": NAMES, "pixel_statistics": statistics})
    return path


@pytest.fixture(scope="module")
def server(model):
    """The server of that model, at work in a thread."""
    from keras_vision.commands.explain import subject_of
    from keras_vision.training.classifier import open_classifier

    classifier = open_classifier(model)
    tryout = Tryout(classifier, 5, subject_of(classifier.model))
    with LocalServer(0) as server:
        server.answer_with(tryout.facts() | {"source": str(model)}, tryout.answer)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def request(server, method, path, body=None, **headers):
    """Returns (status, headers, content) of a request with the headers of the page, unless others are given."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    own = {"Host": f"localhost:{server.server_port}"} | ({"Content-Type": BINARY} if body is not None else {})
    own |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, own)
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    return reply.status, reply.headers, content


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


def some_image(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (12, 10), dtype=np.uint8)


def read(uri):
    assert uri.startswith("data:image/png;base64,")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))


@pytest.mark.slow
def test_an_image_is_answered_as_predict_answers_it_with_its_heat(server, model, tmp_path):
    path = tmp_path / "image.png"
    path.write_bytes(png(some_image()))
    status, _, content = request(server, "POST", "/answer", path.read_bytes())
    found = json.loads(content)
    (expected,) = predict(model, path, top=3)
    assert status == 200
    got = [{"class": NAMES[one["class"]], "probability": one["probability"]} for one in found["predictions"]]
    assert got == expected["predictions"]
    assert (read(found["image"]) == some_image()).all()
    assert read(found["heat"]).shape == (12, 10, 3)
    (explained,) = explain(model, path, method="layercam", out=tmp_path / "out")
    assert NAMES[found["explained"]] == explained["explained"]
    assert "inverted" in found["warning"]


def test_another_class_can_be_explained(server):
    for number in range(3):
        _, _, content = request(server, "POST", f"/answer?class={number}", png(some_image()))
        assert json.loads(content)["explained"] == number


@pytest.mark.parametrize("word", ["3", "-1", "a", "0&class=9", "%00"])
def test_a_class_that_there_is_not_is_refused(server, word):
    status, _, content = request(server, "POST", f"/answer?class={word}", png(some_image()))
    assert (status, json.loads(content)) == (400, {"error": "There is no such class."})


def bomb():
    file = io.BytesIO()
    Image.new("1", (9000, 9000)).save(file, "png")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty file"),
        (b"not an image", "not an image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "This cannot be used as an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "This cannot be used as an image"),
        (png(some_image())[:60], "This cannot be used as an image"),
        (bomb(), "9000x9000 pixels, more than 50 megapixels"),
    ],
    ids=["empty", "text", "svg", "eps", "cut", "bomb"],
)
def test_what_is_no_image_is_refused(server, content, message):
    status, _, told = request(server, "POST", "/answer", content)
    assert status == 400
    assert message in json.loads(told)["error"]


@pytest.mark.parametrize("path", ["/etc/passwd", "/../try.html", "/try.html", "/%2e%2e/setup.py", "/answer", "*"])
def test_nothing_else_can_be_had(server, path):
    assert request(server, "GET", path)[0] == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "localhost"},
        {"Host": "localhost:1"},
        {"Host": "localhost.evil.example:PORT"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
    ids=lambda headers: "-".join(*headers.items()),
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_names_and_other_pages_are_refused(server, method, headers):
    headers = {name: value.replace("PORT", str(server.server_port)) for name, value in headers.items()}
    path, body = ("/answer", png(some_image())) if method == "POST" else ("/facts", None)
    status, given, content = request(server, method, path, body, **headers)
    assert status == 403
    assert b"classes" not in content
    assert not [name for name in given if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": "multipart/form-data; boundary=x"}, 415),
        ({"Content_Length": str(local_server.MAX_BYTES + 1)}, 413),
        ({"Content_Length": "9" * 5_000}, 413),
        ({"Content_Length": "-1"}, 411),
        ({"Content_Length": "١"}, 411),
        ({"Transfer_Encoding": "chunked"}, 411),
    ],
    ids=lambda value: str(value).encode("ascii", "replace").decode()[:60],
)
def test_uploads_of_another_kind_or_size_are_refused_unread(server, headers, status):
    headers = {name: value.encode("utf-8") for name, value in headers.items()}
    assert request(server, "POST", "/answer", b"x", **headers)[0] == status


def test_an_answer_that_went_wrong_is_told_as_a_fault_of_the_server():
    def answer(content, words):
        raise KerasVisionError("The model answers with NaN.")

    with LocalServer(0) as server:
        server.answer_with({}, answer)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        status, _, told = request(server, "POST", "/answer", b"x")
        server.shutdown()
        thread.join()
    assert (status, json.loads(told)) == (500, {"error": "The model answers with NaN."})


def test_a_preflight_is_never_permitted(server):
    status, headers, _ = request(server, "OPTIONS", "/answer", Origin="http://evil.example")
    assert status == 501
    assert not [name for name in headers if name.lower().startswith("access-control")]


def test_the_page_may_load_nothing_from_elsewhere(server):
    _, headers, content = request(server, "GET", "/")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    texts = [content, *(request(server, "GET", f"/try.{kind}")[2] for kind in ("css", "js"))]
    assert not [text for text in texts if b"http://" in text or b"https://" in text]


def test_it_listens_on_this_machine_alone_and_a_port_has_one_server(server):
    assert server.server_address[0] == "127.0.0.1"
    with pytest.raises(BadInput, match=rf"port {server.server_port} is in use. Give another with --port N"):
        LocalServer(server.server_port)


def test_a_silent_connection_keeps_nobody_waiting(server):
    with socket.create_connection(("127.0.0.1", server.server_port)):
        assert request(server, "GET", "/facts")[0] == 200


def test_several_at_once_are_answered_one_after_the_other(server):
    statuses = []
    threads = [
        threading.Thread(target=lambda n=n: statuses.append(request(server, "POST", "/answer", png(some_image(n)))[0]))
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 6


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["missing"], "There is no missing"),
        ([__file__], "is not a .keras file"),
        (["--port", "70000"], "required: source"),
        (["w", "--port", "70000"], "port must be a whole number from 0 to 65535, not 70000."),
    ],
)
def test_what_cannot_be_served_is_refused(words, message, capsys):
    assert serve_main(words) == 2
    assert message in capsys.readouterr().err


class Stopped(KeyboardInterrupt):
    """A signal of the system, as the command line raises it."""

    signum = signal.SIGTERM


@pytest.mark.parametrize(("stop", "code"), [(KeyboardInterrupt, 0), (Stopped, 130)])
def test_ctrl_c_ends_it_without_a_complaint_and_the_system_may_end_it_too(model, capsys, monkeypatch, stop, code):
    def serve_forever(server):
        raise stop

    monkeypatch.setattr(LocalServer, "serve_forever", serve_forever)
    assert serve_main([str(model), "--port", "0"]) == code
    captured = capsys.readouterr()
    assert captured.out.startswith("The page is at http://localhost:")
    if code == 0:
        assert captured.out.endswith("Ended after 0 images.\n")
        assert captured.err == ""


# ---- in a browser ----


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
    return found


def classes_of(browser):
    return [one.text.split("\n")[0] for one in browser.find_elements("css selector", "#classes .name")]


@pytest.fixture
def page(browser, server):
    browser.get(server.address)
    until(lambda: browser.title.endswith("model.keras"))
    return browser


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1200])
def test_a_file_is_answered_in_wide_and_narrow_windows(page, tmp_path, width):
    page.set_window_size(width, 900)
    path = tmp_path / "image.png"
    path.write_bytes(png(some_image()))
    page.find_element("id", "file").send_keys(str(path))
    assert set(until(lambda: classes_of(page))) == set(NAMES)  # as text, and not as markup
    for picture in page.find_elements("css selector", ".pictures img"):
        until(lambda picture=picture: page.execute_script("return arguments[0].naturalWidth", picture) == 10)
    assert "inverted" in page.find_element("id", "warning").text
    other = page.find_elements("css selector", "#classes button")[-1]
    name = other.text.split("\n")[0]
    other.send_keys("\ue007")  # Enter
    until(lambda: name in page.find_element("id", "speaks").text)
    assert page.switch_to.active_element.get_attribute("aria-pressed") == "true"  # where the keyboard was
    wider = page.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0
    assert page.get_log("browser") == []


@pytest.mark.slow
def test_a_wrong_file_is_told_on_the_page(page, tmp_path):
    path = tmp_path / "notes.png"
    path.write_bytes(b"no image")
    page.find_element("id", "file").send_keys(str(path))
    assert "not an image" in until(lambda: page.find_element("id", "error").text)
    assert not page.find_element("id", "answer").is_displayed()
    page.get_log("browser")  # where the browser notes the refusal


@pytest.mark.slow
@pytest.mark.parametrize("how", ["mouse", "keys"])
def test_a_drawing_is_answered(page, how):
    webdriver = pytest.importorskip("selenium.webdriver")
    page.set_window_size(1200, 900)
    canvas = page.find_element("id", "canvas")
    assert canvas.size == {"width": 235, "height": 282}  # as the images are, with its border
    actions = webdriver.ActionChains(page)
    if how == "mouse":
        actions.move_to_element(canvas).click_and_hold().move_by_offset(60, 60).release().perform()
    else:
        canvas.send_keys(" ", webdriver.Keys.ARROW_RIGHT * 5, " ", webdriver.Keys.ARROW_UP)
    assert set(until(lambda: classes_of(page))) == set(NAMES)
    drawn = read(page.find_element("id", "seen").get_attribute("src"))
    assert drawn.max() > 80 and drawn[0].max() == 0  # white on black, as its training images are
    assert page.get_log("browser") == []
