"""A small reader of SBML with rules and events, which shares no line with the writer.

It knows the parts of MathML that the export uses, reads numbers with ``decimal`` and evaluates
rules in the order of their dependencies.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import add, mul
from xml.etree import ElementTree as ET

S = "{http://www.sbml.org/sbml/level3/version2/core}"
M = "{http://www.w3.org/1998/Math/MathML}"
OPERATIONS: dict[str, Callable[..., float]] = {
    "plus": lambda *x: reduce(add, x),
    "minus": lambda *x: x[0] - x[1] if len(x) == 2 else -x[0],
    "times": lambda *x: reduce(mul, x),
    "divide": lambda a, b: a / b,
    "power": lambda a, b: a**b,
    "root": math.sqrt,
    "cos": math.cos,
    "sin": math.sin,
    "geq": lambda a, b: a >= b,
}


@dataclass
class Read:
    """A model as it stands in a file: values, rules and events by identifier."""

    root: ET.Element
    values: dict[str, float]
    units: dict[str, str]
    constant: dict[str, bool]
    assignments: dict[str, ET.Element]
    rates: dict[str, ET.Element]
    events: list[tuple[ET.Element, dict[str, ET.Element]]]

    def environment(self, t: float, values: dict[str, float]) -> dict[str, float]:
        """Everything that has a value at a time, given those of parameters and states."""
        known = {**self.values, **values, "time": t}
        for name, node in self.assignments.items():
            known[name] = evaluate(node, known)
        return known


def read(text: str) -> Read:
    root = ET.fromstring(text)
    parameters = list(root.iter(f"{S}parameter"))
    return Read(
        root,
        {p.attrib["id"]: float(p.attrib["value"]) for p in parameters if "value" in p.attrib},
        {p.attrib["id"]: p.attrib["units"] for p in parameters},
        {p.attrib["id"]: p.attrib["constant"] == "true" for p in parameters},
        {r.attrib["variable"]: _math(r) for r in root.iter(f"{S}assignmentRule")},
        {r.attrib["variable"]: _math(r) for r in root.iter(f"{S}rateRule")},
        [
            (_math(e.find(f"{S}trigger")),
             {a.attrib["variable"]: _math(a) for a in e.iter(f"{S}eventAssignment")})
            for e in root.iter(f"{S}event")
        ],
    )  # fmt: skip


def _math(parent: ET.Element | None) -> ET.Element:
    assert parent is not None
    found = parent.find(f"{M}math")
    assert found is not None
    return found[0]


def evaluate(node: ET.Element, known: dict[str, float]) -> float:
    """Value of a MathML element, given those of the names in it."""
    tag = node.tag.removeprefix(M)
    if tag == "ci":
        return known[(node.text or "").strip()]
    if tag == "csymbol":
        assert node.attrib["definitionURL"].endswith("/time")
        return known["time"]
    if tag == "cn":
        number = Decimal(node.text or "")
        return float(number.scaleb(int(node[0].tail or "")) if len(node) else number)
    assert tag == "apply"
    operation, *parts = node
    return OPERATIONS[operation.tag.removeprefix(M)](*(evaluate(p, known) for p in parts))
