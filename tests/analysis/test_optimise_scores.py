"""Scores, fronts, limits and what asking is worth: by hand, by closed forms, and as properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from ldnsim.analysis.optimise import asking, scores
from ldnsim.analysis.optimise.choose import individual

ALIKE = np.ones((1, 10))
FLOATS = st.floats(-10, 10).map(lambda x: round(x, 3))


def table(*rows: list[list[float]]) -> np.ndarray:
    """Utility of candidates over (places, patients)."""
    return np.array(rows, dtype=float)


# ---- mean, worst tenth, regret -----------------------------------------------------------------


def test_the_mean_is_over_patients_by_weight_and_over_places_alike() -> None:
    u = table([[0.0, 4.0], [2.0, 2.0]])
    assert scores.over_all(u, np.array([[1.0, 3.0]]))[0, 0] == pytest.approx((3.0 + 2.0) / 2)
    assert scores.by_place(u, np.array([[1.0, 3.0]]))[0, 0].tolist() == [3.0, 2.0]


def test_the_worst_tenth_by_hand() -> None:
    ten = table([[float(k) for k in range(10)]])
    assert scores.worst_tenth(ten, ALIKE)[0, 0] == 0.0
    # of 5 patients half of the lowest one is a tenth; of 15 the lowest and half of the next
    assert scores.worst_tenth(ten[:, :, :5], ALIKE[:, :5])[0, 0] == 0.0
    fifteen = table([[float(k) for k in range(15)]])
    want = (1.0 * 0.0 + 0.5 * 1.0) / 1.5
    assert scores.worst_tenth(fifteen, np.ones((1, 15)))[0, 0] == pytest.approx(want)
    # a patient of weight 2 counts as two
    twice = table([[0.0, 5.0]])
    heavy = scores.worst_tenth(twice, np.array([[0.05, 0.95]]))[0, 0]
    assert heavy == pytest.approx((0.05 * 0.0 + 0.05 * 5.0) / 0.1)


def test_the_worst_tenth_of_many_is_that_of_the_normal_distribution() -> None:
    q = (np.arange(20_000) + 0.5) / 20_000
    u = table([stats.norm.ppf(q).tolist()])
    want = -stats.norm.pdf(stats.norm.ppf(0.1)) / 0.1
    assert scores.worst_tenth(u, np.ones((1, 20_000)))[0, 0] == pytest.approx(want, abs=2e-3)


def test_places_are_pooled_in_the_worst_tenth() -> None:
    u = table([[5.0] * 5, [1.0, 9.0, 9.0, 9.0, 9.0]])
    assert scores.worst_tenth(u, np.ones((1, 5)))[0, 0] == 1.0, "one of ten patients"


def test_regret_by_hand() -> None:
    # best at place 1: 3 (a), at place 2: 4 (b); a loses 4 - 0 there, b 3 - 1, c 3 - 2 and 4 - 3
    u = table([[3.0], [0.0]], [[1.0], [4.0]], [[2.0], [3.0]])
    w = np.ones((1, 1))
    assert scores.largest_regret(u, w)[0].tolist() == [4.0, 2.0, 1.0]
    assert int(scores.score(u, w, "regret").argmax()) == 2
    assert int(scores.score(u, w, "mean").argmax()) in (1, 2)
    # against what may be chosen only
    assert scores.largest_regret(u, w, np.array([False, True, True]))[0].tolist()[1:] == [1.0, 1.0]


@given(arrays(float, (3, 2, 4), elements=FLOATS), arrays(float, (2, 4), elements=st.floats(0.1, 5)))
def test_scores_lie_in_order(u: np.ndarray, w: np.ndarray) -> None:
    low, mean = scores.worst_tenth(u, w), scores.over_all(u, w)
    assert (low <= mean + 1e-9).all()
    assert (low >= u.min(axis=(1, 2)) - 1e-9).all()
    assert (scores.largest_regret(u, w) >= -1e-12).all()
    more = scores.score(u + 1.5, w, "worst tenth") - scores.score(u, w, "worst tenth")
    assert np.allclose(more, 1.5)
    assert np.allclose(scores.largest_regret(u + 1.5, w), scores.largest_regret(u, w))
    assert np.allclose(scores.score(2.0 * u, w, "mean"), 2.0 * mean)


# ---- limits ------------------------------------------------------------------------------------


def test_a_limit_holds_at_every_place_or_is_missed_by_the_most() -> None:
    x = table([[0.9, 0.7], [0.5, 0.9]], [[0.9, 0.9], [0.9, 0.9]])
    w = np.ones(2)
    least = scores.shortfall(x, w, 0.75, least=True, tail=False)
    assert least[0] == pytest.approx(0.05) and least[1] == pytest.approx(-0.15)
    most = scores.shortfall(x, w, 0.75, least=False, tail=False)
    assert most.tolist() == pytest.approx([0.05, 0.15])
    assert scores.shortfall(x, w, 0.75, least=True, tail=True)[0] == pytest.approx(0.25)
    assert scores.shortfall(x, w, 0.75, least=False, tail=True)[0] == pytest.approx(0.15)


# ---- the front ---------------------------------------------------------------------------------


def by_hand(values: np.ndarray) -> list[bool]:
    """Whether no other row is as good everywhere and better somewhere, row by row."""

    def beats(a: np.ndarray, b: np.ndarray) -> bool:
        return bool((a >= b).all() and (a > b).any())

    return [not any(beats(o, v) for o in values) for v in values]


@given(arrays(float, (8, 3), elements=st.integers(0, 3).map(float)))
def test_the_front_is_what_nothing_beats(values: np.ndarray) -> None:
    front = scores.front(values)
    assert front.any() and front.tolist() == by_hand(values)
    # whatever is best by some positive weights is on it
    for weights in ([1.0, 1.0, 1.0], [5.0, 1.0, 0.3]):
        best = values @ np.array(weights)
        assert front[best >= best.max() - 1e-12].all()
    # what is not on it is beaten by something that is
    for row in values[~front]:
        kept = values[front]
        assert ((kept >= row).all(axis=1) & (kept > row).any(axis=1)).any()


@given(arrays(float, (6, 2), elements=FLOATS), st.permutations(range(6)))
def test_the_front_knows_no_order_and_no_scale(values: np.ndarray, order: list[int]) -> None:
    front = scores.front(values)
    assert scores.front(values[order]).tolist() == front[order].tolist()
    assert scores.front(np.sign(values) * np.abs(values) ** 3).tolist() == front.tolist()


# ---- intervals ---------------------------------------------------------------------------------


def test_resampled_means_spread_as_the_standard_error() -> None:
    x = stats.norm.ppf((np.arange(400) + 0.5) / 400)
    draws = scores.resampled(np.ones(400), 3)
    means = draws @ x / draws.sum(axis=1)
    assert means.std() == pytest.approx(x.std() / 20.0, rel=0.08)
    low, high = scores.interval(means)
    assert high - low == pytest.approx(2 * 1.96 / 20.0, rel=0.1)
    assert (scores.resampled(np.ones(9), 3) == scores.resampled(np.ones(9), 3)).all()


# ---- what asking is worth ----------------------------------------------------------------------

KINDS = ("low", "high")


def drawn(seed: int, gap: float, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Two candidates: the second is worth ``gap`` more in one half, as much less in the other."""
    rng = np.random.default_rng(seed)
    group = (np.arange(n) % 2).astype(np.int64)
    u = np.zeros((2, 1, n))
    u[0, 0] = rng.normal(0.0, 1.0, n)
    u[1, 0] = u[0, 0] + np.where(group == 1, gap, -gap) + rng.normal(0.0, 0.2, n)
    return u, group


def test_knowing_who_gains_is_worth_half_the_gap() -> None:
    u, group = drawn(1, 1.0)
    every = np.ones(2, dtype=bool)
    found = asking.of_groups("kind", u, np.ones(200), group, KINDS, 0, every)
    assert found.best == (0, 1)
    assert found.gain == pytest.approx(0.5, abs=4 * found.error) and 0.0 < found.error < 0.1
    assert found.seeming == pytest.approx(0.5, abs=0.05)


def test_what_is_asked_in_vain_is_worth_nothing_though_it_seems_to_be() -> None:
    """Twenty candidates that differ by chance only, groups drawn by chance."""
    gains, seeming, errors = [], [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        u = rng.normal(0.0, 1.0, (20, 1, 60))
        group = rng.integers(0, 3, 60)
        found = asking.of_groups("noise", u, np.ones(60), group, ("a", "b", "c"), seed,
                                 np.ones(20, dtype=bool))  # fmt: skip
        gains.append(found.gain)
        seeming.append(found.seeming)
        errors.append(found.error)
    assert min(seeming) >= 0.0 and np.mean(seeming) > 0.1, "a maximum over noise"
    assert abs(np.mean(gains)) < 3.0 * np.std(gains) / 30**0.5 + 0.02
    assert np.mean(np.abs(gains) < 2.0 * np.array(errors)) > 0.85, "the stated error holds"


@given(arrays(float, (4, 3, 1), elements=FLOATS))
def test_an_axis_of_one_patient_is_worth_the_difference_exactly(u: np.ndarray) -> None:
    at = np.arange(3)
    found = asking.of_axis("axis", u, np.ones(1), at, ("a", "b", "c"), 0, np.ones(4, dtype=bool))
    want = u[:, :, 0].max(axis=0).mean() - u[:, :, 0].mean(axis=1).max()
    assert found.gain == pytest.approx(want, abs=1e-12) and found.gain >= -1e-12
    assert found.error == 0.0


def test_a_candidate_that_may_not_be_chosen_is_never_the_best() -> None:
    u, group = drawn(1, 1.0)
    found = asking.of_groups("kind", u, np.ones(200), group, KINDS, 0, np.array([True, False]))
    assert found.best == (0, 0) and found.gain == 0.0 == found.seeming


def test_what_so_few_cannot_tell_is_not_told() -> None:
    u, group = drawn(1, 1.0, 10)
    every = np.ones(2, dtype=bool)
    few = asking.of_groups("kind", u, np.ones(10), group, KINDS, 0, every)
    assert np.isnan(few.gain) and np.isnan(few.error) and few.seeming > 0.0
    u, group = drawn(1, 1.0, 12)
    enough = asking.of_groups("kind", u, np.ones(12), group, KINDS, 0, every)
    assert np.isfinite(enough.gain)


def test_groups_have_equal_weight_and_words() -> None:
    values = np.array([5.0, 1.0, 3.0, 2.0, 4.0, 6.0])
    group, names = asking.groups_of(values, np.ones(6), 3, "x")
    assert group.tolist() == [2, 0, 1, 0, 1, 2] and names == ("1 to 2", "3 to 4", "5 to 6")
    heavy, _ = asking.groups_of(values, np.array([1.0, 4.0, 1.0, 1.0, 1.0, 0.0]), 2, "x")
    assert heavy.tolist() == [1, 0, 1, 1, 1, 1]
    words, kinds = asking.groups_of(np.array(["AG", "AA", "AG"]), np.ones(3), 3, "oprm1")
    assert words.tolist() == [1, 0, 1] and kinds == ("AA", "AG")
    with pytest.raises(ValueError, match="the same in every patient"):
        asking.groups_of(np.ones(4), np.ones(4), 2, "x")


# ---- individual dosing -------------------------------------------------------------------------


def test_one_for_all_falls_behind_by_the_gap_of_those_it_does_not_suit() -> None:
    """Three quarters are best on the first by 1, one quarter on the second by 2."""
    u = np.zeros((2, 1, 40))
    u[0, 0, :30], u[1, 0, 30:] = 1.0, 2.0
    found = individual(u, np.ones(40), 0, np.ones(2, dtype=bool))
    assert found.one == 0 and found.shares.tolist() == [0.75, 0.25]
    assert found.gap == pytest.approx(0.25 * 2.0)
    assert found.low < 0.5 < found.high
    same = individual(np.repeat(u[:, :, :1], 9, axis=2), np.ones(9), 0, np.ones(2, dtype=bool))
    assert (same.gap, same.low, same.high) == (0.0, 0.0, 0.0)
