"""What a check of the model against an expectation gives: one row of a scorecard."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Check:
    """One comparison of a simulated number with what is published or required.

    Attributes:
        id: short name, such as ``E5`` or that of an observation.
        title: what is compared.
        hypothesis: under which hypothesis it was simulated.
        simulated: what the model gave, as text with its unit.
        expected: what is published or required, as text with its interval.
        passed: whether the simulated value lies within; None where it could not be computed.
        evidence: citation keys parted by spaces, or "assumed".
        note: what a reader should know.
        value: the main simulated number, if there is one.
        low: lower end of the interval for ``value``.
        high: upper end of it.
        unit: unit of the three numbers.
        role: ``behaviour``; or of an observation ``set`` (a number of the model was taken from it),
            ``fitted`` (to it, under this hypothesis) or ``free``. Only what is free is a test.
    """

    id: str
    title: str
    hypothesis: str
    simulated: str
    expected: str
    passed: bool | None
    evidence: str = ""
    note: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    role: str = "free"

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, for JSON."""
        return asdict(self)
