"""The story as an objective: how far a set of defaults departs from evidence, and what it misses.

``total = prior + chi2 + weight * violations``: squared departures of the free parameters from the
centres of their priors, in prior SD; chi-square of observations; and squared units of violation of
what must come out. All terms are squares, so that the same thing serves a global search and a local
polish.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ldnsim import catalog
from ldnsim.analysis.evidence.probe_kinds import Patient, Probe
from ldnsim.analysis.evidence.probes import read_probe
from ldnsim.analysis.evidence.story_batch import Batches, Points, followers
from ldnsim.analysis.evidence.story_kinds import Request, number, read_story_probe, requests
from ldnsim.arrays import Flags, Floats
from ldnsim.catalog.observations import Observation
from ldnsim.catalog.story import Constraint, Freed, StoryFile, read_story
from ldnsim.edition import Edition, shipped
from ldnsim.errors import UserError, check_known
from ldnsim.regimen import Regimen


@dataclass(frozen=True)
class Row:
    """Something that is simulated for one hypothesis: a constraint, or an observation."""

    of: Constraint | Observation
    hypothesis: str
    probe: Probe

    @property
    def key(self) -> str:
        """Return what it is called among all: ``lps_peak/glial``."""
        return f"{self.of.name}/{self.hypothesis}"


@dataclass(frozen=True)
class Parts:
    """What candidates give, each array with candidates first.

    Attributes:
        departure: of the free parameters, prior SD, (candidates, free).
        values: simulated numbers, NaN where there is none, (candidates, rows).
        violation: how far short of where the search aims, in units of violation and bounded by
            ``missing``, (candidates, constraints).
        missed: whether a number lies outside its bounds or is not there, (candidates, constraints).
        residuals: of observations, in their SD, (candidates, residuals).
        lost: how far the runs of each row are from giving a number, (candidates, rows): 0 where
            all do, 1 where none does and none is near; see :func:`.story_batch.distance`.
        weight: of a squared unit of violation.
    """

    departure: Floats
    values: Floats
    violation: Floats
    missed: Flags
    residuals: Floats
    lost: Floats
    weight: float

    @property
    def prior(self) -> Floats:
        """Squared departures, (candidates,)."""
        return np.asarray(np.sum(self.departure**2, axis=1))

    @property
    def chi2(self) -> Floats:
        """Chi-square of the observations, (candidates,)."""
        return np.asarray(np.sum(self.residuals**2, axis=1))

    @property
    def penalty(self) -> Floats:
        """What the violations add, (candidates,)."""
        return np.asarray(self.weight * np.sum(self.violation**2, axis=1))

    @property
    def total(self) -> Floats:
        """The objective, (candidates,)."""
        return np.asarray(self.prior + self.chi2 + self.penalty)


class Story:
    """A story asked of some hypotheses.

    Attributes:
        file: as it was read.
        hypotheses: of which it is asked.
        free: parameters that move, among them those of these hypotheses only.
        constraints: rows of what must come out.
        observed: rows of observations.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        hypotheses: Sequence[str] | None = None,
        edition: Edition | None = None,
        text: str | None = None,
    ) -> None:
        """Read a story.

        Args:
            path: of the file; the one of the package when None.
            hypotheses: names; all that the file asks something of when None.
            edition: the model; the shipped one when None.
            text: TOML in place of a file.

        Raises:
            UserError: a file that cannot be read or says what does not fit the model; nothing
                that these hypotheses are asked.
        """
        home = edition or shipped()
        self.edition = home
        source, name = (text, "story") if text is not None else _text(path)
        self.file: StoryFile = read_story(
            source, name, home.references, home.hypotheses, home.phenotypes, home.observations,
            home.model,
        )  # fmt: skip
        self.source = source
        self.hypotheses = self._chosen(hypotheses)
        self.free: tuple[Freed, ...] = tuple(
            f for f in self.file.free
            if f.of_phenotype or f.owner in ("", *self.hypotheses)
        )  # fmt: skip
        self.constraints = self._constraint_rows()
        self.observed = self._observed_rows()
        if not self.constraints and not self.observed:
            raise UserError(f"{name}: nothing is asked of {', '.join(self.hypotheses)}")
        self._slices = self._make_batches()

    def _chosen(self, names: Sequence[str] | None) -> tuple[str, ...]:
        known = list(self.edition.hypotheses)
        if names is not None:
            check_known("hypothesis", list(names), known)
            return tuple(dict.fromkeys(names))
        asked = {h for c in self.file.constraints for h in c.hypotheses}
        seen = self.edition.observations
        asked |= {h for n in self.file.observations for h in seen[n].fitted}
        return tuple(h for h in known if h in asked)

    def _constraint_rows(self) -> list[Row]:
        found = []
        for c in self.file.constraints:
            probe = read_story_probe(c.probe, f"{c.place}.probe", self.edition)
            self._check_regimens(c.probe, f"{c.place}.probe")
            found += [Row(c, h, probe) for h in self.hypotheses if h in c.hypotheses]
        return found

    def _check_regimens(self, recipe: Mapping[str, object], place: str) -> None:
        for key, value in recipe.items():
            texts = [value] if key == "regimen" else value if key == "regimens" else []
            for text in texts if isinstance(texts, list) else []:
                try:
                    Regimen.parse(str(text), self.edition.protocols)
                except UserError as error:
                    raise UserError(f"{place}.{key}: {error}") from None
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, Mapping):
                    self._check_regimens(one, f"{place}.{key}")

    def _observed_rows(self) -> list[Row]:
        found = []
        for name in self.file.observations:
            o = self.edition.observations[name]
            whom = [h for h in self.hypotheses if h in o.fitted]
            probe = read_probe(o, self.edition.model)
            found += [Row(o, h, probe) for h in (whom[:1] if o.once else whom)]
        return found

    def _make_batches(self) -> list[slice]:
        """Collect the requests of all rows; return which of them each row has."""
        every: list[Request] = []
        slices = []
        for row in self.rows:
            own = requests(row.probe, Patient(row.hypothesis, edition=self.edition))
            slices.append(slice(len(every), len(every) + len(own)))
            every += own
        self.batches = Batches(self.file, every, self.edition)
        return slices

    @property
    def rows(self) -> list[Row]:
        """All that is simulated: constraints, then observations."""
        return [*self.constraints, *self.observed]

    @cached_property
    def box(self) -> tuple[Floats, Floats]:
        """Lowest and highest departures tried, in prior SD, each (free,)."""
        return (
            np.array([float(f.departure(f.low)) for f in self.free]),
            np.array([float(f.departure(f.high)) for f in self.free]),
        )

    def constrained(self, hypothesis: str) -> set[str]:
        """Return the behaviours and claims that were set under a hypothesis by this story."""
        return self.file.constrained(hypothesis)

    def shipped_value(self, free: Freed) -> float:
        """Return the value without the search, where the free parameter belongs."""
        own: Mapping[str, float] = {}
        if free.owner:
            known = self.edition.phenotypes if free.of_phenotype else self.edition.hypotheses
            own = known[free.owner].overrides
        return own.get(free.name, self.edition.model.parameters[free.name].value)

    def points(self, departures: Floats) -> Points:
        """Return the values at departures (candidates, free), in prior SD, kept within bounds."""
        inside = np.clip(departures, *self.box)
        return {
            f.key: np.clip(f.value(inside[:, j]), f.low, f.high) for j, f in enumerate(self.free)
        }

    def evaluate(self, points: Mapping[str, Floats], threads: int | None = None) -> Parts:
        """Return the parts of the objective for candidates, solved together.

        Args:
            points: values of free parameters by key (``driver``, ``glial.ic50_trif``), each
                (candidates,); those left out keep the value without the search.
            threads: threads of the engine; they change no bit.

        Raises:
            UserError: a key that is not free here, or arrays of several lengths.
        """
        whole = self._whole(points)
        n = len(next(iter(whole.values())))
        answers, gone = self.batches.solve(whole, threads)
        values, lost = np.full((n, len(self.rows)), np.nan), np.zeros((n, len(self.rows)))
        for i, (row, part) in enumerate(zip(self.rows, self._slices, strict=True)):
            own = answers[part]
            numbers = np.concatenate(own, axis=1) if own else np.empty((n, 0))
            if own:
                lost[:, i] = np.mean(gone[part], axis=0)
            for k in range(n):
                patient = Patient(
                    row.hypothesis, self._felt(row.hypothesis, whole, k), self.edition
                )
                values[k, i] = number(row.probe, numbers[k], patient)
        return self.parts(whole, values, lost)

    def _whole(self, points: Mapping[str, Floats]) -> Points:
        check_known("free parameter", list(points), [f.key for f in self.free])
        given = {k: np.atleast_1d(np.asarray(v, dtype=np.float64)) for k, v in points.items()}
        lengths = {len(v) for v in given.values()} or {1}
        if len(lengths) > 1:
            raise UserError(f"arrays of several lengths: {sorted(lengths)}")
        n = lengths.pop()
        return {f.key: given.get(f.key, np.full(n, self.shipped_value(f))) for f in self.free}

    def _felt(self, hypothesis: str, points: Points, k: int) -> dict[str, float]:
        """Return the parameters of the default patient under a hypothesis at a candidate."""
        own = self.edition.hypotheses[hypothesis].overrides
        found: dict[str, float] = {}
        for f in self.free:
            if not f.of_phenotype and f.owner in ("", hypothesis):
                for name, factor in followers(self.file, f):
                    if f.owner or name not in own:
                        found[name] = factor * float(points[f.key][k])
        return found

    def parts(self, points: Points, values: Floats, lost: Floats) -> Parts:
        """Return what numbers that were simulated are worth.

        Args:
            points: values of all free parameters, each (candidates,).
            values: of the rows, NaN where there is none, (candidates, rows).
            lost: how far their runs are from giving one, (candidates, rows).
        """
        with np.errstate(divide="ignore"):  # a value of 0 has no logarithm: infinitely far
            departure = np.stack([f.departure(points[f.key]) for f in self.free], axis=1)
        most, n = self.file.missing, len(self.constraints)
        violation, out = np.empty((len(values), n)), np.ones((len(values), n), dtype=np.bool_)
        for i, row in enumerate(self.constraints):
            assert isinstance(row.of, Constraint)
            far = row.of.short_of(values[:, i])
            # bounded, so that no miss is worse than a number that is not there; still with a slope
            some = most * far / (most + far) + most * lost[:, i]
            gone = most * (1.0 + lost[:, i])
            violation[:, i] = np.where(np.isfinite(values[:, i]), some, gone)
            # nothing compares with NaN, so a number that is not there is missed
            out[:, i] = ~(row.of.distance(values[:, i]) == 0.0) | (lost[:, i] > 0.0)
        seen = self._residuals(values[:, n:], lost[:, n:])
        return Parts(departure, values, violation, out, seen, lost, self.file.weight)

    def _residuals(self, values: Floats, lost: Floats) -> Floats:
        columns = []
        none = np.sqrt(self.file.weight) * self.file.missing * (1.0 + lost)
        for i, row in enumerate(self.observed):
            assert isinstance(row.of, Observation)
            own = np.array([row.of.residuals(float(v)) for v in values[:, i]])
            columns.append(np.where(np.isfinite(own), own, none[:, [i]]))
        return np.concatenate(columns, axis=1) if columns else np.empty((len(values), 0))


def _text(path: str | Path | None) -> tuple[str, str]:
    """Return the text of a story and the name that errors give it."""
    if path is None:
        return catalog.shipped("story")
    try:
        return Path(path).read_text("utf-8"), str(path)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise UserError(f"{path}: this story cannot be read: {error}") from error
