"""The page of all messages that refuse an input, made from the code that raises them."""

import ast

from docs_reference import PACKAGE

# where a message is raised -> its heading; the first that fits
KINDS = {
    "data/folders": "Folders of images",
    "data/files": "Image files",
    "data/csv": "Tables (csv:)",
    "data/arrays": "Arrays (npz: and others)",
    "data": "Data sets",
    "models": "Networks and their settings",
    "training": "Training",
    "search": "Searches",
    "studies": "Studies",
    "runs": "Runs and model files",
    "formats": "Exports",
    "analysis": "Explanations and drawings",
    "cli": "Command line",
    "system": "Machine and settings",
    "": "Commands",
}
REFUSALS = ("BadInput", "WorkdirRefused")
HEAD = """# All messages

If a command ends with exit code 2, it has refused its input before doing any work, and its message says what is wrong
and how to mend it. This page lists these messages, but for a few that are put together while the program runs. It is
made from the code; `…` stands for what you gave or for what was found. The frequent ones are explained in
[Troubleshooting](../troubleshooting.md).
"""


def sentence(node):
    """Returns the text of a message as the code writes it, with … for what is filled in; None where it is made
    elsewhere.

    Example:

    >>> sentence(ast.parse("f'There is no {name}. Give one.'").body[0].value)
    'There is no …. Give one.'
    """
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        parts = (str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        return " ".join("".join(parts).split())
    return None


def messages():
    """Returns a dict: heading -> sorted messages."""
    found = {heading: set() for heading in KINDS.values()}
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).as_posix()
        heading = next(heading for start, heading in KINDS.items() if place.startswith(start))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in REFUSALS and node.args:
                text = sentence(node.args[0])
                if text and len(text.replace("…", "").split()) > 2:
                    found[heading].add(text)
    return {heading: sorted(texts) for heading, texts in found.items() if texts}


def messages_page():
    """Returns the page as Markdown."""
    escaped = str.maketrans({"<": "&lt;", "*": "\\*", "[": "\\[", "_": "\\_", "`": "\\`"})
    parts = [HEAD]
    for heading, texts in messages().items():
        parts.append(f"## {heading}\n\n" + "\n".join(f"- {text.translate(escaped)}" for text in texts) + "\n")
    return "\n".join(parts)
