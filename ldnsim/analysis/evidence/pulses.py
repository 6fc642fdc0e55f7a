"""Parameters that change for a time during the run of a probe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field

from ldnsim.config.base import Config
from ldnsim.config.blocks import Change
from ldnsim.config.run import RunSpec


class Pulse(Config):
    """A parameter that takes another value for a time, then the patient's own again."""

    parameter: str
    value: float | None = None
    """The value meanwhile, or"""
    factor: float | None = None
    """a factor on the patient's own."""
    at: float = 0.0
    """When it starts, h."""
    hours: float | None = Field(default=None, gt=0.0)
    """How long; for good when left out."""

    def changes(self) -> tuple[Change, ...]:
        """Return what happens during the run."""
        start = Change.model_validate(
            {"at": f"{self.at!r} h", "parameter": self.parameter, "value": self.value,
             "factor": self.factor}
        )  # fmt: skip
        if self.hours is None:
            return (start,)
        end = {"at": f"{self.at + self.hours!r} h", "parameter": self.parameter, "factor": 1.0}
        return start, Change.model_validate(end)


def pulsed(run: RunSpec, pulses: Sequence[Pulse]) -> RunSpec:
    """Return a run with pulses."""
    if not pulses:
        return run
    with run.edition.in_force():
        own = tuple(c for p in pulses for c in p.changes())
    return replace(run, changes=(*run.changes, *own))
