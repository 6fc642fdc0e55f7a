"""One number of a run: a reduction of a variable over a window.

:data:`KINDS` is the one table of reductions: what each means, its unit, what it needs. A
:class:`Measure` asks for one number; a :class:`Summary` is a measure with a name and words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ldnsim.arrays import Floats

Hours = float | Floats
"""One value for all runs, or one for each, shape (runs,)."""
Level = Literal["", "value", "untreated", "same clock"]
Against = Literal["", "change", "fall", "percent"]


@dataclass(frozen=True)
class Kind:
    """What a reduction is.

    Attributes:
        words: how it reads before the name of a variable; ``{}`` where that stands elsewhere.
        unit: of the result: empty for that of the variable, ``*h`` for that times h; ``h/d`` is h
            but for the 24 h of a night.
        level: what a threshold is: none is used; a value of the variable, or a multiple of the
            untreated 24 h mean; a multiple of the untreated patient at the same clock time.
        against: whether it can be taken against the same reduction of the untreated patient.
        sense: 1 where less of it is better for a variable that is better low, -1 where more is.
        engine: the reduction that the engine makes while solving; empty for none.
        of: unit that a variable must have; empty for any.
        scale: how the number reads where it is unlike the variable, such as ``fraction``.
    """

    words: str
    unit: str = ""
    level: Level = ""
    against: bool = False
    sense: int = 1
    engine: str = ""
    of: str = ""
    scale: str = ""


KINDS: dict[str, Kind] = {
    "mean": Kind("mean {}", against=True, engine="mean"),
    "integral": Kind("area under {}", "*h", engine="integral"),
    "max": Kind("highest {}", against=True, engine="max"),
    "min": Kind("lowest {}", against=True, engine="min"),
    "hours_above": Kind("hours of {} above", "h/d", "value", engine="hours_above"),
    "first_below": Kind("time to {} below", "h", "value", engine="first_below"),
    "first_above": Kind("time to {} above", "h", "value", sense=-1, engine="first_above"),
    "hours_below": Kind("hours of {} below", "h/d", "value", sense=-1, engine="hours_above"),
    "staying": Kind(
        "share staying, by the {}", "1", sense=-1, engine="integral", of="1/h", scale="fraction"
    ),
    "staying_weekly": Kind(
        "share staying each week, by the {}",
        "1",
        sense=-1,
        engine="mean",
        of="1/h",
        scale="fraction",
    ),
    "same_clock": Kind("hours of {} above", "h/d", "same clock"),
    "at": Kind("{} at the end of the window"),
    "untreated": Kind("untreated 24 h mean of {}"),
    "function": Kind("{}"),
}
"""Every reduction by name. ``first_`` kinds give the time from the start of the run, NaN if never;
``staying`` is ``exp(-integral)`` of a hazard, ``staying_weekly`` the same of its mean over a week;
``same_clock`` the hours above the untreated patient at that time of day; ``function`` what a Python
function says of the stored trajectory."""

SOLVED = tuple(name for name, kind in KINDS.items() if kind.engine == name)
"""What the engine reduces while solving, in the order of the kernels' codes."""


@dataclass(frozen=True)
class Measure:
    """One number of a run.

    Attributes:
        variable: name of the model variable.
        kind: one of :data:`KINDS`.
        start: of the window, h.
        stop: of the window, h; the time of ``at``.
        threshold: in the unit of the variable, or a multiple of what ``relative`` or the kind says.
        window: the part of the run by name, which the plan places; empty where hours are given.
        against: empty for the number itself; its change from that of the untreated patient (over
            whole days, else over the same hours of the clock), its fall, or the change in percent.
        relative: whether the threshold is a multiple of the untreated 24 h mean.
    """

    variable: str
    kind: str
    start: Hours = 0.0
    stop: Hours = 0.0
    threshold: Hours = 0.0
    window: str = ""
    against: Against = ""
    relative: bool = False

    def placed(self, start: Hours, stop: Hours, threshold: Hours) -> Measure:
        """Return what the engine is asked for: hours and a level in the unit of the variable."""
        return Measure(self.variable, KINDS[self.kind].engine, start, stop, threshold)

    def unit_in(self, variable_unit: str) -> str:
        """Return the unit of the number, given that of the variable."""
        if self.against == "percent":
            return "percent"
        unit = KINDS[self.kind].unit
        if unit == "*h":
            return "h" if variable_unit in ("", "1") else f"{variable_unit} h"
        if unit == "h/d" and self.window != "night":
            return "h"
        return unit or variable_unit or "1"

    def over(self, runs: int) -> Measure:
        """Return the measure with its window and threshold for each of some runs, as given."""
        ones = np.ones(runs)
        return self.placed(self.start * ones, self.stop * ones, self.threshold * ones)


@dataclass(frozen=True, kw_only=True)
class Summary(Measure):
    """A measure with words, computed for every run of a study.

    Attributes:
        name: variable name in the result.
        long_name: text for an axis.
        meaning: one line on how to read it.
        unit: unit of the result; empty for what the kind makes of that of the variable.
        better: ``"lower"`` or ``"higher"`` where that is so whatever the variable; ``"variable"``:
            as the variable has it; empty for what is neither good nor bad in itself.
        setting: name of the setting in ``[output]`` that is its threshold, if any.
        standard: whether it is computed when the study does not say.
        shipped: whether it comes with the package, or is defined by a study.
        function: what a Python function says of the stored trajectory, where it is that.
        weighed: the share that it is multiplied by, where it is.
        step: change for the better that is one step on a scale from 1, very much better, over 4, no
            change, to 7; 0 where it is no such scale.
    """

    name: str
    long_name: str
    meaning: str
    unit: str = ""
    better: str = ""
    setting: str = ""
    standard: bool = True
    shipped: bool = True
    function: object = None
    weighed: Measure | None = None
    step: float = 0.0
