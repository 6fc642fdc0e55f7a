"""Which candidates are run: all of a small grid, or those that a seeded search comes to.

A search asks for candidates in batches, since runs are solved in lanes: a batch is one sweep. What
it maximises is the score that the study states, less a penalty for each limit that is missed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.analysis.optimise.candidates import Candidate, Place, Space
from ldnsim.analysis.optimise.evaluate import Evaluated, batch_store, evaluate, joined
from ldnsim.analysis.optimise.scores import score, shortfall
from ldnsim.arrays import Floats
from ldnsim.config.knobs import combinations
from ldnsim.config.optimise import LARGEST_GRID
from ldnsim.config.optimise_rules import limit
from ldnsim.errors import UserError
from ldnsim.regimen import Regimen
from ldnsim.sweep.progress import Progress

if TYPE_CHECKING:
    from ldnsim.sweep.study import Study

PENALTY = 1e3
"""Loss of utility for missing a limit by as much as it is itself."""
WORST = -1e6
"""Score of what cannot be taken, or failed."""
ASKS = 50
"""Places that a search may look at for every candidate that it may run."""

Runner = Callable[[Sequence[Candidate]], Evaluated]


@dataclass
class Search:
    """A search under way: what was run, and what it was worth.

    Attributes:
        study: with its ``[optimise]``.
        space: what can be chosen.
        run: runs a batch.
        parts: batches that were run.
        worth: score of every candidate run, by its key.
    """

    study: Study
    space: Space
    run: Runner
    parts: list[Evaluated] = field(default_factory=list)
    worth: dict[Any, float] = field(default_factory=dict)

    def values(self, places: Sequence[Place]) -> list[float]:
        """Return the score at each place; what was not run yet is run as one sweep."""
        found = [self.space.at(p) for p in places]
        fresh = {c.key: c for c in found if c is not None and c.key not in self.worth}
        room = self.space.settings.evaluations - len(self.worth)
        if batch := list(fresh.values())[: max(room, 0)]:
            part = self.run(batch)
            self.parts.append(part)
            scores = penalised(self.study, part)
            self.worth |= {c.key: float(s) for c, s in zip(batch, scores, strict=True)}
        return [WORST if c is None else self.worth.get(c.key, WORST) for c in found]

    @property
    def spent(self) -> bool:
        """Whether as many candidates were run as may be."""
        return len(self.worth) >= self.space.settings.evaluations


def penalised(study: Study, part: Evaluated) -> Floats:
    """Return the score of the candidates of a batch, less what missing limits costs."""
    settings = study.optimise
    assert settings is not None
    good = part.whole()
    good.check_numbers(settings.terms)
    w = good.weights[None, :]
    found = score(good.utility(settings.utility), w, settings.robust)[0]
    for c in settings.constraints:
        at = limit(study, c)
        missed = shortfall(good.values[c.summary], good.weights, at, least=c.least is not None,
                           tail=c.of == "worst tenth")  # fmt: skip
        found = found - PENALTY * np.maximum(missed, 0.0) / max(abs(at), 1e-9)
    return np.asarray(found, dtype=np.float64)


def find(
    study: Study,
    space: Space,
    out: str | os.PathLike[str] | None = None,
    *,
    threads: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> tuple[Evaluated, str]:
    """Run the candidates that the study asks for.

    Returns:
        the candidates with what is looked at, and how they were chosen, in words.

    Raises:
        UserError: nothing to choose, a library that is missing, or whatever a sweep refuses.
    """
    options = {"threads": threads, "overwrite": overwrite, "progress": progress}
    how = method(space)
    if how == "exhaustive":
        all_ = space.different(space.at(p) for p in space.all_places())
        space.check_knobs(all_)
        return evaluate(study, space, all_, out, **options), f"all {len(all_)} candidates"  # type: ignore[arg-type]
    number = 0

    def run(batch: Sequence[Candidate]) -> Evaluated:
        nonlocal number
        number += 1
        _check_length(study, batch)
        where = batch_store(out, number - 1)
        return evaluate(study, space, batch, where, **options)  # type: ignore[arg-type]

    search = Search(study, space, run)
    seed = study.seed if space.settings.seed is None else space.settings.seed
    words = by_optuna(search, seed) if how == "optuna" else by_evolution(search, seed)
    if not search.parts:
        space.check_knobs([])
    found = joined(search.parts)
    space.check_knobs(found.candidates)
    many = combinations(space.knobs)
    of = "" if many is None else f" of {many:,} combinations"
    return found, f"{len(found.candidates)} candidates{of}, chosen by {words}, seed {seed}"


def _check_length(study: Study, batch: Sequence[Candidate]) -> None:
    """Refuse regimens of several lengths where each batch would end with its own longest.

    Raises:
        UserError: asking for a horizon.
    """
    assert isinstance(study.regimen, Regimen)
    if study.horizon is None and any(c.hours != study.regimen.duration_h for c in batch):
        raise UserError(
            "horizon: regimens of several lengths are searched in batches, which all have to be"
            " simulated for the same time; set one, such as horizon = '26 wk'"
        )


def method(space: Space) -> str:
    """Return how candidates are chosen: as the study says, or as their number and kind ask for."""
    wanted, many = space.settings.search, combinations(space.knobs)
    if wanted != "auto":
        return wanted
    if many is not None and many <= LARGEST_GRID:
        return "exhaustive"
    return "evolution" if all(k.continuous for k in space.knobs) else "optuna"


def by_optuna(search: Search, seed: int) -> str:
    """Search with optuna's estimator of densities, and say so.

    Raises:
        UserError: optuna is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise UserError(
            "a search among so many candidates needs optuna: pip install 'ldnsim[optimise]';"
            ' or write search = "evolution" into [optimise], which needs nothing more'
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    settings, knobs = search.space.settings, search.space.knobs
    spread: dict[str, Any] = {}
    for j, k in enumerate(knobs):
        top = len(k.apply) - 1
        if k.continuous:
            spread[str(j)] = optuna.distributions.FloatDistribution(0.0, 1.0)
        elif k.unit:
            spread[str(j)] = optuna.distributions.IntDistribution(0, top)
        else:
            spread[str(j)] = optuna.distributions.CategoricalDistribution(list(range(top + 1)))
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=settings.batch)
    asked = optuna.create_study(direction="maximize", sampler=sampler)
    looked = 0
    while not search.spent and looked < ASKS * settings.evaluations:
        trials = [asked.ask(spread) for _ in range(settings.batch)]
        looked += len(trials)
        places = [tuple(float(t.params[str(j)]) for j in range(len(knobs))) for t in trials]
        before = len(search.worth)
        for trial, value in zip(trials, search.values(places), strict=True):
            asked.tell(trial, value)
        if len(search.worth) == before and looked > ASKS * settings.batch:
            break  # nothing new is asked for any more
    return f"optuna {optuna.__version__} (TPE)"


def by_evolution(search: Search, seed: int) -> str:
    """Search with scipy's differential evolution, and say so."""
    import scipy
    from scipy.optimize import differential_evolution

    settings, knobs = search.space.settings, search.space.knobs
    whole = np.array([not k.continuous for k in knobs])
    bounds = [(0.0, 1.0) if k.continuous else (0.0, len(k.apply) - 1.0) for k in knobs]
    each = max(-(-settings.batch // len(knobs)), -(-5 // len(knobs)))
    rounds = max(settings.evaluations // (each * len(knobs)) - 1, 1)

    def loss(x: Floats) -> Floats:
        columns = x.T if x.ndim == 2 else x[None, :]
        places = [
            tuple(float(round(v)) if w else float(v) for v, w in zip(row, whole, strict=True))
            for row in columns
        ]
        found = -np.array(search.values(places))
        return found if x.ndim == 2 else found[0]

    differential_evolution(
        loss, bounds, integrality=whole, seed=np.random.default_rng(seed), maxiter=rounds,
        popsize=each, polish=False, vectorized=True, updating="deferred", tol=0.0,
        callback=lambda *_args, **_more: search.spent,
    )  # fmt: skip
    return f"scipy {scipy.__version__} (differential evolution)"
