"""The page of a run, as a file and in a browser."""

import csv
import html.parser
import json
import re
import shutil
from pathlib import Path

import pytest

from keras_vision.commands.page import page_of, write_page
from keras_vision.evaluate import evaluate
from keras_vision.report import report
from keras_vision.reporting.progress import Progress
from keras_vision.runs import Run
from keras_vision.search.board import MEASURED
from keras_vision.train import train
from keras_vision.tune import tune

pytestmark = pytest.mark.slow

SMALL = {"dataset": "digits", "seed": 1, "epochs": 2}
SPACE = "LADDER = tuple({'hidden_units': (units,)} for units in (2, 16, 64))\n"


class Seen(html.parser.HTMLParser):
    """Notes tags, and the words between them; what is not closed, or not opened, is an error."""

    VOID = frozenset({"meta", "img", "line", "polyline", "circle", "path"})

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.images, self.words = [], [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [attributes["href"]] if "href" in attributes else []
        self.images += [attributes["src"]] if "src" in attributes else []
        assert tag != "script"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag in self.VOID

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += [data.strip()] if data.strip() else []


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A training that is done; to be looked at only."""
    folder = tmp_path_factory.mktemp("page") / "run <b>&amp; 1"
    return train("mlp", settings={"hidden_units": (16,)}, workdir=str(folder), **SMALL)


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A search that is done; to be looked at only."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "space.py").write_text(SPACE)
    options = {"strategy": "grow", "space": str(folder / "space.py"), "confirm": 1, "target_acc": 0.2, "max_trials": 3}
    return tune("mlp", **SMALL, **options, workdir=str(folder / "run"))


def text_of(result):
    return Path(result["page"]).read_text(encoding="utf-8")


def seen(result):
    return Seen(text_of(result))


def test_a_training_ends_with_a_page_of_what_was_asked_and_reached(trained):
    page = seen(trained)
    assert page.words[0] == "mlp on digits"
    assert f"{trained['test']['accuracy']:.4f}" in page.words
    assert f"{trained['parameters']:,} ({trained['trainable_parameters']:,} trainable)" in page.words
    assert page.words[page.words.index("hidden_units") + 1] == "16"
    for name in map(str, range(10)):
        assert name in page.words
    assert {"curves", "classes", "pictures", "next"} <= {*page.ids}


def test_a_page_needs_nothing_but_itself(trained, searched):
    for result in (trained, searched):
        page = seen(result)
        assert len(page.images) >= 3
        assert all(source.startswith("data:image/png;base64,") for source in page.images)
        assert all(link.startswith("#") for link in page.links)
        assert not re.search(r"(src|href)=\"?(http|//)|@import|url\(", text_of(result))


def test_names_are_text_and_never_markup(trained):
    assert "run <b>" not in text_of(trained)
    assert "run &lt;b&gt;&amp;amp; 1" in text_of(trained)


def test_each_point_of_a_search_leads_to_the_row_of_its_trial(searched):
    page = seen(searched)
    trials = [f"trial-{number:04d}" for number in range(searched["trials"])]
    assert sorted(page.links) == [f"#{name}" for name in trials]
    assert [name for name in page.ids if name.startswith("trial-")] == trials
    assert len({*page.ids}) == len(page.ids)
    joined = " ".join(page.words)
    assert "hidden_units=" in joined and "Target 0.2" in joined
    assert not {*re.findall(r"(\w+)=", joined)} & {*MEASURED}  # what was measured is no setting


def test_a_run_that_is_not_finished_has_a_page_that_says_so(trained, searched, tmp_path):
    for result, what in ((trained, "training"), (searched, "search")):
        copy = shutil.copytree(result["workdir"], tmp_path / what)
        (copy / "result.json").unlink()
        assert f"This {what} is not finished." in write_page(Run(copy)).read_text(encoding="utf-8")


def test_the_page_of_a_trial_needs_no_name_of_its_images(searched):
    found = report(f"{searched['workdir']}/{searched['best_trial']}")
    assert found["exit_code"] == 0
    assert seen(found).words[0] == "mlp"


def test_a_trial_that_was_given_up_is_crossed_out(searched, tmp_path):
    copy = shutil.copytree(searched["workdir"], tmp_path / "run")
    path = copy / "trials.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0]["given_up"] = "yes"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    text = write_page(Run(copy)).read_text(encoding="utf-8")
    assert text.count('class="third"') == 1
    assert ", given up, " in text


def test_report_writes_the_page_of_either(trained, searched, tmp_path):
    for result in (trained, searched):
        copy = shutil.copytree(result["workdir"], tmp_path / str(result["parameters"]))
        Run(copy).page_path.unlink()
        found = report(str(copy))
        assert found["page"] == str(Run(copy).page_path)
        assert Run(copy).page_path.exists()
        json.dumps(dict(found))


def test_a_page_that_cannot_be_written_is_told_and_hides_nothing(trained, monkeypatch):
    told = []

    def full(path, text):
        raise OSError(28, "No space left on device")

    progress = Progress()
    monkeypatch.setattr(progress, "say", told.append)
    monkeypatch.setattr("keras_vision.commands.page.write_text", full)
    assert page_of(Run(trained["workdir"]), progress) == {}
    assert told == ["warning: The page of the run could not be written ([Errno 28] No space left on device)."]


# ---- in a browser ----


def address(result):
    return Path(result["page"]).resolve().as_uri()


@pytest.mark.parametrize("width", [390, 1200])
@pytest.mark.parametrize("kind", ["trained", "searched"])
def test_a_browser_shows_all_of_a_page_in_wide_and_narrow_windows(browser, request, kind, width):
    browser.set_window_size(width, 900)
    browser.get(address(request.getfixturevalue(kind)))
    assert browser.get_log("browser") == []
    pictures = browser.find_elements("css selector", "img")
    assert pictures and all(browser.execute_script("return arguments[0].naturalWidth", one) > 0 for one in pictures)
    wider = browser.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0


def test_points_are_followed_by_mouse_and_by_keyboard(browser, searched):
    webdriver = pytest.importorskip("selenium.webdriver")
    browser.set_window_size(1200, 900)
    browser.get(address(searched))
    points = browser.find_elements("css selector", "svg a")
    assert len(points) == searched["trials"]
    tip = points[0].find_element("css selector", ".tip")
    assert not tip.is_displayed()
    webdriver.ActionChains(browser).move_to_element(points[0].find_element("css selector", "circle")).perform()
    assert tip.is_displayed() and "parameters" in tip.text
    points[0].find_element("css selector", "circle").click()
    followed = browser.execute_script("return document.querySelector('tr:target').id")
    assert browser.current_url.endswith(f"#{followed}")
    browser.execute_script("arguments[0].focus()", points[-1])
    points[-1].send_keys(webdriver.Keys.ENTER)
    assert browser.execute_script("return document.querySelector('tr:target').id") != followed


def test_an_evaluation_adds_its_pictures_and_what_the_confidence_is_worth_to_the_page(trained, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(trained["workdir"], run)
    result = evaluate(run, calibrate=True, explain=True)
    page = seen(result)
    assert "What its confidence is worth" in page.words
    assert any(text.startswith("What speaks for its surest mistakes on the test images") for text in page.words)
    assert any(f"divided by {result['temperature']:g}, the temperature" in text for text in page.words)
    rows = result["calibration"]["answered"]
    assert f"{rows[-1]['right'] / rows[-1]['answered']:.2%}" in page.words
