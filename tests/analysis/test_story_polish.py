"""The polish of a story: bounds kept as bounds, gradients, steps that are least."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldnsim.analysis.evidence.story import Story
from ldnsim.analysis.evidence.story_polish import Lines
from ldnsim.analysis.evidence.story_search import Options, search
from tests.analysis.test_story import CLOSED


def test_polish_comes_to_rest_between_bounds_that_oppose_each_other() -> None:
    """At least 2 and, doubled, at most 4.1: a step that knows one bound misses the other."""
    found = search(Story(text=CLOSED.replace("high = 5.0", "high = 4.1")), Options(starts=0))
    assert found.missed == ()
    best = found.solutions[0]
    # the aim of the lower bound, a tenth of a unit within, and nothing for the other parameter
    z = 2.0 * math.log(2.01)
    assert best.departure == pytest.approx([z, 0.0], abs=0.03)
    assert best.total == pytest.approx(z**2, rel=0.05)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_lines_have_the_gradient_they_say_and_steps_that_are_least(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, rows = 3, 4
    values = rng.normal(0.0, 2.0, rows)
    values[0] = np.nan
    lines = Lines(
        rng.normal(size=n), values, rng.normal(size=(rows, n)), np.array([-np.inf, -1, -1, 0.5]),
        np.array([0.0, 1.0, np.inf, 0.7]), rng.uniform(0.0, 0.5, rows), rng.normal(size=(rows, n)),
        rng.normal(size=2), rng.normal(size=(2, n)), 100.0,
    )  # fmt: skip
    d = rng.normal(0.0, 0.3, n)
    slope = lines.objective(d)[1]
    h = 1e-7
    for j, e in enumerate(np.eye(n)):
        ahead, behind = lines.objective(d + h * e)[0], lines.objective(d - h * e)[0]
        assert (ahead - behind) / (2 * h) == pytest.approx(slope[j], rel=1e-4, abs=1e-3)
    box = (np.full(n, -3.0), np.full(n, 3.0))
    least = lines.objective(lines.step(0.4, box))[0]
    inside = np.clip(lines.x + rng.uniform(-0.4, 0.4, (200, n)), *box) - lines.x
    assert least <= min(lines.objective(w)[0] for w in inside) + 1e-6
    free = lines.without(np.array([True, False, True, False]))
    assert free.objective(d)[0] <= lines.objective(d)[0] + 1e-9
