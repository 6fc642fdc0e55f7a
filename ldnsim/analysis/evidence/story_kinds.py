"""Probes of a story: those of observations, and what behaviours need besides.

Pulses of a parameter during a run, the resting state itself, several runs against each other, and
copies of the patient with other single numbers. A probe asks for runs once (:func:`requests`); what
it makes of the numbers (``value``) is called for every set of parameters that is tried.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError, model_validator

from ldnsim.analysis.evidence.probe_kinds import (
    Clock,
    HalfTime,
    Inhibition,
    Numbers,
    ParameterValue,
    Patient,
    PeakTime,
    Probe,
    ReportRatio,
    Run,
)
from ldnsim.arrays import Floats
from ldnsim.catalog.observations import check_probe
from ldnsim.config.run import RunSpec
from ldnsim.edition import Edition
from ldnsim.errors import UserError, nearest
from ldnsim.measure import Measure

Shift = tuple[tuple[str, float], ...]
"""How a copy differs from the patient: parameters, each with so many recorded SD."""


@dataclass(frozen=True)
class Request:
    """One run, whose patient may be a copy, and the numbers asked of it."""

    run: RunSpec
    measures: tuple[Measure, ...]
    shift: Shift = ()


class Course(PeakTime):
    """How a variable goes from the first sample to the last; samples a whole day apart for that."""

    kind: Literal["course"] = "course"  # type: ignore[assignment]
    what: Literal["swing_back", "net"]
    """``swing_back``: the largest return, over the largest change from the first sample: 0 for a
    monotone approach; ``net``: last less first."""

    def value(self, numbers: Numbers, patient: Patient) -> float:
        """Return what is asked of the course."""
        y = np.array(numbers)
        if self.what == "net":
            return float(y[-1] - y[0])
        way = float(np.max(np.abs(y - y[0])))
        up, down = np.maximum.accumulate(y) - y, y - np.minimum.accumulate(y)
        # the way itself is the larger of the two; what goes against it is the other
        back = min(float(np.max(up)), float(np.max(down)))
        return back / way if way > 0.0 else 0.0


class Damped(Probe):
    """Damping ratio of the least damped ringing on a dose at each bedtime, 1 where nothing rings.

    Solved for apart, one patient at a time: a tenth of a second for every set that is tried.
    """

    kind: Literal["damping"] = "damping"
    dose: float = Field(ge=0.0, le=1000.0)
    """Nightly naltrexone hydrochloride, mg."""
    phenotype: str = "default"
    basin: Literal["resolved", "inflamed"] = "resolved"

    def value(self, numbers: Numbers, patient: Patient) -> float:
        """Return the ratio; NaN without an orbit."""
        # states are found by the package that lies beside this one
        from ldnsim.analysis.states.damping import least_damping

        edition, model = patient.edition, patient.edition.model
        own = edition.hypotheses[patient.hypothesis].overrides | dict(patient.parameters)
        vector = model.defaults()
        for name, value in (own | edition.phenotypes[self.phenotype].overrides).items():
            vector[model.parameter_index[name]] = value
        inflamed = np.array([self.basin == "inflamed"])
        return float(least_damping(model, vector[None], inflamed, [self.dose]).ratio[0, 0])


Single = Annotated[
    Run | PeakTime | HalfTime | Course | Clock | ParameterValue | Inhibition | ReportRatio | Damped,
    Field(discriminator="kind"),
]
"""One number of one run."""


class _Several(Probe):
    """A probe made of others."""

    def parts(self) -> Sequence[Probe]:
        """Return what it is made of."""
        raise NotImplementedError

    def asks(self, patient: Patient) -> list[tuple[RunSpec, list[Measure]]]:
        """Return what all parts need."""
        return [one for part in self.parts() for one in part.asks(patient)]

    def values(self, numbers: Numbers, patient: Patient) -> list[float]:
        """Return the number of each part, NaN where one of its own is missing."""
        found, at = [], 0
        for part in self.parts():
            n = size(part)
            own = numbers[at : at + n]
            at += n
            known = all(math.isfinite(x) for x in own)
            found.append(part.value(own, patient) if known else math.nan)
        return found


class Against(_Several):
    """Two numbers against each other."""

    kind: Literal["compare"] = "compare"
    first: Single
    second: Single
    how: Literal["ratio", "difference", "percent", "remaining"]
    """``percent``: of the first over the second, less 100; ``remaining``: of the excess over 1 in
    the second, the share (per cent) in the first."""

    def parts(self) -> Sequence[Probe]:
        """Return both."""
        return self.first, self.second

    def value(self, numbers: Numbers, patient: Patient) -> float:
        """Return the comparison."""
        a, b = self.values(numbers, patient)
        if self.how == "difference":
            return a - b
        over = 1.0 if self.how == "remaining" else 0.0
        ratio = (a - over) / (b - over) if b != over else math.nan
        return ratio if self.how == "ratio" else 100.0 * (ratio - (self.how == "percent"))


class Several(_Several):
    """One number of several runs: the same run on several regimens, or runs listed."""

    kind: Literal["several"] = "several"
    of: tuple[Single | Against, ...] = Field(min_length=1)
    """Runs; a single one where ``regimens`` are given."""
    regimens: tuple[str, ...] = ()
    """Regimens of it, in order."""
    reduce: Literal["max", "min", "mean", "span", "largest_step", "step_share", "best"]
    """``span``: highest less lowest; ``largest_step`` between neighbours, and that as a share of
    the span; ``best``: place of the lowest, 0 for the first, 1 for the last."""

    @model_validator(mode="after")
    def _one_of_many(self) -> Several:
        if self.regimens and not (len(self.of) == 1 and isinstance(self.of[0], Run)):
            raise UserError("regimens stand for a single run: give one table in of")
        return self

    def parts(self) -> Sequence[Probe]:
        """Return the runs."""
        if not self.regimens:
            return self.of
        return [self.of[0].model_copy(update={"regimen": text}) for text in self.regimens]

    def value(self, numbers: Numbers, patient: Patient) -> float:
        """Return what is asked of them; NaN when one is missing."""
        found = np.array(self.values(numbers, patient))
        if not np.all(np.isfinite(found)):
            return math.nan
        if self.reduce in ("max", "min", "mean"):
            return float(getattr(np, self.reduce)(found))
        if self.reduce == "best":
            return float(np.argmin(found) / max(1, len(found) - 1))
        span, step = float(np.ptp(found)), float(np.max(np.abs(np.diff(found)), initial=0.0))
        if self.reduce == "step_share":
            return step / span if span > 0.0 else 0.0
        return span if self.reduce == "span" else step


class Copies(Probe):
    """A number of the patient and of copies that differ from him as people or laboratories do.

    Draws depend on the seed, the copy and the name of the parameter alone, so that every set of
    parameters is judged by the same copies.
    """

    kind: Literal["copies"] = "copies"
    of: Annotated[Single | Against | Several, Field(discriminator="kind")]
    vary: tuple[str, ...] = Field(min_length=1)
    """Parameters that differ; each must record a spread."""
    mode: Literal["draws", "single"] = "draws"
    """``single``: one parameter at a time, one spread up and one down."""
    copies: int = Field(default=8, ge=1, le=256)
    """How many are drawn."""
    only: tuple[int, ...] = ()
    """Which of the drawn are asked, counted from 0, all when empty; the patient himself always is.
    For those who were seen to come near what is asked: the rest would cost and tell nothing."""
    seed: int = Field(default=1, ge=0)
    width: float = Field(default=1.0, gt=0.0)
    """Factor on the spreads."""
    reduce: Literal["max", "min", "mean", "span", "share_above", "share_below", "excess"]
    """``max`` is the worst where less is better; ``excess`` the mean of all above ``level``."""
    level: float = 0.0
    """Of the shares and the excess."""

    @model_validator(mode="after")
    def _drawn(self) -> Copies:
        if self.only and self.mode == "single":
            raise UserError("only picks among drawn copies: leave it out, or set mode to draws")
        if not all(0 <= k < self.copies for k in self.only):
            raise UserError(f"only counts the drawn from 0 to {self.copies - 1}: {self.only}")
        return self

    def shifts(self) -> list[Shift]:
        """Return the patient himself and the copies."""
        if self.mode == "single":
            ends = [((n, side * self.width),) for n in self.vary for side in (-1.0, 1.0)]
            return [(), *ends]
        z = {n: self._draws(n) for n in self.vary}
        rows = self.only or range(self.copies)
        return [(), *(tuple((n, float(z[n][k])) for n in self.vary) for k in rows)]

    def _draws(self, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        rng = np.random.default_rng([self.seed, zlib.crc32(name.encode())])
        return np.asarray(self.width * rng.standard_normal(self.copies))

    def value(self, numbers: Numbers, patient: Patient) -> float:
        """Return the number over those of whom there is one; NaN for nobody."""
        n = size(self.of)
        parts = [numbers[k : k + n] for k in range(0, len(numbers), n)]
        known = [all(math.isfinite(x) for x in own) for own in parts]
        found = np.array(
            [self.of.value(x, patient) for x, k in zip(parts, known, strict=True) if k]
        )
        found = found[np.isfinite(found)]
        if not len(found):
            return math.nan
        if self.reduce == "span":
            return float(np.ptp(found))
        if self.reduce == "excess":
            return float(np.mean(np.maximum(found - self.level, 0.0)))
        if self.reduce.startswith("share"):
            above = np.mean(found > self.level)
            return float(above if self.reduce == "share_above" else 1.0 - above)
        return float(getattr(np, self.reduce)(found))


StoryProbe = Annotated[Single | Against | Several | Copies, Field(discriminator="kind")]
"""Any kind of probe of a story."""
_ADAPTER: TypeAdapter[Probe] = TypeAdapter(StoryProbe)


def size(probe: Probe) -> int:
    """Return how many numbers a probe asks for."""
    if isinstance(probe, _Several):
        return sum(size(part) for part in probe.parts())
    if isinstance(probe, Copies):
        return len(probe.shifts()) * size(probe.of)
    if isinstance(probe, PeakTime | HalfTime | Clock):
        return len(probe.times())
    if isinstance(probe, Run):
        return 1 if probe.relative == "absolute" else 2
    return 0


def number(probe: Probe, numbers: Floats, patient: Patient) -> float:
    """Return what a probe makes of its numbers; NaN where one is missing, but for copies."""
    if not isinstance(probe, Copies) and not np.all(np.isfinite(numbers)):
        return math.nan
    return probe.value(numbers.tolist(), patient)


def requests(probe: Probe, patient: Patient) -> list[Request]:
    """Return the runs that a probe needs, in the order in which it reads their numbers."""
    if isinstance(probe, Copies):
        own = probe.of.asks(patient)
        return [Request(r, tuple(ms), shift) for shift in probe.shifts() for r, ms in own]
    return [Request(run, tuple(measures)) for run, measures in probe.asks(patient)]


def read_story_probe(recipe: Mapping[str, Any], place: str, edition: Edition) -> Probe:
    """Return the probe that a constraint describes.

    Args:
        recipe: as it was written.
        place: what errors call it.
        edition: whose variables, parameters and phenotypes it may name.

    Raises:
        UserError: unknown kind or field, a value of the wrong kind, an unknown name.
    """
    try:
        with edition.in_force():
            probe = _ADAPTER.validate_python(dict(recipe))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(p) for p in first["loc"][1:])
        raise UserError(f"{place}.{key}: {first['msg']}".replace(".:", ":")) from error
    for where, table in _tables(recipe, place):
        check_probe(table, where, edition.model, edition.phenotypes)
    if isinstance(probe, Copies):
        _check_copies(probe, place, edition)
    return probe


def _check_copies(probe: Copies, place: str, edition: Edition) -> None:
    known = edition.model.parameters
    if size(probe.of) == 0:
        raise UserError(f"{place}.of: this needs no run, so no copy would differ in it")
    for name in probe.vary:
        if name not in known:
            hint = nearest(name, known)
            raise UserError(f"{place}.vary: {name!r} is not a parameter of the model{hint}")
        if known[name].spread.sd <= 0.0:
            raise UserError(f"{place}.vary: {name!r} records no spread: no copy can differ in it")


def _tables(recipe: Mapping[str, Any], place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield a recipe and the tables in its lists, each with its place."""
    yield place, recipe
    for key, value in recipe.items():
        if isinstance(value, Mapping) and key not in ("parameters", "changes"):
            yield from (t for t in _tables(value, f"{place}.{key}") if t[0] != f"{place}.{key}")
        for i, one in enumerate(value if isinstance(value, list) else ()):
            if isinstance(one, Mapping):
                yield from _tables(one, f"{place}.{key}.{i}")
