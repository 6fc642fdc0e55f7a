"""Names the templates find in the generated half of its module, for readers and linters.

Nothing here runs: a kernel module is generated code followed by the templates.
"""

# mypy: ignore-errors
# ruff: noqa

import math

import numpy as np

LANES = NS = NP = NOBS = SIZE = 0
STAGES = RECORD = AT_RECORDS = AT_COEFFICIENTS = AT_CLOCK = FLOOR = LARGEST = 0
AT_CHANGE = AT_ERROR = AT_BROKEN = AT_ALIVE = AT_UNSETTLED = AT_BEFORE = AT_CONTRACTION = LOOPS = 0
REACH = NODE = WEIGHT = BARYCENTRIC = np.empty(0)
AT_P = AT_K = AT_Y = AT_T = AT_F = AT_D = AT_B = AT_LU = AT_O = AT_U = AT_E = AT_YN = AT_R = 0


def jit(function):
    """Compile with numba, or leave the function as it is."""
    return function


def inlined(function):
    """The same, compiled as part of what calls it: not again at every level of calls."""
    return function


def setup(w):
    """Fill the parameter-only slots (section K) from the parameters (section P)."""


def rhs(w, clock_cos, clock_sin):
    """Rates at section T into section F."""


def observe(w, clock_cos, clock_sin):
    """All observables at section T into section O."""


def factor(w, clock_cos, clock_sin, g):
    """LU of ``g I - J`` at section T into LU, time derivative of the rates into D."""


def solve(w):
    """Solve in place: section B."""


def sweep(w, h, rtol):
    """Solve all states at all nodes of a step, causes first; returns the rounds of loops."""


def predict(w, ahead):
    """First guess at the nodes from the last polynomials and the coefficients in the workspace."""


def constant(w):
    """First guess at the nodes: the start of the step."""


def advance(w):
    """Make the end of the last step the start of the next."""


def begin(w):
    """Take over sections Y and F as values and rates at the start of the step."""


def finish(w, fade):
    """Hand the end of the step over to section Y; keep its rates, and sizes that fade."""


def estimate(w, h, rtol, memory, smooth):
    """Raise the error row, and spoil the broken row where something is not finite."""


def interpolate(w):
    """Evaluate the step's polynomials, with the coefficients in the workspace, into section T."""
