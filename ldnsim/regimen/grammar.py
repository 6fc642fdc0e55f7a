"""The prescription grammar: text to the fields of phases.

A phase is a set of clauses, with or without commas between them; each clause is one row of
`ldnsim.regimen.clauses.CLAUSES`. Phases are joined by ``then`` or ``;``. Case and extra spaces do
not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ldnsim.errors import UserError, nearest, short, unknown
from ldnsim.regimen.clauses import CLAUSES, REFUSED, Fields, Reader
from ldnsim.regimen.rule_clauses import is_guided, keep_files, take_rules
from ldnsim.regimen.values import spell

LONGEST_TEXT = 20_000
# what may not follow a clause directly: more of the same word or number
_END = r"(?![a-z0-9%]|[.:][0-9])"
_COMPILED = [(re.compile(rf"(?:{p}){_END}"), act) for _, act, p in CLAUSES]
_REFUSED = [(re.compile(rf"(?:{p}){_END}"), remedy) for p, remedy in REFUSED]
_BETWEEN = re.compile(r"(?:[ ,]|\.(?= |$))*")
# not after a colon: in "at 21:40,450 mcg" the comma parts two clauses
_COMMA = re.compile(r"(?<![0-9:])([0-9]+),([0-9]+)( ?(?:(?:[nu]|mc?)?g|ml|h|d|wk|mo|%)(?![a-z])|)")
_WORDS = (
    *("nightly", "daily", "once", "twice", "every", "morning", "bedtime", "alternate", "night"),
    *("day", "at", "to", "for", "hold", "first", "then", "stop", "placebo", "target", "slow"),
    *("release", "immediate", "except", "starting", "weekdays", "double", "halve"),
)


def read_phase(text: str, protocols: Iterable[str]) -> Fields:
    """Return the fields of one phase, values still as text.

    Args:
        text: what one phase says.
        protocols: names of protocols, for the hint where one stands in place of a phase.

    Raises:
        UserError: words that no clause covers, or the same field given twice.
    """
    fields = _clauses(_checked(text).strip(" ,;:"), protocols)
    if "start_day" in fields:
        raise UserError(
            f"regimen {short(text, 200)}: 'starting on' says which day of the week day 0 is; write "
            "it in the first phase of the whole text, or as start_day beside 'phases'"
        )
    return fields


def _clauses(text: str, protocols: Iterable[str]) -> Fields:
    if re.search(r"\bthen\b|;", text):
        raise UserError(f"regimen {short(text, 200)}: one phase was expected here, without 'then'")
    if is_guided(text):
        if comma := _COMMA.search(text):
            raise Reader(text).error(_comma(*comma.groups()))
        rest, rules = take_rules(text)
        return _clauses(rest, protocols) | rules
    reader, at = Reader(text), 0
    if comma := _COMMA.search(text):
        raise reader.error(_comma(*comma.groups()))
    while (at := _BETWEEN.match(text, at).end()) < len(text):  # type: ignore[union-attr]
        for pattern, remedy in _REFUSED:
            if match := pattern.match(text, at):
                raise reader.error(f"'{match[0]}': {remedy}")
        hit = next(((m, act) for p, act in _COMPILED if (m := p.match(text, at))), None)
        if hit is None:
            raise reader.error(_unreadable(text[at:], protocols))
        match, act = hit
        act(reader, match)
        at = match.end()
    return reader.finish()


def _comma(above: str, below: str, unit: str) -> str:
    given, pointed = f"{above},{below}{unit}", f"{above}.{below}{unit}"
    if len(below) == 3 and above != "0":
        return f"the comma in '{given}' cannot be read; write '{pointed}' or '{above}{below}{unit}'"
    return f"a decimal comma, '{given}', cannot be read; write '{pointed}' with a point"


def _unreadable(rest: str, protocols: Iterable[str]) -> str:
    if hint := meant(rest, protocols):
        return f"cannot read {short(rest, 80)}; {hint}"
    word, rest = re.split(r"[\s,]", rest)[0], short(rest, 80)
    if re.match(r"'at [0-9]", rest):
        return f"cannot read {rest}; a time of day is written 'at 22:00' or 'at 10 pm'"
    if word not in _WORDS and (hint := nearest(word, _WORDS)):
        return f"cannot read {rest}{hint}"
    forms = ", ".join(form for form, _, _ in CLAUSES)
    return f"cannot read {rest}; the clauses are: {forms}"


def _checked(text: str) -> str:
    """Return text in plain spelling, unless it is too long for a prescription."""
    if len(text) > LONGEST_TEXT:
        raise UserError(
            f"regimen {short(text)}: {len(text):,} characters; a prescription has at most "
            f"{LONGEST_TEXT:,}"
        )
    return spell(keep_files(text))


def read_regimen(text: str, protocols: Mapping[str, Fields]) -> Fields:
    """Return the fields of a regimen from prescription text or a protocol's name.

    Args:
        text: what the user wrote.
        protocols: the fields of each protocol by its name.

    Raises:
        UserError: words that no clause covers, a contradiction, or an empty phase.
    """
    if re.fullmatch(r"\s*[A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)*\s*", text):
        return _protocol(text.strip(), protocols)
    parts = re.split(r"; ?then\b|\b(?:and )?then\b|;", _checked(text).rstrip(" .,;:"))
    trimmed = [part.lstrip(" ,;:").rstrip(" ,;:") for part in parts]
    phases = [_clauses(part, protocols) if part.strip(".") else _empty(text) for part in trimmed]
    start_day = phases[0].pop("start_day", None)
    if any("start_day" in phase for phase in phases):
        raise UserError(
            f"regimen {short(text, 200)}: 'starting on' says which day of the week day 0 is, so it "
            "goes into the first phase; later phases follow from their lengths"
        )
    return {"phases": phases} | ({} if start_day is None else {"start_day": start_day})


def _empty(text: str) -> Fields:
    raise UserError(
        f"regimen {short(text, 200)}: a phase is empty; an example is '4.5 mg nightly at 22:00, "
        "for 12 wk'"
    )


def _protocol(name: str, protocols: Mapping[str, Fields]) -> Fields:
    if name not in protocols:
        if name.lower() == "stop":
            return {"phases": [{"kind": "stop"}]}
        raise no_such_protocol(name, protocols)
    return protocols[name]


def no_such_protocol(name: str, protocols: Iterable[str]) -> UserError:
    """Return the error for a name that no protocol has, with what was probably meant."""
    if hint := meant(name, protocols):
        return UserError(f"protocol {short(name)} is not known; {hint}")
    return unknown("protocol", name, protocols)


def meant(text: str, protocols: Iterable[str]) -> str:
    """Return how a protocol is written that a text begins with; empty where it begins with none.

    Args:
        text: in any case, with spaces or dashes in place of underscores, and more words after it.
        protocols: the names there are.
    """
    plain = re.sub(r"[\s_-]+", "_", text.lower()).strip("_.,;: ")
    for name in sorted(protocols, key=len, reverse=True):
        if plain == name:
            return f"did you mean the protocol '{name}'?"
        if re.match(rf"{name}(?![a-z0-9])", plain):
            return (
                "the fields of a protocol are changed in a table of a study, such as"
                f' {{protocol = "{name}", duration = "4 wk"}}'
            )
    return ""
