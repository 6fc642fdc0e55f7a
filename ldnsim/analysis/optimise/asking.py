"""What asking is worth: how much better a choice becomes by knowing something of the patient.

The gain is the mean over groups of the best candidate of each, minus the best candidate for all.
Taken from one sample it is never negative, since a maximum over noise is high: whatever is asked
seems worth something. So candidates are chosen in part of the patients and judged in the others
(cross-fitting), in every part in turn and many times over; what is asked in vain then gives 0 but
for the error, which is stated, and may come out below 0. It is a little low where groups are small,
since fewer patients choose than will be asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ldnsim.arrays import Flags, Floats, Ints
from ldnsim.errors import UserError
from ldnsim.patients.draws import generator
from ldnsim.weighing import effective

FOLDS, REPEATS = 5, 20
FEWEST = 6
"""Patients that a group needs, so that some can choose and others judge."""


@dataclass(frozen=True)
class Asked:
    """What knowing something is worth.

    Attributes:
        what: is asked.
        groups: answers, in words.
        best: number of the best candidate of each group, from all patients.
        gain: in utility, by cross-fitting; NaN where a group has fewer than six patients, and as
            it is of a single patient, in whom nothing is drawn by chance.
        error: its standard error, from the spread over patients; 0 of a single one, NaN with it.
        seeming: the gain without correction, which is too high.
    """

    what: str
    groups: tuple[str, ...]
    best: tuple[int, ...]
    gain: float
    error: float
    seeming: float


def of_groups(what: str, u: Floats, w: Floats, group: Ints, names: tuple[str, ...], seed: int,
              among: Flags) -> Asked:  # fmt: skip
    """Return what it is worth to know the group of a patient.

    Args:
        what: is asked.
        u: utility, shape (candidates, places, patients); the mean over places counts.
        w: weights of the patients, shape (patients,).
        group: of each patient, shape (patients,).
        names: of the groups.
        seed: of the folds.
        among: candidates that may be chosen, shape (candidates,).
    """
    m = u.mean(axis=1)
    parts = [np.where(group == g, 1.0, 0.0) for g in range(len(names))]
    return _asked(what, [m] * len(parts), parts, m, w, names, seed, among)


def of_axis(what: str, u: Floats, w: Floats, at: Ints, names: tuple[str, ...], seed: int,
            among: Flags) -> Asked:  # fmt: skip
    """Return what it is worth to know where on an axis a patient is; all values as likely.

    Args:
        what: is asked.
        u: utility, shape (candidates, places, patients).
        w: weights of the patients, shape (patients,).
        at: value of the axis at each place, shape (places,).
        names: of the values.
        seed: of the folds.
        among: candidates that may be chosen, shape (candidates,).
    """
    tables = [u[:, at == g].mean(axis=1) for g in range(len(names))]
    parts = [np.full(len(w), 1.0 / len(names)) for _ in names]
    return _asked(what, tables, parts, u.mean(axis=1), w, names, seed, among)


def _asked(
    what: str, tables: list[Floats], parts: list[Floats], m: Floats, w: Floats,
    names: tuple[str, ...], seed: int, among: Flags,
) -> Asked:  # fmt: skip
    """Compare the best of each part with the best for all.

    A table is the utility of a part, shape (candidates, patients), and a part the share of each
    patient that belongs to it.
    """
    tables = [np.where(among[:, None], t, -np.inf) for t in tables]
    whole = np.where(among[:, None], m, -np.inf)
    best = [_best(t, w * p) for t, p in zip(tables, parts, strict=True)]
    one = _best(whole, w)
    chosen = sum(p * t[b] for t, p, b in zip(tables, parts, best, strict=True))
    alone = sum(p * t[one] for t, p in zip(tables, parts, strict=True))
    seeming = float((w * (chosen - alone)).sum() / w.sum())
    if len(w) == 1:
        return Asked(what, names, tuple(best), seeming, 0.0, seeming)
    if min(int(((w * p) > 0.0).sum()) for p in parts) < FEWEST:
        return Asked(what, names, tuple(best), float("nan"), float("nan"), seeming)
    d = held_out(tables, parts, whole, w, seed)
    each = d @ w / w.sum()
    # of one repeat, not of their mean: repeats share the patients, and their mean hides how much
    # hangs on who chose
    spread = float(np.sqrt((((d - each[:, None]) ** 2) @ w / w.sum()).mean()))
    error = spread / effective(w) ** 0.5
    return Asked(what, names, tuple(best), float(each.mean()), error, seeming)


def held_out(
    tables: list[Floats], parts: list[Floats], whole: Floats, w: Floats, seed: int
) -> Floats:
    """Return what each patient gains where others chose, shape (repeats, patients)."""
    gains = np.zeros((REPEATS, len(w)))
    for k, (train, test) in enumerate(folds(len(w), seed)):
        own, one = w * train, _best(whole, w * train)
        for table, part in zip(tables, parts, strict=True):
            best = _best(table, own * part) if (own * part).any() else one
            gains[k // FOLDS, test] += (part * (table[best] - table[one]))[test]
    return gains


def folds(n: int, seed: int) -> list[tuple[Floats, Ints]]:
    """Return who chooses (1 or 0) and who is judged, for every part of every repeat."""
    found = []
    for r in range(REPEATS):
        order = generator(seed, "folds of patients", r).permutation(n)
        for k in range(FOLDS):
            test = order[k::FOLDS]
            train = np.ones(n)
            train[test] = 0.0
            found.append((train, test))
    return found


def _best(table: Floats, w: Floats) -> int:
    """Return the first candidate of the highest weighted mean."""
    there = w > 0.0
    return int(np.argmax(table[:, there] @ w[there]))


def groups_of(values: np.ndarray, w: Floats, count: int, name: str) -> tuple[Ints, tuple[str, ...]]:
    """Put patients into groups of equal weight by a drawn number, or by a drawn word.

    Returns:
        the group of each patient, and the groups in words.

    Raises:
        UserError: all patients are the same.
    """
    kinds = np.unique(values)
    if len(kinds) < 2:
        raise UserError(
            f"optimise.ask: {name!r} is the same in every patient: asking tells nothing"
        )
    if values.dtype.kind in "UST" or len(kinds) <= count:
        group = np.searchsorted(kinds, values)
        return group, tuple(str(k) if values.dtype.kind in "UST" else f"{k:.3g}" for k in kinds)
    order = np.argsort(values, kind="stable")
    below = np.cumsum(w[order]) - 0.5 * w[order]
    group = np.empty(len(values), dtype=np.int64)
    group[order] = np.minimum((count * below / w.sum()).astype(np.int64), count - 1)
    # one patient of very high weight can be more than a group
    filled, group = np.unique(group, return_inverse=True)
    edges = [(values[group == g].min(), values[group == g].max()) for g in range(len(filled))]
    return group, tuple(f"{a:.3g} to {b:.3g}" for a, b in edges)
