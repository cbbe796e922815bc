"""Tables for a person, as data; and the instruments' results, as `describe` returns them, as tables and lines."""

import dataclasses
import math

UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclasses.dataclass
class TextTable:
    """A table; `Progress.print` shows it.

    Args:
        title: A line above it; None for none.
        columns: The names of its columns.
        texts: The places of those that hold words, which may be folded; the others hold numbers.
        rows: A tuple of texts for each row, and None for a line between two.

    Example:

    >>> table = TextTable("Classes", ("class", "images"))
    >>> table.add_row("cat", "12")
    >>> table.rows
    [('cat', '12')]
    """

    title: str | None
    columns: tuple
    texts: tuple = (0,)
    rows: list = dataclasses.field(default_factory=list)

    def add_row(self, *cells):
        """Adds a row of texts."""
        self.rows.append(cells)

    def add_line(self):
        """Adds a line that ends a part of the table."""
        self.rows.append(None)


def layer_table(result):
    """Returns the table of layers: shapes, weights, operations, memory, and what a unit sees of the image."""
    table = TextTable(
        f"{result['model']}, for one image {_times(result['input_shape'])}",
        ("layer", "output", "weights", "biases", "MACs", "FLOPs", "memory", "sees", "jump", "from"),
    )
    for layer in result["layers"]:
        table.add_row(
            layer["name"],
            _times(layer["output_shape"]),
            f"{layer['weights']:,}",
            f"{layer['biases']:,}",
            short(layer["macs"]),
            short(layer["flops"]),
            f"{short(layer['activation_bytes'])}B",
            *_field_words(layer["receptive_field"]),
        )
    return table


def total_lines(totals):
    """Returns the totals of a result as lines."""
    lines = [
        f"parameters: {size_words(totals)}",
        f"in training: {totals['weights']:,} weights, {totals['biases']:,} biases and {totals['statistics']:,} "
        f"statistics: {short(totals['weight_bytes'])}B",
        f"inference, per image: {short(totals['macs'])} MACs, {short(totals['flops'])} FLOPs, "
        f"at most {short(totals['peak_activation_bytes'])}B of activations at once",
        f"training step, per image: {short(totals['training_macs'])} MACs, {short(totals['training_flops'])} FLOPs, "
        f"{short(totals['training_activation_bytes'])}B of activations kept",
    ]
    if totals["not_counted"]:
        lines.append(f"not among these MACs and FLOPs: {', '.join(totals['not_counted'])}")
    return lines


def size_words(facts, unit=""):
    """Returns how large a network is: the numbers that it needs once it is exported, and those that training moves.

    Args:
        facts: Dict with `parameters` and `trainable_parameters`; of a run of long ago with the former alone, which
            counted what training moves.
        unit: What stands behind the first number.

    Example:

    >>> size_words({"parameters": 2350, "trainable_parameters": 2384})
    '2,350 (2,384 trainable)'
    """
    trainable = facts.get("trainable_parameters")
    return f"{facts['parameters']:,}{unit}" + (f" ({trainable:,} trainable)" if trainable is not None else "")


def impulse_line(impulse):
    """Returns what an impulse response showed."""
    kernel = _times(impulse["kernel"])
    return (
        f"{impulse['layer']}: the {kernel} kernel read back differs from the stored one by {impulse['difference']:.1g}"
    )


def finding_lines(findings):
    """Returns the findings of a check of the wiring, and their number; nothing where there was no check."""
    if findings is None:
        return []
    lines = [f"{one['fault']}: {', '.join(one['layers'])}: {one['explanation']}" for one in findings]
    return [*lines, f"wiring: {len(findings)} finding{'s' * (len(findings) != 1)}"]


def linearity_table(tables):
    """Returns which kinds of layer are linear and equivariant, those of the model before those of textbooks."""
    table = TextTable(
        "Linear? Equivariant to translation?",
        ("layer kind", "additive", "homogeneous", "every shift", "shifts by the stride"),
    )
    for rows in (tables["layers"], tables["textbook"]):
        for row in rows:
            table.add_row(row["kind"], *({True: "yes", False: "no", None: "-"}[v] for v in row["verdicts"].values()))
        table.add_line()
    return table


def gradient_table(gradients):
    """Returns gradient norms by layer."""
    table = TextTable(f"Gradients on {gradients['images']}", ("layer", "gradient norm", "weight norm"))
    for row in gradients["layers"]:
        norms = (row["gradient_norm"], row["weight_norm"])
        table.add_row(row["name"], *("not finite" if norm is None else f"{norm:.4g}" for norm in norms))
    return table


def field_table(rows):
    """Returns the receptive fields of centre units, in theory and measured."""
    table = TextTable("Receptive fields, in pixels", ("layer", "in theory", "measured width"))
    for row in rows:
        table.add_row(row["layer"], row["theory"], f"{row['measured_width']:.1f}")
    return table


def feature_table(features):
    """Returns how many units of each layer do nothing, and the parameters that they waste."""
    table = TextTable(f"Units on {features['images']}", ("layer", "units", "dead", "duplicates", "parameters wasted"))
    for row in features["layers"]:
        idle = (len(row["dead"]), len(row["duplicates"]))
        table.add_row(row["name"], f"{row['units']:,}", *map(str, idle), f"{row['parameters']:,}")
    return table


# key of the result -> its table
TABLES = {
    "linearity": linearity_table,
    "gradients": gradient_table,
    "receptive_fields": field_table,
    "features": feature_table,
}


def short(number):
    """Returns a count with three digits and a unit, "?" for None.

    Example:

    >>> short(151783936)
    '152 M'
    """
    if number is None:
        return "?"
    for size, unit in UNITS:
        if number >= size:
            digits = max(0, 2 - int(math.log10(number / size)))
            return f"{number / size:.{digits}f} {unit}"
    return f"{number} "


def _field_words(field):
    if field is None:
        return ("?", "", "")
    if field["global"]:
        return ("global", "", "")
    return (field["text"], _pair(field["jump"]), _pair(field["start"]))


def _pair(numbers):
    return str(numbers[0]) if numbers[0] == numbers[1] else ",".join(map(str, numbers))


def _times(shape):
    return "x".join(map(str, shape))
