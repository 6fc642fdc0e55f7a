"""How exactly runs are solved: who asks for what, and why.

What is asked is one number, the largest error wanted of a value relative to its state's range
(``rtol`` of a study's ``[solver]``). The engine takes two: that one, and for each state an
absolute error below which nothing need be resolved. By default that is a hundredth of ``rtol`` of
the state's usual size, the ratio at which the promise was measured (``benchmarks/accuracy.py``).
"""

from __future__ import annotations

import numpy as np

from ldnsim.arrays import Floats
from ldnsim.config.blocks import Solver
from ldnsim.model import Model

COMPARED = 1e-5
"""Numbers held against an interval or another run's: an error must not decide which side of a
bound they lie on, nor be seen in the difference of two runs."""
DIFFERENTIATED = 1e-5
"""Derivatives by differences; copies share their steps, so that errors cancel."""


def absolute(model: Model, solver: Solver) -> Floats:
    """Return the absolute tolerance of each state: the setting times the state's usual size.

    Args:
        model: the states.
        solver: accuracy asked for.
    """
    scale = [state.scale for state in model.states.values()]
    return solver.floor * np.array(scale, dtype=np.float64)
