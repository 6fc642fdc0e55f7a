"""The labelled grid: axes become dimensions, and every point of it a run in C order."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ldnsim.config.axis import Points
from ldnsim.config.fields import points
from ldnsim.config.rules import name_of
from ldnsim.config.run import RunSpec
from ldnsim.config.study import StudyConfig

# Coarse fields first: a swept regimen is chosen before its target is set.
_ORDER = ("hypothesis", "patient", "parameters", "regimen", "modifiers", "adherence", "subject")


@dataclass(frozen=True)
class Coordinate:
    """Values along a dimension with what the result says about them."""

    name: str
    values: tuple[Any, ...]
    unit: str
    long_name: str
    field: str
    numeric: bool


@dataclass(frozen=True)
class Dim:
    """One dimension of the sweep: its coordinates, and what each position sets.

    Attributes:
        name: name of the dimension (the first axis of a zipped group).
        coordinates: one, or several for zipped axes.
        settings: for every position, the ``(field, value)`` pairs to apply.
    """

    name: str
    coordinates: tuple[Coordinate, ...]
    settings: tuple[tuple[tuple[str, Any], ...], ...]

    @property
    def size(self) -> int:
        """Number of positions."""
        return len(self.settings)


def dims(study: StudyConfig) -> tuple[Dim, ...]:
    """Return the dimensions of a study, in the order they are stored.

    A list of regimens comes first, then the axes in the order of the file, then the patients of a
    population.
    """
    found: list[Dim] = []
    if study.regimens:
        names = tuple(name_of(r) for r in study.regimens)
        coordinate = Coordinate("regimen", names, "", "regimen", "regimen", False)
        settings = tuple((("regimen", r),) for r in study.regimens)
        found.append(Dim("regimen", (coordinate,), settings))
    group_of = {name: group for group in study.zip for name in group}
    by_name = {a.name: a for a in study.axes}
    done: set[str] = set()
    for axis in study.axes:
        if axis.name in done:
            continue
        members = group_of.get(axis.name, (axis.name,))
        done.update(members)
        found.append(_dim([by_name[m] for m in members]))
    if study.population is not None:
        found.append(_patients(study.population.size))
    return tuple(found)


def _patients(size: int) -> Dim:
    """Make the dimension of virtual patients."""
    c = Coordinate("patient", tuple(range(size)), "1", "virtual patient", "population", True)
    return Dim("patient", (c,), tuple((("patient", k),) for k in range(size)))


def _dim(axes: list[Any]) -> Dim:
    """Make one dimension of axes that advance together."""
    resolved: list[tuple[Any, Points]] = [(a, points(a)) for a in axes]
    coordinates = tuple(
        Coordinate(
            a.name, p.coordinate, p.unit, a.label or a.name.replace("_", " "), a.field, p.numeric
        )
        for a, p in resolved
    )
    settings = tuple(
        tuple((a.field, value) for (a, _), value in zip(resolved, values, strict=True))
        for values in zip(*(p.apply for _, p in resolved), strict=True)
    )
    return Dim(axes[0].name, coordinates, settings)


def shape(grid: tuple[Dim, ...]) -> tuple[int, ...]:
    """Return the number of positions of each dimension; empty for a single run."""
    return tuple(d.size for d in grid)


def size(grid: tuple[Dim, ...]) -> int:
    """Return the number of runs."""
    return math.prod(shape(grid))


def runs(study: StudyConfig, grid: tuple[Dim, ...]) -> Iterator[RunSpec]:
    """Yield every run in global order: the last dimension varies fastest.

    Fields are applied from coarse to fine whatever the order of the axes, and equal settings
    share one regimen object, so that doses are worked out once.
    """
    memo: dict[Any, Any] = {}
    start = base(study)
    for position in itertools.product(*(d.settings for d in grid)):
        pairs = sorted((p for setting in position for p in setting), key=_rank)
        yield _apply(start, pairs, memo)


def _rank(pair: tuple[str, Any]) -> tuple[int, int]:
    room = pair[0].partition(".")[0]
    return (_ORDER.index(room), pair[0].count("."))


def _apply(base: RunSpec, pairs: Sequence[tuple[str, Any]], memo: dict[Any, Any]) -> RunSpec:
    """Set fields, reusing regimens already made; those of a regimen are set together."""
    run = base.with_values([p for p in pairs if not p[0].startswith("regimen")])
    chosen = [p for p in pairs if p[0].startswith("regimen")]
    if not chosen:
        return run
    key = tuple((f, v if isinstance(v, str) else id(v)) for f, v in chosen)
    if key not in memo:
        # the values are kept too: an id is only unique while its object lives
        memo[key] = (chosen, run.with_values(chosen).regimen)
    return replace(run, regimen=memo[key][1])


def base(study: StudyConfig) -> RunSpec:
    """Return the run to start from; an axis of regimens supplies its first value."""
    if study.regimen or study.regimens:
        return study.base_run()
    axis = next(a for a in study.axes if a.field == "regimen")
    from ldnsim.config.entries import as_regimen

    first = as_regimen(points(axis).apply[0])
    return study.model_copy(update={"regimens": (first,)}).base_run()
