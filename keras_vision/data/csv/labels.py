"""Which columns of a table say the class of each image: one that holds it, or one for each class."""

from keras_vision.data.csv.table import LABEL_NAMES, plain
from keras_vision.data.spelling import is_numeral
from keras_vision.data.words import some
from keras_vision.errors import BadInput

_SHARES = {"true": 1.0, "false": 0.0}


def named_label(table):
    """Returns the number of the column that is named as the label's, or None.

    Raises:
        BadInput: Several columns bear that name, with different values.
    """
    label = table.named(LABEL_NAMES)
    same = [] if label is None else [i for i, name in enumerate(table.heading) if plain(name) == _name(table, label)]
    if len({tuple(table.column(index)) for index in same}) > 1:
        titles = some([f"{table.heading[index]!r}" for index in same])
        raise BadInput(f"{table.path} has {len(same)} columns named as the label's: {titles}. Keep one of them.")
    return label


def _name(table, index):
    return plain(table.heading[index])


def label_columns(table, rows, free):
    """Returns the column that is not named and must be the label's, or those of the classes, as a list.

    Args:
        table: A `CsvFile`.
        rows: All its rows, lists of strings.
        free: Numbers of the columns that it may be.

    Raises:
        BadInput: None can be, or several.
    """
    shares = [index for index in free if all(_share(row[index]) is not None for row in rows)]
    rest = {index: {row[index] for row in rows} for index in free if index not in shares}
    if table.has_heading and len(shares) > 1 and not _able(rest, len(rows)):
        return shares
    return [only_label(table, rest | {index: {row[index] for row in rows} for index in shares}, len(rows))]


def only_label(table, values, count):
    """Returns the number of the only column that can be the label's.

    Args:
        table: A `CsvFile`.
        values: Dict from the number of a column to its different values.
        count: Of the rows: what differs in all of them, as numbers of rows do, is no class.

    Raises:
        BadInput: None can be, or several.
    """
    if len(values) == 1:
        return next(iter(values))
    able = _able(values, count)
    if len(able) == 1:
        return able[0]
    if not able:
        raise BadInput(
            f"{table.path} has no column of labels; its columns are {some(table.heading)}. Rename the right one to "
            "label."
        )
    raise BadInput(
        f"{table.path} does not say which column is the label: it could be {some([table.heading[i] for i in able])}. "
        "Rename the right one to label."
    )


def _able(values, count):
    return sorted(i for i, of_column in values.items() if 1 < len(of_column) < count and not _is_measured(of_column))


def _is_measured(values):
    return all(map(is_numeral, values)) and not all(float(value).is_integer() for value in values)


def _share(value):
    share = float(value) if is_numeral(value) else _SHARES.get(value.lower())
    return share if share is not None and 0 <= share <= 1 else None


def class_of_row(table, columns, row, number):
    """Returns the label in a row; of one column for each class the name of that with the 1.

    Raises:
        BadInput: A row without exactly one class.
    """
    if len(columns) == 1:
        return row[columns[0]]
    shares = {table.heading[column]: _share(row[column]) for column in columns}
    classes = [name for name, share in shares.items() if share]
    if len(classes) == 1 and shares[classes[0]] == 1:
        return classes[0]
    if any(share not in (0, 1) for share in shares.values()):
        raise BadInput(
            f"{table.path}: row {number} holds shares ({some([f'{name} {shares[name]:g}' for name in classes])}), not "
            "one class. Write 1 for the class of the image and 0 for the others."
        )
    raise BadInput(
        f"{table.path}: row {number} has {len(classes)} classes{f' ({some(classes)})' if classes else ''}. Each image "
        "needs exactly one."
    )
