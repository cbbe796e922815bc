"""Lays out what the documentation site is built from: `docs`, and the pages that are made from README and code.

    python tools/docs_pages.py build/docs-source

The program that makes HTML of it, `zensical`, needs nothing of this package but its files.
"""

import argparse
import shutil
from pathlib import Path

from docs_drawing import drawing
from docs_messages import messages_page
from docs_notebooks import notebook_page
from docs_reference import COMMANDS, ROOT, api_page, command_page, commands_page, room_page, rooms

DRAWING = "<!-- drawing of the house -->"


def made_pages():
    """Returns a dict: where a page lies in the site -> its Markdown."""
    architecture, python = (
        (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("architecture.md", "python.md")
    )
    pages = {
        "index.md": home_page((ROOT / "README.md").read_text(encoding="utf-8")),
        "architecture.md": architecture.replace(DRAWING, drawing()),
        "python.md": python.replace(".ipynb)", ".md)"),
        "reference/commands/index.md": commands_page(),
        "reference/api/index.md": api_page(),
        "reference/messages.md": messages_page(),
    }
    pages |= {
        f"notebooks/{path.stem}.md": notebook_page(path) for path in (ROOT / "docs" / "notebooks").glob("*.ipynb")
    }
    pages |= {f"reference/commands/{name}.md": command_page(name) for name in COMMANDS}
    return pages | {f"reference/api/{name}.md": room_page(name, paths) for name, paths in rooms().items()}


def home_page(readme):
    """Returns the README as the home page: its links lead to the same pages of the site."""
    return readme.replace("](docs/", "](").replace('src="docs/', 'src="')


def lay_out(folder):
    """Writes all that the site is built from into a folder, which is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", folder, ignore=shutil.ignore_patterns("*.json", "*.jsonl", "runs", "photos", "some"))
    for name, text in made_pages().items():
        page = folder / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")


def main(arguments=None):
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="where to, and nothing else is to be kept there")
    lay_out(parser.parse_args(arguments).folder)


if __name__ == "__main__":
    main()
