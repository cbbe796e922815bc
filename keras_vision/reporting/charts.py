"""Charts of a page as plain data: where ticks, lines and points lie. `page.html` draws them as SVG.

They are no pictures, so that they take the page's colours, light or dark, and each point can be hovered, focused and
followed to its row of a table.
"""

import dataclasses
import math

from matplotlib.ticker import LogLocator, MaxNLocator

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 12, 44  # what the numbers and names of the axes take
MOST_TICKS = 6


@dataclasses.dataclass(frozen=True)
class Point:
    """A point of a chart.

    Args:
        x, y: Where it is.
        text: What is shown when it is hovered or focused.
        target: The id of the element of the page that it leads to.
        kind: "first" for those that matter, "second" for the others, "third" for those that do not count.
    """

    x: float
    y: float
    text: str = ""
    target: str = ""
    kind: str = "first"


class Axis:
    """An axis: from numbers to places.

    Args:
        name: What stands beside it.
        values: The numbers that it must hold; not empty.
        start, end: The places of the least and the greatest number.
        is_logarithmic: Whether equal steps are equal ratios. All values must then be positive.
    """

    def __init__(self, name, values, start, end, *, is_logarithmic=False):
        self.name, self.start, self.end, self.is_logarithmic = name, start, end, is_logarithmic
        low, high = min(values), max(values)
        margin = math.log10(high / low) if is_logarithmic else high - low
        margin = 0.04 * margin or 0.04
        self.low, self.high = self._scaled(low) - margin, self._scaled(high) + margin

    def _scaled(self, value):
        return math.log10(value) if self.is_logarithmic else value

    def place(self, value):
        """Returns where a number lies, to a tenth of a unit."""
        share = (self._scaled(value) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    @property
    def ticks(self):
        """A list of (place, text)."""
        if self.is_logarithmic:
            low, high = 10**self.low, 10**self.high
            steps = (1.0,) if high / low > 1e3 else (1.0, 2.0, 5.0)
            values = LogLocator(subs=steps, numticks=99).tick_values(low, high)
        else:
            values = MaxNLocator(MOST_TICKS).tick_values(self.low, self.high)
        return [(self.place(v), f"{v:,.9g}") for v in values if self.low <= self._scaled(v) <= self.high]


def _axes(x, y, xs, ys, **options):
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "box": (LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM),
        "x": Axis(x, xs, LEFT, WIDTH - RIGHT, **options),
        "y": Axis(y, ys, HEIGHT - BOTTOM, TOP),
    }


def line_chart(x, y, lines):
    """Returns a chart of lines, as `page.html` draws it.

    Args:
        x, y: The names of the axes.
        lines: A dict of name -> list of (x, y), none of them empty. Each gets its own colour and dashes.

    Example:

    >>> chart = line_chart("epoch", "accuracy", {"training": [(1, 0.5), (2, 0.8)]})
    >>> chart["lines"][0]["name"], len(chart["lines"][0]["places"])
    ('training', 2)
    """
    every = [pair for line in lines.values() for pair in line]
    chart = _axes(x, y, [one for one, _ in every], [one for _, one in every])
    drawn = [
        {"name": name, "places": [(chart["x"].place(a), chart["y"].place(b)) for a, b in line]}
        for name, line in lines.items()
    ]
    return chart | {"lines": drawn, "points": []}


def point_chart(x, y, points):
    """Returns a chart of points over a logarithmic x axis, as `page.html` draws it.

    Args:
        x, y: The names of the axes.
        points: A list of `Point`, not empty; those of the first kind are joined from left to right.

    Example:

    >>> chart = point_chart("parameters", "accuracy", [Point(1000, 0.9, "0001"), Point(9000, 0.95, "0002")])
    >>> [point["text"] for point in chart["points"]]
    ['0001', '0002']
    """
    chart = _axes(x, y, [one.x for one in points], [one.y for one in points], is_logarithmic=True)
    drawn = [dataclasses.asdict(one) | {"place": (chart["x"].place(one.x), chart["y"].place(one.y))} for one in points]
    drawn.sort(key=lambda one: one["place"])
    front = [one["place"] for one in drawn if one["kind"] == "first"]
    return chart | {"lines": [{"name": "", "places": front}] if len(front) > 1 else [], "points": drawn}
