r"""One equation as LaTeX, laid out in lines that fit a page.

A part that occurs more than once in a long equation is written once, as ``x_{1}``, ``x_{2}``, ...;
so is one that would make a line too long.
"""

from __future__ import annotations

from typing import Any

from ldnsim.equations.symbols import LN2, OMEGA, symbols
from ldnsim.equations.tree import Apply, Node, traced, tree
from ldnsim.mechanisms import forms
from ldnsim.mechanisms.record import Variable
from ldnsim.model import Model

WIDE = 70
"""Characters, roughly, that fit a line."""
_PAGE = 90
"""Characters above which even a single term is taken apart."""
_SMALL = 14
"""Characters below which a part is written out wherever it occurs."""
_LOOSE, _TIGHT, _NAMED = 1, 2, 3  # how strongly sums, products and the rest hold together
_CALLS = ("cos", "sin")


def formula(variable: Variable, model: Model) -> list[str]:
    r"""Return one equation as lines of LaTeX; every line has one ``&`` where lines align.

    Args:
        variable: the state or quantity.
        model: whose names get symbols.
    """
    known = symbols(model)
    own = known[variable.name]
    left = rf"\frac{{d\,{own}}}{{dt}}" if variable.is_state else own
    main, parts = _shared(traced(variable))
    known |= {name: f"x_{{{name.removeprefix('_')}}}" for name in parts}
    lines = _lines(left, main, known)
    for name, part in parts.items():
        lines += _lines(known[name], part, known)
    return lines


def _shared(expression: Any) -> tuple[Node, dict[str, Node]]:
    """Return an expression as a tree, and its repeated parts when it is long."""
    import sympy

    plain = tree(expression)
    if _width(plain) <= WIDE:
        return plain, {}
    found, (main,) = sympy.cse(expression, symbols=sympy.numbered_symbols("_", start=1, real=True))
    back: dict[Any, Any] = {}  # small parts are put back, the others numbered anew
    kept: dict[str, Node] = {}
    for symbol, part in found:
        whole = part.xreplace(back)
        if _width(tree(whole)) <= _SMALL:
            back[symbol] = whole
            continue
        name = f"_{len(kept) + 1}"
        back[symbol] = sympy.Symbol(name, real=True)
        kept[name] = tree(whole)
    return _narrowed(tree(main.xreplace(back)), kept)


def _narrowed(main: Node, parts: dict[str, Node]) -> tuple[Node, dict[str, Node]]:
    """Give sums inside a term a name of their own until every term fits a page."""
    whole = {"": main, **parts}
    for at in list(whole):
        while _widest(whole[at]) > _PAGE:
            inner = [n for _, term in _terms(whole[at]) for n in _inside(term) if _terms(n)[1:]]
            short = [n for n in inner if _width(n) <= _PAGE]
            fits = short or [n for n in inner if _widest(n) <= _PAGE]
            if not fits:
                break
            taken = max(fits, key=_width)
            name = f"_{len(whole)}"
            whole[at] = _exchanged(whole[at], taken, name)
            whole[name] = taken
    return whole.pop(""), whole


def _widest(node: Node) -> int:
    """Return the width of the widest term; between terms a line is broken."""
    return max(_width(term) for _, term in _terms(node))


def _inside(node: Node) -> list[Node]:
    """Return every part of a tree but the whole."""
    if not isinstance(node, Apply):
        return []
    return [n for part in node.parts for n in (part, *_inside(part))]


def _exchanged(node: Node, old: Node, new: Node) -> Node:
    if node == old:
        return new
    if not isinstance(node, Apply):
        return node
    return Apply(node.op, tuple(_exchanged(part, old, new) for part in node.parts))


def _lines(left: str, right: Node, known: dict[str, str]) -> list[str]:
    """Lay an equation out, breaking a long sum between its terms."""
    lines, width = [f"{left} &="], 8
    for k, (sign, term) in enumerate(_terms(right)):
        size = _width(term) + 2
        if k > 0 and width + size > WIDE:
            lines.append(r"&\quad")
            width = 2
        shown = "" if k == 0 and sign == "+" else f"{sign} "
        lines[-1] += f" {shown}{_within(term, known, _TIGHT)}"
        width += size
    return lines


def _terms(node: Node) -> list[tuple[str, Node]]:
    """Return the terms of a sum with their signs; anything else is one term."""
    if not isinstance(node, Apply) or node.op not in ("plus", "minus"):
        return [("+", node)]
    if node.op == "plus":
        return [term for part in node.parts for term in _terms(part)]
    *first, taken = node.parts  # what is taken away is one term
    return [*(term for part in first for term in _terms(part)), ("-", taken)]


def latex(node: Node, known: dict[str, str]) -> str:
    """Return a tree as LaTeX, given the symbols of the names in it."""
    if isinstance(node, str):
        return known.get(node, node)
    if not isinstance(node, Apply):
        return _number(node)
    if node.op in ("plus", "minus"):
        return _sum(node, known)
    if node.op == "times":
        return r" \, ".join(_within(p, known, _TIGHT) for p in node.parts)
    first, *rest = node.parts
    if node.op == "divide":
        return rf"\frac{{{latex(first, known)}}}{{{latex(rest[0], known)}}}"
    if node.op == "power":
        return f"{_within(first, known, _NAMED)}^{{{latex(rest[0], known)}}}"
    if node.op in _CALLS:
        return rf"\{node.op}\left({latex(first, known)}\right)"
    return rf"\sqrt{{{latex(first, known)}}}"


def _sum(node: Node, known: dict[str, str]) -> str:
    text = ""
    for sign, term in _terms(node):
        shown = f" {sign} " if text else ("- " if sign == "-" else "")
        text += shown + _within(term, known, _TIGHT)
    return text


def _within(node: Node, known: dict[str, str], least: int) -> str:
    """Return a part, in brackets when it holds together less than its place asks for."""
    text = latex(node, known)
    return text if _hold(node) >= least else rf"\left({text}\right)"


def _hold(node: Node) -> int:
    if not isinstance(node, Apply):
        return _NAMED
    if node.op in ("plus", "minus"):
        return _LOOSE
    return _TIGHT if node.op in ("times", "divide", "power") else _NAMED


def _number(value: float) -> str:
    """Six digits of a number, or the name of one that has one."""
    named = {forms.LN2: LN2, forms.OMEGA: OMEGA}
    if value in named:
        return named[value]
    mantissa, e, exponent = f"{value:.6g}".partition("e")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}" if e else mantissa


def _width(node: Node) -> int:
    """Count roughly the characters of a line; a fraction is as wide as its wider part."""
    if isinstance(node, str):
        return max(2, round(0.8 * len(node)))
    if not isinstance(node, Apply):
        return len(f"{node:.6g}")
    sizes = [_width(part) for part in node.parts]
    if node.op == "divide":
        return max(sizes)
    gaps = 3 * (len(sizes) - 1) if node.op in ("plus", "minus") else 0
    return sum(sizes) + gaps + (2 if node.op in (*_CALLS, "root") else 0)
