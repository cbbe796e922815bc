"""What tools/networks.py records: each training once, in its order, whoever else records beside it."""

import threading
import types

import networks
import pytest
from networks import TABLES, Table, Training, add_training, compact, in_order, missing, read_trainings, within_steps

from keras_vision.search.ladder import Ladder
from keras_vision.training.recipe import recipe_for

OF = {"accuracy": [0.5, 0.6], "val_accuracy": [0.4, 0.6], "parameters": 1_000, "macs": 9_000, "seconds": 1.5}


def training(filters=(8,), seed=0):
    return Training("fashion_mnist", 100, {"filters": list(filters), "blocks": [1] * len(filters)}, seed, **OF)


@pytest.fixture(scope="module")
def ladder():
    return Ladder("vgg", recipe_for("vgg"))


def counts_of(settings):
    width = sum(settings["filters"])
    return types.SimpleNamespace(parameters=100 * width, macs=1e4 * width * sum(settings["blocks"]))


def left(ladder, known=(), shard=(0, 1)):
    return missing("fashion_mnist", ladder, counts_of, known, shard)


def texts(trainings):
    return [(networks.network_key(compact(settings)), seed) for settings, seed in trainings]


def test_what_is_added_is_read_back(tmp_path):
    path = tmp_path / "networks.jsonl"
    assert read_trainings(path) == []
    for seed in (0, 1):
        add_training(training(seed=seed), path)
    assert read_trainings(path) == [training(seed=0), training(seed=1)]


def test_those_who_record_side_by_side_leave_each_other_s_lines_whole(tmp_path):
    path = tmp_path / "networks.jsonl"

    def add(seed):
        for width in range(1, 101):
            add_training(training((width,), seed), path)

    both = [threading.Thread(target=add, args=(seed,)) for seed in (0, 1)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len({one.key for one in read_trainings(path)}) == 200


def test_the_networks_are_those_that_steps_lead_to_and_no_larger_ones(ladder):
    table = TABLES["fashion_mnist"]
    found = within_steps(ladder, table)
    assert {"filters": (4, 6, 8), "blocks": (1, 1, 1), "convolution": "separable"} in map(compact, found)
    assert {"filters": (24, 48), "blocks": (1, 2)} in map(compact, found)
    assert max(sum(settings["blocks"]) for settings in found) == table.most_convs
    assert max(len(settings["blocks"]) for settings in found) == table.most_blocks
    assert all(table.has(step) is (step in found) for step in ladder.neighbours(ladder.rungs[2]))


def test_networks_of_another_form_are_of_no_table():
    table = Table(most_convs=2)
    network = {"filters": (8,), "blocks": (1,), "whitening": True, "early_pooling": True}
    assert table.has(network)
    assert not table.has(network | {"whitening": False})
    assert not table.has(network | {"activation": "prelu"})
    assert not table.has(network | {"blocks": (3,)})


def test_each_network_comes_with_all_seeds_before_the_next(ladder):
    found = texts(left(ladder))
    assert found[:4] == [(found[place][0], seed) for place in (0, 2) for seed in (0, 1)]
    assert len({text for text, _ in found}) == len(found) // 2


def test_shards_share_all_between_them(ladder):
    shards = [texts(left(ladder, shard=(which, 2))) for which in (0, 1)]
    assert not set(shards[0]) & set(shards[1])
    assert sorted(shards[0] + shards[1]) == sorted(texts(left(ladder)))


def test_what_is_known_is_not_trained_again_and_changes_no_shard(ladder):
    before = left(ladder, shard=(1, 2))
    settings, seed = before[3]
    known = [Training("fashion_mnist", 100, compact(settings), seed, **OF)]
    assert texts(left(ladder, known, (1, 2))) == texts(before[:3] + before[4:])
    elsewhere = [Training("gtsrb", 100, compact(settings), seed, **OF)]
    assert texts(left(ladder, elsewhere, (1, 2))) == texts(before)


def test_networks_of_another_size_are_left_out(ladder):
    counts = [counts_of(settings) for settings, _ in left(ladder)]
    assert {1_000 <= one.parameters <= 30_000 and one.macs <= 2.4e6 for one in counts} == {True}
    assert any(counts_of(settings).macs > 2.4e6 for settings in within_steps(ladder, TABLES["fashion_mnist"]))
    assert missing("fashion_mnist", ladder, lambda settings: None, []) == []  # as of those that do not fit the images


def test_the_order_does_not_depend_on_what_else_there_is(ladder):
    some = within_steps(ladder, Table(most_convs=2))
    kept = [settings for settings in in_order(some) if len(settings["blocks"]) == 1]
    assert kept == in_order(kept[::-1])
    assert [sum(settings["filters"]) for settings in kept] != sorted(sum(settings["filters"]) for settings in kept)


@pytest.mark.slow
def test_it_records_and_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(networks.TABLES, "digits", Table(1, images=(100, 50), epochs=2, parameters=(500, 1_000)))
    path = tmp_path / "networks.jsonl"
    of_all = {"folders": None, "data_dir": None, "seconds": 600, "path": path}
    networks.record("digits", shard=(0, 4), **of_all)
    first = read_trainings(path)
    assert first and all(len(one.accuracy) == len(one.val_accuracy) == 2 for one in first)
    assert all(500 <= one.parameters <= 1_000 and one.images == 100 and one.seconds > 0 for one in first)
    networks.record("digits", shard=(0, 4), **of_all)
    assert read_trainings(path) == first
    assert "0 trainings left" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["2", "2/2", "a/b", "-1/2"])
def test_a_shard_is_one_of_so_many(text, capsys):
    with pytest.raises(SystemExit):
        monkeypatched_main(text)
    assert "a shard is" in capsys.readouterr().err


def monkeypatched_main(text):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["networks.py", "--dataset", "gtsrb", f"--shard={text}"])
        networks.main()
