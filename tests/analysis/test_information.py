"""Information of Gaussian observations about hypotheses, against integrals and limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from ldnsim.analysis.design.information import greedy, information, separations


def by_integral(mean: np.ndarray, sd: np.ndarray) -> float:
    def density(y: float) -> float:
        parts = norm.pdf(y, mean, sd)
        mix = parts.mean()
        safe = np.where(parts > 0.0, parts, 1.0)
        return float(np.mean(parts * np.log2(safe / max(mix, 1e-300))))

    low, high = (mean - 9.0 * sd).min(), (mean + 9.0 * sd).max()
    return float(quad(density, low, high, limit=500, points=sorted(mean))[0])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(-3.0, 3.0), min_size=3, max_size=3),
    st.lists(st.floats(0.5, 1.5), min_size=3, max_size=3),
)
def test_one_observation_agrees_with_the_integral(mean: list[float], sd: list[float]) -> None:
    m, s = np.array(mean), np.array(sd)
    found = float(information(m[:, None], s[:, None]))
    assert found == pytest.approx(by_integral(m, s), abs=2e-3)
    assert 0.0 <= found <= np.log2(3.0) + 1e-9


def test_limits_nothing_known_and_everything_known() -> None:
    same, one = np.ones((8, 1)), np.full((8, 1), 0.1)
    assert float(information(same, one)) == pytest.approx(0.0, abs=1e-12)
    assert float(information(np.arange(8.0)[:, None], 1e-3 * same)) == pytest.approx(3.0)
    bits = np.array([[(h >> k) & 1 for k in range(3)] for h in range(8)], dtype=float)
    for k in (1, 2, 3):  # each binary observation tells one of three independent questions
        assert float(information(bits[:, :k], np.full((8, k), 0.01))) == pytest.approx(k, abs=1e-6)


def test_a_second_equal_observation_is_a_smaller_error() -> None:
    mean = np.array([0.0, 0.7, 1.9])
    twice = information(np.stack([mean, mean], 1), np.full((3, 2), 1.0))
    once = information(mean[:, None], np.full((3, 1), np.sqrt(0.5)))
    assert float(twice) == pytest.approx(float(once), abs=2e-3)


def test_separation_is_the_gap_in_standard_deviations() -> None:
    z = separations(np.array([0.0, 1.0, -2.0]), np.array([1.0, 3.0, 1.0]))
    assert z == pytest.approx([1 / np.sqrt(2.0), 2.0, 3 / np.sqrt(2.0)])


def test_the_best_set_takes_what_adds_and_no_kind_twice() -> None:
    mean = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 0.1, 1.0, 1.1], [0.0, 1.0, 0.0, 1.0]])
    sd = np.array([[0.05] * 4, [0.06] * 4, [0.3] * 4])
    chosen, bits = greedy(mean, sd, ["a", "b", "c"], size=2)
    # the second observation is better than the third alone, but repeats the first
    alone = information(mean[..., None], sd[..., None])
    assert alone[1] > alone[2] and chosen[1] in (0, 2) and 2 in chosen
    assert bits[1] > bits[0] and bits[1] == pytest.approx(1.9, abs=0.2)
    again, _ = greedy(mean, sd, ["a", "a", "a"])
    assert len(again) == 1
