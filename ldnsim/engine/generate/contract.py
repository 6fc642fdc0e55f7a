"""Names the templates find in the generated half of their module, for readers and linters.

Nothing here runs: a kernel module is generated code followed by the templates.
"""

# mypy: ignore-errors
# ruff: noqa

import math

import numpy as np

# sizes: lanes, states, parameters, observables, doubles of the workspace
LANES = NS = NP = NOBS = SIZE = 0
# sections of the workspace that all methods share: ldnsim.engine.generate.emit
AT_PARAMETERS = AT_FIXED = AT_STATE = AT_POINT = AT_RATES = AT_OBSERVED = 0
AT_MOMENT = AT_CLOCK = AT_TIME = AT_LENGTH = AT_LAST = AT_AHEAD = AT_MOVED = AT_TAKEN = 0
AT_BEGINS = AT_INSIDE = AT_LANE_STATUS = AT_LANE_ERROR = AT_LANE_VERDICT = 0
AT_EFFORT = AT_STEPPER = AT_TOGETHER = 0
# codes of ldnsim.engine.solve.status
OK = STEP_TOO_SMALL = TOO_MANY_STEPS = NOT_FINITE = 0
# by method: one over the power with which its error shrinks; whether it resumes its step length
EXPONENT = RESUMES = np.empty(0)
# samples of a piece of a step: how many, where, and the weights of the quadrature and of Lagrange
NODES = 0
REACH = WEIGHT = BARYCENTRIC = np.empty(0)

# sections and constants of ldnsim.engine.methods.rodas5p
AT_TIME_SLOPE = AT_RIGHT = AT_FACTORS = AT_STAGES = AT_ERROR = AT_END = AT_DENSE = 0
AT_INVERSE = 0
# sections and constants of ldnsim.engine.methods.radau
AT_RECORDS = AT_KEPT = AT_NODE_CLOCK = AT_CHANGE = AT_BROKEN = AT_UNSETTLED = AT_BEFORE = 0
AT_HELD = AT_GUESS = AT_ADVANCE = AT_RATIO = AT_FADE = AT_CONTRACTION = 0
STAGES = RECORD = FLOOR = LARGEST = LOOPS = 0


def jit(function):
    """Compile with numba, or leave the function as it is."""
    return function


def inlined(function):
    """The same, compiled as part of what calls it: not again at every level of calls."""
    return function


def claim(counter, place, n):
    """Add ``n`` to one place of an array of counters that threads share; returns what it was."""
    counter[place] += n
    return counter[place] - n
