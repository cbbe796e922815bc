"""The notebooks of the documentation run from their top, without a warning, and are kept with what they show."""

import json

import docs_notebooks
import docs_reference
import pytest

pytest.importorskip("pandas")
notebooks = pytest.importorskip("notebooks", reason="nbclient is not installed")  # the tool that runs them
KILOBYTES = 300


@pytest.mark.slow
@pytest.mark.parametrize("name", notebooks.NAMES)
# Jupyter's own, of how it talks to its kernel
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_notebook_runs_without_a_stray_line(name, tmp_path):
    ran = notebooks.run(name, tmp_path)
    outputs = [one for cell in ran.cells for one in cell.get("outputs", ())]
    assert not [one for one in outputs if one.get("name") == "stderr"]
    shown = [one["data"]["text/html"] for one in outputs if "text/html" in one.get("data", ())]
    assert not [text for text in shown if "<progress" in text]  # every bar has come to its end
    assert any("<img" in text for text in shown)


@pytest.mark.parametrize("name", notebooks.NAMES)
def test_a_notebook_is_kept_with_what_it_shows_and_is_small(name):
    path = notebooks.FOLDER / f"{name}.ipynb"
    text = path.read_text(encoding="utf-8")
    assert len(text) < 1000 * KILOBYTES
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == [*range(1, len(cells) + 1)]
    assert not [one for cell in cells for one in cell["outputs"] if one.get("name") == "stderr"]
    assert str(docs_reference.ROOT) not in text and "/tmp/" not in text


def test_a_page_of_a_notebook_has_its_code_and_what_it_showed(tmp_path):
    shown = [
        {"output_type": "stream", "name": "stdout", "text": ["a < b\n"]},
        {"output_type": "execute_result", "data": {"text/html": ["<table>\n\n<tr></tr></table>"]}},
        {"output_type": "execute_result", "data": {"image/png": "iVBORw\n", "text/plain": ["Picture"]}},
    ]
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "\n", "Text."]},
        {"cell_type": "code", "source": ["1 + 1"], "outputs": shown},
    ]
    path = tmp_path / "one.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    page = docs_notebooks.notebook_page(path)
    assert page.startswith("# Title\n\nThis page is a notebook that was run: [one.ipynb](one.ipynb).\n\nText.")
    assert "```python\n1 + 1\n```" in page and "````text\na < b\n````" in page
    assert '<div class="shown">\n<table>\n<tr></tr></table>\n</div>' in page
    assert 'src="data:image/png;base64,iVBORw"' in page
