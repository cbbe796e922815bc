import os

import pytest

from keras_vision.system import onednn


@pytest.mark.parametrize(
    ("flags", "given", "expected"), [("fma avx2", None, "1"), ("fma avx2", "0", "0"), ("sse4_2", None, None)]
)
def test_convolutions_run_by_onednn_unless_a_person_says_otherwise(flags, given, expected, monkeypatch):
    monkeypatch.setattr(onednn, "instructions", lambda: set(flags.split()))
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", given or "")
    if given is None:
        monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    onednn.use_onednn()
    assert os.environ.get("TF_ENABLE_ONEDNN_OPTS") == expected
