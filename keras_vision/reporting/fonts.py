"""Letters in figures: a font for every script that this machine has one for, and no warnings about the others."""

import contextlib
import functools
import warnings

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

from keras_vision.system.keras_import import errors_only

# Matplotlib's own font, which is always there; one that shows a box for whatever it is asked for is no help.
DEFAULT, LAST_RESORT = "DejaVu Sans", "Last Resort"


def set_fonts(figure):
    """Gives each text of a figure the default font and behind it, for letters that it lacks, those that have them."""
    for text in figure.findobj(Text):
        missing = frozenset(text.get_text()) - letters_of_default()
        text.set_fontfamily([DEFAULT, *families_for(missing)])
        text.set_usetex(False)  # a person's matplotlibrc may ask for it, and TeX takes names for commands


@functools.cache
def letters_of_default():
    """Returns the characters that the default font has."""
    return _letters_of(font_manager.findfont(DEFAULT))


@functools.lru_cache(maxsize=256)
def families_for(letters):
    """Returns the names of fonts that have between them as many of `letters` as this machine can show, fewest first."""
    families, missing = [], {letter for letter in letters if letter.isprintable() and not letter.isspace()}
    if not missing:
        return ()
    for name, path in _candidates():
        found = missing & _letters_of(path)
        if found:
            families.append(name)
            missing -= found
        if not missing:
            break
    return tuple(families)


def _candidates():
    """Yields (family, path) of the machine's upright fonts of regular weight, those without serifs first."""
    fonts = [one for one in font_manager.fontManager.ttflist if not one.name.startswith((DEFAULT, LAST_RESORT))]
    regular = [one for one in fonts if one.style == "normal" and one.weight in (400, "normal", "regular", "book")]
    named = {one.name: one.fname for one in sorted(regular, key=lambda one: ("Sans" not in one.name, one.name))}
    yield from named.items()


@functools.cache
def _letters_of(path):
    with contextlib.suppress(Exception):  # of a damaged file each version of FreeType makes something else
        return frozenset(map(chr, FT2Font(path).get_charmap()))
    return frozenset()


@contextlib.contextmanager
def silence():
    """Keeps what matplotlib says of fonts, of its folders and of narrow figures from people who cannot mend it."""
    with errors_only("matplotlib"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        warnings.filterwarnings("ignore", message=".*constrained_layout not applied")
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support")  # scripts to be shaped
        yield
