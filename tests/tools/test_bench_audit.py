"""What tools/bench_audit.py plants and how it counts."""

import bench_audit
import numpy as np


def test_so_many_labels_are_flipped_and_each_becomes_another():
    labels = np.zeros(1_000, np.int64)
    flipped, changed = bench_audit.flip(labels, 10)
    assert len(flipped) == 20
    assert np.flatnonzero(changed).tolist() == sorted(flipped)
    assert changed.max() < 10


def test_precision_is_of_as_many_as_were_flipped_and_recall_of_all():
    assert bench_audit.found([3, 4, 5, 1], [3, 1]) == (0.5, 1.0, 4)


def test_planted_copies_differ_from_their_originals():
    generator = np.random.default_rng(0)
    images = generator.integers(0, 255, (4, 12, 12, 1)).astype(np.uint8)
    for kind in ("shifted", "JPEG 75", "brightness"):
        copies = bench_audit.planted(images, kind, generator)
        assert copies.shape == images.shape and (copies != images).any(axis=(1, 2, 3)).all()


def test_a_page_says_what_was_not_measured(tmp_path):
    bench_audit.main(["--parts", "folders", "--out", str(tmp_path / "audit.md")])
    assert "**Wrong labels.** not measured." in (tmp_path / "audit.md").read_text()
