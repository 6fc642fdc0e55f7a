"""Equations as plain text in the model's own names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ldnsim.equations.tree import traced
from ldnsim.errors import check_known
from ldnsim.mechanisms.record import Mechanism, Parameter, Variable
from ldnsim.model import Model

if TYPE_CHECKING:
    from ldnsim.edition import Edition


def expression(variable: Variable) -> Any:
    """The SymPy expression of one state's rate or one quantity, all but the clock above zero."""
    return traced(variable, positive=True)


def as_text(variable: Variable, places: int = 6) -> str:
    """One equation as a line of text, such as ``d(gut_slow)/dt = -gut_slow*k_slow_release``.

    Args:
        variable: the state or quantity.
        places: significant digits of numbers.
    """
    import sympy

    shown = expression(variable)
    short = {n: sympy.Float(n, places) for n in shown.atoms(sympy.Float)}
    left = f"d({variable.name})/dt" if variable.is_state else variable.name
    return f"{left} = {sympy.sstr(shown.xreplace(short), full_prec=False)}"


def contents(model: Model, room: Mechanism) -> tuple[list[Variable], list[Parameter]]:
    """Variables and parameters of a mechanism as the model has them, replaced ones included."""
    return [model.observables[n] for n in room.variables], [
        model.parameters[n] for n in room.parameters
    ]


def words_of(variable: Variable) -> str:
    """What an equation gives, and whose it is where another mechanism replaced it."""
    by = variable.replaced_by
    return f"{variable.long_name}; equation of {by}" if by else variable.long_name


def extensions(edition: Edition, escape: Callable[[str], str] = str) -> str:
    """Sentence on what extends the model of the package; empty for that model itself."""
    told = ", ".join(f"{escape(e.name)} (sha256 {e.sha256[:12]})" for e in edition.extensions)
    return f"Of the model with {told}." if told else ""


def rooms(model: Model, mechanism: str | None = None) -> Iterator[Mechanism]:
    """The mechanisms to print: one by name, or all.

    Raises:
        UserError: no mechanism of that name.
    """
    names = [m.name for m in model.mechanisms]
    if mechanism is not None:
        check_known("mechanism", [mechanism], names)
    yield from (m for m in model.mechanisms if mechanism in (None, m.name))
