"""The choice: the best candidate, how sure that is, and how far one for all falls behind."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ldnsim.analysis.optimise import asking, scores
from ldnsim.analysis.optimise.asking import Asked
from ldnsim.analysis.optimise.evaluate import Evaluated, space_of
from ldnsim.analysis.optimise.search import find
from ldnsim.arrays import Flags, Floats, Ints
from ldnsim.config.optimise import OF_THE_PRESCRIPTION, Optimise
from ldnsim.config.optimise_rules import limit, records, settings_of
from ldnsim.errors import UserError
from ldnsim.sweep.progress import Progress

if TYPE_CHECKING:
    from ldnsim.sweep.study import Study


@dataclass(frozen=True)
class Individual:
    """Every patient on the candidate that is best for him or her, against one for all.

    Attributes:
        best: candidate of each patient, shape (patients,).
        one: candidate that is best on the mean.
        gap: utility that one for all loses on the mean; chosen in some patients, judged in others.
        low: of its 95 % interval over patients.
        high: of the same.
        shares: weight of the patients whose best candidate it is, shape (candidates,).
    """

    best: Ints
    one: int
    gap: float
    low: float
    high: float
    shares: Floats


@dataclass(frozen=True)
class Choice:
    """What was found.

    Attributes:
        title: of the study.
        settings: what was wanted.
        found: candidates with what was looked at, in patients of whom no run failed.
        how: which candidates were run, in words.
        left_out: what could not be prescribed, in words.
        dropped: patients left out since a run of theirs failed.
        utility: shape (candidates, places, patients).
        score: by the robustness asked for, shape (candidates,).
        low: lower end of its 95 % interval over patients, shape (candidates,); NaN of one patient.
        high: upper end.
        allowed: candidates that keep every limit, shape (candidates,).
        best: number of the best that is allowed.
        held_out: mean utility where it is chosen in some patients and judged in others; NaN where
            there are too few, and where not the mean is wanted.
        tied: candidates that resampled patients do not tell from the best, shape (candidates,).
        close: those within the stated share of the range, shape (candidates,).
        objectives: what the front weighs, with 1 where more is better and -1 where less is.
        front: candidates of the front, shape (candidates,).
        by_place: best candidate at each place, shape (places,).
        lost: utility that the best of all loses there against it, shape (places,).
        individual: None of a single patient.
        asked: what asking is worth.
        odd: weights that count against what is said to be better.
    """

    title: str
    settings: Optimise
    found: Evaluated
    how: str
    left_out: list[str]
    dropped: int
    utility: Floats
    score: Floats
    low: Floats
    high: Floats
    allowed: Flags
    best: int
    held_out: float
    tied: Flags
    close: Flags
    objectives: dict[str, int]
    front: Flags
    by_place: Ints
    lost: Floats
    individual: Individual | None
    asked: tuple[Asked, ...]
    odd: tuple[str, ...]


def choose(
    study: Study,
    out: str | os.PathLike[str] | None = None,
    *,
    threads: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Choice:
    """Find the best candidate of a study with ``[optimise]``.

    Args:
        study: the study.
        out: store of the runs, taken up again where it holds them; in memory only when None.
        threads: threads to use; they change no bit.
        overwrite: replace the store.
        progress: as for a study.

    Raises:
        UserError: no ``[optimise]``, nothing to choose, limits that nothing keeps, a summary
            without a number, a store of another study.
    """
    settings = settings_of(study)
    space = space_of(study)
    ran, how = find(study, space, out, threads=threads, overwrite=overwrite, progress=progress)
    return weigh(study, settings, ran, how, space.told())


def weigh(
    study: Study, settings: Optimise, ran: Evaluated, how: str = "", told: list[str] | None = None
) -> Choice:
    """Weigh candidates that were run; arguments and errors as for :func:`choose`."""
    found = ran.whole()
    found.check_numbers(settings.terms)
    seed = study.seed if settings.seed is None else settings.seed
    u, w = found.utility(settings.utility), found.weights
    _check_knobs_matter(settings, found)
    allowed = _allowed(study, settings, found)
    value = scores.score(u, w[None, :], settings.robust, allowed)[0]
    best = _first_best(value, allowed)
    many = len(w) > 1
    draws = scores.score(u, scores.resampled(w, seed), settings.robust, allowed) if many else None
    low, high = _ends(draws, value)
    span = float(np.ptp(value[allowed]))
    goals = _objectives(study, settings)
    means = found_means(found, goals)
    on_front = np.zeros(len(value), dtype=bool)
    on_front[allowed] = scores.front((means * list(goals.values()))[allowed])
    places = scores.by_place(u, w[None, :])[0]
    reachable = np.where(allowed[:, None], places, -np.inf)
    by_place = reachable.argmax(axis=0)
    return Choice(
        study.title, settings, found, how, told or [], ran.patients - found.patients, u, value,
        low, high, allowed, best, _held_out(u, w, allowed, seed, settings.robust),
        _tied(draws, best, allowed), allowed & (value >= value[best] - settings.flat * span),
        goals, on_front, by_place,
        np.array([places[b, p] - places[best, p] for p, b in enumerate(by_place)]),
        individual(u, w, seed, allowed) if many else None,
        tuple(_questions(settings, found, u, w, allowed, seed)),
        tuple(_odd(study, settings)),
    )  # fmt: skip


def individual(u: Floats, w: Floats, seed: int, among: Flags) -> Individual:
    """Compare each patient's own best candidate with one for all, on the mean over places.

    The one for all is chosen in four fifths of the patients and judged in the rest, in turn, since
    it would look too good in those it was chosen in.
    """
    m = np.where(among[:, None], u.mean(axis=1), -np.inf)
    own, one = m.argmax(axis=0), int(np.argmax(np.where(among, u.mean(axis=1) @ w, -np.inf)))
    top = m.max(axis=0)
    lost = np.zeros(len(w))
    turns = asking.folds(len(w), seed)
    for train, test in turns:
        there = train > 0.0
        chosen = int(np.argmax(m[:, there] @ w[there]))
        lost[test] += (top - m[chosen])[test]
    lost /= asking.REPEATS
    draws = scores.resampled(w, seed)
    low, high = scores.interval(draws @ lost / draws.sum(axis=1))
    shares = np.bincount(own, w, len(u)) / w.sum()
    return Individual(own, one, float((w * lost).sum() / w.sum()), low, high, shares)


def found_means(found: Evaluated, names: dict[str, int]) -> Floats:
    """Return means over patients and places, shape (candidates, names)."""
    own = found.weights[None, :]
    return np.stack([scores.over_all(found.values[n], own)[0] for n in names], axis=1)


def _first_best(value: Floats, allowed: Flags) -> int:
    return int(np.argmax(np.where(allowed, value, -np.inf)))


def _ends(draws: Floats | None, value: Floats) -> tuple[Floats, Floats]:
    if draws is None:
        return np.full(len(value), np.nan), np.full(len(value), np.nan)
    ends = np.array([scores.interval(d) for d in draws.T])
    return ends[:, 0], ends[:, 1]


def _tied(draws: Floats | None, best: int, allowed: Flags) -> Flags:
    """Candidates whose difference from the best has an interval, over patients, that holds 0."""
    if draws is None:
        only = np.zeros(len(allowed), dtype=bool)
        only[best] = True
        return only
    low = np.array([scores.interval(draws[:, best] - d)[0] for d in draws.T])
    return np.asarray(allowed & (low <= 0.0))


def _held_out(u: Floats, w: Floats, allowed: Flags, seed: int, robust: str) -> float:
    if robust != "mean" or len(w) < asking.FEWEST:
        return float("nan")
    m = np.where(allowed[:, None], u.mean(axis=1), -np.inf)
    got = np.zeros(len(w))
    for train, test in asking.folds(len(w), seed):
        there = train > 0.0
        got[test] += m[int(np.argmax(m[:, there] @ w[there]))][test]
    return float((w * got).sum() / w.sum()) / asking.REPEATS


def _allowed(study: Study, settings: Optimise, found: Evaluated) -> Flags:
    """Return which candidates keep every limit.

    Raises:
        UserError: none does; it says which comes nearest, and by how much it misses.
    """
    missed = np.full((len(found.candidates), len(settings.constraints)), -np.inf)
    limits = [limit(study, c) for c in settings.constraints]
    for j, c in enumerate(settings.constraints):
        missed[:, j] = scores.shortfall(
            found.values[c.summary], found.weights, limits[j], least=c.least is not None,
            tail=c.of == "worst tenth",
        )  # fmt: skip
    allowed = (missed <= 1e-12).all(axis=1)
    if allowed.any():
        return np.asarray(allowed)
    share = np.maximum(missed, 0.0) / np.maximum(np.abs(limits), 1e-9)
    near = int(np.argmin(share.max(axis=1)))
    told = []
    for j, c in enumerate(settings.constraints):
        if missed[near, j] > 1e-12:
            word = "at least" if c.least is not None else "at most"
            reached = limits[j] - missed[near, j] * (1.0 if c.least is not None else -1.0)
            told.append(
                f"{c.summary} has to be {word} {limits[j]:.4g} and is {reached:.4g}, off by"
                f" {missed[near, j]:.3g}"
            )
    alone = ", ".join(
        f"{c.summary} by {int((missed[:, j] <= 1e-12).sum())}"
        for j, c in enumerate(settings.constraints)
    )
    raise UserError(
        f"optimise.constraints: none of the {len(missed)} candidates keeps all limits. Nearest"
        f" comes '{found.candidates[near].prescription}': {'; '.join(told)}. Taken alone, limits"
        f" are kept: {alone}. Loosen a limit, or free other fields"
    )


def _check_knobs_matter(settings: Optimise, found: Evaluated) -> None:
    """Refuse a free field that changes nothing that is looked at, all others being equal.

    Raises:
        UserError: naming it.
    """
    table = np.stack([found.values[n] for n in settings.terms], axis=-1)
    for j, free in enumerate(settings.free):
        groups: dict[tuple[object, ...], list[int]] = {}
        for i, c in enumerate(found.candidates):
            groups.setdefault((*c.apply[:j], *c.apply[j + 1 :]), []).append(i)
        several = [rows for rows in groups.values() if len(rows) > 1]
        if several and all((table[rows] == table[rows[0]]).all() for rows in several):
            raise UserError(
                f"optimise.free[{j + 1}] ({free.field}): no run depends on it: whatever it is,"
                f" {', '.join(settings.terms)} stay the same; take it out"
            )


def _objectives(study: Study, settings: Optimise) -> dict[str, int]:
    """Return what the front weighs and which way is better: by the weight, else as it is said."""
    known = records(study)
    found = {}
    for name in settings.pareto or [n for n, v in settings.utility.items() if v]:
        weight = settings.utility.get(name, 0.0)
        if weight:
            found[name] = 1 if weight > 0.0 else -1
            continue
        better = _better(study, name, known)
        if not better:
            raise UserError(
                f"optimise.pareto: {name!r} is neither good nor bad in itself; give it a weight in"
                " optimise.utility, which says which way is better"
            )
        found[name] = 1 if better == "higher" else -1
    return found


def _better(study: Study, name: str, known: Mapping[str, object]) -> str:
    if name in OF_THE_PRESCRIPTION:
        return OF_THE_PRESCRIPTION[name][2]
    summary = known[name]
    better = str(getattr(summary, "better", ""))
    variable = str(getattr(summary, "variable", ""))
    return str(study.edition.model.observables[variable].better) if better == "variable" else better


def _odd(study: Study, settings: Optimise) -> list[str]:
    """Say which weights count as good what is said to be bad."""
    known = records(study)
    found = []
    for name, weight in settings.utility.items():
        better = _better(study, name, known)
        if weight and better and (better == "higher") != (weight > 0.0):
            found.append(f"{name} counts {weight:+g}, although {better} is better")
    return found


def _questions(
    settings: Optimise, found: Evaluated, u: Floats, w: Floats, allowed: Flags, seed: int
) -> list[Asked]:
    """Return what every question is worth, in the order of the study."""
    answers = []
    shape = tuple(len(v) for v in found.axes.values())
    grid = np.indices(shape).reshape(len(shape), -1) if shape else np.empty((0, 1), dtype=int)
    for name in settings.ask or found.axes:
        if name in found.about.dims and name not in found.axes:
            continue  # one place was taken out of this axis
        if name in found.axes:
            axis = list(found.axes).index(name)
            words = tuple(str(v) for v in found.axes[name])
            if len(words) > 1:
                answers.append(asking.of_axis(name, u, w, grid[axis], words, seed, allowed))
        else:
            group, words = asking.groups_of(found.drawn[name], w, settings.groups, name)
            answers.append(asking.of_groups(name, u, w, group, words, seed, allowed))
    return answers
