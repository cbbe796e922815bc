"""The drawing of the house: its rooms, and which of them imports which, read from the files.

An arrow that follows from others is left out: if `search` uses `training` and that uses `data`, nothing more is said by
an arrow from `search` to `data`.
"""

import ast

from docs_reference import PACKAGE, rooms

FRONT_DOORS = "front doors"
# room -> (its column in the drawing, so that no arrow runs behind a box; what it is for, in a few words)
ROOMS = {
    FRONT_DOORS: (1, "train, tune, report, ..."),
    "studies": (2, "experiments, repeated"),
    "commands": (1, "what front doors do"),
    "search": (0, "ask, train, tell"),
    "training": (0, "recipes, trainer"),
    "data": (0, "images and splits"),
    "formats": (2, "checked exports"),
    "runs": (0, "run directories"),
    "analysis": (1, "what a network sees"),
    "cli": (3, "command lines"),
    "results": (3, "fields, tables, figures"),
    "models": (0, "seven families"),
    "reporting": (2, "tables, figures, pages"),
    "zoo": (4, "trained networks"),
    "system": (1, "settings, machine"),
}
WIDE, HIGH, ACROSS, DOWN = 150, 46, 180, 84  # of a box, and from one box to the next


def imported(path):
    """Yields the rooms of this package that a file imports from, at its top or inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("keras_vision."))


def arrows():
    """Returns a dict: room -> the other rooms that it imports from; the front doors are one room.

    Example:

    >>> arrows()["reporting"]
    {'system'}
    """
    paths = rooms()
    found = {room: {other for path in files for other in imported(path)} for room, files in paths.items()}
    found[FRONT_DOORS] = {room for path in PACKAGE.glob("*.py") for room in imported(path)} | {"commands", "studies"}
    return {room: (others & paths.keys()) - {room} for room, others in found.items()}


def reached(room, house):
    """Returns all rooms that can be come to from a room."""
    beyond = set()
    for other in house[room]:
        beyond |= {other} | reached(other, house)
    return beyond


def needed(house):
    """Returns the house without the arrows that follow from others."""
    return {
        room: {one for one in others if not any(one in reached(other, house) for other in others)}
        for room, others in house.items()
    }


def storeys(house):
    """Returns lists of rooms, the lowest first: each room stands above all that it uses."""
    height = {}

    def climb(room):
        if room not in height:
            height[room] = 1 + max(map(climb, house[room]), default=-1)
        return height[room]

    for room in sorted(house):
        climb(room)
    return [sorted(room for room in house if height[room] == level) for level in range(1 + max(height.values()))]


def drawing():
    """Returns the drawing as SVG, in the colours of the page that it stands in."""
    house = needed(arrows())
    levels = storeys(arrows())[::-1]
    wide = (1 + max(column for column, _ in ROOMS.values())) * ACROSS
    middles = {
        room: ((ROOMS[room][0] + 0.5) * ACROSS, 10 + row * DOWN) for row, level in enumerate(levels) for room in level
    }
    high = 20 + (len(levels) - 1) * DOWN + HIGH
    parts = [f'<svg class="house" viewBox="0 0 {wide:g} {high}" role="img" aria-label="The rooms and who uses whom">']
    parts.append(
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z"/></marker></defs>'
    )
    for room, others in sorted(house.items()):
        parts += [_arrow(middles[room], middles[other]) for other in sorted(others)]
    parts += [_box(room, *middle) for room, middle in middles.items()]
    return "\n".join([*parts, "</svg>"])


def _arrow(start, end):
    (x, y), (to_x, to_y) = start, end
    y += HIGH
    aside = max(-50, min(50, (to_x - x) * 0.2))  # arrows to the left leave on the left, and come in on the right
    x, to_x = x + aside, to_x - aside
    bend = (to_y - y) * 0.5
    return f'<path d="M{x:g} {y}C{x:g} {y + bend:g} {to_x:g} {to_y - bend:g} {to_x:g} {to_y}" marker-end="url(#tip)"/>'


def _box(room, x, y):
    return (
        f'<rect x="{x - WIDE / 2:g}" y="{y}" width="{WIDE}" height="{HIGH}" rx="6"/>'
        f'<text x="{x:g}" y="{y + 20}">{room}</text><text class="small" x="{x:g}" y="{y + 36}">{ROOMS[room][1]}</text>'
    )
