"""What a mechanism is made of: parameters, states and quantities, each a record.

A mechanism file creates one :class:`Mechanism` and hangs its biology on it::

    M = Mechanism("pharmacokinetics", "Absorption, distribution and elimination")
    M.parameter("ka", 0.72, "1/h", "absorption rate constant", HUMAN_PK, "licko1981")

    @M.state("nmol", "naltrexone in the gut", lower=0.0)
    def gut_fast(gut_fast: float, ka: float) -> float:
        return -ka * gut_fast

A ``state`` function returns the time derivative (per hour) of the state it is named after; a
``quantity`` function returns an algebraic value. The names of the arguments are the names of
parameters, states and quantities anywhere in the model, so a function is its own wiring list.
The functions stay plain Python: call them with floats and they are the slow reference, call
them with SymPy symbols and they become the compiled kernels and the printed equations.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

HUMAN_TRIAL = "human trial"
HUMAN_PK = "human PK or imaging"
ANIMAL = "animal"
IN_VITRO = "in vitro"
DERIVED = "derived"
ASSUMED = "assumed"
GRADES = (HUMAN_TRIAL, HUMAN_PK, ANIMAL, IN_VITRO, DERIVED, ASSUMED)
"""Evidence grades, strongest first."""

CLOCK = ("clock_cos", "clock_sin")
"""Inputs every equation may use: cosine and sine of the time of day (24 h period, 0 = midnight)."""

Formula = Callable[..., float]
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Spread:
    """How a parameter varies between patients or labs.

    Attributes:
        kind: ``"lognormal"``, ``"logitnormal"`` (fractions) or ``"fixed"``.
        sd: standard deviation on the log or logit scale.
    """

    kind: str = "fixed"
    sd: float = 0.0


FIXED = Spread()


def lognormal(sd: float) -> Spread:
    """Spread of a positive parameter, ``sd`` on the natural-log scale."""
    return Spread("lognormal", sd)


def logitnormal(sd: float) -> Spread:
    """Spread of a fraction, ``sd`` on the logit scale."""
    return Spread("logitnormal", sd)


@dataclass(frozen=True)
class Switch:
    """What tells a patient of the inflamed basin: a day's mean of a variable is high.

    Attributes:
        variable: a state or quantity.
        parameter: what it is measured by.
        share: of that parameter's value; the mean lies above it in the inflamed basin.
        memory: the state that keeps a patient in one basin for weeks; errors of a run grow while it
            leaves where it nearly rests. None where nothing is known of one: no run is then told
            to be sensitive.
    """

    variable: str
    parameter: str
    share: float
    memory: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Parameter:
    """One number of the model with where it comes from.

    Attributes:
        name: the spelling used in code, configs and output.
        value: default, in ``unit``.
        unit: a unit that `ldnsim.units` reads (``"1"`` for pure numbers).
        meaning: one line in the field's terms.
        grade: one of :data:`GRADES`.
        source: keys into the bibliography; empty for an assumption.
        spread: variation between patients or labs.
        note: where papers disagree, and what the alternatives are.
        low: smallest allowed value, ``None`` for no bound.
        high: largest allowed value, ``None`` for no bound.
        mechanism: the file it belongs to.
        alternatives: other published or proposed values by name.
    """

    name: str
    value: float
    unit: str
    meaning: str
    grade: str
    source: tuple[str, ...]
    spread: Spread
    note: str
    low: float | None
    high: float | None
    mechanism: str
    alternatives: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Variable:
    """A state (``formula`` is its rate per hour) or an algebraic quantity (its value).

    Attributes:
        name: spelling used everywhere.
        unit: unit of the value, as text.
        long_name: what it is, for axes and attributes.
        formula: the one place its equation is written.
        arguments: the names the formula reads.
        is_state: state or quantity.
        lower: smallest value the equations allow, ``None`` for no bound.
        upper: largest value the equations allow.
        scale: size of one unit of ordinary variation; sets the absolute tolerance.
        start: first guess of the untreated resting value.
        start_inflamed: the same for the inflamed basin, when it differs.
        mechanism: the file it belongs to.
        scale_word: how a pure number reads on an axis: ``fold of healthy``, ``fraction`` ...
        better: ``"lower"`` or ``"higher"`` where a patient is better off so, else empty.
        called: name in legends and tables; see :attr:`short_name`.
        symbol: LaTeX in printed equations; made from the name where empty.
        replaced_by: mechanism whose equation stands in place of its own, else empty.
    """

    name: str
    unit: str
    long_name: str
    formula: Formula
    arguments: tuple[str, ...]
    is_state: bool
    mechanism: str
    lower: float | None = None
    upper: float | None = None
    scale: float = 1.0
    start: float = 0.0
    start_inflamed: float | None = None
    scale_word: str = ""
    better: str = ""
    called: str = ""
    symbol: str = ""
    replaced_by: str = ""

    @property
    def short_name(self) -> str:
        """Return what it is called in legends and tables: the name itself where nothing is said."""
        return self.called or self.name.replace("_", " ")

    @property
    def span(self) -> tuple[float, float]:
        """Return the smallest and largest value it can have, infinite where nothing is said.

        A quantity has no bounds of its own: an amount of something is never negative, and a
        fraction lies within 0 and 1.
        """
        share = self.scale_word == "fraction"
        some = share or self.unit != "1"
        low = self.lower if self.is_state else 0.0 if some else None
        high = 1.0 if share and self.upper is None else self.upper
        return -math.inf if low is None else low, math.inf if high is None else high


class Mechanism:
    """A named group of parameters, states and quantities; one per file."""

    inflamed: Switch | None = None
    """Set by the one mechanism that has two basins."""

    def __init__(self, name: str, title: str) -> None:
        """Start an empty mechanism called ``name`` with a one-line ``title``."""
        self.name = name
        self.title = title
        self.parameters: dict[str, Parameter] = {}
        self.variables: dict[str, Variable] = {}
        self.replacements: dict[str, Formula] = {}
        self.coupled: tuple[tuple[str, ...], ...] = ()

    def parameter(
        self,
        name: str,
        value: float,
        unit: str,
        meaning: str,
        grade: str = ASSUMED,
        source: str = "",
        *,
        spread: Spread = FIXED,
        note: str = "",
        low: float | None = 0.0,
        high: float | None = None,
        alternatives: dict[str, float] | None = None,
    ) -> None:
        """Record a parameter; ``source`` is bibliography keys parted by spaces.

        Raises:
            ValueError: twice the same name, an unknown grade, or a graded number without source.
        """
        keys = tuple(source.split())
        if name in self.parameters:
            raise ValueError(f"parameter {name!r} is recorded twice in {self.name}")
        if grade not in GRADES:
            raise ValueError(f"parameter {name!r}: grade {grade!r} is not one of {GRADES}")
        if grade != ASSUMED and not keys:
            raise ValueError(f"parameter {name!r} is graded {grade!r} but names no source")
        self.parameters[name] = Parameter(
            name, float(value), unit, meaning, grade, keys, spread, note, low, high,
            self.name, dict(alternatives or {}),
        )  # fmt: skip

    def state(
        self,
        unit: str,
        long_name: str,
        *,
        start: float = 0.0,
        start_inflamed: float | None = None,
        lower: float | None = 0.0,
        upper: float | None = None,
        scale: float = 1.0,
    ) -> Callable[[F], F]:
        """Decorate the function that returns d(state)/dt, per hour."""

        def record(formula: F) -> F:
            self._record(formula, unit, long_name, True, lower, upper, scale, start, start_inflamed)
            return formula

        return record

    def quantity(self, unit: str, long_name: str) -> Callable[[F], F]:
        """Decorate the function that returns an algebraic quantity."""

        def record(formula: F) -> F:
            self._record(formula, unit, long_name, False)
            return formula

        return record

    def replaces(self, formula: F) -> F:
        """Decorate the function that takes the place of another mechanism's equation, on purpose.

        The function is named after that state or quantity, whose unit, words and bounds stay.

        Raises:
            ValueError: twice the same name.
        """
        name = formula.__name__
        if name in self.variables or name in self.replacements:
            raise ValueError(f"{name!r} is defined twice in {self.name}")
        self.replacements[name] = formula
        return formula

    def couple(self, *states: str) -> None:
        """Say that some states of this mechanism drive each other strongly and at once.

        The solver settles these among themselves before it goes on to what they drive. That changes
        how fast a result comes, and nothing else.

        Args:
            states: recorded before.

        Raises:
            ValueError: fewer than two, one that is not there, or one that is coupled already.
        """
        known = {n for n, v in self.variables.items() if v.is_state}
        taken = {n for some in self.coupled for n in some}
        if len(set(states)) < 2 or set(states) - known or set(states) & taken:
            raise ValueError(f"{self.name} cannot couple {states}: expected own states, each once")
        self.coupled = (*self.coupled, tuple(states))

    def reads(self, scale_word: str, *names: str, better: str = "") -> None:
        """Say how variables read on an axis, and which way a patient is better off.

        Apart from the equations, so that a word changes no kernel.

        Args:
            scale_word: of pure numbers, such as ``"fold of healthy"``; empty for those with a unit.
            names: variables of this mechanism, recorded before.
            better: ``"lower"``, ``"higher"``, or empty for what is neither good nor bad in itself.

        Raises:
            ValueError: an unknown direction, or a variable that is not there or was described.
        """
        if better not in ("", "lower", "higher"):
            raise ValueError(f"better = {better!r}: expected 'lower', 'higher' or ''")
        for name in names:
            if name not in self.variables:
                raise ValueError(f"{self.name} has no variable {name!r}")
            if self.variables[name].scale_word or self.variables[name].better:
                raise ValueError(f"{name!r} is described twice in {self.name}")
            self.variables[name] = replace(
                self.variables[name], scale_word=scale_word, better=better
            )

    def called(self, symbol: str = "", /, **short_names: str) -> None:
        """Say what variables are called in legends and tables, apart from the equations.

        Args:
            symbol: LaTeX of the one variable that is named; made from its name when left out.
            short_names: of variables of this mechanism, recorded before.

        Raises:
            ValueError: a variable that is not there, or a symbol for several.
        """
        if symbol and len(short_names) != 1:
            raise ValueError(f"symbol {symbol!r} is given for {len(short_names)} variables")
        for name, text in short_names.items():
            if name not in self.variables:
                raise ValueError(f"{self.name} has no variable {name!r}")
            self.variables[name] = replace(self.variables[name], called=text, symbol=symbol)

    def formulas(self) -> dict[str, Formula]:
        """Return every equation written here, by the name of its variable."""
        return {**{n: v.formula for n, v in self.variables.items()}, **self.replacements}

    def _record(
        self,
        formula: Formula,
        unit: str,
        long_name: str,
        is_state: bool,
        lower: float | None = None,
        upper: float | None = None,
        scale: float = 1.0,
        start: float = 0.0,
        start_inflamed: float | None = None,
    ) -> None:
        name = formula.__name__
        if name in self.variables or name in self.replacements:
            raise ValueError(f"{name!r} is defined twice in {self.name}")
        self.variables[name] = Variable(
            name, unit, long_name, formula, arguments_of(formula), is_state, self.name,
            lower, upper, scale, start, start_inflamed,
        )  # fmt: skip


def arguments_of(formula: Formula) -> tuple[str, ...]:
    """Return the names that an equation reads."""
    return tuple(inspect.signature(formula).parameters)
