"""How a run ended: a number with advice in words, never an exception that ends a sweep."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from ldnsim.engine.methods import METHODS


def _codes() -> Any:
    names = [("NONE", -1), *((m.name.upper(), code) for code, m in enumerate(METHODS))]
    return IntEnum("Method", names, module=__name__)


Method = _codes()
"""What gave the result of a run: ``NONE``, or a method by its code in the kernels."""


class Status(IntEnum):
    """Outcome of one run."""

    # the kernels know these codes, and results store them: new ones go to the end

    OK = 0
    NO_ORBIT = 1
    NO_SUCH_BASIN = 2
    STEP_TOO_SMALL = 3
    TOO_MANY_STEPS = 4
    NOT_FINITE = 5

    @property
    def advice(self) -> str:
        """What it means and what to try, one sentence."""
        return _ADVICE[self]


_ADVICE = {
    Status.OK: "ok",
    Status.NO_ORBIT: (
        "no stable 24 h rhythm found for the untreated patient (it may be a limit cycle): change "
        "the patient's parameters, first those of priming and of the endorphin reserve"
    ),
    Status.NO_SUCH_BASIN: (
        "this patient has no untreated state of the basin asked for: choose the other basin, or "
        "change the driver or the microglial switch"
    ),
    Status.STEP_TOO_SMALL: (
        "the solver could not meet its tolerance: loosen solver.rtol, or look for an extreme "
        "parameter value"
    ),
    Status.TOO_MANY_STEPS: (
        "the solver needs more steps than it is allowed (5 million): loosen solver.rtol, or look "
        "for an extreme parameter value"
    ),
    Status.NOT_FINITE: (
        "the equations gave a value that is not finite: look for a parameter of zero in a "
        "denominator (kd, half-life, volume), or for a huge value or factor of a parameter"
    ),
}
