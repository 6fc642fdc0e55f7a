"""All equations as Markdown with math, for the page in the docs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ldnsim.equations.formula import formula
from ldnsim.equations.symbols import OMEGA, symbols
from ldnsim.equations.text import contents, extensions, rooms, words_of
from ldnsim.mechanisms.record import Mechanism, Parameter, Variable
from ldnsim.model import Model

if TYPE_CHECKING:
    from ldnsim.edition import Edition

_HEAD = (
    "Written by `ldnsim equations --markdown` from the functions in `ldnsim/mechanisms`, which are "
    "also what the kernels, their Jacobian and the slow reference are made of. `ldnsim equations` "
    "prints them in the names of the code, `ldnsim equations --latex` as a LaTeX document.\n\n"
    f"Time $`t`$ is in hours from midnight, and $`{OMEGA} = 2\\pi/24\\ \\mathrm{{h}}^{{-1}}`$ the "
    "angular frequency of the day. Symbols are made from the names: the table under each group has "
    "both, and [parameters.md](parameters.md) the values with their evidence. A part that occurs "
    "several times in a long equation is written once, below it, as $`x_{1}`$, $`x_{2}`$, ..."
)


def as_markdown(edition: Edition, mechanism: str | None = None) -> str:
    """Return equations and symbols with units as Markdown, one section a mechanism.

    Raises:
        UserError: no mechanism of that name.
    """
    parts = ["# Equations", "", "\n\n".join(filter(None, (_HEAD, extensions(edition))))]
    for room in rooms(edition.model, mechanism):
        parts += _section(room, edition.model)
    return "\n".join(parts).rstrip() + "\n"


def _section(room: Mechanism, model: Model) -> list[str]:
    lines = ["", f"## {room.title} (`{room.name}`)", ""]
    variables, parameters = contents(model, room)
    for v in variables:
        lines += [f"{words_of(v)} [{_unit(v)}]", "", "```math", *_display(v, model), "```", ""]
    return [*lines, *_table([*variables, *parameters], model)]


def _unit(variable: Variable) -> str:
    """Unit of what the equation gives: that of the rate for a state."""
    if not variable.is_state:
        return variable.unit
    return "1/h" if variable.unit == "1" else f"{variable.unit}/h"


def _display(variable: Variable, model: Model) -> list[str]:
    lines = formula(variable, model)
    if len(lines) == 1:
        return [lines[0].replace("&= ", "= ")]
    return [r"\begin{aligned}", *(f"{line} \\\\" for line in lines[:-1]), lines[-1],
            r"\end{aligned}"]  # fmt: skip


def _table(rows: Iterable[Variable | Parameter], model: Model) -> list[str]:
    known = symbols(model)
    found = ["| symbol | name | unit | meaning |", "|---|---|---|---|"]
    for row in rows:
        words = row.long_name if isinstance(row, Variable) else row.meaning
        found.append(f"| $`{known[row.name]}`$ | `{row.name}` | {row.unit} | {words} |")
    return found
