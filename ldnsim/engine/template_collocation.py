"""Kernel template: one collocation step over eight lanes, its error, its dense output.

Radau IIA collocation (see :mod:`ldnsim.engine.radau`), solved in causal order. Where the equations
are a cascade, each state is linear in itself once its causes are known at the nodes, and is solved
for directly, however stiff. Loops are solved round by round until the last one changed nothing that
matters; the polynomial of the last step is the first guess.
"""

# mypy: ignore-errors
# ruff: noqa

from ldnsim.engine.contract import *

# ---- template begins ----

# fmt: off
RODAS = 0
COLLOCATION = 1
MEMORY = 1.0 / 24.0
SMOOTH = 0.1
SETTLED = 0.3
EARLY = 3.0


@jit
def clear(w, at):
    """Set one row to zero."""
    for l in range(LANES):
        w[at + l] = 0.0


@jit
def settled(w, k):
    """Whether a round of a loop changed no lane by more than a share of its tolerance."""
    limit = SETTLED * EARLY if k == 0 else SETTLED
    for l in range(LANES):
        if not w[AT_MEASURES + l] <= limit:
            return False
    return True


@jit
def lagrange(w, row, x):
    """Write the weights of ``[start, nodes]`` that interpolate at ``x`` into a row of five."""
    at = AT_COEFFICIENTS + row * (STAGES + 1)
    for j in range(STAGES + 1):
        c = BARYCENTRIC[j]
        for m in range(STAGES + 1):
            if m != j:
                c *= x - (NODE[m - 1] if m > 0 else 0.0)
        w[at + j] = c


@jit
def guess(w, ratio, ahead):
    """First guess at the nodes: the last polynomial, continued or, after a rejection, shortened."""
    for i in range(STAGES):
        lagrange(w, i, (1.0 if ahead else 0.0) + ratio * NODE[i])
    predict(w, 1.0 if ahead else 0.0)


@jit
def collocation_step(w, t, h, rtol):
    """Solve the step from records' row 0 at ``t``; the guess is in rows 1 to S."""
    for n in range(STAGES):
        w[AT_CLOCK + n] = math.cos(OMEGA * (t + NODE[n] * h))
        w[AT_CLOCK + STAGES + n] = math.sin(OMEGA * (t + NODE[n] * h))
    rounds = sweep(w, h, rtol)
    clear(w, AT_MEASURES + LANES)
    clear(w, AT_MEASURES + 2 * LANES)
    estimate(w, h, rtol, MEMORY, SMOOTH)
    return rounds


@jit
def collocation_errors(w, lane_error):
    """Per lane, the largest error over its tolerance; infinite where something is not finite."""
    for l in range(LANES):
        error = w[AT_MEASURES + LANES + l]
        lane_error[l] = error if w[AT_MEASURES + 2 * LANES + l] == 0.0 and error < 1e30 else np.inf


@jit
def evaluate(w, x, method):
    """State at the fraction ``x`` of the last step, into section T."""
    if method == RODAS:
        dense(w, x)
    else:
        lagrange(w, 0, x)
        interpolate(w)
