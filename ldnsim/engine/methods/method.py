"""What a method is to the rest of the engine.

A method is a folder with three files. ``__init__.py`` holds its :class:`Method` record.
``emit.py`` has one function, ``parts(emitter) -> Parts``: it reserves the method's sections of the
workspace and writes the functions that depend on the model. ``template.py`` is kernel source that
does not: below its marker line it defines one function for each entry of :data:`STEPS`, called
``<name>_<entry>``. The stepper (:mod:`ldnsim.engine.solve.integrate`) calls nothing else of it.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ldnsim.engine.generate.emit import Emitter

STEPS = {
    "start": ("w, atol", "Begin runs in lanes BEGINS at TIME, with the state in section STATE."),
    "attempt": (
        "w, rtol, atol",
        "Try a step of every lane, from TIME, of LENGTH; fill LANE_ERROR and LANE_VERDICT.",
    ),
    "accept": ("w", "Take the end of the step over into section STATE, in lanes TAKEN."),
    "read": ("w", "Prepare for evaluations inside the step just tried."),
    "evaluate": ("w", "State at the fraction INSIDE of the step just tried, into section POINT."),
}
"""What the stepper asks of a method: the arguments of each function, and what it does.

``rtol`` and ``atol`` (state,) are the tolerances. Sections in capitals are those that all methods
share (:class:`ldnsim.engine.generate.emit.Emitter`); every lane goes from a time of its own with a
length of its own, and what it comes to must not depend on the other lanes."""


@dataclass(frozen=True)
class Parts:
    """What a method writes for one model.

    Attributes:
        constants: of the kernel module, by name; lists become arrays.
        functions: source text of each generated function.
    """

    constants: dict[str, Any] = field(default_factory=dict)
    functions: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Method:
    """An integration method.

    Attributes:
        name: how studies, results and the method's own kernel functions call it.
        title: how people call it.
        order: of the state at the end of a step.
        error_power: the power of the step's length with which its error estimate shrinks.
        resumes: whether the first step after an event may be as long as the one after the event
            before it came to be; if not, it starts anew from the shortest.
        citation: where it is printed.
        package: the folder, as a module path.
    """

    name: str
    title: str
    order: int
    error_power: int
    resumes: bool
    citation: str
    package: str

    def parts(self, emitter: Emitter) -> Parts:
        """Constants and functions for one model; sections of the workspace are reserved."""
        found = importlib.import_module(f"{self.package}.emit").parts(emitter)
        assert isinstance(found, Parts)
        return found
