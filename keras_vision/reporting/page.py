"""A page as one HTML file: it needs no network, no server and no script, and takes the reader's light or dark."""

import base64
from importlib import resources

import jinja2

TEMPLATE = "page.html"


def render(page):
    """Returns the HTML of a page; what is in it is text, never markup.

    Args:
        page: A dict: title, and what the page has of: subtitle, verdict (a sentence), is_good (whether it is one of
            success), facts (pairs of name and value), notes, warnings and decisions (sentences), sections (see below),
            next (pairs of purpose and command) and asked (pairs of setting and value).

    A section is a dict: id, title, and what it has of: text, charts (`keras_vision.reporting.charts`), table (a dict of
    columns, rows of cells, numbers, the places of the columns that hold numbers, and ids, those of the rows) and
    pictures (dicts of title and source, a data URI).

    Example:

    >>> "<h1>vgg</h1>" in render({"title": "vgg"})
    True
    """
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    text = resources.files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8")
    return environment.from_string(text).render(page)


def data_uri(path):
    """Returns a PNG file as a URI that holds all of it."""
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"
