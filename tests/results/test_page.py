"""The page "From Python" does what it says: its samples are run, one after the other."""

import re

import numpy as np
import pytest
from PIL import Image

from tests.tools.test_docs import ROOT

SAMPLES = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / "python.md").read_text("utf-8"), re.M | re.S)
KEPT_SHORT = "epochs=2, max_trials=1, confirm=1, strategy='random'"  # of the search, which else takes minutes


@pytest.mark.slow
@pytest.mark.usefixtures("bare_runs")
def test_the_samples_of_the_page_run(tmp_path, monkeypatch, capsys):
    pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for label, name in enumerate(("dark", "middle", "light")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(60):
            pixels = random.integers(80 * label, 80 * label + 90, (8, 8, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    (tmp_path / "new").mkdir()
    Image.fromarray(pixels).save(tmp_path / "new" / "one.png")
    names = {}
    for sample in SAMPLES:
        exec(sample.replace("target_acc=0.6)", f"target_acc=0.6, {KEPT_SHORT})"), names)
    assert set(names["result"].table["trial"]) == {"0000"}
    assert list(names["heat"].figures) == ["one"]
    assert 0 <= names["measured"].accuracy <= 1
    assert "epoch 2 of 2" in capsys.readouterr().err
