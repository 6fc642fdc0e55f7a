"""Names the templates find in the generated half of its module, for readers and linters.

Nothing here runs: a kernel module is generated code followed by the templates.
"""

# mypy: ignore-errors
# ruff: noqa

import math

import numpy as np

LANES = NS = NP = NOBS = SIZE = 0
AT_P = AT_K = AT_Y = AT_T = AT_F = AT_D = AT_B = AT_LU = AT_O = AT_U = AT_E = AT_YN = AT_R = 0


def jit(function):
    """Compile with numba, or leave the function as it is."""
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
