"""Opens a folder of images.

`tree.py` lists it, `layout.py` and `classes.py` find its splits and classes, `reading.py` gets its pixels.
"""

import dataclasses

from keras_vision.data.files.reading import Reader, check_kinds
from keras_vision.data.folders.classes import Listing, class_names_of
from keras_vision.data.folders.layout import find_layout
from keras_vision.data.folders.tree import list_folder
from keras_vision.data.split_names import TEST, TRAIN, VALIDATION
from keras_vision.data.splits import Source
from keras_vision.data.words import printable, some
from keras_vision.errors import BadInput

# Fewer validation images than both of these tell one network from another by chance only.
_FEW, _SMALL_SHARE = 100, 0.01


def open_folder(path, reading):
    """Opens a folder of images.

    All images get one size: that of the `Reading` where it has one, else what `sizes.py` chooses. They are grey if all
    training files are, else RGB. `images.py` says how each is converted.

    Args:
        path: The folder.
        reading: A `Reading`.

    Returns:
        A `Source`, whose `train` is None where no images are for training. Of a test folder only names are read before
        its `test` is called.

    Raises:
        BadInput: No images, a class only in test/, too much for the memory, or images that cannot be read.
    """
    layout = find_layout(list_folder(path), known=reading.known)
    splits, decisions, warnings = dict(layout.splits), list(layout.decisions), list(layout.warnings)
    if TRAIN not in splits:
        return _without_training(path, splits, decisions, reading)
    _check_listed(splits[TRAIN])
    class_names = class_names_of(splits, reading.known)
    warnings += _about(splits[TRAIN])
    for role in (VALIDATION, TEST):
        if role in splits and reading.known is None:
            warnings += _check_classes(splits[role], splits[TRAIN], role)
    for listing in splits.values():
        warnings += check_kinds(listing, reading)
    decisions += _without_tiny_validation(splits)

    reading.announce(f"Reading {len(splits[TRAIN]):,} images in {printable(splits[TRAIN].path)}")
    reader = Reader(class_names, reading)
    train = reader.read(splits[TRAIN])
    validation = reader.read(splits[VALIDATION]) if VALIDATION in splits else None
    warnings += [*train.warnings, *(validation.warnings if validation else ())]
    return Source(
        train=dataclasses.replace(train, warnings=tuple(warnings)),
        test=(lambda: _read_test(reader, splits[TEST])) if TEST in splits else None,
        class_names=class_names,
        origin=f"image files in {printable(path)}",
        validation=validation,
        decisions=(*decisions, *reader.decisions),
        pixel_scale=dict(reader.pixel_scale),
    )


def _without_training(path, splits, decisions, reading):
    """Returns the `Source` of a folder that only holds images to measure a model on."""
    for listing in splits.values():
        _check_listed(listing)
    names = class_names_of(splits, ())
    warnings = [warning for one in splits.values() for warning in (*_about(one), *check_kinds(one, reading))]
    reader = Reader(names, reading)
    read = {role: reader.read(listing) for role, listing in splits.items()}
    first = next(iter(read.values()))
    read[next(iter(read))] = dataclasses.replace(first, warnings=(*warnings, *first.warnings))
    test = read.get(TEST)
    return Source(
        train=None,
        test=None if test is None else lambda: test,
        class_names=names,
        origin=f"image files in {printable(path)}",
        validation=read.get(VALIDATION),
        decisions=(*decisions, *reader.decisions),
        pixel_scale=dict(reader.pixel_scale),
    )


def _check_listed(listing):
    if listing.error:
        where = printable(listing.path)
        raise BadInput(f"A folder in {where} cannot be read ({listing.error}). Check its permissions.")


def _about(listing):
    """What a person should know of the files that are not read, a sentence each."""
    warnings = []
    if listing.empty:
        warnings.append(f"Folders without images are not classes: {some(listing.empty)}.")
    if listing.loose:
        names = _names(listing, listing.loose)
        warnings.append(f"Images outside the folders of classes are not read ({len(listing.loose):,} in all): {names}.")
    if listing.others:
        count = len(listing.others)
        warnings.append(f"{count:,} files or folders are not images of a class: {_names(listing, listing.others)}.")
    return warnings


def _names(listing, paths):
    def name(path):
        return printable(path.relative_to(listing.path) if path.is_relative_to(listing.path) else path)

    return some([name(path) for path in paths[:5]] + list(paths[5:]))


def _check_classes(listing, train, role):
    """Names only: a class that training lacks is known before work starts, and an unreadable test/ stops nothing."""
    if listing.error:
        return [f"The {role} split cannot be read at the moment: {listing.error}."]
    if unknown := sorted(set(listing.names()) - set(train.names())):
        raise BadInput(
            f"{printable(listing.path)} has classes that {printable(train.path.name)}/ lacks: {some(unknown)}. It has "
            f"{some(train.names())}. Add training images of those, or take them out of {printable(listing.path.name)}/."
        )
    return []


def _without_tiny_validation(splits):
    """Puts the images of a validation split that is too small to tell anything to those of training."""
    train, few = splits[TRAIN], splits.get(VALIDATION, Listing(None))
    if not len(few) or len(few) >= _FEW or len(few) >= _SMALL_SHARE * len(train):
        return []
    train.files += few.files
    train.classes += few.classes
    del splits[VALIDATION]
    return [
        f"{printable(few.path.name)}/ holds only {len(few)} images, beside {len(train) - len(few):,} for training. "
        "They become training images, and a larger share of all these is set aside for validation."
    ]


def _read_test(reader, listing):
    _check_listed(listing)
    if not len(listing):
        raise BadInput(f"The folder {printable(listing.path)} holds no images that can be read.")
    known = len(reader.decisions)
    split = reader.read(listing, skips=False)  # what a test leaves out, it does not measure
    warnings = (*reader.decisions[known:], *split.warnings, *_about(listing))
    return dataclasses.replace(split, warnings=warnings)
