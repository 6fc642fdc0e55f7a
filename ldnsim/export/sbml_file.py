"""One run as SBML Level 3 Version 2 core, written with the standard library alone.

States are parameters with rate rules rather than species in compartments: most of them are no
amounts of matter, and amounts, concentrations and folds are then treated alike. Quantities are
assignment rules, doses and changed parameters are events.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ldnsim.equations.text import words_of
from ldnsim.equations.tree import Apply, Node
from ldnsim.export.content import Content, Event
from ldnsim.export.mathml import math
from ldnsim.export.provenance import headline, one_line, origins
from ldnsim.export.units import definitions, unit_id
from ldnsim.mechanisms.forms import OMEGA
from ldnsim.mechanisms.record import CLOCK

SBML = "http://www.sbml.org/sbml/level3/version2/core"
XHTML = "http://www.w3.org/1999/xhtml"
OWN = "urn:ldnsim:export:1"
"""Namespace of the annotations: provenance that programs can read."""


def clock() -> dict[str, Node]:
    """Return the inputs of the time of day as trees."""
    angle = Apply("times", (OMEGA, "time"))
    return {CLOCK[0]: Apply("cos", (angle,)), CLOCK[1]: Apply("sin", (angle,))}


def text(content: Content) -> str:
    """Return a run as an SBML document."""
    root = Element("sbml", {"xmlns": SBML, "level": "3", "version": "2"})
    model = SubElement(
        root,
        "model",
        {
            "id": "ldnsim",
            "name": one_line(content.plan.study.title),
            "timeUnits": "hour",
            "substanceUnits": "nmol",
            "extentUnits": "nmol",
            "volumeUnits": "litre",
        },
    )
    _describe(model, content)
    _units(model, content)
    parameters = SubElement(model, "listOfParameters")
    parameters.extend([*_parameters(content), *_variables(content)])
    SubElement(model, "listOfRules").extend(_rules(content))
    if content.events:  # an empty list is allowed, but older readers stumble over it
        SubElement(model, "listOfEvents").extend(map(_event, content.events))
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _notes(parent: Element, lines: list[str]) -> None:
    body = SubElement(SubElement(parent, "notes"), "body", {"xmlns": XHTML})
    for line in lines:
        SubElement(body, "p").text = line


def _annotate(parent: Element, kind: str, values: dict[str, str]) -> None:
    annotation = SubElement(parent, "annotation")
    SubElement(annotation, f"ldnsim:{kind}", {"xmlns:ldnsim": OWN, **values})


def _describe(model: Element, content: Content) -> None:
    import ldnsim

    _notes(model, [f"{label}: {words}" for label, words in headline(content).items()])
    values = {
        "version": ldnsim.__version__,
        "model": content.model.fingerprint,
        "hypothesis": content.run.hypothesis,
        "phenotype": content.run.phenotype,
        "run": str(content.number),
        "horizon_h": repr(content.plan.end),
    }
    if extensions := content.plan.edition.extensions:
        values["extensions"] = " ".join(f"{e.name}={e.sha256}" for e in extensions)
    _annotate(model, "run", values)


def _units(model: Element, content: Content) -> None:
    units = SubElement(model, "listOfUnitDefinitions")
    for name, factors in definitions(content.units).items():
        parts = SubElement(SubElement(units, "unitDefinition", {"id": name}), "listOfUnits")
        for f in factors:
            SubElement(
                parts,
                "unit",
                {
                    "kind": f.kind,
                    "exponent": str(f.exponent),
                    "scale": str(f.scale),
                    "multiplier": f"{f.multiplier:g}",
                },
            )


def _parameter(
    name: str, words: list[str], unit: str, constant: bool, value: float | None
) -> Element:
    """Write one number; its meaning is a note, since COPASI calls things by SBML's ``name``."""
    given = {} if value is None else {"value": repr(value)}
    rest = {"units": unit_id(unit), "constant": str(constant).lower()}
    found = Element("parameter", {"id": name, **given, **rest})
    _notes(found, words)
    return found


def _parameters(content: Content) -> Iterator[Element]:
    """Write the patient's parameters, each with its evidence."""
    known = origins(content)
    for name, p in content.model.parameters.items():
        origin, is_constant = known[name], name not in content.changing
        words = [origin.meaning, origin.words]
        found = _parameter(name, words, p.unit, is_constant, content.parameters[name])
        values = {
            "grade": origin.grade,
            "source": " ".join(origin.sources),
            "default": repr(origin.default),
            "mechanism": p.mechanism,
        }
        if origin.changed_by:
            values["changed_by"] = origin.changed_by
        _annotate(found, "parameter", values)
        yield found


def _variables(content: Content) -> Iterator[Element]:
    """Write the states with their value at time 0, then what rules compute."""
    for name, v in content.model.observables.items():
        yield _parameter(name, [words_of(v)], v.unit, False, content.start.get(name))
    for name in CLOCK:
        words = f"{'cosine' if name == CLOCK[0] else 'sine'} of the time of day"
        yield _parameter(name, [words], "1", False, None)


def _rules(content: Content) -> Iterator[Element]:
    """Write quantities in an order in which they can be evaluated, then rates."""
    model, equations = content.model, content.equations
    computed = {**clock(), **{n: equations[n] for n in (*model.constants, *model.quantities)}}
    for name, node in computed.items():
        yield _rule("assignmentRule", name, node)
    for name in model.states:
        yield _rule("rateRule", name, equations[name])


def _rule(kind: str, name: str, node: Node) -> Element:
    found = Element(kind, {"variable": name})
    found.append(math(node))
    return found


def _event(event: Event) -> Element:
    # no value is taken at the time of the trigger: two doses at the same time both count
    found = Element(
        "event", {"id": event.id, "name": event.name, "useValuesFromTriggerTime": "false"}
    )
    # false before the start, so that an event at time 0 happens
    trigger = SubElement(found, "trigger", {"initialValue": "false", "persistent": "true"})
    trigger.append(math(Apply("geq", ("time", event.time))))
    assignments = SubElement(found, "listOfEventAssignments")
    assignment = SubElement(assignments, "eventAssignment", {"variable": event.target})
    new = Apply("plus", (event.target, event.value)) if event.is_dose else event.value
    assignment.append(math(new))
    return found
