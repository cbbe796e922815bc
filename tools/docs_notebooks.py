"""Notebooks as pages of the documentation: their text, their code, and what it showed. Nothing is run."""

import json
import re


def notebook_page(path):
    """Returns a notebook as Markdown."""
    parts = [part for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] for part in _parts(cell)]
    head, *rest = parts
    link = f"This page is a notebook that was run: [{path.name}]({path.name})."
    return "\n\n".join([*head.split("\n\n", 1)[:1], link, *head.split("\n\n", 1)[1:], *rest]) + "\n"


def _parts(cell):
    """Yields the parts of a cell: text, or code and what it showed."""
    source = "".join(cell["source"])
    if cell["cell_type"] != "code":
        yield source
        return
    yield f"```python\n{source}\n```"
    for output in cell["outputs"]:
        yield _shown(output)


def _shown(output):
    """Returns an output as Markdown: a picture, HTML without empty lines, which would end it, or plain text."""
    data = output.get("data", {})
    if "image/png" in data:
        return f'<img src="data:image/png;base64,{"".join(data["image/png"]).strip()}" alt="">'
    if "text/html" in data:
        text = re.sub("<style.*?</style>", "", "".join(data["text/html"]), flags=re.DOTALL)
        return re.sub(r"\n\s*", "\n", f'<div class="shown">\n{text}\n</div>')
    text = "".join(output.get("text") or data["text/plain"])
    return f"````text\n{text.rstrip()}\n````"
