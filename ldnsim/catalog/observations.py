"""Observations the model is compared with: published numbers as data, with how they are simulated.

``ldnsim/data/observations.toml`` holds one table for each. The table ``probe`` is a recipe that
:mod:`ldnsim.analysis.evidence.probes` carries out; here it is kept as it was written.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ldnsim.catalog.read import Known, TableEntry, Text, cited, entries
from ldnsim.catalog.records import Hypothesis
from ldnsim.errors import UserError, nearest
from ldnsim.model import Model

FILE = "observations.toml"
FIELDS = (
    "title", "group", "value", "low", "high", "sd", "unit", "weight", "hypotheses", "fitted",
    "once", "set", "repeats", "evidence", "contradicting", "note", "probe",
)  # fmt: skip
ASSUMED_SD = re.compile(r"\bSD\b[^.;]*\bassumed\b")
"""What a note says where no spread was seen."""


@dataclass(frozen=True)
class Observation:
    """One published number, or several of the same thing, and how the model is asked for it.

    Attributes:
        name: spelling used everywhere.
        title: what was seen.
        group: what it is about, such as ``pk``; scorecards are ordered by it.
        values: published numbers, in ``unit``; empty where only bounds are known.
        low: end of the interval in which a simulated number agrees; None for no bound.
        high: the same.
        sd: standard deviation of one value for fitting; 0 when it cannot be fitted to.
        unit: unit as text.
        weight: on its squared residuals.
        hypotheses: under which it is simulated; a single one where they do not differ.
        fitted: under which a fit may use it.
        once: whether hypotheses do not differ in it.
        was_set: whether a number of the model was taken from it, so that it tests nothing.
        evidence: sentence with citation keys in brackets.
        contradicting: sentences of what was seen against it.
        note: weakness of the comparison.
        sources: the keys cited.
        probe: recipe of the simulated number.
        place: file and table, as errors give it.
        repeats: another observation whose published number this row holds once more, so that only
            one of the two counts; empty for none.
    """

    name: str
    title: str
    group: str
    values: tuple[float, ...]
    low: float | None
    high: float | None
    sd: float
    unit: str
    weight: float
    hypotheses: tuple[str, ...]
    fitted: tuple[str, ...]
    once: bool
    was_set: bool
    evidence: str
    contradicting: tuple[str, ...]
    note: str
    sources: tuple[str, ...]
    probe: Mapping[str, Any]
    place: str = field(default="", compare=False)
    repeats: str = ""

    def agrees(self, simulated: float) -> bool | None:
        """Return whether a simulated number lies in the interval; None where there is none."""
        if not math.isfinite(simulated):
            return None
        low, high = self.interval
        return low <= simulated <= high

    @property
    def interval(self) -> tuple[float, float]:
        """Return the published interval, or two standard deviations about the mean."""
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        if self.low is None and self.high is None:
            mean = statistics.fmean(self.values)
            return mean - 2.0 * self.sd, mean + 2.0 * self.sd
        return low, high

    @property
    def spread(self) -> tuple[float, str]:
        """Return the standard deviation of one value, and how it is known.

        ``published``, ``assumed`` (the note says so), or ``derived`` from an interval with two
        ends, a quarter of which is taken as one. A bound alone has none: 0 and empty text.
        """
        if self.sd > 0.0:
            return self.sd, "assumed" if ASSUMED_SD.search(self.note) else "published"
        low, high = self.interval
        width = high - low
        return (width / 4.0, "derived") if 0.0 < width < math.inf else (0.0, "")

    def residuals(self, simulated: float) -> list[float]:
        """Return what a fit squares: ``(simulated - published) / sd * sqrt(weight)``.

        A bound without value gives the excess over it, 0 within it; a row without a spread
        (see :attr:`spread`) has none.
        """
        sd, known = self.spread
        if not known:
            return []
        root = math.sqrt(self.weight) / sd
        if self.values:
            return [(simulated - v) * root for v in self.values]
        low, high = self.interval
        return [(min(simulated - low, 0.0) + max(simulated - high, 0.0)) * root]

    def expected(self) -> str:
        """Return what is published, as text."""
        low, high = self.interval
        values = ", ".join(f"{v:g}" for v in self.values)
        if self.low is None and self.high is None:
            span = f"{low:.4g} to {high:.4g} (2 SD)"
        elif low == -math.inf:
            span = f"at most {high:g}"
        elif high == math.inf:
            span = f"at least {low:g}"
        else:
            span = f"{low:g} to {high:g}"
        return " ".join(p for p in (f"{values};" if values else "", span, self.unit) if p)


def read_observations(
    text: Text, file: str, known: Known, explained: Mapping[str, Hypothesis]
) -> dict[str, Observation]:
    """Read observations.

    Args:
        text: TOML, one table per observation.
        file: name that errors give it.
        known: the bibliography.
        explained: the hypotheses.

    Raises:
        UserError: a mistake in the file, an unknown reference or hypothesis, neither value nor
            bound, a value without standard deviation, bounds the wrong way round.
    """
    return {e.name: _observation(e, known, explained) for _, e in entries(text, file, FIELDS)}


def fields_of(probe: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield key and value of every field of a recipe, at any depth."""
    for key, value in probe.items():
        yield key, value
        if isinstance(value, Mapping) and key not in ("parameters", "changes"):
            yield from fields_of(value)
        for one in value if isinstance(value, list) and key == "pulses" else ():
            yield from fields_of(one) if isinstance(one, Mapping) else ()


def check_probe(
    probe: Mapping[str, Any], place: str, model: Model, phenotypes: Collection[str] = ()
) -> None:
    """Check the variables and parameters that a recipe names, and phenotypes where these are given.

    Raises:
        UserError: one that is not known.
    """
    kinds: dict[str, tuple[str, Collection[str]]] = {
        "observable": ("a variable of the model", model.observable_index),
        **dict.fromkeys(("parameter", "parameters", "changes"),
                        ("a parameter of the model", model.parameters)),
    }  # fmt: skip
    if phenotypes:
        kinds["phenotype"] = "a phenotype", phenotypes
    for key, value in fields_of(probe):
        if key in kinds:
            for name in value if isinstance(value, Mapping) else [str(value)]:
                if name not in kinds[key][1]:
                    what = f"{name!r} is not {kinds[key][0]}{nearest(name, kinds[key][1])}"
                    raise UserError(f"{place}.{key}: {what}")


def _observation(
    entry: TableEntry, known: Known, explained: Mapping[str, Hypothesis]
) -> Observation:
    values = _values(entry)
    low, high = entry.optional("low"), entry.optional("high")
    sd = entry.optional("sd") or 0.0
    weight = entry.number("weight") if "weight" in entry.data else 1.0
    _check_numbers(entry, values, low, high, sd, weight)
    once, was_set = (entry.flag(k, False) for k in ("once", "set"))
    if not isinstance(entry.data.get("probe"), dict):
        raise entry.error("probe", f"{entry.data.get('probe')!r}: expected a table")
    first = next(iter(explained))
    evidence, note = entry.text("evidence"), entry.text("note", required=False)
    against = entry.sentences("contradicting")
    fitted = _names(entry, "fitted", explained, ())
    if fitted and sd <= 0.0:
        raise entry.error("fitted", "a fit needs sd")
    return Observation(
        entry.name, entry.text("title"), entry.text("group"), values, low, high, sd,
        entry.text("unit"), weight,
        (first,) if once else _names(entry, "hypotheses", explained, explained),
        fitted, once, was_set, evidence, against, note,
        cited(entry, known, [evidence, *against, note]),
        entry.data["probe"], entry.place, entry.text("repeats", required=False),
    )  # fmt: skip


def check_repeats(found: Mapping[str, Observation]) -> None:
    """Check the observations that others say they repeat.

    Raises:
        UserError: one that does not exist, is the row itself, or repeats another.
    """
    for name, o in found.items():
        if o.repeats and (o.repeats == name or o.repeats not in found or found[o.repeats].repeats):
            others = [n for n, other in found.items() if n != name and not other.repeats]
            hint = nearest(o.repeats, others)
            what = f"{o.repeats!r}: expected another observation that repeats none{hint}"
            raise UserError(f"{o.place}.repeats: {what}")


def _values(entry: TableEntry) -> tuple[float, ...]:
    given = entry.data.get("value", [])
    several = given if isinstance(given, list) else [given]
    for v in several:
        if isinstance(v, bool) or not isinstance(v, int | float) or not math.isfinite(v):
            raise entry.error("value", f"{v!r}: expected a finite number or a list of them")
    return tuple(float(v) for v in several)


def _check_numbers(
    entry: TableEntry,
    values: tuple[float, ...],
    low: float | None,
    high: float | None,
    sd: float,
    weight: float,
) -> None:
    bounded = low is not None or high is not None
    if not values and not bounded:
        raise entry.error("", "expected value, low or high")
    if sd < 0.0 or weight < 0.0:
        raise entry.error("sd" if sd < 0.0 else "weight", "expected a number of 0 or more")
    if not bounded and sd == 0.0:
        raise entry.error("sd", "a value without low and high needs a standard deviation")
    if low is not None and high is not None and low > high:
        raise entry.error("low", f"{low:g} lies above high = {high:g}")


def _names(
    entry: TableEntry, key: str, known: Mapping[str, Any], otherwise: Iterable[str]
) -> tuple[str, ...]:
    names = entry.sentences(key) or tuple(otherwise)
    entry.check(key, names, known, "a hypothesis")
    return names
