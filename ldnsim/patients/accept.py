"""Virtual patients of a study: candidates are drawn in order, implausible ones are rejected.

Whether a candidate is plausible is decided once, on the untreated patient under the study's own
hypothesis, phenotype and patient block, before any axis is applied. So the patients are the same
in every regimen and under every hypothesis of the study.
"""

from __future__ import annotations

import functools
import logging
import math
import os
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from ldnsim.arrays import Flags, Floats
from ldnsim.config import correlations
from ldnsim.config.population import Population
from ldnsim.config.run import RunSpec
from ldnsim.config.study import StudyConfig
from ldnsim.engine.rhythm.orbit import Orbits
from ldnsim.engine.solve.status import Status
from ldnsim.errors import UserError
from ldnsim.model import Model
from ldnsim.patients import draws
from ldnsim.patients.days import Days
from ldnsim.patients.matched import Matched, match
from ldnsim.patients.people import OPRM1, People, on_bound, varied, vary, with_genotype
from ldnsim.patients.rows import Rows
from ldnsim.patients.untreated import pick, untreated
from ldnsim.patients.vectors import is_inflamed, own_parameters
from ldnsim.patients.windows import Windows

log = logging.getLogger("ldnsim")
CHUNK, AT_ONCE = 64, 1024
"""Fewest candidates looked at together, and most: matrices of more would not stay in the caches. A
candidate's orbit depends on nobody else's, so that whether one is accepted depends neither on this
nor on how many are wanted."""
WORTH = 256
"""With fewer at a time many threads mostly wait for Python, which serves one of them at a time."""
MOST = 20
"""Candidates tried per patient before a population is given up."""


@dataclass(frozen=True)
class _Candidates:
    """A chunk of candidates, looked at; of those not plausible only the reason is kept.

    Attributes:
        reason: why each candidate is not plausible; empty for those who are.
        quantile: of the plausible ones, as all that follows.
        genotype: drawn, if any.
        orbits: their untreated days.
        clipped: which of their parameters were put on a bound.
    """

    reason: tuple[str, ...]
    quantile: Floats
    genotype: tuple[str, ...]
    orbits: Orbits
    clipped: Flags


class _Accepted:
    """Plausible candidates in order, up to the number wanted."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.count = 0
        self.reason: list[str] = []
        self.genotype: list[str] = []
        self.clipped: Any = 0
        self.quantile: Rows | None = None
        self.days: Days | None = None

    def add(self, chunk: _Candidates) -> None:
        """Take what is still wanted of a chunk."""
        n = min(len(chunk.quantile), self.size - self.count)
        self.reason += chunk.reason
        self.genotype += chunk.genotype[:n]
        self.clipped = self.clipped + chunk.clipped[:n].sum(axis=0)
        if self.quantile is None or self.days is None:
            self.quantile = Rows((self.size, *chunk.quantile.shape[1:]))
            self.days = Days.room(self.size, chunk.orbits.y0.shape[1], chunk.orbits.mean.shape[1])
        self.quantile.put(self.count, chunk.quantile[:n])
        days = chunk.orbits
        self.days.put(self.count, days.y0[:n], days.mean[:n], days.residual[:n], days.status[:n])
        self.count += n

    def likely(self, drawn: int) -> int:
        """Return how many candidates are likely to be needed beyond those drawn so far."""
        tried, left = len(self.reason), self.size - self.count
        # at the share accepted so far; below one in MOST the population is given up
        share = max(self.count / tried, 1.0 / MOST) if tried else 1.0
        return math.ceil(left / share) - (drawn - tried)


Chunk = tuple[Floats, Floats]
"""Quantiles of the parameters of some candidates, and of their genotype."""
Looking = Callable[[Callable[[Chunk], _Candidates], Iterator[Chunk], int], Iterator[_Candidates]]
"""Takes what looks at a chunk, chunks without end, and how many are needed at the least; gives
what was found in each, in order, and may look at some more than are asked for."""


def find_people(
    study: StudyConfig,
    reference: RunSpec,
    threads: int | None = None,
    looking: Looking | None = None,
) -> People | None:
    """Draw the patients of a study; None when it has no population.

    Args:
        study: the study.
        reference: the run on which plausibility is decided.
        threads: how many chunks of candidates are looked at at a time, each by one thread.
        looking: has chunks looked at elsewhere instead; None does it here.

    Raises:
        UserError: when too few candidates are plausible; it says why they were not.
    """
    settings = study.population
    if settings is None:
        return None
    seed = study.seed if settings.seed is None else settings.seed
    found = _Accepted(settings.size)
    names = varied(reference.edition.model, settings)
    look = functools.partial(_look_at, settings, names, reference)
    draw = _Stream(settings, seed, names)
    if looking is None:
        looked = _side_by_side(look, draw, found, threads or os.cpu_count() or 1)
    else:
        # before it is known how many are needed; enough chunks for many workers
        n = min(max(CHUNK, settings.size // AT_ONCE), AT_ONCE)
        looked = looking(look, iter(functools.partial(draw, n), None), -(-settings.size // n))
    for chunk in looked:
        found.add(chunk)
        if found.count == settings.size:
            break
        if len(found.reason) >= 8 * CHUNK:
            log.info("%d of %d virtual patients found, %d candidates tried", found.count,
                     settings.size, len(found.reason))  # fmt: skip
    if found.count < settings.size:
        raise _too_few(settings, found)
    return _accept(settings, reference, found, seed)


def most(settings: Population) -> int:
    """Return how many candidates are tried before a population is given up."""
    return max(MOST * settings.size, 4 * CHUNK)


class _Stream:
    """Candidates in order, up to as many as are tried.

    Attributes:
        drawn: how many there have been so far.
    """

    def __init__(self, settings: Population, seed: int, names: tuple[str, ...]) -> None:
        self.settings, self.names, self.drawn = settings, names, 0
        size, every = settings.size, (*names, f"covariate {OPRM1}")
        self._windows = Windows(
            every, lambda name, n: draws.quantiles(settings.method, seed, name, n, size)
        )

    def __call__(self, n: int) -> Chunk | None:
        """Draw the next ``n``, or what is left of them; None when nobody is."""
        first, last = self.drawn, min(self.drawn + n, most(self.settings))
        if first == last:
            return None
        self.drawn, u = last, self._windows.between(first, last)
        return _together(self.settings, self.names, u[:, :-1].copy()), u[:, -1]


def _side_by_side(
    look: Callable[[Chunk], _Candidates], draw: _Stream, found: _Accepted, threads: int
) -> Iterator[_Candidates]:
    """Look at as many chunks at a time as there are threads; give what is found, in order.

    Each has one thread of its own, so that what Python does for one chunk runs beside what
    compiled code does for the others, and nobody waits for the slowest of all.
    """
    largest, waiting = max(AT_ONCE // threads, WORTH), deque[Future[_Candidates]]()
    with ThreadPoolExecutor(threads) as pool:
        while True:
            while len(waiting) < threads and (n := found.likely(draw.drawn)) > 0:
                share = -(-n // (threads - len(waiting)))
                chunk = draw(min(max(share, CHUNK), largest))
                if chunk is None:
                    break
                waiting.append(pool.submit(look, chunk))
            if not waiting:
                return
            yield waiting.popleft().result()


def _together(settings: Population, names: tuple[str, ...], u: Floats) -> Floats:
    """Return quantiles of which some go together as the study says, shape (n, names)."""
    some = correlations.named(settings.correlations, names)
    if not some:
        return u
    at = [names.index(n) for n in some]
    u[:, at] = draws.joined(u[:, at], correlations.matrix(settings.correlations, some))
    return u


def _look_at(
    settings: Population,
    names: tuple[str, ...],
    reference: RunSpec,
    chunk: Chunk,
) -> _Candidates:
    """Solve for the untreated state of a chunk of candidates, with one thread, and judge it."""
    (u, genes), model = chunk, reference.edition.model
    g = settings.oprm1_g_frequency
    genotype = () if g is None else tuple(sys.intern(str(x)) for x in draws.genotypes(genes, g))
    runs = [with_genotype(reference, x) for x in genotype] or [reference] * len(u)
    memo = {run.covariates: own_parameters(run) for run in runs}
    centre = np.array([memo[run.covariates] for run in runs])
    params = vary(model, settings, names, centre, u)
    orbits = untreated(model, params, np.full(len(u), is_inflamed(reference)), 1)
    reason = _reasons(model, settings, orbits)
    good = np.flatnonzero(np.array([r == "" for r in reason]))
    clipped = on_bound(model, names, centre, params)[good]
    drawn = tuple(genotype[k] for k in good) if genotype else ()
    return _Candidates(reason, u[good], drawn, pick(orbits, good), clipped)


def _reasons(model: Model, settings: Population, orbits: Orbits) -> tuple[str, ...]:
    """Say why each candidate is not plausible; empty for those who are."""
    index = model.observable_index
    found = []
    for status, mean in zip(orbits.status, orbits.mean, strict=True):
        reason = "" if status == 0 else Status(int(status)).name.lower().replace("_", " ")
        for name, (low, high) in settings.plausible.items():
            value = mean[index[name]]
            if not reason and not low <= value <= high:
                reason = f"{name} below {low:g}" if value < low else f"{name} above {high:g}"
        found.append(sys.intern(reason))  # one text, however many share it
    return tuple(found)


def _accept(settings: Population, reference: RunSpec, found: _Accepted, seed: int) -> People:
    """Make patients of the first plausible candidates; count what was passed over on the way."""
    good = np.flatnonzero(np.array([r == "" for r in found.reason]))[: settings.size]
    tried = int(good[-1]) + 1
    model = reference.edition.model
    names, genotypes = varied(model, settings), sorted(set(found.genotype))
    runs = [with_genotype(reference, x) for x in genotypes] or [reference]
    assert found.quantile is not None and found.days is not None
    return People(
        model,
        settings,
        names,
        good.astype(np.int64),
        found.quantile,
        tuple(found.genotype),
        np.array([own_parameters(run) for run in runs]),
        is_inflamed(reference),
        found.days,
        tried,
        dict(sorted(Counter(r for r in found.reason[:tried] if r).items())),
        {n: int(k) for n, k in zip(names, found.clipped, strict=True) if k},
        seed,
        _weighted(settings, reference, found.days),
    )


def _weighted(settings: Population, reference: RunSpec, days: Days) -> Matched | None:
    """Return the weights that the study asks for, from the untreated days of its patients."""
    if settings.match is None:
        return None
    published = reference.edition.populations[settings.match]
    index = reference.edition.model.observable_index
    values = {n: days.mean[:, index[n]] for n in published.baselines}
    found = match(published, values, reference.phenotype, settings.least_effective)
    if found.advice:
        log.warning("population.match: %s", found.advice)
    return found


def _too_few(settings: Population, found: _Accepted) -> UserError:
    counts = Counter(r for r in found.reason if r)
    why = ", ".join(f"{n} x {r}" for r, n in counts.most_common())
    return UserError(
        f"population.size = {settings.size}: only {found.count} of {len(found.reason)} candidates"
        f" are plausible ({why}); widen population.plausible, lower population.scale, or choose"
        " another phenotype or basin"
    )


def describe(model: Model, settings: Population) -> str:
    """Say in a line how the patients of a population are drawn."""
    limits = ", ".join(f"{n} {a:g} to {b:g}" for n, (a, b) in settings.plausible.items())
    method, count = settings.method.replace("_", " "), len(varied(model, settings))
    text = f"{settings.size} virtual patients, {method}, {count} parameters vary"
    if settings.oprm1_g_frequency is not None:
        text += f", OPRM1 G {settings.oprm1_g_frequency:g}"
    for pair in settings.correlations:
        text += f", {pair.between[0]} with {pair.between[1]} {pair.rho:g}"
    if settings.match is not None:
        text += f", weighted to {settings.match}"
    return (
        f"{text}; drawn until so many are plausible (the basin exists"
        f"{', ' + limits if limits else ''}), at most"
        f" {most(settings)} candidates"
    )
