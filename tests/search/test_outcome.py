"""What "reached" means: goals, and what came of them."""

import dataclasses

import pytest

from keras_vision.data import load_dataset
from keras_vision.errors import BadInput
from keras_vision.search.bounds import lower_bound, needed
from keras_vision.search.ledger import Trial
from keras_vision.search.outcome import Goal, State, is_sound, learned_score, make_goal, outcome_of, recorded_outcome


def test_a_goal_asks_for_more_where_fewer_images_can_show_it():
    few, many = (Goal(0.9, confirmations=3, images=images) for images in (100, 10_000))
    assert 0.9 < many.score < few.score
    assert (
        "To show 0.9 with 95% confidence, the accuracy on validation images must be at least 0.9194." in few.sentence()
    )
    assert Goal(None).sentence() == "" and Goal(None).score is None


def test_validation_images_that_the_data_bring_count_once():
    carved, brought = (Goal(0.9, confirmations=3, images=100, folds=folds) for folds in (9, 1))
    assert carved.score == needed(0.9, 700, 7) and brought.score == needed(0.9, 100, 3)
    assert brought.bound([0.95] * 3) == pytest.approx(lower_bound(0.95, 100, 3))
    assert brought.bound([0.95] * 3) < carved.bound([0.95] * 3)
    assert carved.bound([0.95] * 20) == pytest.approx(carved.bound([0.95] * 9), abs=1e-4)  # which have seen all images


def test_what_holds_is_what_is_shown():
    goal = Goal(0.9, confirmations=3, images=1_000)
    assert goal.holds([goal.score] * 3) and not goal.holds([goal.score - 0.002] * 3)
    assert not goal.holds([goal.score])  # one training shows less than three
    assert Goal(None).holds([0.1])


def test_trainings_without_hope_are_not_repeated():
    goal = Goal(0.9, confirmations=3, images=1_000)
    assert goal.is_futile([0.85]) and not goal.is_futile([0.895]) and not goal.is_futile([])
    assert not Goal(None).is_futile([0.1])


@pytest.mark.parametrize(
    ("target", "images", "folds", "expected"),
    [(0.9, 6_000, 9, 3), (0.9, 100, 9, 7), (0.98, 500, 9, 7), (0.98, 20, 1, 3), (1.0, 20, 9, 9), (None, 20, 9, 0)],
)
def test_few_images_are_seen_in_more_trainings(target, images, folds, expected):
    goal = Goal(target, images=images, folds=folds)
    assert goal.usual_confirmations == expected


@pytest.mark.parametrize(("target", "images"), [(0.9, 6_000), (0.9, 100), (0.98, 500)])
def test_a_network_is_not_asked_to_make_far_fewer_mistakes_than_it_may(target, images):
    goal = Goal(target, images=images, folds=9)
    assert target < goal.score < target + (1 - target) / 4
    assert goal.holds([goal.score] * goal.usual_confirmations)


def test_the_goal_of_a_search_counts_its_validation_images():
    data = load_dataset("digits")
    assert make_goal(0.9, "accuracy", 3, data) == Goal(0.9, "accuracy", 3, len(data.validation), folds=9)
    assert make_goal(0.9, "accuracy", None, data).confirmations == 4
    assert make_goal(None, "accuracy", None, data).confirmations == 0
    brought = dataclasses.replace(data, seed=None)
    goal = make_goal(0.9, "accuracy", 3, brought)
    assert (goal.folds, goal.are_brought) == (1, True)


def test_few_images_show_no_high_target_even_if_all_are_right():
    few = Goal(0.98, confirmations=3, images=18, folds=9)
    assert not few.holds([1.0] * 7) and few.holds([1.0] * 8)
    with pytest.raises(BadInput, match=r"with 54 validation images: .* shows 0\.9521 .* more images, --confirm 8, or"):
        few.check()
    dataclasses.replace(few, confirmations=8).check()
    dataclasses.replace(few, confirmations=0).check()
    with pytest.raises(BadInput, match="Give a lower target, more images, or --confirm 0"):
        dataclasses.replace(few, folds=1).check()
    with pytest.raises(BadInput, match=r"The target 1 cannot be shown .* Give a lower target, or --confirm 0"):
        dataclasses.replace(few, target=1.0).check()


GOAL = Goal(0.5, confirmations=2, images=1_000)
HELD, MISSED = [0.6, 0.6], [0.4, 0.4]


def tried(score, accuracies=(), stopped="epochs"):
    """A completed trial with this score, and what it came to when it was trained anew."""
    trial = Trial(3, {}, status="COMPLETED", result={"val_accuracy": score, "stopped": stopped})
    if accuracies:
        mean = sum(accuracies) / len(accuracies)
        trial.confirmed = {"mean": mean, "accuracies": list(accuracies), "holds": GOAL.holds(accuracies)}
    return trial


# trial, confirmations asked for -> state, the sentence's beginning
OUTCOMES = [
    (tried(0.7, HELD), 2, State.REACHED, "target 0.5 reached: with 95% confidence the accuracy on new images is at"),
    (tried(0.51, HELD), 2, State.REACHED, "target 0.5 reached: with 95% confidence"),  # a near miss that held
    (tried(0.7), 0, State.REACHED, "target 0.5 reached on the validation images by which the network was chosen"),
    (tried(0.7), 2, State.UNCONFIRMED, "target 0.5 not shown yet: the same command trains trials/"),
    (tried(0.7, HELD), 3, State.UNCONFIRMED, "target 0.5 not shown yet: the same command trains trials/"),
    (tried(0.7, MISSED), 2, State.REFUTED, "target 0.5 not reached: trials/0003 had 0.7000 when it was tried, and 0.4"),
    (tried(0.7, MISSED), 0, State.REFUTED, "target 0.5 not reached: trials/0003 had 0.7000"),
    (tried(0.4), 2, State.NOT_REACHED, "target 0.5 not reached: the best accuracy on validation images is 0.4000"),
    (
        tried(0.51, MISSED),
        2,
        State.NOT_REACHED,
        "target 0.5 not reached: the best accuracy on validation images is 0.5100",
    ),
    (tried(0.7, stopped="time"), 2, State.OUT_OF_TIME, "target 0.5 not reached yet: time ran out while trials/0003"),
    (tried(0.7, stopped="time"), 0, State.OUT_OF_TIME, "target 0.5 not reached yet"),
]


@pytest.mark.parametrize(("trial", "confirmations", "state", "words"), OUTCOMES)
def test_an_outcome_its_exit_code_and_its_sentence_follow_from_what_happened(trial, confirmations, state, words):
    outcome = outcome_of(trial, dataclasses.replace(GOAL, confirmations=confirmations))
    assert outcome.state is state and outcome.sentence().startswith(words)
    assert outcome.exit_code == (0 if state is State.REACHED else 3)
    result = trial.result | outcome.record() | {"best_trial": "trials/0003"}
    result |= {"confirmed": trial.confirmed} if trial.confirmed else {}
    assert result["outcome"] == state and result["reached"] is (state is State.REACHED)
    assert recorded_outcome(result, 0.5) == outcome


@pytest.mark.parametrize(
    ("accuracies", "words"),
    [
        (
            HELD,
            "target 0.5 reached on the validation images of the data set, by which the network was also chosen: its "
            "accuracy on these is 0.6000 on average of 2 trainings anew",
        ),
        (MISSED, "target 0.5 not reached: trials/0003 had 0.7000 when it was tried, and 0.4000 when it was trained "
                 "anew, which is too little"),
    ],
)  # fmt: skip
def test_images_by_which_a_network_was_chosen_show_nothing_of_new_ones(accuracies, words):
    trial = tried(0.7, accuracies)
    outcome = outcome_of(trial, dataclasses.replace(GOAL, are_brought=True))
    assert outcome.sentence() == words
    assert "at_least" not in outcome.record()
    result = trial.result | outcome.record() | {"best_trial": "trials/0003", "confirmed": trial.confirmed}
    assert recorded_outcome(result, 0.5) == outcome


def test_without_a_target_there_is_nothing_to_say():
    outcome = outcome_of(tried(0.7), Goal(None))
    assert (outcome.exit_code, outcome.sentence(), outcome.record()) == (0, "", {"reached": True})
    assert recorded_outcome({}, None) == outcome


@pytest.mark.parametrize(("score", "accuracies"), [(0.7, HELD), (0.7, MISSED), (0.51, HELD), (0.4, MISSED)])
def test_what_a_strategy_learns_is_on_the_side_that_the_trainings_show(score, accuracies):
    trial = tried(score, accuracies)
    learned = learned_score(trial, trial.confirmed, GOAL.score)
    assert (learned >= GOAL.score) is is_sound(trial, GOAL.score) is (accuracies == HELD)
    assert learned_score(trial, trial.confirmed, None) == min(score, trial.confirmed["mean"])
