"""Parameters fitted to data of one's own: the observations of an event table.

Every subject gets its own doses and is simulated at its own times; the free parameters have one
value for all subjects. The same optimiser and profiles as for the shipped fits
(:mod:`ldnsim.analysis.evidence.fit`), the error of the values estimated along with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ldnsim.analysis.evidence.estimate import Estimate, appraised, box
from ldnsim.analysis.evidence.fit import Curvature, Fit, Profile, curvature, descend, minimise
from ldnsim.analysis.evidence.own_error import Error
from ldnsim.analysis.evidence.own_hessian import joint
from ldnsim.analysis.evidence.own_problem import Options, Problem, first_errors, make_problem
from ldnsim.arrays import Floats
from ldnsim.catalog.calibration import Free
from ldnsim.edition import Edition
from ldnsim.errors import UserError
from ldnsim.regimen import Recorded

TRIES = 3
"""Times that a better point among the starting points is followed at most."""
AGREE = 0.01
"""Difference in chi-square within which two starts ended at the same point."""
ROUNDS = 20
"""Times that the size of the error is estimated anew at most."""
SETTLED = 1.0e-3
"""Relative change of the sizes of errors below which they have settled."""
EDGE = 1.0e-3
"""Distance from a bound, in the coordinate, below which an estimate is at it."""
FINE, FEWEST, MOST = 0.25, 200, 4000
"""Step of the courses drawn (h), and the least and most points of one."""


@dataclass(frozen=True)
class Curve:
    """A variable of one subject over time, from the fit and from the value without it."""

    subject: str
    variable: str
    time_h: Floats
    fitted: Floats
    shipped: Floats


@dataclass(frozen=True)
class DataFit:
    """What a fit to data of one's own found.

    Attributes:
        problem: what was fitted to what.
        errors: error of each variable, sizes as estimated or given.
        fit: the fit.
        curvature: what the Jacobian at the best point says.
        estimates: one for each free parameter.
        profiles: of the parameters, where asked for.
        simulated: at each observation, shape (observations,).
        settled: whether the sizes of the errors settled.
    """

    problem: Problem
    errors: Mapping[str, Error]
    fit: Fit
    curvature: Curvature
    estimates: tuple[Estimate, ...]
    profiles: tuple[Profile, ...]
    simulated: Floats
    settled: bool

    @property
    def residuals(self) -> Floats:
        """Of the observations, in standard deviations, shape (observations,)."""
        return self.fit.residuals[: len(self.simulated)]

    def curves(self) -> list[Curve]:
        """Return the course of what was observed of each subject, over the time in which it was."""
        own = self.problem
        best = {e.name: e.value for e in self.estimates}
        asked = {
            (i, j): _window(r, [o.time_h for o in own.seen if (o.subject, o.variable) == (r.id, v)])
            for i, r in enumerate(own.subjects)
            for j, v in enumerate(own.variables)
        }
        grid = np.unique(np.concatenate(list(asked.values())))
        at = own.solve([*own.specs(best), *own.specs({})], grid)
        both = at.reshape(2, len(own.subjects), len(own.variables), len(grid))
        return [
            Curve(own.subjects[i].id, own.variables[j], t, *both[:, i, j, np.searchsorted(grid, t)])
            for (i, j), t in asked.items()
            if len(t)
        ]


def _window(recorded: Recorded, seen: Sequence[float]) -> Floats:
    """Return times from the last dose before the first observation to the last, fine enough."""
    if not seen:
        return np.empty(0)
    doses, first, last = recorded.doses().time_h, min(seen), max(seen)
    start = float(doses[doses <= first][-1]) if (doses <= first).any() else first
    most = max(FEWEST, min(MOST, int((last - start) / FINE)))
    return np.linspace(start, max(last, start + FINE), most)


def fit_data(
    subjects: Sequence[Recorded], options: Options, edition: Edition | None = None
) -> DataFit:
    """Fit parameters to the observations of an event table; see :func:`fit_problem`.

    Args:
        subjects: of one event table.
        options: how.
        edition: the model; the shipped one when None.

    Raises:
        UserError: as :func:`ldnsim.analysis.evidence.own_problem.make_problem`, or fewer
            observations than could set what is free.
    """
    return fit_problem(make_problem(subjects, options, edition))


def fit_problem(problem: Problem) -> DataFit:
    """Fit what was laid out.

    The parameters are fitted with the sizes of the errors held, then the sizes are estimated with
    the parameters held, in turn until both rest: the maximum of their joint likelihood (but for
    errors of both kinds, see :mod:`ldnsim.analysis.evidence.own_error`). The starting points are
    then tried once more, with the final sizes; if one of them comes to a better point, all of it
    begins again from there.

    Raises:
        UserError: fewer observations than could set what is free, or runs that fail.
    """
    errors, options, free = first_errors(problem), problem.options, problem.free
    how = (*box(free), options.starts, options.seed)
    best = minimise(problem.batch(errors, problem.value), *how)
    evaluations = best.evaluations
    for _ in range(TRIES):
        best, errors, weight, settled = _in_turn(problem, errors, best)
        again = minimise(problem.batch(errors, weight), *how)
        evaluations += best.evaluations + again.evaluations
        better = again.chi2 < best.chi2 - AGREE
        best = replace(min(best, again, key=lambda f: f.chi2), reached=again.reached)
        if not better:
            break
    whole = replace(best, evaluations=evaluations)
    known, batch = problem.edition.model.parameters, problem.batch(errors, weight)
    held = curvature(whole.jacobian, [f.name for f in free])
    bent, profiles, found = appraised(
        free, batch, whole, known, problem.base, options.profiles,
        joint(problem, errors, whole.x, weight, held),
    )  # fmt: skip
    estimates = tuple(
        replace(e, verdict=_at_bound(f, float(x)) or e.verdict)
        for e, f, x in zip(found, free, whole.x, strict=True)
    )
    simulated = problem.simulate(whole.x[None, :])[0]
    return DataFit(
        problem, errors, whole, bent, estimates, profiles, simulated, settled and not better
    )


def _in_turn(
    problem: Problem, errors: dict[str, Error], best: Fit
) -> tuple[Fit, dict[str, Error], Floats, bool]:
    """Estimate sizes and parameters in turn from a point, until both rest.

    Returns:
        the fit, with its evaluations here; the errors; what it was weighted by; whether they rest.
    """
    low, high = box(problem.free)
    evaluations, settled = 0, False
    for _ in range(ROUNDS):
        weight = problem.simulate(best.x[None, :])[0]
        if not np.isfinite(weight).all():
            raise UserError("the fit failed: at its best point some subject cannot be simulated")
        newer = problem.estimated(errors, weight)
        settled, errors = _same(errors, newer), newer
        best = descend(problem.batch(errors, weight), low, high, best.x)
        evaluations += best.evaluations + 1
        if settled:
            break
    return replace(best, evaluations=evaluations), errors, weight, settled


def _at_bound(free: Free, x: float) -> str:
    """Say at which of its bounds a parameter came to lie, if at one."""
    for bound, word in ((free.low, "lower"), (free.high, "upper")):
        if abs(x - free.coordinate(bound)) < EDGE:
            return f"at its {word} bound, {bound:.3g}"
    return ""


def _same(old: Mapping[str, Error], new: Mapping[str, Error]) -> bool:
    return all(
        abs(getattr(new[n], size) - getattr(e, size)) <= SETTLED * getattr(e, size)
        for n, e in old.items()
        for size in e.sizes
    )
