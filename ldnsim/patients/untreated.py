"""Untreated patients: the one place that solves for them, and what was solved is kept.

A day solved for differs in its last bits with the patients that shared the solver's steps. So
whole requests are kept, never single patients out of them: what a study or a table gives does not
depend on what was asked for before it in the same process.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from ldnsim.arrays import Flags, Floats
from ldnsim.engine.rhythm import orbit
from ldnsim.engine.rhythm.drugfree import felt
from ldnsim.engine.rhythm.orbit import Orbits
from ldnsim.model import Model
from ldnsim.patients.people import AT_ONCE, People
from ldnsim.patients.vectors import Patients

KEPT = 16_384
"""Patients kept, over all requests; the oldest requests go first."""
_SOLVED: dict[tuple[Model, bytes], Orbits] = {}
_LOCK = threading.Lock()


def untreated(model: Model, params: Floats, inflamed: Flags, threads: int | None = None) -> Orbits:
    """Return the untreated days of patients, solved for once in a process.

    Args:
        model: what the parameters are of.
        params: parameter vectors, shape (patients, parameters).
        inflamed: basin of each, shape (patients,).
        threads: threads of the engine.

    Returns:
        Orbits; a patient without one has a status and NaN.
    """
    told = felt(model, params).tobytes() + np.asarray(inflamed, dtype=np.bool_).tobytes()
    key = (model, hashlib.sha256(told).digest())
    found = _SOLVED.get(key) or orbit.find_orbits(model, params, inflamed, threads)
    found.mean[found.status != 0] = np.nan
    with _LOCK:
        _SOLVED[key] = found
        while sum(len(days.status) for days in _SOLVED.values()) > KEPT:
            del _SOLVED[next(iter(_SOLVED))]
    return found


def untreated_days(patients: Patients, threads: int | None = None) -> Orbits:
    """Return the untreated days of the distinct patients of some runs.

    Those of virtual patients were solved to judge them, and are not solved again: what a
    hypothesis says of the drug does not change an untreated day.

    Args:
        patients: the patients.
        threads: threads of the engine.
    """
    model, people = patients.model, patients.people
    if people is None:
        return untreated(model, patients.params, patients.inflamed, threads)
    known = np.where(_same_day(people, patients), patients.person, -1)
    new = np.flatnonzero(known < 0)
    if not len(new):
        whole = np.array_equal(known, np.arange(len(people)))
        return people.orbits if whole else pick(people.orbits, known)
    found = untreated(model, patients.vectors(new), patients.inflamed[new], threads)
    known[new] = len(people) + np.arange(len(new))
    return pick(_joined([people.orbits, found]), known)


def pick(orbits: Orbits, rows: NDArray[np.intp]) -> Orbits:
    """Return the untreated days of some patients."""
    return Orbits(**{f.name: getattr(orbits, f.name)[rows] for f in fields(Orbits)})


def _joined(parts: list[Orbits]) -> Orbits:
    """Return the untreated days of several groups of patients, one after the other."""
    return Orbits(
        **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Orbits)}
    )


def _same_day(people: People, patients: Patients) -> Flags:
    """Whether an untreated day of each patient is that of the same person under the reference."""
    same = np.zeros(len(patients), dtype=np.bool_)
    for first in range(0, len(patients), AT_ONCE):
        which = np.arange(first, min(first + AT_ONCE, len(patients)))
        mine, theirs = patients.vectors(which), people.own(patients.person[which])
        same[which] = (felt(patients.model, mine) == felt(patients.model, theirs)).all(axis=1)
    return np.asarray(same & (patients.inflamed == people.inflamed))
