"""What native code writes to standard error."""

import os

import pytest

from keras_vision.quiet import native_output_held_back


def test_native_output_is_held_back(capfd):
    with native_output_held_back():
        os.write(2, b"greetings")
    assert capfd.readouterr().err == ""


def test_native_output_is_shown_where_something_goes_wrong(capfd):
    with pytest.raises(ValueError, match="wrong"), native_output_held_back():
        os.write(2, b"the reason")
        raise ValueError("wrong")
    assert capfd.readouterr().err == "the reason"
