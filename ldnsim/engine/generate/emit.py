"""Write what every method needs of a model: its constants, its rates, what can be observed.

With parameters ``p``, states ``y`` and the clock ``c``, the cosine and sine of ``2 pi t / 24 h``,
the model is ``dy/dt = f(y, c, p)``. The equations come from the mechanisms through :mod:`.trace`;
each is written once as straight-line arithmetic on rows of eight lanes of the workspace
(:mod:`.layout`). What a method needs beside these it writes itself, from the same pieces.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sympy

from ldnsim.engine.generate.layout import Layout
from ldnsim.engine.generate.source import clock, lane_function, printed
from ldnsim.engine.generate.trace import Trace, Traced
from ldnsim.mechanisms.record import CLOCK

LANE_ROWS = {
    "MOMENT": 1, "CLOCK": len(CLOCK), "TIME": 1, "LENGTH": 1, "LAST": 1, "AHEAD": 1, "MOVED": 1,
    "TAKEN": 1, "BEGINS": 1, "INSIDE": 1, "LANE_STATUS": 1, "LANE_ERROR": 1, "LANE_VERDICT": 1,
    "EFFORT": 3, "STEPPER": 6,
}  # fmt: skip
"""Rows of the sections that say how each lane goes, beside the run itself."""


class Emitter:
    """A traced model, the workspace its kernels share, and the functions all methods use.

    Attributes:
        trace: the equations in symbols.
        state_index: place of each state in sections ``STATE``, ``POINT`` and ``RATES``.
        quantity_states: the states each quantity depends on, through others as well.
        rows: for each state, the states that its rate depends on: the rows of the Jacobian.
        observables: names in the order of section ``OBSERVED``.
        layout: the workspace; methods reserve sections of their own.
        coupled: states that drive each other strongly.
    """

    def __init__(self, trace: Trace, coupled: Sequence[Sequence[str]] = ()) -> None:
        """Lay out the sections that all methods share.

        ``PARAMETERS`` and ``STATE`` are the run: its parameters, and its state at the start of the
        step. ``FIXED`` holds what follows from parameters alone. ``POINT`` is the state at which
        something is evaluated next, ``RATES`` and ``OBSERVED`` are what came out.
        ``MOMENT`` is the time at ``POINT``, ``CLOCK`` its cosine and sine.

        Every lane takes steps of its own: from ``TIME``, of ``LENGTH``; ``LAST`` was the length of
        the step tried before (0 if its inside is of no use) and ``AHEAD`` says whether it was
        accepted, ``MOVED`` whether an event has changed something since, ``TAKEN`` whether this
        one is accepted, ``BEGINS`` which lanes start anew. ``INSIDE`` is the fraction of the step
        that is looked at. ``LANE_STATUS`` is how each lane fares, ``LANE_ERROR`` (in tolerances)
        and ``LANE_VERDICT`` what a method says of the step just tried; ``EFFORT`` counts steps
        accepted, steps rejected and rounds of loops. ``STEPPER`` is what step control remembers of
        every lane, and ``TOGETHER`` one number, not 0 where all lanes share their steps.
        """
        self.trace = trace
        self.coupled = coupled
        self.state_index = {n: i for i, n in enumerate(trace.states)}
        self.observables = [*trace.states, *trace.quantities, *trace.constants]
        self.quantity_states: dict[str, set[str]] = {}
        for name, quantity in trace.quantities.items():
            self.quantity_states[name] = self._reads(quantity)
        self.rows = {
            n: sorted(self._reads(rate), key=self.state_index.__getitem__)
            for n, rate in trace.rates.items()
        }
        self.layout = Layout()
        fixed = [*trace.constants, *trace.hoisted]
        sections = {
            "PARAMETERS": list(trace.parameters), "FIXED": fixed, "STATE": trace.states,
            "POINT": trace.states, "RATES": trace.states, "OBSERVED": self.observables,
        }  # fmt: skip
        for section, names in sections.items():
            self.layout.reserve(section, len(names))
        for section, rows in LANE_ROWS.items():
            self.layout.reserve(section, rows)
        self.layout.reserve("TOGETHER", 1, lanes=1)
        # where an equation finds a name: a state where it is evaluated, all else where it is kept
        self.places = {
            n: self.layout.at(section, i)
            for section in ("PARAMETERS", "FIXED", "POINT")
            for i, n in enumerate(sections[section])
        } | {name: self.layout.at("CLOCK", i) for i, name in enumerate(CLOCK)}

    def _reads(self, equation: Traced) -> set[str]:
        """States an equation depends on, directly and through quantities."""
        found: set[str] = set()
        for argument in equation.partials:
            if argument in self.state_index:
                found.add(argument)
            found |= self.quantity_states.get(argument, set())
        return found

    # -- pieces of generated functions -------------------------------------------------

    def load(self, names: Iterable[str]) -> list[str]:
        """Lines that fetch states (at the point), parameters and fixed values by name."""
        return [f"{name} = {self.places[name]}" for name in sorted(names) if name in self.places]

    def free(self, *expressions: Any) -> set[str]:
        """Names that expressions read."""
        return {s.name for e in expressions for s in sympy.sympify(e).free_symbols}

    def needed(self, wanted: Iterable[str], known: Iterable[str] = ()) -> list[str]:
        """Quantities needed for the wanted names and not known yet, in evaluation order."""
        need = set(wanted)
        known = set(known)
        for name in reversed(list(self.trace.quantities)):
            if name in need and name not in known:
                need |= self.free(self.trace.quantities[name].value)
        return [n for n in self.trace.quantities if n in need and n not in known]

    # -- the functions all methods use ---------------------------------------------------

    def setup(self) -> str:
        """Function that fills section FIXED from the parameters."""
        body: list[str] = []
        fixed = {**self.trace.constants, **self.trace.hoisted}
        for name, expression in fixed.items():
            body.append(f"{name} = {printed(expression)}")
            body.append(f"{self.places[name]} = {name}")
        doc = "FIXED from PARAMETERS. Called where runs begin, and where one is set."
        return lane_function("setup", "w", doc, [
            *self.load(self.free(*fixed.values()) - set(fixed)), *body,
        ])  # fmt: skip

    def rhs(self) -> str:
        """Function that evaluates all rates at section POINT into section RATES."""
        rates = self.trace.rates
        wanted = self.free(*(r.value for r in rates.values()))
        chain = self.needed(wanted)
        values = [self.trace.quantities[q].value for q in chain]
        body = [f"{q} = {printed(v)}" for q, v in zip(chain, values, strict=True)]
        for name, rate in rates.items():
            body.append(f"# d {name} / dt")
            place = self.layout.at("RATES", self.state_index[name])
            body.append(f"{place} = {printed(rate.value)}")
        doc = "RATES = f(POINT, CLOCK, PARAMETERS), per hour. Called by the methods."
        return lane_function("rhs", "w", doc, [*self.load(wanted | self.free(*values)), *body])

    def tick(self) -> str:
        """Function that evaluates the clock at section MOMENT into section CLOCK."""
        at = self.layout.at
        doc = "CLOCK = cosine and sine of 2 pi MOMENT / 24 h. Called before rhs and observe."
        return lane_function(
            "tick", "w", doc, clock(at("MOMENT", 0), at("CLOCK", 0), at("CLOCK", 1))
        )

    def observe(self) -> str:
        """Function that evaluates every observable at section POINT into section OBSERVED."""
        quantities = self.trace.quantities
        names = {*self.trace.states, *self.trace.constants}
        names |= self.free(*(q.value for q in quantities.values()))
        body = [f"{name} = {printed(q.value)}" for name, q in quantities.items()]
        body += [f"{self.layout.at('OBSERVED', i)} = {n}" for i, n in enumerate(self.observables)]
        doc = "OBSERVED: states, quantities and constants at POINT. Called by observe_at."
        return lane_function("observe", "w", doc, [*self.load(names), *body])
