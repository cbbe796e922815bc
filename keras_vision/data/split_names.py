"""What people call the three splits."""

import re

# Without case, digits and signs, and without the words below.
_SPELLINGS = {
    "train": ("train", "training", "trn", "tr", "learn", "learning"),
    "validation": ("validation", "validate", "valid", "val", "vali", "dev", "development", "publictest"),
    "test": ("test", "testing", "tst", "te", "evaluation", "eval", "holdout", "heldout", "privatetest"),
}
SPLIT_WORDS = {word: split for split, words in _SPELLINGS.items() for word in words}
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
