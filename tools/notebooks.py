"""Runs the notebooks of the documentation and keeps what they show: `python tools/notebooks.py [NAME ...]`.

A notebook is run from its top, in an empty folder and a process of its own. It needs the extra `test`.
"""

import argparse
import itertools
import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
SECONDS = 300  # for a cell, at most


def run(name, folder):
    """Returns a notebook with what it shows when it is run in a folder; an error in it is raised."""
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=SECONDS,
        startup_timeout=SECONDS,
        resources={"metadata": {"path": str(folder)}},
    )
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    client.execute(env=os.environ | {"PATH": path})  # so that programs are called by their names alone
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # the times of cells
        if cell.cell_type == "code":
            cell.outputs = list(_together(cell.outputs))
    return notebook


def _together(outputs):
    """Yields the outputs of a cell; lines that follow each other, each of which came by itself, are one."""
    for kind, group in itertools.groupby(outputs, lambda one: (one.output_type, one.get("name"))):
        if kind[0] == "stream":
            first, *rest = group
            first["text"] += "".join(one["text"] for one in rest)
            yield first
        else:
            yield from group


def main(arguments=None):
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(NAMES)}; all if none is given")
    for name in parser.parse_args(arguments).names or NAMES:
        with tempfile.TemporaryDirectory() as folder:
            notebook = run(name, folder)
        nbformat.write(notebook, FOLDER / f"{name}.ipynb")
        print(f"{name}: {(FOLDER / f'{name}.ipynb').stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
