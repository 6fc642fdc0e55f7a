"""Print the model's equations, from the very functions the kernels are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ldnsim.errors import unknown
from ldnsim.mechanisms.record import CLOCK, Mechanism, Variable
from ldnsim.model import Model, default_model


def expression(variable: Variable) -> Any:
    """The SymPy expression of one state's rate or one quantity, in the model's own names."""
    import sympy

    symbols = {a: sympy.Symbol(a, positive=True) for a in variable.arguments}
    clock = {a: sympy.Symbol(a, real=True) for a in CLOCK if a in symbols}
    return sympy.sympify(variable.formula(*({**symbols, **clock}[a] for a in variable.arguments)))


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


def rooms(model: Model, mechanism: str | None = None) -> Iterator[Mechanism]:
    """The mechanisms to print: one by name, or all.

    Raises:
        UserError: no mechanism of that name.
    """
    names = [m.name for m in model.mechanisms]
    if mechanism is not None and mechanism not in names:
        raise unknown("mechanism", mechanism, names)
    yield from (m for m in model.mechanisms if mechanism in (None, m.name))


def as_markdown(mechanism: str | None = None, model: Model | None = None) -> str:
    """All equations with units and meanings, one section a mechanism, as Markdown.

    Raises:
        UserError: no mechanism of that name.
    """
    parts = ["# Equations", "", _HEAD]
    for room in rooms(model or default_model(), mechanism):
        if not room.variables:
            continue  # factors alone: they stand in the equations of other mechanisms
        parts += ["", f"## {room.title} (`{room.name}`)", ""]
        for v in room.variables.values():
            unit = f"{v.unit}/h" if v.is_state and v.unit != "1" else v.unit
            unit = "1/h" if v.is_state and v.unit == "1" else unit
            parts += [f"- {v.long_name} [{unit}]", "", "  ```", f"  {as_text(v)}", "  ```", ""]
    return "\n".join(parts).rstrip() + "\n"


_HEAD = (
    "Written by `ldnsim equations --markdown` from the functions in `ldnsim/mechanisms`, which are "
    "also what the kernels, their Jacobian and the slow reference are made of. Time is in hours; "
    "`clock_cos` and `clock_sin` are cosine and sine of the time of day."
)
