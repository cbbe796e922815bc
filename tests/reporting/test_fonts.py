"""Letters of all scripts in figures."""

import warnings

import numpy as np
import pytest
from matplotlib.text import Text

from keras_vision.analysis.confusion import plot_confusion
from keras_vision.reporting import fonts, style

NAMES = ("Müll", "長い名前", "عربي", "$x_{1}^", "a" * 300, "line\nend \ud800", "<b>[red]", "\\frac{", "")


@pytest.fixture
def _installed(monkeypatch):
    """Two fonts beside the default one; the first has two scripts, the second one of them."""
    known = {"both.ttf": frozenset("長い名前عربي"), "one.ttf": frozenset("عربي")}
    monkeypatch.setattr(fonts, "_candidates", lambda: [("Both Sans", "both.ttf"), ("One", "one.ttf")])
    monkeypatch.setattr(fonts, "_letters_of", lambda path: known[path])
    fonts.families_for.cache_clear()
    yield
    fonts.families_for.cache_clear()


@pytest.mark.usefixtures("_installed")
def test_a_letter_that_the_default_font_lacks_is_looked_for_in_the_others():
    assert fonts.families_for(frozenset("長ع")) == ("Both Sans",)
    assert fonts.families_for(frozenset()) == ()
    assert fonts.families_for(frozenset("\U0001f600")) == ()


@pytest.mark.usefixtures("_installed")
def test_each_text_is_given_the_fonts_of_its_letters(monkeypatch):
    monkeypatch.setattr(fonts, "letters_of_default", lambda: frozenset("abc"))
    figure = style.new_figure(height=1)
    figure.text(0, 0, "a長"), figure.text(0, 0, "abc")
    fonts.set_fonts(figure)
    assert [text.get_fontfamily() for text in figure.findobj(Text)] == [
        ["DejaVu Sans", "Both Sans"],
        ["DejaVu Sans"],
    ]


def test_class_names_of_all_kinds_are_drawn_as_text_and_without_a_word(tmp_path, capfd, caplog):
    figure = plot_confusion(np.ones((len(NAMES),) * 2, int), NAMES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (path,) = style.save_figures({"matrix": figure}, tmp_path)
    assert path.stat().st_size > 10_000
    assert capfd.readouterr().err == ""
    assert not caplog.records
    shown = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert shown[:4] == ["Müll", "長い名前", "عربي", r"\$x_{1}^"]
    assert shown[4] == "a" * 15 + "…" + "a" * 14
    assert shown[5] == "line?end ?"
