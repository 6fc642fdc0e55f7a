"""One rule of a guided phase: what is done at a visit, and when; ``+0.5 mg if dreams < 2``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace
from typing import Annotated, Any, Literal

from pydantic import PlainSerializer, PlainValidator
from pydantic import WithJsonSchema as Schema

from ldnsim.errors import UserError, short
from ldnsim.regimen.condition import Condition
from ldnsim.regimen.formats import (
    Share,
    amount_text,
    clock_text,
    factor_text,
    interval_text,
)
from ldnsim.regimen.values import CLOCK, clock_hours, read_amount, read_factor, read_time, spell

Do = Literal["step", "factor", "hold", "stop", "every", "at", "add", "drop"]
EXAMPLES = "'+0.5 mg if dreams < 2', '-0.5 mg if burden > 5', 'hold', 'stop if burden > 8'"
MIRRORS = {"add": "drop", "drop": "add"}
_SIGN = {"+": "+", "-": "-", "u": "+", "i": "+", "r": "+", "d": "-", "l": "-"}
_STEP = re.compile(
    r"(?P<word>[+-]|(?:up|down|increase|raise|decrease|reduce|lower)(?:\s+the\s+dose)?(?:\s+by)?)"
    r"\s*(?P<amount>.*[a-z].*)"
)
_FACTOR = re.compile(r"(?P<double>double|halve)(?:\s+the\s+dose)?|(?P<factor>[x/]\s*[0-9].*)")
_EVERY = re.compile(r"(?:take|switch\s+to|dose)\s+every\s+(?P<span>.+)")
_AT = re.compile(rf"(?:take|switch\s+to|dose)\s+(?:it\s+)?(?:at\s+)?(?P<clock>{CLOCK})")
_ADJUNCT = re.compile(r"(?P<do>add|drop)\s+(?P<name>[a-z][a-z0-9_]*)")
_WHEN = re.compile(r"(?P<action>.*?)(?P<once>\s+at\s+once)?(?:\s+if\s+(?P<when>.+))?")


@dataclass(frozen=True)
class Rule:
    """What is done at a visit, and when.

    Attributes:
        do: ``step`` adds to the dose, ``factor`` multiplies it, ``hold`` keeps it, ``stop`` ends
            dosing for good, ``every`` and ``at`` set the interval of doses and their time of day,
            ``add`` and ``drop`` begin and end an adjunct.
        value: mg or a `Share` of the target; the factor; hours between doses; hours after
            midnight; the name of the adjunct; None for ``hold`` and ``stop``.
        when: the condition; None where the rule always matches.
        at_once: whether every day is looked at, not only those of planned visits.
    """

    do: Do
    value: float | Share | Fraction | str | None = None
    when: Condition | None = None
    at_once: bool = False

    @staticmethod
    def parse(text: str) -> Rule:
        """Read a rule.

        Raises:
            UserError: no action, or no condition, that can be read.
        """
        found = _WHEN.fullmatch(spell(text).strip(" ,"))
        assert found is not None  # every part of it may be anything
        once, when = bool(found["once"]), found["when"]
        if once and when is None:
            raise UserError(f"rule {short(text)}: 'at once' needs a condition: when is at once?")
        do, value = _action(found["action"].strip(), text)
        return Rule(do, value, Condition.parse(when) if when else None, once)

    @property
    def leads_up(self) -> bool:
        """Whether it asks for a larger dose."""
        if self.do == "factor":
            return self.value > 1  # type: ignore[operator]
        size = self.value.value if isinstance(self.value, Share) else self.value
        return self.do == "step" and size > 0  # type: ignore[operator]

    @property
    def action(self) -> str:
        """The action as text."""
        value: Any = self.value
        return {
            "step": lambda: _signed(amount_text(value)),
            "factor": lambda: factor_text(value),
            "every": lambda: f"take every {interval_text(value)}",
            "at": lambda: f"take at {clock_text(value)}",
            "add": lambda: f"add {value}",
            "drop": lambda: f"drop {value}",
        }.get(self.do, lambda: self.do)()

    def __str__(self) -> str:
        """Return canonical text, which reads back as an equal rule."""
        once = " at once" if self.at_once else ""
        return f"{self.action}{once}" + (f" if {self.when}" if self.when else "")


def _signed(text: str) -> str:
    return text if text.startswith("-") else f"+{text}"


def _action(text: str, whole: str) -> tuple[Do, Any]:
    """Read an action; quantities go through the readers of regimens."""
    info: Any = SimpleNamespace(field_name="step", context=None)
    if text in ("hold", "stay", "hold the dose"):
        return "hold", None
    if text in ("stop", "stop the drug", "stop treatment"):
        return "stop", None
    if match := _ADJUNCT.fullmatch(text):
        return ("add" if match["do"] == "add" else "drop"), match["name"]
    if match := _AT.fullmatch(text):
        return "at", clock_hours(match["clock"], "at")
    if match := _EVERY.fullmatch(text):
        return "every", read_time(match["span"], key="every")
    if match := _FACTOR.fullmatch(text):
        words = match["factor"] or ("x2" if text.startswith("d") else "/2")
        return "factor", read_factor(words.replace(" ", ""), info)
    if match := _STEP.fullmatch(text):
        return "step", read_amount(_SIGN[match["word"][0]] + match["amount"], info)
    raise UserError(f"rule {short(whole)}: '{text}' is no action; examples: {EXAMPLES}")


def read_rules(value: Any) -> tuple[Rule, ...]:
    """Read rules from what a study file has, or take those that are read.

    Raises:
        UserError: something else than texts, or one that is no rule.
    """
    entries = value if isinstance(value, list | tuple) else [value]
    found = []
    for one in entries:
        if not isinstance(one, Rule | str):
            raise UserError(f"rules = {short(value)}: expected a list of texts such as {EXAMPLES}")
        found.append(one if isinstance(one, Rule) else Rule.parse(one))
    return tuple(found)


Rules = Annotated[
    tuple[Rule, ...],
    PlainValidator(read_rules),
    PlainSerializer(lambda rules: [str(r) for r in rules], return_type=list[str]),
    Schema({
        "type": "array", "items": {"type": "string"},
        "description": "Rules in order; the first whose condition holds acts.",
        "examples": [["+0.5 mg if dreams < 2 and burden < 3", "-0.5 mg if burden > 5", "hold"]],
    }),
]  # fmt: skip
"""Rules as a study file writes them."""
