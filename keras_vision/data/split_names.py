"""What people call the three splits, and the files of them."""

import re

# Without case, digits and signs, and without the words below.
_SPELLINGS = {
    "train": ("train", "training", "trn", "tr", "learn", "learning"),
    "validation": ("validation", "validate", "valid", "val", "vali", "dev", "development", "publictest"),
    "test": ("test", "testing", "tst", "te", "evaluation", "eval", "holdout", "heldout", "privatetest"),
}
SPLIT_WORDS = {word: split for split, words in _SPELLINGS.items() for word in words}
_PAIRS = (("training", "testing"), ("training", "test"), ("train", "test"), ("Train", "Test"), ("TRAIN", "TEST"))
_FILLERS = re.compile(r"(set|split|data|dataset|part|images|imgs|folder)$")


def split_named(word):
    """Returns "train", "validation" or "test" for a spelling of one of them, else None.

    Example:

    >>> split_named("Training"), split_named("val2017"), split_named("test_set"), split_named("cat")
    ('train', 'validation', 'test', None)
    """
    letters = re.sub(r"[^a-z]", "", str(word).lower())
    if letters in SPLIT_WORDS:
        return SPLIT_WORDS[letters]
    return SPLIT_WORDS.get(_FILLERS.sub("", letters))


def sibling(path):
    """Returns the file beside a training file that is named like it, with test in place of train; None without one.

    Example:

    >>> from pathlib import Path
    >>> sibling(Path("mnist_train.csv")) is None  # without a mnist_test.csv here
    True
    """
    for train, test in _PAIRS:
        if train in path.name:
            other = path.with_name(test.join(path.name.rsplit(train, 1)))
            if other.is_file():
                return other
    return None
