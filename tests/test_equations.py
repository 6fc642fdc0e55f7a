"""Printed equations say what the model computes."""

from __future__ import annotations

import contextlib
import functools
import math
import re
from pathlib import Path

import numpy as np
import pytest
import sympy
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser
from typer.testing import CliRunner

from ldnsim.cli import app
from ldnsim.edition import shipped
from ldnsim.equations import as_latex, as_markdown, as_text, expression
from ldnsim.equations.formula import formula
from ldnsim.equations.symbols import symbols
from ldnsim.errors import UserError
from ldnsim.mechanisms.record import CLOCK
from ldnsim.model import default_model

MODEL = default_model()
SYMBOLS = symbols(MODEL)


def random_values(arguments: tuple[str, ...]) -> dict[str, float]:
    rng = np.random.default_rng(1)
    return {a: float(rng.uniform(0.1, 0.9)) for a in arguments}


# ---- text -------------------------------------------------------------------------------------


def test_text_evaluates_to_the_function_for_every_equation() -> None:
    for variable in MODEL.observables.values():
        values = random_values(variable.arguments)
        right = as_text(variable, places=15).split(" = ", 1)[1]
        symbol = {a: sympy.Symbol(a) for a in values}
        printed = sympy.sympify(right, locals=symbol)
        got = float(printed.subs({symbol[a]: x for a, x in values.items()}))
        assert got == pytest.approx(variable.formula(*values.values()), rel=1e-9), variable.name
        assert expression(variable).free_symbols or not values


def test_a_rate_reads_as_a_derivative() -> None:
    assert as_text(MODEL.states["gut_slow"]) == "d(gut_slow)/dt = -gut_slow*k_slow_release"


# ---- symbols ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("k_off_mor", r"k_{\mathrm{off,mor}}"),
        ("t_half_brain", r"t_{1/2,\mathrm{brain}}"),
        ("kd_mor_naltrexol", r"K_{D,\mathrm{mor,naltrexol}}"),
        ("priming50", r"\mathrm{priming}_{50}"),
        ("mor_occupancy", r"\theta_{\mathrm{mor}}"),
        ("mast_tone", r"\mathrm{mast}_{\mathrm{tone}}"),  # a parameter, not a tone
        ("cl", r"\mathrm{CL}"),
        ("pain", r"\mathrm{pain}"),
    ],
)
def test_symbols_follow_the_use_of_the_field(name: str, shown: str) -> None:
    assert SYMBOLS[name] == shown


def test_no_two_names_share_a_symbol() -> None:
    assert len(set(SYMBOLS.values())) == len(SYMBOLS)
    assert set(SYMBOLS) == {*MODEL.parameters, *MODEL.observables, *CLOCK}


# ---- LaTeX ------------------------------------------------------------------------------------


def group(text: str, at: int) -> tuple[str, int]:
    """What stands in the braces that open at a place, and the place after them."""
    assert text[at] == "{", text[at:]
    depth = 0
    for end in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if depth == 0:
            return text[at + 1 : end], end + 1
    raise AssertionError(f"braces do not close: {text[at:]}")


def python_of(text: str) -> str:
    """Turn a right-hand side in which names stand for symbols into Python."""
    while (found := re.search(r"\\(frac|sqrt)|\^", text)) is not None:
        inside, end = group(text, found.end())
        if found[0] == r"\frac":
            below, end = group(text, end)
            new = f"(({inside})/({below}))"
        else:
            new = f"**({inside})" if found[0] == "^" else f"sqrt({inside})"
        text = text[: found.start()] + new + text[end:]
    for latex, plain in (
        (r"\left(", "("), (r"\right)", ")"), (r"\,", "*"), (r"\times 10**", "*10.0**"),
        (r"\cos", "cos"), (r"\sin", "sin"), (r"\quad", ""), ("&", ""),
    ):  # fmt: skip
        text = text.replace(latex, plain)
    return text


def evaluated(lines: list[str], values: dict[str, float]) -> float:
    """Value of the first equation among lines of LaTeX; the others say what its parts are."""
    body = " ".join(lines)
    for name, shown in sorted(SYMBOLS.items(), key=lambda s: -len(s[1])):
        body = body.replace(shown, f" {name} ")
    body = body.replace(r"\ln 2", " ln2 ").replace(r"\omega", " omega ")
    body = re.sub(r"x_\{(\d+)\}", r" part\1 ", body)
    first, *rest = re.split(r"(part\d+)\s*&=", body)
    known = {**values, "ln2": math.log(2.0), "omega": 2.0 * math.pi / 24.0,
             "sqrt": math.sqrt, "cos": math.cos, "sin": math.sin}  # fmt: skip
    parts = dict(zip(rest[::2], rest[1::2], strict=True))
    for _ in parts:  # a part may stand before those it is made of
        for name, right in parts.items():
            with contextlib.suppress(NameError):
                known[name] = eval(python_of(right), {}, known)
    return float(eval(python_of(first.split("&=", 1)[1]), {}, known))


@functools.cache
def lines_of(name: str) -> list[str]:
    return formula(MODEL.observables[name], MODEL)


@pytest.mark.parametrize("name", list(MODEL.observables))
def test_latex_evaluates_to_the_function(name: str) -> None:
    variable = MODEL.observables[name]
    values = random_values(variable.arguments)
    expected = variable.formula(*values.values())
    # numbers are printed with six digits
    assert evaluated(lines_of(name), values) == pytest.approx(expected, rel=2e-5, abs=1e-6)


@pytest.mark.parametrize("name", list(MODEL.observables))
def test_latex_of_every_line_can_be_typeset(name: str) -> None:
    typeset, font = MathTextParser("path"), FontProperties(size=10, math_fontfamily="cm")
    for line in lines_of(name):
        assert line.count("&") == 1
        display = line.replace("&", "").replace(r"\frac", r"\dfrac")
        width = typeset.parse(f"${display}$", dpi=72, prop=font)[0]
        assert width < 482.0  # points between the margins of the page


def test_the_document_is_balanced() -> None:
    text = as_latex(shipped())
    opened = []
    for kind, name in re.findall(r"\\(begin|end)\{([a-z*]+)\}", text):
        if kind == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert opened == []
    assert text.count(r"\left(") == text.count(r"\right)")
    bare = re.sub(r"\\[{}$&%#_]", "", text)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    # outside math a bare underscore, caret or ampersand would stop the compiler
    prose = re.sub(r"\$[^$]*\$|\\begin\{align\*\}.*?\\end\{align\*\}", "", bare, flags=re.S)
    assert not re.search(r"[_^]", prose)
    assert all(ord(c) < 128 for c in text)


def test_every_symbol_is_in_a_table_with_its_unit() -> None:
    text, page = as_latex(shipped()), as_markdown(shipped())
    for name, thing in {**MODEL.parameters, **MODEL.observables}.items():
        spelled = name.replace("_", r"\_")
        assert rf"${SYMBOLS[name]}$ & \texttt{{{spelled}}} & {thing.unit} & " in text
        assert f"| $`{SYMBOLS[name]}`$ | `{name}` | {thing.unit} | " in page


# ---- pages and the command --------------------------------------------------------------------


def test_the_page_in_the_docs_is_current() -> None:
    page = Path(__file__).parent.parent / "docs" / "equations.md"
    assert page.read_text() == as_markdown(shipped()), (
        "run: ldnsim equations --markdown > docs/equations.md"
    )


def test_unknown_mechanism_names_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean 'microglia'"):
        as_markdown(shipped(), "microgla")


def test_the_command_prints_each_format() -> None:
    run = CliRunner()
    assert run.invoke(app, ["equations", "--latex"]).stdout == as_latex(shipped())
    assert run.invoke(app, ["equations", "tlr4", "--markdown"]).stdout == as_markdown(
        shipped(), "tlr4"
    )
    assert "d(gut_slow)/dt" in run.invoke(app, ["equations", "pharmacokinetics"]).stdout
    both = run.invoke(app, ["equations", "--latex", "--markdown"])
    assert both.exit_code == 2
    assert "two formats" in both.stderr
