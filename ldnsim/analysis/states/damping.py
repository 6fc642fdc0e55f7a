"""How well a patient's daily rhythm is damped: damping ratios from the multipliers of its orbit.

A disturbance of a 24 h orbit is multiplied by a multiplier ``mu`` from one midnight to the next,
as one of a continuous system is by ``exp(24 s)`` with ``s = log(mu) / 24 h``. A complex pair rings
with the period ``2 pi / |Im s|`` and the damping ratio ``zeta = -Re(s) / |s|``: 1 for no ringing, 0
for one that never dies out, negative for one that grows. Seen once a day no turn is faster than one
in 48 h: a faster ringing shows as a slower one. A negative multiplier turns once in two days and
counts as a pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ldnsim.arrays import Flags, Floats
from ldnsim.engine.rhythm.closing import NEUTRAL
from ldnsim.engine.rhythm.continuation import REAL
from ldnsim.engine.rhythm.nightly import nightly_orbits
from ldnsim.engine.solve.status import Status
from ldnsim.errors import UserError
from ldnsim.model import Model

DOSES = (0.0, 0.1, 0.5, 1.0, 1.5, 2.0, 3.0, 4.5, 6.0, 10.0, 15.0, 25.0, 50.0)
"""Nightly doses that are tried, mg."""
LEAST = 0.7
"""Smallest damping ratio that is not called an oscillation: a push overshoots by 5 % there."""
FAINT = 1e-4
"""A multiplier below it is gone within the day; whether it turned cannot be told, nor matters: its
damping ratio would be above 0.94."""
MOST_MG = 1000.0


def damping(multipliers: NDArray[np.complex128]) -> tuple[Floats, Floats]:
    """Return damping ratio and period of each multiplier.

    Args:
        multipliers: eigenvalues of the daily map's derivative, of any shape.

    Returns:
        ratio, and period in days, of that shape. What does not turn (a positive real multiplier,
        one within 1e-6 of 1, a state that never moves, or one below :data:`FAINT`) has the ratio 1
        and an infinite period, and a multiplier that is NaN has NaN.
    """
    mu = np.asarray(multipliers, dtype=np.complex128)
    told = (np.abs(mu) > FAINT) & (np.abs(mu - 1.0) > NEUTRAL)
    turns = told & ((np.abs(mu.imag) > REAL * np.abs(mu)) | (mu.real < 0.0))
    s = np.log(np.where(turns, mu, 0.5))
    ratio = np.where(turns, -s.real / np.abs(s), 1.0)
    period = np.where(turns, 2.0 * np.pi / np.where(turns, np.abs(s.imag), 1.0), np.inf)
    lost = np.isnan(mu)
    return np.where(lost, np.nan, ratio), np.where(lost, np.nan, period)


@dataclass(frozen=True)
class Damping:
    """The least damped ringing of ``n`` patients on each of ``d`` nightly doses.

    Attributes:
        doses: mg, (d,).
        ratio: least damping ratio of the orbit, 1 if nothing turns, below 0 if one grows; NaN
            without an orbit; (n, d).
        period: of that ringing, d; infinite if nothing turns; (n, d).
        radius: largest modulus of a multiplier, (n, d).
        inflamed: basin that the orbit lies in, (n, d).
        status: of :class:`~ldnsim.engine.solve.status.Status`; ``NO_SUCH_BASIN`` where the patient
            has no orbit in the basin asked for (the numbers are those of the one he slides to),
            ``NO_ORBIT`` or ``NOT_FINITE`` where none was found; (n, d).
    """

    doses: Floats
    ratio: Floats
    period: Floats
    radius: Floats
    inflamed: Flags
    status: NDArray[np.int8]

    def rows(self, which: slice) -> Damping:
        """Return some of the patients."""
        own = {f.name: getattr(self, f.name)[which] for f in fields(self) if f.name != "doses"}
        return Damping(self.doses, **own)

    @property
    def least(self) -> Floats:
        """Least damping ratio of each patient over the doses, (n,); NaN without any orbit."""
        lowest = np.min(np.where(np.isnan(self.ratio), np.inf, self.ratio), axis=1)
        return np.where(np.isinf(lowest), np.nan, lowest)

    @property
    def missing(self) -> Flags:
        """Whether neither an orbit of the basin nor one of the other was found, (n, d)."""
        return np.isin(self.status, (Status.OK, Status.NO_SUCH_BASIN), invert=True)


def least_damping(
    model: Model, params: Floats, inflamed: Flags, doses: Sequence[float] | Floats = DOSES,
    *, clock: float = 22.0, threads: int | None = None,
) -> Damping:  # fmt: skip
    """Find the least damped ringing of each patient on each dose, all in one batch.

    Args:
        model: what the parameters are of.
        params: parameter vectors, (n, n_parameters).
        inflamed: basin of each patient, (n,).
        doses: nightly doses, mg, ascending.
        clock: time of the dose, h after midnight.
        threads: threads of the engine; the results are the same bits for any number.

    Raises:
        UserError: doses that do not ascend, or outside 0 to 1000 mg.
    """
    from ldnsim.patients.untreated import untreated

    mg = np.asarray(check_doses(doses))
    flags = np.asarray(inflamed, dtype=np.bool_)
    rest = untreated(model, params, flags, threads)
    orbits = nightly_orbits(model, params, flags, rest.y0, mg, clock, threads)
    ratio, period = damping(orbits.multipliers)
    worst = np.argmin(ratio, axis=2)[..., None]
    return Damping(
        mg,
        np.take_along_axis(ratio, worst, 2)[..., 0],
        np.take_along_axis(period, worst, 2)[..., 0],
        np.abs(orbits.multipliers).max(axis=2),
        orbits.inflamed,
        orbits.status,
    )


def check_doses(doses: Sequence[float] | Floats) -> list[float]:
    """Return doses as floats.

    Raises:
        UserError: none, doses that do not ascend, or outside 0 to 1000 mg.
    """
    values = [float(d) for d in doses]
    bad = [d for d in values if not 0.0 <= d <= MOST_MG]
    if bad or not values or values != sorted(set(values)):
        told = ", ".join(f"{d:g}" for d in values) or "none"
        raise UserError(
            f"doses = {told} (mg): expected one or more that ascend within 0 and {MOST_MG:g} mg, "
            "such as 0, 1.5, 4.5"
        )
    return values
