"""What mechanisms say of states that drive each other at once is what their equations show."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from ldnsim.influence import values_at
from ldnsim.mechanisms.record import Mechanism
from tests.engine.bench import MODEL, default_orbit

STRONG = 0.5
"""Change of a state, in units of its scale, that a lasting change of another makes in a step."""
STEP = 1.5  # h


def gains(inflamed: bool) -> np.ndarray:
    """How far each state follows each other within a step, (n, n), of their scales."""
    names, y, p = list(MODEL.states), default_orbit(inflamed).y0[0], MODEL.defaults()
    n = len(names)
    slopes = np.empty((n, n))
    for j in range(n):
        shift = np.zeros(n)
        shift[j] = 1e-6 * max(abs(y[j]), 1e-2)
        up, down = (values_at(MODEL, 3.0, y + s * shift, p)[:n] for s in (1.0, -1.0))
        slopes[:, j] = (up - down) / (2.0 * shift[j])
    scale = np.array([s.scale for s in MODEL.states.values()])
    loss = np.maximum(-np.diag(slopes), 0.0)
    found = np.abs(slopes) * scale / scale[:, None] * STEP / (1.0 + loss * STEP)[:, None]
    np.fill_diagonal(found, 0.0)
    return np.asarray(found)


@pytest.mark.parametrize("inflamed", [False, True])
def test_states_that_are_coupled_are_those_that_drive_each_other_strongly(inflamed: bool) -> None:
    names = list(MODEL.states)
    graph = csr_array((gains(inflamed) > STRONG).astype(int))
    _, label = connected_components(graph, connection="strong")
    sets = {frozenset(n for n, k in zip(names, label, strict=True) if k == own) for own in label}
    assert {s for s in sets if len(s) > 1} == {frozenset(s) for s in MODEL.coupled}


def test_what_cannot_be_coupled_is_refused() -> None:
    m = Mechanism("pair", "two states")
    for name in ("first", "second", "third"):
        exec(f"def {name}({name}: float) -> float:\n    return -{name}", scope := {})
        m.state("1", name)(scope[name])
    m.couple("first", "second")
    for wrong in (("third",), ("third", "third"), ("second", "third"), ("third", "fourth")):
        with pytest.raises(ValueError, match="pair cannot couple"):
            m.couple(*wrong)
    assert m.coupled == (("first", "second"),)
