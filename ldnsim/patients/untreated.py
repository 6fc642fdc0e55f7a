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

from ldnsim.arrays import Flags, Floats
from ldnsim.engine.rhythm import orbit
from ldnsim.engine.rhythm.drugfree import felt
from ldnsim.engine.rhythm.orbit import Orbits
from ldnsim.model import Model
from ldnsim.patients.people import AT_ONCE, People
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
