"""An extension: what it is called, its content, what it adds and what it changes."""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ldnsim.catalog import Reference
from ldnsim.edition.mechanisms import mechanisms_of
from ldnsim.edition.source import DATA, PACKAGE, Source
from ldnsim.edition.tables import NAMED, Tables, sets
from ldnsim.errors import UserError, nearest
from ldnsim.mechanisms import MECHANISMS
from ldnsim.mechanisms.record import Mechanism, Parameter, Variable
from ldnsim.model import Model, assemble, check_value
from ldnsim.units import find_unit

OWN = re.compile(
    r"[A-Za-z]|[a-z]\d+|[abpd]_.*|.*_\d+|_.*|dclock.*|math|np|max|jit|lanes|inlined|tolerance"
)
"""Names that generated code has itself: single letters, slots such as ``k3``, nodes of a step."""
RESERVED = frozenset((
    "DNA", "abs", "after", "and", "area", "at", "avogadro", "compartment", "const", "cos", "delay",
    "delete", "end", "event", "exp", "exponentiale", "ext", "extent", "factorial", "false", "floor",
    "formula", "function", "gene", "has", "import", "in", "inf", "infinity", "is", "length", "ln",
    "log", "maximize", "minimize", "model", "module", "nan", "normal", "not", "notanumber",
    "operator", "or", "pi", "piecewise", "reaction", "root", "sec", "sin", "species", "sqrt",
    "substance", "tan", "time", "true", "uniform", "unit", "var", "volume",
))  # fmt: skip
"""Words of Antimony, and time of SBML: what is called so cannot be written."""


@dataclass(frozen=True)
class Extension:
    """One extension of an edition.

    Attributes:
        source: its text.
        changes: what it adds, replaces and sets, in words.
    """

    source: Source = field(repr=False)
    changes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name as it was written."""
        return self.source.name

    @property
    def kind(self) -> str:
        """``"mechanisms"``, ``"data"`` or ``"package"``."""
        return self.source.kind

    @property
    def sha256(self) -> str:
        """Hash of the text."""
        return self.source.sha256

    def __str__(self) -> str:
        """Return what it does to the model, on one line."""
        return f"{self.name} (sha256 {self.sha256[:12]}): {'; '.join(self.changes)}"

    def record(self) -> dict[str, Any]:
        """Return what a result says of it, for JSON."""
        return {"name": self.name, "kind": self.kind, "sha256": self.sha256,
                "changes": list(self.changes)}  # fmt: skip


def mechanisms_in(source: Source) -> tuple[Mechanism, ...]:
    """Return the mechanisms of an extension; a package may hold data alone.

    Raises:
        UserError: as :func:`ldnsim.edition.mechanisms.mechanisms_of`.
    """
    if source.kind == DATA:
        return ()
    return mechanisms_of(
        source.name, source.code, needed=not (source.kind == PACKAGE and source.tables)
    )


def with_mechanisms(sources: Sequence[Source]) -> Model:
    """Return the model of the package with the mechanisms of extensions.

    Raises:
        UserError: mechanisms that do not fit together.
    """
    rooms, by = list(MECHANISMS), {m.name: "ldnsim" for m in MECHANISMS}
    for source in sources:
        for room in mechanisms_in(source):
            if room.name in by:
                raise UserError(
                    f"{source.name}: a mechanism {room.name!r} is in {by[room.name]} already;"
                    " choose another name"
                )
            rooms.append(room)
            by[room.name] = source.name
    try:
        return assemble(rooms)
    except ValueError as error:
        names = ", ".join(s.name for s in sources if s.code)
        raise UserError(f"{names}: {error}") from None


def check_model(source: Source, model: Model, known: Mapping[str, Reference]) -> None:
    """Check what an extension adds to a model against the model and the bibliography.

    Raises:
        UserError: an unknown unit or reference, a default out of its bounds, or an equation that
            gives no number.
    """
    for room in mechanisms_in(source):
        for name in [*room.parameters, *room.variables]:
            if name in RESERVED or not name.isascii():
                raise UserError(
                    f"{source.name}: {name!r} cannot be written in SBML and Antimony: it is a word"
                    " of theirs, or not in plain letters; choose another name"
                )
            if not name.isidentifier() or keyword.iskeyword(name) or OWN.fullmatch(name):
                raise UserError(
                    f"{source.name}: {name!r} is a name that generated code needs itself; choose a"
                    " longer one, without a number after an underscore at its end"
                )
        for p in room.parameters.values():
            _check_parameter(f"{source.name}: parameter {p.name!r}", p, known)
        for name in room.formulas():
            _check_equation(
                f"{source.name}: the equation of {name!r}", model.observables[name], model
            )


def _check_parameter(where: str, p: Parameter, known: Mapping[str, Reference]) -> None:
    if p.unit and find_unit(p.unit) is None:
        raise UserError(f"{where}: unit {p.unit!r} is not known; see docs/parameters.md")
    for key in p.source:
        if key not in known:
            raise UserError(
                f"{where}: reference {key!r} is not in the bibliography{nearest(key, known)}"
            )
    try:
        check_value(p, p.value)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


def _check_equation(where: str, v: Variable, model: Model) -> None:
    """Evaluate an equation with numbers, at rest, and with symbols, as the kernels are made."""
    import sympy

    try:
        values = model.environment(8.0, model.start(True), model.defaults())
        number = float(v.formula(*(values[a] for a in v.arguments)))
        text = sympy.sympify(v.formula(*(sympy.Symbol(a, real=True) for a in v.arguments)))
    except Exception as error:
        raise UserError(
            f"{where} cannot be evaluated ({type(error).__name__}: {error}); expected arithmetic,"
            " and functions of ldnsim.mechanisms.forms such as cos, sqrt and positive_part"
        ) from None
    odd = sorted({f.func.__name__ for f in text.atoms(sympy.Function)} - {"cos", "sin"})
    if odd:
        raise UserError(f"{where} uses {odd[0]}, whose derivative jumps or is not known")
    if not math.isfinite(number) or not isinstance(text, sympy.Expr):
        raise UserError(f"{where} gives {number!r} at the defaults; expected a finite number")


def changes(
    source: Source, model: Model, blocks: Mapping[str, Sequence[Tables]], before: Model
) -> Iterator[str]:
    """Yield what an extension adds, replaces and sets, in words.

    Args:
        source: the extension.
        model: with all extensions.
        blocks: its own blocks.
        before: the model of the package and all mechanisms, with the values that those have.
    """
    for room in mechanisms_in(source):
        for n, p in room.parameters.items():
            yield f"adds the parameter {n} = {p.value:g} {p.unit}".removesuffix(" 1")
        for n, v in room.variables.items():
            yield f"adds the {'state' if v.is_state else 'quantity'} {n}"
        for n in room.replacements:
            yield f"replaces the equation of {n} ({model.observables[n].mechanism})"
    for _, tables in blocks.get("parameters", ()):
        yield from sets(tables, before)
    words = {"hypotheses": "hypothesis"}
    for block in NAMED:
        for _, tables in blocks.get(block, ()):
            for n in tables:
                yield f"adds the {words.get(block, block.removesuffix('s'))} {n}"
