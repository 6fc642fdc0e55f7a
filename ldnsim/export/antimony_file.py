"""One run as Antimony, the text form of SBML that people can read and edit."""

from __future__ import annotations

from collections.abc import Iterator

from ldnsim.equations.text import contents, words_of
from ldnsim.export.content import Content, Event
from ldnsim.export.infix import infix
from ldnsim.export.provenance import headline, origins
from ldnsim.export.sbml_file import clock
from ldnsim.export.units import Base, definitions, unit_id
from ldnsim.mechanisms.record import Mechanism


def text(content: Content) -> str:
    """Return a run as an Antimony model."""
    lines = [f"// {label}: {words}" for label, words in headline(content).items()]
    parts = [
        _units(content),
        _clock(content),
        *(line for room in content.model.mechanisms for line in _mechanism(content, room)),
        _events(content),
    ]
    body = [f"  {line}".rstrip() for part in parts for line in part]
    return "\n".join([*lines, "", "model ldnsim()", *body, "end"]) + "\n"


def _units(content: Content) -> Iterator[str]:
    for name, factors in definitions(content.units).items():
        yield f"unit {name} = {' * '.join(map(_factor, factors))}"
    yield "unit time_unit = hour"
    yield "unit substance = nmol"
    yield "unit extent = nmol"
    yield "unit volume = litre"


def _factor(base: Base) -> str:
    """A factor such as ``1e-09 mole``; a negative exponent divides."""
    size = base.multiplier * 10.0**base.scale
    if base.exponent < 0:
        return f"1 / ({size:g} {base.kind})"
    return f"{size:g} {base.kind}"


def _clock(content: Content) -> Iterator[str]:
    yield ""
    yield "// inputs of the time of day"
    for name, node in clock().items():
        yield f"var {name} := {infix(node)}; {name} has dimensionless"


def _mechanism(content: Content, room: Mechanism) -> Iterator[Iterator[str]]:
    yield iter(["", f"// {room.title}"])
    yield _parameters(content, room)
    yield _variables(content, room)


def _parameters(content: Content, room: Mechanism) -> Iterator[str]:
    known = origins(content)
    for name, p in room.parameters.items():
        kind = "var" if name in content.changing else "const"
        yield (
            f"{kind} {name} = {content.parameters[name]!r}; {name} has {unit_id(p.unit)}"
            f"  // {p.meaning}; {known[name].words}"
        )


def _variables(content: Content, room: Mechanism) -> Iterator[str]:
    for v in contents(content.model, room)[0]:
        name = v.name
        right = infix(content.equations[name])
        unit = f"{name} has {unit_id(v.unit)}  // {words_of(v)}"
        if v.is_state:
            yield f"var {name} = {content.start[name]!r}; {unit}"
            yield f"{name}' = {right}"
        else:
            yield f"var {name} := {right}; {unit}"


def _events(content: Content) -> Iterator[str]:
    yield ""
    yield "// what is taken, and parameters that change"
    for e in content.events:
        yield _event(e)


def _event(event: Event) -> str:
    new = f"{event.target} + {event.value!r}" if event.is_dose else repr(event.value)
    when = f"at time >= {event.time!r}, t0=false, fromTrigger=false"
    return f"{event.id}: {when}: {event.target} = {new}  // {event.name}"
