"""The clauses of a guided phase: rules are taken out of its text, and the rest is read as usual.

``0.5 mg nightly, every 2 wk +0.5 mg if dreams < 2 else hold, down 0.5 mg if burden > 5, to 4.5 mg``
has two clauses with rules. A clause ends at a comma; one that holds ``if``, ``else`` or ``decided
by`` is about rules, and may begin with the interval of visits.
"""

from __future__ import annotations

import re
from typing import Any

from ldnsim.errors import UserError, short
from ldnsim.regimen.rule import Rule
from ldnsim.units import NUMBER

_SPAN = rf"(?:{NUMBER}\s*)?[a-z]+"
_RULED = re.compile(r"\b(?:if|unless|else|otherwise|decided\s+by)\b")
_VISITS = re.compile(
    rf"(?:(?:visits?|visit\s+(?:him|her|them))\s+)?every\s+(?P<span>{_SPAN})\s*:?\s+(?P<rest>.+)"
)
_FIRST = re.compile(rf"first\s+visit\s+after\s+(?P<span>{_SPAN})")
_LEAST = re.compile(r"(?:not\s+below|never\s+below|at\s+least)\s+(?P<mass>.+)")
_DECIDE = re.compile(r"decided\s+by\s+kept(?P<function>(?:x[0-9a-f]{2})+)")
_FILE = re.compile(r"(\bdecided\s+by\s+)([^\s,;]+\.py:\w+)", re.IGNORECASE)
_COMPARES = re.compile(r"[<>≤≥]|\b(?:above|below|over|under)\b")
_NO_IF = re.compile(r"\b(unless|when|while|whenever)\b")
_ELSE = re.compile(r"\s*\b(?:else|otherwise)\b\s*")


def is_guided(text: str) -> bool:
    """Whether the text of a phase, in plain spelling, holds rules."""
    return _RULED.search(text) is not None


def keep_files(text: str) -> str:
    """Return text in which names of functions are letters that no spelling changes."""
    return _FILE.sub(lambda m: m[1] + "kept" + "".join(f"x{b:02x}" for b in m[2].encode()), text)


def _kept(text: str) -> str:
    """Return the name that :func:`keep_files` has kept."""
    return bytes(int(part, 16) for part in text.split("x")[1:]).decode()


def take_rules(text: str) -> tuple[str, dict[str, Any]]:
    """Split the text of a phase into what is read as usual, and the fields of its rules.

    Args:
        text: in plain spelling.

    Raises:
        UserError: a rule that cannot be read, or two that act where nothing else does.
    """
    plain: list[str] = []
    fields: dict[str, Any] = {}
    rules: list[Rule] = []
    last: list[Rule] = []
    for clause in (part.strip() for part in text.split(",")):
        if match := _FIRST.fullmatch(clause):
            _put(fields, "first_visit", match["span"], text)
        elif match := _LEAST.fullmatch(clause):
            _put(fields, "least", match["mass"], text)
        elif _RULED.search(clause):
            _ruled(clause, text, fields, rules, last)
        elif rules and _COMPARES.search(clause):
            raise UserError(
                f"regimen {short(text, 200)}: '{clause}' compares without 'if'; conditions are"
                " joined by 'and' or 'or', not by a comma"
            )
        else:
            plain.append(clause)
    if len(last) > 1:
        words = " and ".join(f"'else {r}'" for r in last)
        raise UserError(f"regimen {short(text, 200)}: {words} are both given; one can act")
    return ", ".join(plain), {**fields, "rules": (*rules, *last)}


def _ruled(
    clause: str, text: str, fields: dict[str, Any], rules: list[Rule], last: list[Rule]
) -> None:
    """Read a clause about rules; what comes after ``else`` without a condition acts last."""
    if match := _VISITS.fullmatch(clause):
        _put(fields, "visits", match["span"], text)
        clause = match["rest"]
    if match := _DECIDE.fullmatch(clause):
        _put(fields, "decide", _kept(match["function"]), text)
        return
    if word := _NO_IF.search(clause):
        raise UserError(
            f"regimen {short(text, 200)}: '{word[0]}' cannot be read; write 'if', or 'if not (...)'"
        )
    first, *others = _ELSE.split(clause)
    if first:
        rule = Rule.parse(first)
        if rule.when is None:
            raise UserError(
                f"regimen {short(text, 200)}: '{first}' has no condition; write when, such as"
                f" '{first} if burden < 3'"
            )
        rules.append(rule)
    for words in others:
        rule = Rule.parse(words)
        (rules if rule.when is not None else last).append(rule)


def _put(fields: dict[str, Any], key: str, value: str, text: str) -> None:
    if key in fields:
        raise UserError(
            f"regimen {short(text, 200)}: {key!r} is given twice: '{fields[key]}' and '{value}'"
        )
    fields[key] = value
