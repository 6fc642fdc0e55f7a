"""What a clinician knows of a patient, read from data and turned into parameter values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ldnsim.catalog.read import (
    Known,
    TableEntry,
    Text,
    check_amount,
    cited,
    entries,
)
from ldnsim.catalog.records import Effect
from ldnsim.errors import UserError, nearest
from ldnsim.mechanisms.record import GRADES
from ldnsim.model import Model

KINDS = ("score", "choice", "flag")
FIELDS = ("title", "kind", "low", "high", "levels", "effects", "evidence", "contradicting")
EFFECT_FIELDS = ("claim", "target", "value", "factor", "grade", "note")

Level = bool | float | str


@dataclass(frozen=True)
class CovariateEffect(Effect):
    """What one covariate does to one parameter, by an amount that follows its level.

    Attributes:
        levels: amount for each level that has one.
        anchors: ``(score, amount)`` with straight lines between, for scores.
        claim: name of the claim that must be made for it to count; empty for always.
    """

    levels: dict[str, float]
    anchors: tuple[tuple[float, float], ...]
    claim: str

    def amount(self, level: Level) -> float | None:
        """Return value or factor at a level; ``None`` where the level changes nothing."""
        if self.anchors:
            score, amount = zip(*self.anchors, strict=True)
            return float(np.interp(float(level), score, amount))
        return self.levels.get(word_of(level))

    def __str__(self) -> str:
        """Return the effect on one line."""
        pairs = [(f"{k:g}", v) for k, v in self.anchors] or list(self.levels.items())
        numbers = ", ".join(f"{k}: {v:g}" for k, v in pairs)
        claim = f" if {self.claim} is right" if self.claim else ""
        return self.told(f"{numbers}{claim}")


@dataclass(frozen=True)
class Covariate:
    """One thing known of a patient.

    Attributes:
        name: the key in ``[patient]``.
        title: in words.
        kind: ``"score"``, ``"choice"`` or ``"flag"``.
        span: lowest and highest score; empty for other kinds.
        levels: the words of a choice.
        effects: what it does to parameters.
        evidence: sentences with citation keys in brackets.
        contradicting: the same, for failed replications and misfits.
        sources: every key cited, in order of first mention.
    """

    name: str
    title: str
    kind: str
    span: tuple[float, ...]
    levels: tuple[str, ...]
    effects: tuple[CovariateEffect, ...]
    evidence: tuple[str, ...]
    contradicting: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def claims(self) -> tuple[str, ...]:
        """Names of the claims a study can make about it."""
        return tuple(dict.fromkeys(e.claim for e in self.effects if e.claim))

    def targets(self, claim: str = "", level: Level | None = None) -> tuple[str, ...]:
        """Return the parameters it acts on under a claim, at one level or at any (None)."""
        return tuple(
            e.target
            for e in self.effects
            if e.claim in ("", claim) and (level is None or e.amount(level) is not None)
        )


def word_of(level: Level) -> str:
    """Return a level as the data file spells it."""
    return str(level).lower() if isinstance(level, bool) else str(level)


def read_covariates(text: Text, file: str, known: Known, model: Model) -> dict[str, Covariate]:
    """Read covariates of a model; ``known`` is the bibliography.

    Raises:
        UserError: a mistake in the file, an unknown parameter, level, grade or reference, anchors
            that do not rise, an amount out of the parameter's bounds.
    """
    return {n: _covariate(e, known, model) for n, e in entries(text, file, FIELDS)}


def _covariate(entry: TableEntry, known: Known, model: Model) -> Covariate:
    kind = entry.choice("kind", KINDS)
    span = tuple(entry.number(k) for k in ("low", "high")) if kind == "score" else ()
    levels = entry.sentences("levels") if kind == "choice" else ("true", "false")
    effects = tuple(
        _effect(one, kind, levels, span, model) for one in entry.rows("effects", EFFECT_FIELDS)
    )
    seen, against = entry.sentences("evidence"), entry.sentences("contradicting")
    notes = [e.note for e in effects]
    return Covariate(
        entry.name,
        entry.text("title"),
        kind,
        span,
        levels if kind == "choice" else (),
        effects,
        seen,
        against,
        cited(entry, known, [*seen, *against, *notes]),
    )


def _effect(
    one: TableEntry, kind: str, levels: tuple[str, ...], span: tuple[float, ...], model: Model
) -> CovariateEffect:
    what = one.one_of("value", "factor")
    amounts = one.data[what]
    anchors: tuple[tuple[float, float], ...] = ()
    table: dict[str, float] = {}
    if kind == "score":
        anchors = _anchors(one, what, amounts, span)
    else:
        table = _levels(one, what, amounts, levels)
    for amount in [a for _, a in anchors] or table.values():
        check_amount(one, what, amount, model)
    return CovariateEffect(
        one.text("target"),
        what == "value",
        one.choice("grade", GRADES),
        one.text("note"),
        table,
        anchors,
        one.text("claim", required=False),
    )


def _anchors(
    one: TableEntry, key: str, rows: Any, span: tuple[float, ...]
) -> tuple[tuple[float, float], ...]:
    """Read ``[[score, amount], ...]`` from the lowest score to the highest, rising."""
    try:
        found = tuple((float(a), float(b)) for a, b in rows)
    except (TypeError, ValueError):
        raise one.error(key, f"{rows!r}: expected anchors [[score, number], ...]") from None
    scores = [a for a, _ in found]
    if (scores[:1], scores[-1:]) != ([span[0]], [span[1]]) or sorted(set(scores)) != scores:
        raise one.error(key, f"{rows!r}: expected rising scores from {span[0]:g} to {span[1]:g}")
    return found


def _levels(one: TableEntry, key: str, table: Any, levels: tuple[str, ...]) -> dict[str, float]:
    """Read ``{level = amount}``."""
    if not isinstance(table, dict) or not table:
        raise one.error(key, f"{table!r}: expected a table of levels")
    for level, amount in table.items():
        if level not in levels:
            raise one.error(key, f"no level {level!r}{nearest(level, levels)}")
        if isinstance(amount, bool) or not isinstance(amount, int | float):
            raise one.error(key, f"{level} = {amount!r}: expected a number")
    return {k: float(v) for k, v in table.items()}


def check_level(covariate: Covariate, level: Any) -> None:
    """Check a level of a covariate.

    Raises:
        UserError: naming the key, the value and what is valid.
    """
    key = f"patient.{covariate.name}"
    if covariate.kind == "score":
        number = isinstance(level, int | float) and not isinstance(level, bool)
        if not number or not covariate.span[0] <= level <= covariate.span[1]:
            raise UserError(
                f"{key} = {level!r}: expected a number from {covariate.span[0]:g} to"
                f" {covariate.span[1]:g}"
            )
    elif covariate.kind == "flag" and not isinstance(level, bool):
        raise UserError(f"{key} = {level!r}: expected true or false")
    elif covariate.kind == "choice" and level not in covariate.levels:
        raise UserError(f"{key} = {level!r}: valid: {', '.join(covariate.levels)}")
