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
    if node == "time":
        return _leaf("csymbol", "t", encoding="text", definitionURL=TIME)
    if isinstance(node, str):
        return _leaf("ci", node)
    if isinstance(node, int):
        return _leaf("cn", str(node), type="integer")
    return _number(node)


def _leaf(tag: str, text: str, **attributes: str) -> Element:
    found = Element(tag, attributes)
    found.text = text
    return found


def _number(value: float) -> Element:
    """Every digit of a number; MathML wants exponents in a notation of their own."""
    mantissa, e, exponent = repr(value).partition("e")
    if not e:
        return _leaf("cn", mantissa)
    found = _leaf("cn", mantissa, type="e-notation")
    SubElement(found, "sep").tail = str(int(exponent))
    return found
