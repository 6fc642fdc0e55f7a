"""The labelled grid: axes become dimensions, and every point of it a run in C order.

A run is made when somebody asks for it. What a sweep does for all runs it does on facets: the
sub-grids on which the patient, the doses or the modifiers depend.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from ldnsim.arrays import Ints
from ldnsim.config.axis import Points
from ldnsim.config.fields import points
from ldnsim.config.rules import name_of
from ldnsim.config.run import RunSpec
from ldnsim.config.study import StudyConfig
from ldnsim.edition import Edition
from ldnsim.regimen import Recordings

# Coarse fields first: a swept regimen is chosen before its target is set.
_ORDER = (
    "hypothesis", "patient", "parameters", "regimen", "modifiers", "adherence", "subject", "label",
)  # fmt: skip


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

    A list of regimens, or the subjects of an event table, comes first, then the axes in the order
    of the file, then the patients of a population.
    """
    found: list[Dim] = []
    if study.regimens:
        names = tuple(name_of(r) for r in study.regimens)
        coordinate = Coordinate("regimen", names, "", "regimen", "regimen", False)
        settings = tuple((("regimen", r),) for r in study.regimens)
        found.append(Dim("regimen", (coordinate,), settings))
    if isinstance(study.regimen, Recordings):
        words = "subject of the event table"
        coordinate = Coordinate("id", study.regimen.ids, "", words, "regimen", False)
        settings = tuple((("regimen", r),) for r in study.regimen.members)
        found.append(Dim("id", (coordinate,), settings))
    group_of = {name: group for group in study.zip for name in group}
    by_name = {a.name: a for a in study.axes}
    for members in dict.fromkeys(group_of.get(a.name, (a.name,)) for a in study.axes):
        found.append(_dim([by_name[m] for m in members], study.edition))
    if study.population is not None:
        found.append(_patients(study.population.size))
    return tuple(found)


def _patients(size: int) -> Dim:
    """Make the dimension of virtual patients."""
    c = Coordinate("patient", tuple(range(size)), "1", "virtual patient", "population", True)
    return Dim("patient", (c,), tuple((("patient", k),) for k in range(size)))


def _dim(axes: list[Any], edition: Edition) -> Dim:
    """Make one dimension of axes that advance together."""
    resolved: list[tuple[Any, Points]] = [(a, points(a, edition)) for a in axes]
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


class Runs(Sequence[RunSpec]):
    """Every run of a grid in C order (last dimension fastest), made when asked for.

    Fields are applied from coarse to fine whatever the order of the axes.
    """

    def __init__(self, start: RunSpec, grid: tuple[Dim, ...]) -> None:
        """Keep where runs start from and what each position sets.

        Args:
            start: the run before any axis is applied.
            grid: the dimensions.
        """
        self.start = start
        self.grid = grid
        self.shape = tuple(d.size for d in grid)
        self._at = functools.lru_cache(maxsize=64)(self._make)

    def __len__(self) -> int:
        """Return the number of runs."""
        return math.prod(self.shape)

    @overload
    def __getitem__(self, i: int) -> RunSpec: ...
    @overload
    def __getitem__(self, i: slice) -> Sequence[RunSpec]: ...
    def __getitem__(self, i: int | slice) -> RunSpec | Sequence[RunSpec]:
        """Make one run, or those of a slice."""
        if isinstance(i, slice):
            return [self._at(k) for k in range(len(self))[i]]
        return self._at(range(len(self))[i])

    def _make(self, i: int) -> RunSpec:
        at = np.unravel_index(i, self.shape) if self.shape else ()
        chosen = (d.settings[int(k)] for d, k in zip(self.grid, at, strict=True))
        return self.start.with_values(sorted((p for c in chosen for p in c), key=_rank))

    def point(self, i: int) -> str:
        """Return where on the grid a run is, as text; empty for a single run."""
        at = np.unravel_index(i, self.shape) if self.shape else ()
        return ", ".join(
            f"{c.name} = {c.values[int(k)]}"
            for dim, k in zip(self.grid, at, strict=True)
            for c in dim.coordinates
        )

    def persons(self) -> Ints:
        """Return the place of each run's patient in the population, shape (runs,)."""
        return self.facet(lambda field: field == "patient").of(np.arange(len(self)))

    def facet(self, matters: Callable[[str], bool]) -> Facet:
        """Return the part of the grid on which fields of a kind depend.

        Args:
            matters: tells from the name of a field whether it is of that kind.
        """
        axes = tuple(
            k for k, d in enumerate(self.grid) if any(matters(f) for f, _ in d.settings[0])
        )
        return Facet(self.shape, axes)


class Listed(Runs):
    """Runs that were named one by one instead of by axes."""

    def __init__(self, runs: Sequence[RunSpec]) -> None:
        """Keep the runs; each is a place of its own in every facet.

        Args:
            runs: at least one, all of one edition.

        Raises:
            ValueError: runs of several editions, which no solver takes together.
        """
        if any(run.edition is not runs[0].edition for run in runs):
            raise ValueError("runs of several editions of the model")
        super().__init__(runs[0], (Dim("run", (), ((),) * len(runs)),))
        self._runs = runs

    def _make(self, i: int) -> RunSpec:
        return self._runs[i]

    def persons(self) -> Ints:
        """Return the place of each run's patient in the population, shape (runs,)."""
        return np.array([run.patient for run in self._runs], dtype=np.int64)

    def facet(self, matters: Callable[[str], bool]) -> Facet:
        """Return all of the runs, whatever matters."""
        return Facet(self.shape, (0,))


@dataclass(frozen=True)
class Facet:
    """The part of a grid on which one side of its runs depends, such as who the patient is.

    Runs at the same place of the facet agree on that side, so that it is worked out once for each
    place instead of once for each run.

    Attributes:
        shape: of the whole grid.
        axes: the dimensions that matter, ascending.
    """

    shape: tuple[int, ...]
    axes: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of places."""
        return math.prod(self.shape[k] for k in self.axes)

    def of(self, rows: Ints) -> Ints:
        """Return the place of each run, shape (rows,)."""
        found = np.zeros(len(rows), dtype=np.int64)
        for k in self.axes:
            inner = math.prod(self.shape[k + 1 :])
            found = found * self.shape[k] + rows // inner % self.shape[k]
        return found

    def run(self, place: int) -> int:
        """Return the first run at a place."""
        return int(self.runs(np.array([place]))[0])

    def runs(self, places: Ints | None = None) -> Ints:
        """Return the first run at each place; at all of them when None."""
        rest = np.arange(self.size) if places is None else places
        found = np.zeros(len(rest), dtype=np.int64)
        for k in reversed(self.axes):
            found += rest % self.shape[k] * math.prod(self.shape[k + 1 :])
            rest = rest // self.shape[k]
        return found


def _rank(pair: tuple[str, Any]) -> tuple[int, int]:
    room = pair[0].partition(".")[0]
    return (_ORDER.index(room), pair[0].count("."))


def base(study: StudyConfig) -> RunSpec:
    """Return the run to start from; an axis of regimens supplies its first value."""
    if study.regimen or study.regimens:
        return study.base_run()
    axis = next(a for a in study.axes if a.field == "regimen")
    from ldnsim.config.entries import as_single

    with study.edition.in_force():
        first = as_single(points(axis, study.edition).apply[0])
    return study.model_copy(update={"regimens": (first,)}).base_run()
