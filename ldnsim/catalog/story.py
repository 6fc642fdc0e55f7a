"""The story as data: what the defaults may move, and what the model must then show.

``ldnsim/data/story.toml`` says which parameters a search may move and how far evidence lets them
go, which behaviours must come out, and which observations count. Bounds stand here before a search
is run. The table ``probe`` of a constraint is a recipe that
:mod:`ldnsim.analysis.evidence.story_kinds` carries out; here it is kept as it was written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ldnsim.arrays import Floats
from ldnsim.catalog.observations import Observation
from ldnsim.catalog.read import Known, TableEntry, check_parameter, cited, toml
from ldnsim.catalog.records import Hypothesis, Phenotype
from ldnsim.errors import UserError, nearest
from ldnsim.mechanisms.record import Parameter
from ldnsim.model import Model

FILE = "story.toml"
TOP = ("search", "free", "ties", "hypothesis", "phenotype", "constraint")
SEARCH_FIELDS = ("observations", "weight", "missing", "note")
FREE_FIELDS = ("prior", "prior_sd", "low", "high", "scale", "note")
CONSTRAINT_FIELDS = (
    "behaviour", "observations", "title", "hypotheses", "low", "high", "scale", "unit", "evidence",
    "note", "probe",
)  # fmt: skip
SCALES = {"lognormal": "log", "logitnormal": "logit"}
"""Scale of a prior by the kind of spread that a parameter records."""
WIDE = 4.0
"""Bounds where the file gives none: so many prior SD either way."""
ID = re.compile(r"[A-Z]\d+")
UNPUBLISHED = ("prescribers", "assumed")
"""What may stand in ``evidence`` in place of a citation."""
WEIGHT, MISSING = 100.0, 10.0
MARGIN = 0.1
"""How far within a bound a search aims, in units of violation."""


@dataclass(frozen=True)
class Freed:
    """A parameter that the search may move.

    Attributes:
        name: of the parameter.
        owner: hypothesis or phenotype that has a value of its own; empty for the model's default.
        prior: centre of the prior, in the unit of the parameter.
        prior_sd: of the prior, on ``scale``.
        low: lowest value tried.
        high: highest value tried.
        scale: ``log``, ``logit`` or ``normal``.
        note: where the centre comes from.
        of_phenotype: whether ``owner`` is a phenotype.
    """

    name: str
    owner: str
    prior: float
    prior_sd: float
    low: float
    high: float
    scale: str
    note: str = ""
    of_phenotype: bool = False

    @property
    def key(self) -> str:
        """Return what it is called among all: ``driver``, ``glial.ic50_trif``."""
        return f"{self.owner}.{self.name}" if self.owner else self.name

    def departure(self, value: Floats | float) -> Floats:
        """Return how far values lie from the centre, in prior SD."""
        return np.asarray((self._on_scale(value) - self._on_scale(self.prior)) / self.prior_sd)

    def value(self, departure: Floats | float) -> Floats:
        """Return values so many prior SD from the centre; the inverse of :meth:`departure`."""
        x = self._on_scale(self.prior) + self.prior_sd * np.asarray(departure, dtype=np.float64)
        if self.scale == "normal":
            return np.asarray(x)
        return np.asarray(np.exp(x) if self.scale == "log" else 1.0 / (1.0 + np.exp(-x)))

    def _on_scale(self, value: Floats | float) -> Floats:
        v = np.asarray(value, dtype=np.float64)
        if self.scale == "normal":
            return v
        return np.asarray(np.log(v) if self.scale == "log" else np.log(v / (1.0 - v)))


@dataclass(frozen=True)
class Constraint:
    """Something that must come out.

    Attributes:
        name: spelling in tables.
        behaviour: the behaviour or claim it stands for, such as ``E5``.
        observations: published rows that ask nearly the same.
        title: what must be seen.
        hypotheses: of which it is asked.
        low: lower bound; None for none.
        high: upper bound.
        scale: one unit of violation.
        unit: of the number, as text.
        evidence: sentence with citation keys, or ``prescribers``, or ``assumed``.
        cited: the keys in it.
        note: why this bound.
        probe: recipe of the simulated number.
        place: file and table, as errors give it.
    """

    name: str
    behaviour: str
    observations: tuple[str, ...]
    title: str
    hypotheses: tuple[str, ...]
    low: float | None
    high: float | None
    scale: float
    unit: str
    evidence: str
    cited: tuple[str, ...]
    note: str
    probe: Mapping[str, Any]
    place: str

    @property
    def interval(self) -> tuple[float, float]:
        """Return the bounds, infinite where there is none."""
        low = -math.inf if self.low is None else self.low
        return low, math.inf if self.high is None else self.high

    def distance(self, value: Floats) -> Floats:
        """Return how far outside the bounds numbers lie, in units of violation; 0 within."""
        return self._outside(value, self.interval)

    def short_of(self, value: Floats) -> Floats:
        """Return how far numbers lie from where a search aims: a tenth of a unit within.

        A penalty alone would leave every bound that binds missed by a hair.
        """
        return self._outside(value, self.aims)

    @property
    def aims(self) -> tuple[float, float]:
        """Return where a search aims: the bounds less a tenth of a unit, or their middle."""
        low, high = self.interval
        margin = min(MARGIN * self.scale, 0.5 * (high - low))
        return low + margin, high - margin

    def _outside(self, value: Floats, bounds: tuple[float, float]) -> Floats:
        far = np.maximum(bounds[0] - value, value - bounds[1])
        return np.asarray(np.maximum(far, 0.0) / self.scale)

    def expected(self) -> str:
        """Return the bounds as text."""
        if self.low is None or self.high is None:
            text = f"at most {self.high:g}" if self.low is None else f"at least {self.low:g}"
        else:
            text = f"{self.low:g} to {self.high:g}"
        return f"{text} {self.unit}".rstrip()


@dataclass(frozen=True)
class StoryFile:
    """A story as it was read.

    Attributes:
        name: of the file, as errors give it.
        free: what may move, shared ones first.
        ties: parameters that move along: ``{(owner, follower): (leader, factor)}``.
        constraints: what must come out.
        observations: names of those whose chi-square counts.
        weight: of a squared unit of violation.
        missing: units of violation of a number that is not there, which no other reaches.
    """

    name: str
    free: tuple[Freed, ...]
    ties: Mapping[tuple[str, str], tuple[str, float]]
    constraints: tuple[Constraint, ...]
    observations: tuple[str, ...]
    weight: float
    missing: float

    def constrained(self, hypothesis: str) -> set[str]:
        """Return behaviours, claims and observations whose numbers were set under a hypothesis.

        What a search was asked for tests nothing: such rows count as *set* in every score.
        """
        asked = [c for c in self.constraints if hypothesis in c.hypotheses]
        return {n for c in asked for n in (c.behaviour, *c.observations)}


def read_story(
    text: str,
    file: str,
    known: Known,
    explained: Mapping[str, Hypothesis],
    patients: Mapping[str, Phenotype],
    seen: Mapping[str, Observation],
    model: Model,
) -> StoryFile:
    """Read a story.

    Args:
        text: TOML.
        file: name that errors give it.
        known: the bibliography.
        explained: the hypotheses.
        patients: the phenotypes.
        seen: the observations.
        model: whose parameters move.

    Raises:
        UserError: a mistake in the file, an unknown name, a bound the wrong way round, an
            observation that no fit may use.
    """
    data = toml(text, file)
    for key in data:
        if key not in TOP:
            raise UserError(f"{file}: {key}: no such table{nearest(key, TOP)}")
    root = TableEntry(f"{file}: story", "story", data)
    free, ties = _moved(root, explained, patients, model)
    if not free:
        raise UserError(f"{file}: free: expected at least one table [free.NAME]")
    asked = tuple(
        _constraint(TableEntry(f"{file}: constraint.{n}", n, e.data), known, explained, seen)
        for n, e in root.table("constraint").items()
    )
    search = TableEntry(f"{file}: search", "search", root.data.get("search", {}))
    search.only(SEARCH_FIELDS)
    names = search.sentences("observations")
    search.check("observations", names, seen, "an observation")
    for name in names:
        if not seen[name].fitted:
            raise search.error("observations", f"{name!r} may be fitted under no hypothesis")
        if seen[name].probe.get("kind") == "trial":
            raise search.error("observations", f"{name!r} is a trial: too long for a search")
    return StoryFile(
        file, free, ties, asked, names,
        _positive(search, "weight", WEIGHT), _positive(search, "missing", MISSING),
    )  # fmt: skip


def _positive(entry: TableEntry, key: str, otherwise: float | None = None) -> float:
    value = otherwise if key not in entry.data else None
    value = entry.number(key) if value is None else value
    if value <= 0.0:
        raise entry.error(key, f"{value:g}: expected a number above 0")
    return value


def _moved(
    root: TableEntry,
    explained: Mapping[str, Hypothesis],
    patients: Mapping[str, Phenotype],
    model: Model,
) -> tuple[tuple[Freed, ...], dict[tuple[str, str], tuple[str, float]]]:
    """Read the tables ``free`` and ``ties``: the shared ones, then those of an owner."""
    places = [("", False, root), *_owners(root, explained, patients)]
    free: list[Freed] = []
    ties: dict[tuple[str, str], tuple[str, float]] = {}
    for owner, of_phenotype, entry in places:
        here = [_freed(e, owner, of_phenotype, model) for e in entry.table("free").values()]
        free += here
        for name, e in entry.table("ties").items():
            ties[owner, name] = _tie(e, [f.name for f in here], model)
    return tuple(free), ties


def _owners(
    root: TableEntry, explained: Mapping[str, Hypothesis], patients: Mapping[str, Phenotype]
) -> Iterator[tuple[str, bool, TableEntry]]:
    kinds: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("hypothesis", explained), ("phenotype", patients))  # fmt: skip
    for kind, known in kinds:
        for name, entry in root.table(kind).items():
            entry.check("", [name], known, f"a {kind}")
            entry.only(("free", "ties"))
            yield name, kind == "phenotype", entry


def _freed(entry: TableEntry, owner: str, of_phenotype: bool, model: Model) -> Freed:
    entry.only(FREE_FIELDS)
    check_parameter(entry, "", entry.name, model)
    p = model.parameters[entry.name]
    if "scale" in entry.data or p.spread.kind in SCALES:
        scales = ("log", "logit", "normal")
        scale = entry.choice("scale", scales) if "scale" in entry.data else SCALES[p.spread.kind]
    else:
        raise entry.error("scale", "no spread is recorded: expected log, logit or normal")
    sd = _positive(entry, "prior_sd", p.spread.sd or None)
    prior = entry.number("prior")
    top = 1.0 if scale == "logit" else math.inf
    if scale != "normal" and not 0.0 < prior < top:
        raise entry.error("prior", f"{prior:g}: expected a value that has a {scale}")
    whole = Freed(entry.name, owner, prior, sd, -math.inf, math.inf, scale, "", of_phenotype)
    low, high = _bounds(entry, whole, p)
    note = entry.text("note", required=False)
    return Freed(entry.name, owner, prior, sd, low, high, scale, note, of_phenotype)


def _bounds(entry: TableEntry, whole: Freed, p: Parameter) -> tuple[float, float]:
    """Return where a parameter may go: as stated, else four SD, within what it allows."""
    lowest = -math.inf if p.low is None else p.low
    highest = math.inf if p.high is None else p.high
    low = entry.optional("low")
    high = entry.optional("high")
    low = max(float(whole.value(-WIDE)), lowest) if low is None else low
    high = min(float(whole.value(WIDE)), highest) if high is None else high
    if not lowest <= low <= whole.prior <= high <= highest or low == high:
        raise entry.error(
            "low",
            f"{low:g} to {high:g}: expected bounds about the prior {whole.prior:g}, within"
            f" {lowest:g} to {highest:g}",
        )
    top = 1.0 if whole.scale == "logit" else math.inf
    if whole.scale != "normal" and not (low > 0.0 and high < top):
        raise entry.error("low", f"{low:g} to {high:g}: no {whole.scale} at a bound")
    return low, high


def _tie(entry: TableEntry, leaders: list[str], model: Model) -> tuple[str, float]:
    entry.only(("of", "factor"))
    check_parameter(entry, "", entry.name, model)
    of = entry.text("of")
    entry.check("of", [of], leaders, "free here")
    if entry.name in leaders:
        raise entry.error("", f"{entry.name!r} is free itself")
    return of, entry.number("factor")


def _constraint(
    entry: TableEntry,
    known: Known,
    explained: Mapping[str, Hypothesis],
    seen: Mapping[str, Observation],
) -> Constraint:
    entry.only(CONSTRAINT_FIELDS)
    rows = entry.sentences("observations")
    entry.check("observations", rows, seen, "an observation")
    behaviour = entry.text("behaviour")
    if not ID.fullmatch(behaviour):
        raise entry.error("behaviour", f"{behaviour!r}: expected an id such as E5 or C12")
    low, high = entry.optional("low"), entry.optional("high")
    if low is None and high is None:
        raise entry.error("", "expected low, high or both")
    if low is not None and high is not None and low > high:
        raise entry.error("low", f"{low:g} lies above high = {high:g}")
    evidence, note = entry.text("evidence"), entry.text("note", required=False)
    keys = cited(entry, known, [evidence])
    if not keys and not any(w in evidence for w in UNPUBLISHED):
        raise entry.error("evidence", "expected a citation in brackets, 'prescribers' or 'assumed'")
    if not isinstance(entry.data.get("probe"), dict):
        raise entry.error("probe", f"{entry.data.get('probe')!r}: expected a table")
    return Constraint(
        entry.name, behaviour, rows, entry.text("title"), _asked_of(entry, explained), low, high,
        _positive(entry, "scale"), entry.text("unit", required=False), evidence, keys, note,
        entry.data["probe"], entry.place,
    )  # fmt: skip


def _asked_of(entry: TableEntry, explained: Mapping[str, Hypothesis]) -> tuple[str, ...]:
    names = entry.sentences("hypotheses")
    if names == ("all",):
        return tuple(explained)
    if not names:
        raise entry.error("hypotheses", "expected names of hypotheses, or ['all']")
    entry.check("hypotheses", names, explained, "a hypothesis")
    return names
