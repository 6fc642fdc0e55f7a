"""The error of measured values: proportional, additive or both, and its most likely size.

Residuals are (simulated - measured) in standard deviations. A proportional error is one of the
logarithm: a value is measured as ``f exp(e)``, with ``e`` of standard deviation ``proportional``.
With both kinds the variance is ``additive^2 + (proportional f)^2``, where ``f`` is what the fit
before simulated: iterated, but no maximum likelihood of the parameters in these weights. A value
below the limit of quantification has the likelihood of lying there (Beal's method M3).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_ndtr

from ldnsim.arrays import Flags, Floats
from ldnsim.errors import UserError, nearest, short
from ldnsim.units import read_number

PROPORTIONAL, ADDITIVE, BOTH = KINDS = ("proportional", "additive", "both")
FORMS = (
    "KIND, KIND=SIZE, or either after the name of a variable; KIND is proportional (SIZE a share),"
    " additive (SIZE in the unit of the variable) or both (without SIZE), such as additive=0.5"
)
"""What an error is written as."""
SMALLEST = 1e-4
"""Least size that is estimated, as a share of the values: data without noise have no more."""
FIRST = 0.3
"""Size from which the estimate starts, as a share of the values."""


@dataclass(frozen=True)
class Error:
    """The error of the values of one variable.

    Attributes:
        kind: one of :data:`KINDS`.
        proportional: standard deviation on the scale of logarithms, a share where it is small.
        additive: standard deviation in the unit of the variable.
        given: whether the size was given, and is not estimated.
    """

    kind: str
    proportional: float = 0.0
    additive: float = 0.0
    given: bool = False

    def residuals(self, f: Floats, y: Floats, below: Flags, weight: Floats) -> Floats:
        """Return residuals in standard deviations, of the shape of ``f``.

        Args:
            f: simulated values, shape (..., values).
            y: measured values, or limits of quantification, shape (values,).
            below: which are below that limit, shape (values,).
            weight: what the fit before simulated, shape (values,); for the kind ``both``.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            if self.kind == PROPORTIONAL:
                found = np.where(f > 0.0, np.log(f / y), np.where(below, -np.inf, np.nan))
                found = found / self.proportional
            else:
                found = (f - y) / self._deviation(weight)
            return np.where(below, np.sqrt(-2.0 * log_ndtr(-found)), found)

    def loss(self, f: Floats, y: Floats, below: Flags, weight: Floats) -> float:
        """Return minus the logarithm of the likelihood of values; arguments as for residuals."""
        r = self.residuals(f, y, below, weight)
        spread = self.proportional if self.kind == PROPORTIONAL else self._deviation(weight)
        logs = np.log(spread) * np.ones(len(f))
        return float(0.5 * np.sum(r**2) + np.sum(logs[~below]))

    def _deviation(self, weight: Floats) -> Floats:
        return np.asarray(np.hypot(self.additive, self.proportional * weight), dtype=np.float64)

    def estimated(self, f: Floats, y: Floats, below: Flags) -> Error:
        """Return the error of the most likely size, given what is simulated.

        Args:
            f: simulated values, shape (values,).
            y: measured values, or limits.
            below: which are below that limit.
        """
        if self.given or below.all():
            return self
        top = float(np.abs(y).max()) or 1.0
        scale = np.array([1.0 if n == PROPORTIONAL else top for n in self.sizes])
        start = np.log(np.maximum([getattr(self, n) for n in self.sizes], SMALLEST * scale))

        def loss(x: Floats) -> float:
            return self._sized(np.exp(x)).loss(f, y, below, f)

        bounds = [(np.log(SMALLEST * s), np.log(100.0 * s)) for s in scale]
        best = minimize(loss, start, method="Nelder-Mead", bounds=bounds,
                        options={"xatol": 1e-7, "fatol": 1e-12, "maxiter": 2000})  # fmt: skip
        return self._sized(np.exp(best.x))

    @property
    def sizes(self) -> tuple[str, ...]:
        """Names of the sizes that this kind has."""
        return (PROPORTIONAL, ADDITIVE) if self.kind == BOTH else (self.kind,)

    def _sized(self, sizes: Floats) -> Error:
        named = dict(zip(self.sizes, sizes.tolist(), strict=True))
        return replace(
            self,
            proportional=named.get(PROPORTIONAL, self.proportional),
            additive=named.get(ADDITIVE, self.additive),
        )

    def text(self, unit: str) -> str:
        """Return kind and size in words; ``unit`` is that of the variable."""
        own = f"{self.additive:.3g}" + (f" {unit}" if unit != "1" else "")
        words = {PROPORTIONAL: f"{100.0 * self.proportional:.3g} %", ADDITIVE: own}
        return f"{' and '.join(f'{n} {words[n]}' for n in self.sizes)}" + (
            ", given" if self.given else ", estimated"
        )


def read_error(text: str, unit: str, values: Floats) -> Error:
    """Return the error that a text such as ``proportional`` or ``additive=0.5`` means.

    Args:
        text: kind, with its size where that is known; when empty, proportional for a variable with
            a unit and additive for a pure number, such as a score.
        unit: of the variable.
        values: measured, or limits, shape (values,).

    Raises:
        UserError: no such kind, a size that is none, or a value that a proportional error cannot
            have.
    """
    kind, equals, size = (part.strip() for part in text.partition("="))
    kind = kind or (ADDITIVE if unit == "1" else PROPORTIONAL)
    if kind not in KINDS or (equals and kind == BOTH):
        raise UserError(f"error = {short(text)}: expected {FORMS}{nearest(kind, KINDS)}")
    if kind == PROPORTIONAL and (values <= 0.0).any():
        raise UserError(
            f"error = {short(kind)}: DV = {values.min():g} is measured, and a proportional error"
            " needs values above 0; flag it with BLQ = 1 and its LLOQ, or take additive or both"
        )
    given = float(read_number(size, key=f"error {kind}")) if equals else 0.0
    if equals and given <= 0.0:
        raise UserError(f"error = {short(text)}: expected a size above 0")
    share, typical = given or FIRST, float(np.abs(values).max()) or 1.0
    return Error(
        kind,
        share if kind != ADDITIVE else 0.0,
        0.0 if kind == PROPORTIONAL else given or FIRST * typical,
        bool(equals),
    )
