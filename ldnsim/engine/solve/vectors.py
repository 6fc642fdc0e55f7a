"""Kernel template: what every other template uses; copies and sums of whole sections.

The files called templates are not run as they stand. A kernel module is generated code (``setup``,
``rhs``, ``observe``, what each method writes, and the constants they imply) followed by the source
of the templates below their marker lines; numba compiles the whole, and its machine code is kept.
Loaded without numba the same module runs as plain Python, which is how the kernels are tested.
``w`` is always the workspace, in sections ``AT_<NAME>`` (:mod:`ldnsim.engine.generate.layout`).
"""

# mypy: ignore-errors
# ruff: noqa

from ldnsim.engine.generate.contract import *

# ---- template begins ----

YES = np.array([-1]).view(np.float64)  # all bits set: true in a row that is a mask, else 0
WIDTH = NS * LANES  # doubles of a section with one row per state

# verdicts on a step, better ones first, as in LANE_VERDICT
FINE = 0
UNSETTLED = 1  # its equations were not solved, or its error is beyond sense: a shorter step may do
BROKEN = 2  # something is not finite

# rows of section EFFORT
ACCEPTED = 0
REJECTED = 1
ROUNDS = 2


@jit
def clear(w, at):
    """Set one row to zero. Changes in place: the row at ``at``."""
    for l in range(LANES):
        w[at + l] = 0.0


@jit
def copy(w, source, target, n):
    """``w[target] = w[source]`` over ``n`` doubles."""
    for e in range(n):
        w[target + e] = w[source + e]


@jit
def add_scaled(w, factor_, source, target, n):
    """``w[target] += factor_ * w[source]`` over ``n`` doubles."""
    for e in range(n):
        w[target + e] += factor_ * w[source + e]


@jit
def take_over(w, source, target, n):
    """``w[target] = w[source]`` over ``n`` rows, in lanes TAKEN."""
    for i in range(n):
        for l in range(LANES):
            if w[AT_TAKEN + l] != 0.0:
                w[target + LANES * i + l] = w[source + LANES * i + l]


@inlined
def look_inside(w, method):
    """All observables at the fraction INSIDE of every lane's step, and at its MOMENT.

    Changes in place: POINT, CLOCK, OBSERVED.
    """
    evaluate(w, method)
    tick(w)
    observe(w)
