"""What native code writes to standard error."""

import os
import subprocess
import sys

import pytest

from keras_vision.quiet import native_output_held_back


def test_native_output_is_held_back(capfd):
    with native_output_held_back():
        os.write(2, b"greetings")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("module", ["tune", "train", "study", "evaluate", "predict", "search.report"])
def test_what_is_imported_before_a_command_starts_is_not_tensorflow(module):
    code = f"import sys, keras_vision.{module}; assert not {{'keras', 'tensorflow'}} & sys.modules.keys()"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_native_output_is_shown_where_something_goes_wrong(capfd):
    with pytest.raises(ValueError, match="wrong"), native_output_held_back():
        os.write(2, b"the reason")
        raise ValueError("wrong")
    assert capfd.readouterr().err == "the reason"
