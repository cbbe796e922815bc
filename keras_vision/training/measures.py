"""What a network may be judged by, in words: names that `--help` has, too, and that cost nothing to import."""

# name -> in words. What a target, and the choice of the best epoch, may be about.
METRICS = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy"}
# Views of each image whose logits are averaged: itself; and mirrored; and both of these shifted by a pixel along the
# diagonal, to and fro (Jordan 2024, arXiv:2404.00498, section 3.5).
VIEWS = (1, 2, 6)


def score_of(result):
    """Returns what the target of a training is about. Runs of versions without a choice have the accuracy alone."""
    return result.get("val_score", result["val_accuracy"])
