"""Untreated patients: the one place that solves for them, and what was solved is kept.

An untreated day depends on its own patient alone, to the last bit. So single patients are kept, and
what a study or a table gives does not depend on what was asked for before it in the same process.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.arrays import Flags, Floats, Ints
from ldnsim.engine.rhythm import orbit
from ldnsim.engine.rhythm.drugfree import felt
from ldnsim.engine.rhythm.orbit import Orbits
from ldnsim.model import Model
from ldnsim.patients.days import AT_ONCE, Days
from ldnsim.patients.people import People
from ldnsim.patients.vectors import Patients

KEPT = 16_384
"""Patients kept; the oldest go first."""
_Day = tuple[NDArray[Any], ...]
_SOLVED: dict[tuple[Model, bytes], _Day] = {}
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
    flags = np.asarray(inflamed, dtype=np.bool_)
    keys = [
        (model, hashlib.sha256(own.tobytes() + bytes([flag])).digest())
        for own, flag in zip(felt(model, params), flags.tolist(), strict=True)
    ]
    with _LOCK:
        known = {i: _SOLVED[key] for i, key in enumerate(keys) if key in _SOLVED}
    new = np.array([i for i in range(len(keys)) if i not in known], dtype=np.intp)
    if not known:
        found = orbit.find_orbits(model, params, flags, threads)
    else:
        some = orbit.find_orbits(model, params[new], flags[new], threads) if len(new) else None
        found = _merged(known, new, some)
    with _LOCK:
        for i in new[-KEPT:].tolist():
            _SOLVED[keys[i]] = tuple(getattr(found, f.name)[i].copy() for f in fields(Orbits))
        for key in list(itertools.islice(_SOLVED, max(0, len(_SOLVED) - KEPT))):
            del _SOLVED[key]
    return found


def _merged(known: dict[int, _Day], new: NDArray[np.intp], found: Orbits | None) -> Orbits:
    """Return the days of all patients from those known and those found, by their places."""
    at, merged = np.array(list(known), dtype=np.intp), {}
    for k, field in enumerate(fields(Orbits)):
        values = np.array([day[k] for day in known.values()])
        merged[field.name] = np.empty((len(known) + len(new), *values.shape[1:]), values.dtype)
        merged[field.name][at] = values
        if found is not None:
            merged[field.name][new] = getattr(found, field.name)
    return Orbits(**merged)


def untreated_days(patients: Patients, threads: int | None = None) -> Days:
    """Return the untreated days of the distinct patients of some runs.

    Those of virtual patients were solved to judge them, and are not solved again: what a
    hypothesis says of the drug does not change an untreated day.

    Args:
        patients: the patients.
        threads: threads of the engine.
    """
    people, every = patients.people, np.arange(len(patients))
    if people is None:
        return _solved(patients, every, threads)
    known = np.where(_same_day(people, patients), patients.person, -1)
    new = np.flatnonzero(known < 0)
    if not len(new):
        return people.days if np.array_equal(known, every) else people.days.pick(known)
    # who is the same untreated under several hypotheses is solved once: these are solved together
    new = new[np.argsort(patients.person[new], kind="stable")]
    found = _solved(patients, new, threads)
    place = np.empty(len(patients), np.intp)
    place[new] = np.arange(len(new))
    return people.days.merged(known, found, place)


def _solved(patients: Patients, which: Ints, threads: int | None) -> Days:
    """Solve for the untreated days of some patients."""
    n = len(patients.model.states), len(patients.model.observables)
    days = Days.room(len(which), *n)
    for first in range(0, len(which), AT_ONCE):
        some = which[first : first + AT_ONCE]
        found = untreated(patients.model, patients.vectors(some), patients.inflamed[some], threads)
        days.put(first, found.y0, found.mean, found.residual, found.status)
    return days


def pick(orbits: Orbits, rows: NDArray[np.intp]) -> Orbits:
    """Return the untreated days of some patients."""
    return Orbits(**{f.name: getattr(orbits, f.name)[rows] for f in fields(Orbits)})


def _same_day(people: People, patients: Patients) -> Flags:
    """Whether an untreated day of each patient is that of the same person under the reference."""
    same = np.zeros(len(patients), dtype=np.bool_)
    for first in range(0, len(patients), AT_ONCE):
        which = np.arange(first, min(first + AT_ONCE, len(patients)))
        mine, theirs = patients.vectors(which), people.own(patients.person[which])
        same[which] = (felt(patients.model, mine) == felt(patients.model, theirs)).all(axis=1)
    return np.asarray(same & (patients.inflamed == people.inflamed))
