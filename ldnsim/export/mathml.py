"""Trees of operations as MathML, in the subset that SBML allows."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from ldnsim.equations.tree import Apply, Node

MATHML = "http://www.w3.org/1998/Math/MathML"
TIME = "http://www.sbml.org/sbml/symbols/time"


def math(node: Node) -> Element:
    """Return a ``math`` element holding a tree; the name ``time`` is SBML's clock, in hours."""
    found = Element("math", {"xmlns": MATHML})
    found.append(element(node))
    return found


def element(node: Node) -> Element:
    """Return a tree as one MathML element."""
    if isinstance(node, Apply):
        found = Element("apply")
        SubElement(found, node.op)
        found.extend(element(part) for part in node.parts)
        return found
    if isinstance(node, str):
        return _name(node)
    return _number(node)


def _name(name: str) -> Element:
    if name != "time":
        found = Element("ci")
        found.text = name
        return found
    found = Element("csymbol", {"encoding": "text", "definitionURL": TIME})
    found.text = "t"
    return found


def _number(value: float) -> Element:
    """Every digit of a number; MathML wants exponents in a notation of their own."""
    if isinstance(value, int):
        found = Element("cn", {"type": "integer"})
        found.text = str(value)
        return found
    mantissa, e, exponent = repr(value).partition("e")
    found = Element("cn", {"type": "e-notation"} if e else {})
    found.text = mantissa
    if e:
        SubElement(found, "sep").tail = str(int(exponent))
    return found
