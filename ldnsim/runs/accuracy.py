"""How exactly runs are solved: who asks for what, and why.

What is asked is one number, the largest error wanted of a value relative to its state's range
(``rtol`` of a study's ``[solver]``). The engine takes two: that one, and for each state an
absolute error below which nothing need be resolved. By default that is a hundredth of ``rtol`` of
the state's usual size, and a tenth of that for states of the drug, the ratios at which the promise
was measured (``benchmarks/accuracy.py``).
"""

from __future__ import annotations

import numpy as np

from ldnsim.arrays import Floats
from ldnsim.config.blocks import Solver
from ldnsim.influence import drug_states
from ldnsim.model import Model
from ldnsim.regimen.steady import RTOL

COMPARED = 1e-5
"""Numbers held against an interval or another run's: an error must not decide which side of a
bound they lie on, nor be seen in the difference of two runs."""
DIFFERENTIATED = 1e-5
"""Derivatives by differences; copies share their steps, so that errors cancel."""
FITTED = 1e-7
"""Fits, whose derivatives are differences of runs that share no steps: a hundred thousandth of the
step in the coordinate, so that it does not drown in the errors of the two."""
TOLD_APART = 1e-6
"""Hypotheses told apart by what they predict: effects far smaller than a patient's are compared."""
STEADY = RTOL
"""What doses before steady state may add, where no study says how exactly it is solved."""
OF_A_GROUP = Solver().rtol
"""Means of many virtual patients, whose spread is far above any error: as for a study."""
CHECKED, CHECKED_SLOWLY = 1e-8, (1e-9, 1e-11)
"""The kernels, and (also absolute) what they are held against in the check of an installation."""


TRACES = 0.1
"""States of the drug have their usual size on milligrams; what a patient makes of having drug in
the body at all is decided by traces of it."""


def absolute(model: Model, solver: Solver) -> Floats:
    """Return the absolute tolerance of each state: the setting times the state's usual size.

    Of states of the drug it is a tenth of that (:data:`TRACES`).

    Args:
        model: the states.
        solver: accuracy asked for.
    """
    scale = np.array([state.scale for state in model.states.values()], dtype=np.float64)
    scale[list(drug_states(model))] *= TRACES
    return solver.floor * scale
