"""All equations as one LaTeX document that needs nothing beyond common packages."""

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

_ESCAPED = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_OPENING = r"""\documentclass[a4paper]{article}
\usepackage[margin=2cm]{geometry}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\usepackage{amsmath}
\usepackage{longtable}
\allowdisplaybreaks
\title{Equations of ldnsim}
\author{}
\date{}
\begin{document}
\maketitle"""


def as_latex(edition: Edition, mechanism: str | None = None) -> str:
    """Return equations and symbols with units as a LaTeX document, one section a mechanism.

    Raises:
        UserError: no mechanism of that name.
    """
    import ldnsim

    head = (
        f"Written by ldnsim {ldnsim.__version__}. A research instrument, not medical advice."
        f" Time $t$ is in hours from midnight; ${OMEGA} = 2\\pi/24\\,\\mathrm{{h^{{-1}}}}$ is the"
        " angular frequency of the day. A part that occurs several times in a long equation is"
        " written once, below it, as $x_{1}$, $x_{2}$, \\ldots"
    )
    parts = [_OPENING, " ".join(filter(None, (head, extensions(edition, escape))))]
    for room in rooms(edition.model, mechanism):
        parts += _section(room, edition.model)
    return "\n".join([*parts, r"\end{document}"]) + "\n"


def escape(text: str) -> str:
    """Return plain text so that LaTeX prints it as it stands."""
    return "".join(_ESCAPED.get(c, c) for c in text)


def _section(room: Mechanism, model: Model) -> list[str]:
    lines = ["", rf"\section{{{escape(room.title)}}}"]
    variables, parameters = contents(model, room)
    for v in variables:
        body = " \\\\\n".join(formula(v, model))
        lines += ["", rf"\noindent {escape(words_of(v))}", r"\begin{align*}", body, r"\end{align*}"]
    rows: list[Variable | Parameter] = [*variables, *parameters]
    return [*lines, "", *_table(rows, model)] if rows else lines


def _table(rows: Iterable[Variable | Parameter], model: Model) -> list[str]:
    r"""Return the symbols of a mechanism: symbol, name, unit, meaning."""
    known = symbols(model)
    found = [
        r"\begin{longtable}{lllp{8cm}}",
        r"symbol & name & unit & meaning \\",
        r"\hline",
        r"\endhead",
    ]
    for row in rows:
        words = row.long_name if isinstance(row, Variable) else row.meaning
        cells = [f"${known[row.name]}$", rf"\texttt{{{escape(row.name)}}}", escape(row.unit)]
        found.append(" & ".join([*cells, escape(words)]) + r" \\")
    return [*found, r"\end{longtable}"]
