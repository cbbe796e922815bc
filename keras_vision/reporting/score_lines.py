"""What was measured of a model's answers, as lines for a person."""

# Classes are unequal where the largest has so many times the images of the smallest; and a class' recall is far below
# the accuracy where it is so much less.
UNEQUAL, FAR_BELOW = 1.5, 0.2


def interval_words(interval):
    """Returns a 95% interval as a person reads it.

    Example:

    >>> interval_words([0.8256, 0.9448])
    '95% interval 0.8256 to 0.9448'
    """
    low, high = interval
    return f"95% interval {low:.4f} to {high:.4f}"


def balance_line(result):
    """Returns balanced accuracy and worst class as a person reads them; "" where the accuracy tells all.

    It does where classes have about as many images each, and none of them is far worse than the whole.
    """
    if "worst_class" not in result:  # of an earlier version
        return ""
    smallest, largest = result["class_sizes"]
    worst = result["worst_class"]
    if largest <= UNEQUAL * smallest and worst["recall"] > result["accuracy"] - FAR_BELOW:
        return ""
    interval = interval_words(result["balanced_interval"])
    return (
        f"balanced accuracy {result['balanced_accuracy']:.4f} ({interval}); the worst class is {worst['name']!r}, "
        f"with a recall of {worst['recall']:.2f} (n = {worst['n']:,})"
    )


def score_line(result):
    """Returns a result of `measure` as the line that a person reads."""
    seen = f" in {result['views']} views" if result.get("views", 1) > 1 else ""
    again = f"; this split has been measured {result['looks']} times" if result.get("looks", 1) > 1 else ""
    accuracy, images = f"{result['split']} accuracy", "images"
    if result["split"] == "all":
        accuracy, images = "accuracy", "images, all"
    return (
        f"{accuracy} {result['accuracy']:.4f} on {result['n']:,} {images} of {result['dataset']}{seen} "
        f"({interval_words(result['interval'])}), cross-entropy {result['crossentropy']:.3f}{again}"
    )
