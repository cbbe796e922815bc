"""What people call the three splits: one table for folders, files, arrays, columns of a table and TFDS."""

import re

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SPLITS = (TRAIN, VALIDATION, TEST)
TO_MEASURE = (TEST, VALIDATION, "all")  # what `evaluate` may be asked to measure
EVALUATION = "evaluation"  # the validation or the test split, whichever there is none of
# Without case, digits and signs, and without the neutral words below. FER2013 has a public and a private test split.
_SPELLINGS = {
    TRAIN: ("train", "training", "trn", "trainval", "learn", "learning"),
    VALIDATION: ("val", "valid", "validate", "validation", "validating", "vali", "dev", "development", "publictest"),
    TEST: ("test", "testing", "tst", "holdout", "heldout", "privatetest"),
    EVALUATION: ("eval", "evaluation"),
}
_ROLE_OF_WORD = {word: role for role, words in _SPELLINGS.items() for word in words}
# A folder may be called so for another reason: tr is Turkish, and te a Japanese syllable.
_SHORT = {"tr": TRAIN, "te": TEST}
SPLIT_WORDS = {word: TEST if role == EVALUATION else role for word, role in _ROLE_OF_WORD.items()} | _SHORT
_PAIRS = (("training", "testing"), ("training", "test"), ("train", "test"), ("Train", "Test"), ("TRAIN", "TEST"))
_NEUTRAL_WORDS = """
    set sets data dataset datasets image images img imgs split splits folder folders file files sample samples picture
    pictures photo photos pics dir part parts the
"""
_NEUTRAL = frozenset(_NEUTRAL_WORDS.split())
_TOKENS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_]+")
_GLUED = re.compile(r"(\w+?)(set|data|dataset|images?|imgs?|split|folder|part)s?")


def tokens_of(name):
    """Returns the words and numbers that a name is made of.

    Example:

    >>> tokens_of("TrainSet_2")
    ['Train', 'Set', '2']
    """
    return _TOKENS.findall(name)


def role_of(name, words=_ROLE_OF_WORD):
    """Returns the role that a name tells, a split or `EVALUATION`, and what else is in it; None and "" for no role.

    Args:
        name: Of a folder, say.
        words: From a word to the role that it tells.

    Example:

    >>> role_of("Training_Set"), role_of("seg-test"), role_of("cat")
    (('train', ''), ('test', 'seg'), (None, ''))
    """
    roles, rest, letters = [], [], ""
    for token in map(str.lower, tokens_of(name)):
        if token in _NEUTRAL or token.isdigit():
            continue
        letters += token
        if role := _told(token, words):
            roles.append(role)
        else:
            rest.append(token)
    if len(roles) < 2 and (role := _told(letters, words)):  # PublicTest, TRAINset
        return role, ""
    return (roles[0], " ".join(rest)) if len(roles) == 1 else (None, "")


def _told(word, words):
    glued = _GLUED.fullmatch(word)
    return words.get(word) or (glued and words.get(glued[1]))


def first_split(splits):
    """Returns the one of some splits that decides how the others are read: that for training, where there is one.

    Example:

    >>> first_split({"test": 1, "validation": 2})
    'validation'
    """
    return next(split for split in SPLITS if split in splits)


def split_named(word):
    """Returns "train", "validation" or "test" for a spelling of one of them, else None.

    Example:

    >>> split_named("Training"), split_named("val2017"), split_named("test_set"), split_named("cat")
    ('train', 'validation', 'test', None)
    """
    role, rest = role_of(str(word), SPLIT_WORDS)
    return None if rest else role


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
