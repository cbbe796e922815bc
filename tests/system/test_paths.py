import pytest

from keras_vision.errors import BadInput
from keras_vision.system.paths import at_home


def test_a_home_that_nobody_knows_is_a_sentence():
    with pytest.raises(
        BadInput, match=r"~nobody-of-this-name/photos starts with a home directory.*Write the path in full"
    ):
        at_home("~nobody-of-this-name/photos")
