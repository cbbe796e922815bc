"""Results as HTML, for notebooks: a few facts, the first rows of the table, and the pictures, small."""

import base64
import io
import itertools
import os
from collections.abc import Mapping
from typing import Any

import jinja2
from PIL import Image

ROWS, PICTURES = 10, 8  # that are shown, at most
WIDEST = 560  # pixels: a notebook keeps what it shows, and a page of it is to stay small
COLOURS = 32

_TEMPLATE = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string("""
{% if title %}
<p><strong>{{ title }}</strong></p>
{% endif %}
{% if facts %}
<table>
{% for name, value in facts %}
<tr><th style="text-align: left">{{ name }}</th><td style="text-align: left">{{ value }}</td></tr>
{% endfor %}
</table>
{% endif %}
{% if rows %}
<table>
<tr>{% for name in columns %}<th>{{ name }}</th>{% endfor %}</tr>
{% for row in rows %}
<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}
</table>
{% endif %}
{% if left %}
<p>{{ left }} more rows are in <code>rows</code> and <code>table</code>.</p>
{% endif %}
{% for name, source in pictures %}
<figure style="display: inline-block; margin: 4px; vertical-align: top">
<img src="{{ source }}" alt="{{ name }}"><figcaption>{{ name }}</figcaption></figure>
{% endfor %}
""")


def page(
    title: str, facts: Mapping[str, Any], rows: list[dict[str, Any]], figures: Mapping[str, os.PathLike[str]]
) -> str:
    """Returns what a notebook shows of a result, as HTML.

    Args:
        title: What it is.
        facts: Name -> value.
        rows: Of the table; the first `ROWS` are shown.
        figures: Name -> the PNG file; the first `PICTURES` are shown.

    Example:

    >>> "<td>0.5</td>" in page("Answers", {}, [{"image": "a.png", "probability": 0.5}], {})
    True
    """
    shown = rows[:ROWS]
    names = dict.fromkeys(itertools.chain(*shown))
    columns = [name for name in names if any(row.get(name) not in (None, "") for row in shown)]
    return _TEMPLATE.render(
        title=title,
        facts=[(name.replace("_", " "), _cell(value)) for name, value in facts.items()],
        columns=columns,
        rows=[[_cell(row.get(name)) for name in columns] for row in shown],
        left=len(rows) - len(shown),
        pictures=[(name, small(figures[name])) for name in itertools.islice(figures, PICTURES)],
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def small(picture: os.PathLike[str]) -> str:
    """Returns a PNG file as a data URI, in few colours and no wider than a page."""
    with Image.open(picture) as image:
        image.thumbnail((WIDEST, WIDEST))
        few, buffer = image.convert("RGB").quantize(COLOURS), io.BytesIO()
    few.save(buffer, "png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
