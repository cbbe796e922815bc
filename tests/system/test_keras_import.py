"""What native code writes to standard error."""

import os
import subprocess
import sys

import pytest

from keras_vision.system.keras_import import native_output_held_back


def test_native_output_is_held_back(capfd):
    with native_output_held_back():
        os.write(2, b"greetings")
    assert capfd.readouterr().err == ""


def test_a_report_is_read_without_tensorflow():
    code = "import sys, keras_vision.search.report; assert not {'keras', 'tensorflow'} & sys.modules.keys()"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_native_output_is_shown_where_something_goes_wrong(capfd):
    with pytest.raises(ValueError, match="wrong"), native_output_held_back():
        os.write(2, b"the reason")
        raise ValueError("wrong")
    assert capfd.readouterr().err == "the reason"
