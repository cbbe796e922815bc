"""The documentation holds: its links, its commands, its messages, and what is made from the code."""

import ast
import importlib
import inspect
import itertools
import re
import shlex

import docs_drawing
import docs_messages
import docs_pages
import docs_reference
import pytest

from keras_vision import COMMANDS
from keras_vision.cli.options import make_parser, read_options
from keras_vision.models import build_model
from keras_vision.system.settings import fields

ROOT = docs_reference.ROOT
WRITTEN = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"(?:\]\(|src=\")([^)\s\"]+)")


def commands():
    """Every command of this package in the README and the pages: (where, name, words)."""
    for path in WRITTEN:
        text = path.read_text(encoding="utf-8").replace("\\\n", " ")
        for name, words in re.findall(r"^    python -m keras_vision\.(\w+)(.*)$", text, re.MULTILINE):
            yield path.name, name, shlex.split(words, comments=True)


def anchor(heading):
    """The anchor that a heading gets."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower())


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder that the site is built from."""
    folder = tmp_path_factory.mktemp("site") / "source"
    docs_pages.lay_out(folder)
    return folder


@pytest.mark.slow
def test_every_link_and_picture_leads_somewhere(site):
    dead = []
    for page in site.rglob("*.md"):
        for link in LINK.findall(re.sub(r"`[^`\n]*`", "", page.read_text(encoding="utf-8"))):
            place, _, part = link.partition("#")
            if "://" in place or place.startswith("data:"):
                continue
            target = (page.parent / place).resolve() if place else page
            if not target.is_file():
                dead.append(f"{page.relative_to(site)}: {link}")
            elif part:
                headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
                dead += [f"{page.relative_to(site)}: {link}"] if part not in map(anchor, headings) else []
    assert not dead


def test_lists_begin_behind_an_empty_line(site):
    glued = re.compile(r"^(?![-*\s]|\d+\. |```).*\S.*\n(?:- |\* |\d+\. ).*", re.MULTILINE)  # shown as one paragraph
    pages = {
        page.name: re.sub(r"^```.*?^```|^<.*?$", "", page.read_text("utf-8"), flags=re.M | re.S)
        for page in site.rglob("*.md")
    }
    assert not [(name, found) for name, text in pages.items() for found in glued.findall(text)]


def test_links_of_the_readme_lead_somewhere_in_the_repository():
    links = LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert links and all((ROOT / link).is_file() for link in links)


def test_every_page_is_in_the_navigation(site):
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    listed = re.findall(r"(\S+\.md)$", navigation, re.MULTILINE)
    pages = {page.relative_to(site).as_posix() for page in site.rglob("*.md")}
    below = {page for page in pages if re.fullmatch(r"results/studies/\w+/report\.md", page)}  # their list leads there
    assert sorted(listed) == sorted(pages - below)


@pytest.mark.parametrize(("page", "name", "words"), list(commands()))
def test_commands_in_the_documentation_are_understood(page, name, words):
    door = docs_reference.front_door(name)
    parsed = vars(make_parser(door, name).parse(words))
    if settings := read_options(door, {key: parsed[key] for key in parsed.keys() & {"settings"}}).get("settings"):
        shape = (32, 32, 3) if parsed.get("dataset") == "cifar10" else (28, 28, 1)
        assert build_model(parsed.get("model", "vgg"), shape, 10, **settings).output_shape == (None, 10)


def test_commands_of_every_kind_are_shown():
    shown = {name for _, name, _ in commands()}
    assert shown == COMMANDS.keys()


def python_blocks():
    """Every block of Python in the pages: (where, its syntax tree)."""
    for path in WRITTEN:
        for code in re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            yield path.name, ast.parse(code)


@pytest.mark.parametrize(("page", "tree"), list(python_blocks()))
def test_python_in_the_documentation_calls_what_there_is_by_its_arguments(page, tree):
    names = {}
    for node in tree.body:
        if isinstance(node, ast.Import):
            modules = [(alias.asname or alias.name, importlib.import_module(alias.name)) for alias in node.names]
            names |= {f"{word}.{name}": one for word, module in modules for name, one in inspect.getmembers(module)}
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module)
            names |= {alias.asname or alias.name: getattr(module, alias.name) for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in names:
            called, given = names[ast.unparse(node.func)], {word.arg: word.value for word in node.keywords}
            if not (inspect.isbuiltin(called) and called.__text_signature__ is None):  # as those of older NumPys
                inspect.signature(called).bind(*node.args, **given)


def test_messages_in_troubleshooting_are_those_of_the_code():
    known = list(itertools.chain(*docs_messages.messages().values()))
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    quoted = [line.removesuffix(" …") for line in re.findall(r"^> (.*)$", page, re.MULTILINE)]
    assert len(quoted) > 15
    assert not [message for message in quoted if not any(message in one for one in known)]


def test_a_message_is_read_with_dots_for_what_is_filled_in():
    node = ast.parse("f'There is no {name!r} in {place}. ' 'Give one.'", mode="eval").body
    assert docs_messages.sentence(node) == "There is no … in …. Give one."
    assert docs_messages.sentence(ast.parse("made_elsewhere()", mode="eval").body) is None


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_page_has_each_of_its_settings(name):
    page, settings = docs_reference.command_page(name), fields(docs_reference.front_door(name).settings)
    for field in settings.values():
        assert docs_reference.in_a_table(field.metadata["setting"].meaning) in page
    switches = [name.replace("_", "-") for name, field in settings.items() if field.type is bool]
    assert all(f"| `--{name}, --no-{name}` |" in page for name in switches)


def test_arrows_that_follow_from_others_are_left_out():
    house = {"search": {"training", "data"}, "training": {"data"}, "data": set()}
    assert docs_drawing.needed(house) == {"search": {"training"}, "training": {"data"}, "data": set()}
    assert docs_drawing.storeys(house) == [["data"], ["training"], ["search"]]


@pytest.mark.slow
def test_the_drawing_shows_every_room_in_few_words():
    house = docs_drawing.arrows()
    assert house.keys() == docs_drawing.ROOMS.keys()
    places = [
        (docs_drawing.ROOMS[room][0], level) for level, on in enumerate(docs_drawing.storeys(house)) for room in on
    ]
    assert len(places) == len(set(places))  # no box lies on another
    drawing = docs_drawing.drawing()
    assert all(f">{room}</text>" in drawing for room in house)
    assert drawing.count("marker-end") == sum(map(len, docs_drawing.needed(house).values()))


def test_every_package_that_is_installed_is_named_with_its_reason():
    for node in ast.parse((ROOT / "setup.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "REQUIRED":
            required = [re.match(r"[\w-]+", one)[0] for one in ast.literal_eval(node.value)]
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## What it is built on")[2]
    assert not [name for name in required if name not in page]


def test_the_readme_is_one_screen_and_its_results_are_those_of_the_pages():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) <= 60
    rows = re.findall(r"^\| (?!---|asked).*$", readme, re.MULTILINE)
    assert len(rows) == 5
    for row in rows:
        page = (ROOT / LINK.findall(row)[0]).read_text(encoding="utf-8")
        figures = re.findall(r"\d+(?:[.,]\d+)+|\d+ (?:min|h) ", row.split("|")[2])
        assert figures and not [figure for figure in figures if figure.strip() not in page]
