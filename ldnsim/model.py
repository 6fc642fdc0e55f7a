"""The model assembled from its mechanisms: names resolved, equations ordered, nothing compiled.

A :class:`Model` knows every parameter, state and quantity and the order in which quantities can be
evaluated. It is also the slow reference: :meth:`Model.rates` runs the mechanism functions as they
stand, in plain Python.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import math
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.errors import UserError, unknown
from ldnsim.mechanisms.forms import OMEGA
from ldnsim.mechanisms.record import (
    CLOCK,
    Formula,
    Mechanism,
    Parameter,
    Switch,
    Variable,
    arguments_of,
)

FloatArray = NDArray[np.float64]
ONE_AT_A_TIME = threading.RLock()
"""Held while mechanisms are put together, or could be changed by the text of an extension."""


@dataclass(frozen=True, eq=False)
class Model:
    """Parameters, states and quantities of a set of mechanisms, wired by name.

    Attributes:
        mechanisms: in causal order.
        parameters: by name, in vector order.
        states: by name, in vector order.
        constants: quantities that depend on parameters alone, in evaluation order.
        quantities: all other quantities, in evaluation order.
    """

    mechanisms: tuple[Mechanism, ...]
    parameters: dict[str, Parameter]
    states: dict[str, Variable]
    constants: dict[str, Variable]
    quantities: dict[str, Variable]

    @functools.cached_property
    def observables(self) -> dict[str, Variable]:
        """Everything that can be stored: states first, then quantities and constants."""
        return {**self.states, **self.quantities, **self.constants}

    @functools.cached_property
    def state_index(self) -> dict[str, int]:
        """Position of each state in the state vector."""
        return {name: i for i, name in enumerate(self.states)}

    @functools.cached_property
    def parameter_index(self) -> dict[str, int]:
        """Position of each parameter in the parameter vector."""
        return {name: i for i, name in enumerate(self.parameters)}

    @functools.cached_property
    def inflamed(self) -> Switch | None:
        """What tells an inflamed patient, as its mechanism says; None in a model of one basin."""
        return next((m.inflamed for m in self.mechanisms if m.inflamed is not None), None)

    @functools.cached_property
    def coupled(self) -> tuple[tuple[str, ...], ...]:
        """States that drive each other strongly, as their mechanisms say; the solver's business."""
        return tuple(some for m in self.mechanisms for some in m.coupled)

    @functools.cached_property
    def observable_index(self) -> dict[str, int]:
        """Position of each observable in the engine's observable vector."""
        return {name: i for i, name in enumerate(self.observables)}

    @functools.cached_property
    def fingerprint(self) -> str:
        """Hash of all names and equations; changes with the model, not with parameter values."""
        text = [",".join(self.parameters)]
        for name, v in self.observables.items():
            text.append(f"{name}:{v.is_state}:{v.lower}:{v.upper}:{v.scale}")
            if v.replaced_by:
                text.append(f"replaced by {v.replaced_by}")
        modules = {f.__module__ for m in self.mechanisms for f in m.formulas().values()}
        ours = {m for m in modules if m.startswith("ldnsim.")} | {"ldnsim.mechanisms.forms"}
        text += [line for module in sorted(ours) for line in code_of(module)]
        # a module of an extension is named after its whole text: ordered by what counts of it
        text += sorted("\n".join(code_of(module)) for module in modules - ours)
        return hashlib.sha256("\n".join(text).encode()).hexdigest()[:16]

    @functools.cached_property
    def numbers(self) -> str:
        """Hash of the numbers beside the equations: records of parameters, and where states start.

        With :attr:`fingerprint` it tells whether two models give the same results.
        """
        known = [
            (p.name, p.value, p.unit, p.low, p.high, p.spread, p.grade)
            for p in self.parameters.values()
        ]
        starts = [(v.name, v.start, v.start_inflamed) for v in self.states.values()]
        text = repr((known, starts, self.inflamed))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def defaults(self) -> FloatArray:
        """Vector of default parameter values, shape (n_parameters,)."""
        return np.array([p.value for p in self.parameters.values()])

    def parameter_vector(self, overrides: Mapping[str, float] | None = None) -> FloatArray:
        """Defaults with some values replaced, shape (n_parameters,).

        Raises:
            UserError: an unknown name, a value that is not finite or outside its bounds.
        """
        values = self.defaults()
        for name, value in (overrides or {}).items():
            if name not in self.parameters:
                raise unknown("parameter", name, self.parameters)
            values[self.parameter_index[name]] = check_value(self.parameters[name], value)
        return values

    def environment(
        self, t: float, y: Sequence[float] | FloatArray, p: Sequence[float] | FloatArray
    ) -> dict[str, Any]:
        """Every name of the model with its value at time ``t`` (h) and state ``y``."""
        values: dict[str, Any] = dict(zip(self.parameters, map(float, p), strict=True))
        values.update(zip(self.states, map(float, y), strict=True))
        values[CLOCK[0]] = math.cos(OMEGA * t)
        values[CLOCK[1]] = math.sin(OMEGA * t)
        for name, q in {**self.constants, **self.quantities}.items():
            values[name] = q.formula(*(values[a] for a in q.arguments))
        return values

    def rates(
        self, t: float, y: Sequence[float] | FloatArray, p: Sequence[float] | FloatArray
    ) -> FloatArray:
        """Time derivatives per hour in plain Python, shape (n_states,): the slow reference."""
        values = self.environment(t, y, p)
        return np.array(
            [s.formula(*(values[a] for a in s.arguments)) for s in self.states.values()]
        )

    def start(self, inflamed: bool) -> FloatArray:
        """First guess of an untreated patient's resting state in one basin."""
        guess = [
            s.start_inflamed if inflamed and s.start_inflamed is not None else s.start
            for s in self.states.values()
        ]
        return np.array(guess)


def code_of(module: str) -> list[str]:
    """Source of a module's functions and its numeric constants: all that equations can use."""
    space = sys.modules[module].__dict__
    found = []
    for name, thing in sorted(space.items()):
        if inspect.isfunction(thing) and thing.__module__ == module:
            found.append(inspect.getsource(thing))
        elif isinstance(thing, (int, float)):
            found.append(f"{name} = {thing!r}")
    return found


def check_value(parameter: Parameter, value: float) -> float:
    """Return ``value`` as a float if the parameter allows it.

    Raises:
        UserError: not a finite number, or outside the parameter's bounds.
    """
    number = float(value)
    low = -math.inf if parameter.low is None else parameter.low
    high = math.inf if parameter.high is None else parameter.high
    if not (math.isfinite(number) and low <= number <= high):
        raise UserError(
            f"parameter {parameter.name} = {value!r} ({parameter.unit}): expected a finite number "
            f"from {low:g} to {high:g}; its default is {parameter.value:g}"
        )
    return number


def assemble(mechanisms: Iterable[Mechanism]) -> Model:
    """Wire mechanisms into a model.

    Raises:
        ValueError: a name defined twice, an equation to replace that is not there or is replaced
            twice, an argument nothing defines, or quantities in a circle.
    """
    rooms = tuple(mechanisms)
    parameters: dict[str, Parameter] = {}
    variables: dict[str, Variable] = {}
    for room in rooms:
        for name in [*room.parameters, *room.variables]:
            _check_name(name, room, {**parameters, **variables})
        parameters.update(room.parameters)
        variables.update(room.variables)
    for room in rooms:
        for name, formula in room.replacements.items():
            variables[name] = _replaced(variables, name, formula, room)
    _check_arguments(parameters, variables)
    states = {n: v for n, v in variables.items() if v.is_state}
    ordered = _evaluation_order({n: v for n, v in variables.items() if not v.is_state})
    fixed: dict[str, Variable] = {}
    for name, v in ordered.items():
        if all(a in parameters or a in fixed for a in v.arguments):
            fixed[name] = v
    moving = {n: v for n, v in ordered.items() if n not in fixed}
    return Model(rooms, parameters, states, fixed, moving)


def _check_name(name: str, room: Mechanism, known: Mapping[str, Parameter | Variable]) -> None:
    if name in CLOCK:
        raise ValueError(f"{room.name}: {name!r} is the time of day; choose another name")
    if name in known:
        remedy = "choose another name" if isinstance(known[name], Parameter) else (
            "to put another equation in place of that one on purpose, decorate it with .replaces"
        )  # fmt: skip
        raise ValueError(
            f"{name!r} is defined twice: in {known[name].mechanism} and in {room.name}; {remedy}"
        )


def _replaced(
    variables: Mapping[str, Variable], name: str, formula: Formula, room: Mechanism
) -> Variable:
    """Return a variable with another equation; unit, words and bounds stay."""
    if name not in variables:
        raise ValueError(f"{room.name}: {unknown('equation to replace', name, variables)}")
    if other := variables[name].replaced_by:
        raise ValueError(f"the equation of {name!r} is replaced twice: in {other}, {room.name}")
    return replace(
        variables[name], formula=formula, arguments=arguments_of(formula), replaced_by=room.name
    )


def _check_arguments(parameters: dict[str, Parameter], variables: dict[str, Variable]) -> None:
    known = {*parameters, *variables, *CLOCK}
    for v in variables.values():
        for argument in v.arguments:
            if argument not in known:
                hint = unknown("argument", argument, known)
                raise ValueError(f"{v.mechanism}: {v.name}: {hint}")


def _evaluation_order(quantities: dict[str, Variable]) -> dict[str, Variable]:
    ordered: dict[str, Variable] = {}
    waiting = dict(quantities)
    while waiting:
        ready = [n for n, v in waiting.items() if not any(a in waiting for a in v.arguments)]
        if not ready:
            raise ValueError(f"quantities depend on each other in a circle: {sorted(waiting)}")
        for name in ready:
            ordered[name] = waiting.pop(name)
    return ordered


def default_model() -> Model:
    """The shipped model with all its mechanisms; the same object in every thread."""
    with ONE_AT_A_TIME:
        return _default_model()


@functools.cache
def _default_model() -> Model:
    from ldnsim.mechanisms import MECHANISMS

    return assemble(MECHANISMS)
