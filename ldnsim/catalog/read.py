"""From the text of a data file to checked records; every error names the file and the key."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from typing import Any

from ldnsim.catalog.records import (
    BASINS,
    SEEN,
    Adjunct,
    AdjunctEffect,
    Hypothesis,
    Phenotype,
    Reason,
    Reference,
)
from ldnsim.errors import UserError, nearest
from ldnsim.mechanisms.record import GRADES
from ldnsim.model import Model, check_value

Text = str | Mapping[str, Any]
"""TOML text, or tables of a file that was read."""
Known = Mapping[str, Reference]
CITATION = re.compile(r"\[([^\]]*)\]")
NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
KEY = re.compile(r"[^\s\[\],]+")
"""What a name, and the key of a reference, may look like."""
RESERVED = ("all", "any", "default", "none", "placebo", "stop", "untreated")
"""Words that mean something where a name could stand."""
OF_PATIENT = ("phenotype", "basin", "parameters", "other")
"""Keys of ``[patient]`` beside the covariates."""
CLAIM = "_claim"
"""Ending of the setting that selects a claim: ``oprm1_claim = "bond1998"``."""
REFERENCE_FIELDS = tuple(f.name for f in fields(Reference) if f.name != "key")
OVERRIDE_FIELDS = ("value", "grade", "note")
HYPOTHESIS_FIELDS = ("title", "statement", "overrides", "evidence_for", "evidence_against")
PHENOTYPE_FIELDS = ("title", "basin", "overrides", "evidence", "contradicting", "assumed")
ADJUNCT_FIELDS = ("title", "effects", "evidence", "null_trials")
EFFECT_FIELDS = ("target", "factor", "value", "grade", "note")
"""Of an adjunct's effect; the adjunct itself had them when it could have one effect only."""


def read_references(text: Text, file: str) -> dict[str, Reference]:
    """Read a bibliography.

    Args:
        text: TOML, one table per citation key.
        file: name that errors give it.

    Raises:
        UserError: not TOML, an unknown or missing field, a value of the wrong kind.
    """
    return {key: _reference(entry) for key, entry in entries(text, file, REFERENCE_FIELDS)}


def read_hypotheses(text: Text, file: str, known: Known, model: Model) -> dict[str, Hypothesis]:
    """Read hypotheses on a model; ``known`` is the bibliography.

    Raises:
        UserError: a mistake in the file, an unknown parameter, grade or reference.
    """
    return {n: _hypothesis(e, known, model) for n, e in entries(text, file, HYPOTHESIS_FIELDS)}


def read_phenotypes(text: Text, file: str, known: Known, model: Model) -> dict[str, Phenotype]:
    """Read phenotypes of a model; ``known`` is the bibliography.

    Raises:
        UserError: a mistake in the file, an unknown parameter, basin, grade or reference.
    """
    return {n: _phenotype(e, known, model) for n, e in entries(text, file, PHENOTYPE_FIELDS)}


def read_adjuncts(text: Text, file: str, known: Known, model: Model) -> dict[str, Adjunct]:
    """Read adjuncts of a model; ``known`` is the bibliography.

    Raises:
        UserError: a mistake in the file, no effect, an unknown target, grade or reference, an
            effect with not exactly one of ``factor`` and ``value``, a factor that is not positive.
    """
    fields_read = (*ADJUNCT_FIELDS, *EFFECT_FIELDS)
    return {n: _adjunct(e, known, model) for n, e in entries(text, file, fields_read)}


def check_new_name(place: str, name: str, parameters: Collection[str] = ()) -> None:
    """Refuse a name by which nobody could ask for what an extension adds.

    Args:
        place: the block, such as ``own.toml: adjuncts``.
        name: of one of its tables.
        parameters: of the model.

    Raises:
        UserError: it is spelled so that no list or axis could hold it, or means something else.
    """
    block, why = place.rpartition(": ")[2], ""
    if block == "references":
        if not KEY.fullmatch(name):
            why = "expected a key without spaces, commas and brackets, such as 'mathews1983'"
    elif not NAME.fullmatch(name):
        why = "expected a name of small letters, digits and _, such as 'slow_start'"
    elif name in RESERVED or (block == "covariates" and name in OF_PATIENT):
        why = "this word means something else where a name could stand; choose another"
    elif block == "covariates" and name.endswith(CLAIM):
        why = f"names that end in {CLAIM} select claims; choose another"
    elif block == "covariates" and name in parameters:
        why = "a parameter of the model is called so; choose another"
    if why:
        raise UserError(f"{place}.{name}: {why}")


class TableEntry:
    """One table of a data file, which knows its place for errors."""

    def __init__(self, place: str, name: str, data: dict[str, Any]) -> None:
        """Keep the table ``data`` called ``name`` found at ``place``."""
        self.place, self.name, self.data = place, name, data

    def error(self, key: str, message: str) -> UserError:
        """Return an error that names file, entry and key."""
        where = f"{self.place}.{key}" if key else self.place
        return UserError(f"{where}: {message}")

    def only(self, allowed: Iterable[str]) -> None:
        """Refuse fields other than these."""
        allowed = tuple(allowed)
        for key in self.data:
            if key not in allowed:
                raise self.error(key, f"no such field{nearest(key, allowed)}")

    def text(self, key: str, required: bool = True) -> str:
        """Return a text; empty when it may be left out."""
        value = self.data.get(key, "")
        if not isinstance(value, str) or (required and not value.strip()):
            raise self.error(key, f"{value!r}: expected text")
        return value

    def sentences(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; empty when left out."""
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise self.error(key, f"{value!r}: expected a list of sentences")
        return tuple(value)

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        """Return a text that is one of these."""
        value = self.text(key)
        if value not in allowed:
            raise self.error(key, f"{value!r}: expected one of {', '.join(allowed)}")
        return value

    def flag(self, key: str, otherwise: bool) -> bool:
        """Return true or false; ``otherwise`` when left out."""
        value = self.data.get(key, otherwise)
        if not isinstance(value, bool):
            raise self.error(key, f"{value!r}: expected true or false")
        return value

    def number(self, key: str) -> float:
        """Return a finite number."""
        value = self.data.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(key, f"{value!r}: expected a number")
        if not math.isfinite(value):
            raise self.error(key, f"{value!r}: expected a finite number")
        return float(value)

    def optional(self, key: str) -> float | None:
        """Return a finite number; None when left out."""
        return self.number(key) if key in self.data else None

    def one_of(self, *keys: str) -> str:
        """Return which of two fields is there; exactly one of them may be."""
        there = [k for k in keys if k in self.data]
        if len(there) != 1:
            raise self.error("", f"expected exactly one of {' and '.join(keys)}")
        return there[0]

    def check(self, key: str, words: Iterable[str], choices: Collection[str], what: str) -> None:
        """Refuse a word that is none of the choices; ``what`` says what these are."""
        for word in words:
            if word not in choices:
                raise self.error(key, f"{word!r} is not {what}{nearest(word, choices)}")

    def table(self, key: str) -> dict[str, TableEntry]:
        """Return the tables within a table."""
        value = self.data.get(key, {})
        if not isinstance(value, dict):
            raise self.error(key, f"{value!r}: expected a table")
        return {k: entry_of(f"{self.place}.{key}", k, v) for k, v in value.items()}

    def header(self, key: str) -> str:
        """Return how the file heads one of the tables in a list, ``[[adjuncts.own.effects]]``."""
        return f"[[{self.place.rpartition(': ')[2]}.{key}]]"

    def rows(self, key: str, allowed: Iterable[str]) -> list[TableEntry]:
        """Return the tables of a list, one at least, each with these fields only."""
        value, allowed = self.data.get(key), tuple(allowed)
        if not isinstance(value, list) or not value:
            raise self.error(key, f"{value!r}: expected {self.header(key)} tables")
        found = [entry_of(self.place, f"{key}[{i}]", row) for i, row in enumerate(value, start=1)]
        for one in found:
            one.only(allowed)
        return found


def entry_of(place: str, name: str, value: Any) -> TableEntry:
    """Return a table of a data file.

    Raises:
        UserError: it is no table.
    """
    if not isinstance(value, dict):
        raise UserError(f"{place}.{name}: {value!r}: expected a table")
    return TableEntry(f"{place}.{name}", name, value)


def toml(text: str, file: str) -> dict[str, Any]:
    """Read TOML text of a file.

    Raises:
        UserError: naming the file and the line.
    """
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise UserError(f"{file}: not readable as TOML: {error}") from error


def entries(text: Text, file: str, allowed: tuple[str, ...]) -> Iterable[tuple[str, TableEntry]]:
    """Yield tables after checking that they hold no unknown field.

    Args:
        text: TOML, or the tables in one block of a file.
        file: name that errors give it, such as ``own.toml``, or with its block,
            ``own.toml: hypotheses``.
        allowed: fields of a table.

    Raises:
        UserError: not TOML, not a table, an unknown field.
    """
    data, between = (toml(text, file), ": ") if isinstance(text, str) else (text, ".")
    for name, value in data.items():
        if not isinstance(value, dict):
            raise UserError(f"{file}{between}{name} = {value!r}: expected a table")
        entry = TableEntry(f"{file}{between}{name}", name, value)
        entry.only(allowed)
        yield name, entry


def _reference(entry: TableEntry) -> Reference:
    year = entry.data.get("year")
    if year is not None and (type(year) is not int or not 1800 <= year <= 2100):
        raise entry.error("year", f"{year!r}: expected a year such as 1988")
    texts = {
        k: entry.text(k, required=k == "finding")
        for k in REFERENCE_FIELDS
        if k not in ("seen", "year")
    }
    return Reference(key=entry.name, seen=entry.choice("seen", SEEN), year=year, **texts)


def _hypothesis(entry: TableEntry, known: Known, model: Model) -> Hypothesis:
    overrides, reasons = _overrides(entry, model)
    pro, con = entry.sentences("evidence_for"), entry.sentences("evidence_against")
    return Hypothesis(
        entry.name,
        entry.text("title"),
        entry.text("statement"),
        overrides,
        reasons,
        pro,
        con,
        cited(entry, known, [*pro, *con, *(r.note for r in reasons.values())]),
    )


def _phenotype(entry: TableEntry, known: Known, model: Model) -> Phenotype:
    overrides, reasons = _overrides(entry, model)
    seen, against = entry.sentences("evidence"), entry.sentences("contradicting")
    chosen = [
        f"{name} = {overrides[name]:g}: {r.note}"
        for name, r in reasons.items()
        if r.grade == "assumed"
    ]
    notes = [r.note for r in reasons.values()]
    assumed = (*entry.sentences("assumed"), *chosen)
    return Phenotype(
        entry.name,
        entry.text("title"),
        overrides,
        reasons,
        entry.choice("basin", BASINS),
        seen,
        against,
        assumed,
        cited(entry, known, [*seen, *against, *assumed, *notes]),
    )


def _adjunct(entry: TableEntry, known: Known, model: Model) -> Adjunct:
    for key in EFFECT_FIELDS:
        if key in entry.data:
            raise entry.error(
                key,
                f"an adjunct has a list of effects; write {entry.header('effects')} with target,"
                f" factor or value, grade and note below it, and move {key} there",
            )
    effects = tuple(_effect(one, model) for one in entry.rows("effects", EFFECT_FIELDS))
    for i, effect in enumerate(effects, start=1):
        if effect.target in (e.target for e in effects[: i - 1]):
            raise entry.error(f"effects[{i}].target", f"{effect.target!r} has one above; keep one")
    evidence, nulls = entry.sentences("evidence"), entry.sentences("null_trials")
    return Adjunct(
        entry.name,
        entry.text("title"),
        effects,
        evidence,
        nulls,
        cited(entry, known, [*evidence, *nulls, *(e.note for e in effects)]),
    )


def _effect(one: TableEntry, model: Model) -> AdjunctEffect:
    kind = one.one_of("factor", "value")
    amount = one.number(kind)
    check_amount(one, kind, amount, model)
    grade, note = one.choice("grade", GRADES), one.text("note")
    return AdjunctEffect(one.text("target"), kind == "value", grade, note, amount)


def _overrides(entry: TableEntry, model: Model) -> tuple[dict[str, float], dict[str, Reason]]:
    """Read the table ``overrides``: each parameter with value, grade and note."""
    values: dict[str, float] = {}
    reasons: dict[str, Reason] = {}
    for name, override in entry.table("overrides").items():
        override.only(OVERRIDE_FIELDS)
        values[name] = override.number("value")
        check_parameter(entry, f"overrides.{name}", name, model, values[name])
        reasons[name] = Reason(override.choice("grade", GRADES), override.text("note"))
    return values, reasons


def check_parameter(
    entry: TableEntry, key: str, name: str, model: Model, value: float | None = None
) -> None:
    """Refuse what is no parameter of the model, or a value out of its bounds."""
    entry.check(key, [name], model.parameters, "a parameter of the model")
    if value is not None:
        try:
            check_value(model.parameters[name], value)
        except UserError as error:
            raise entry.error(key, str(error)) from error


def check_amount(entry: TableEntry, kind: str, amount: float, model: Model) -> None:
    """Refuse a ``factor`` on the parameter ``target``, or a ``value`` of it, that cannot be."""
    if kind == "factor" and amount <= 0.0:
        raise entry.error("factor", f"{amount:g}: expected a factor above 0")
    value = amount if kind == "value" else None
    check_parameter(entry, "target", entry.text("target"), model, value)


def cited(entry: TableEntry, known: Known, sentences: Iterable[str]) -> tuple[str, ...]:
    """Collect the citation keys in sentences and check them against the bibliography."""
    keys: dict[str, None] = {}
    for sentence in sentences:
        for group in CITATION.findall(sentence):
            for key in (k.strip() for k in group.split(",")):
                if key not in known:
                    hint = nearest(key, known)
                    raise entry.error("", f"reference [{key}] is not in the bibliography{hint}")
                keys[key] = None
    return tuple(keys)
