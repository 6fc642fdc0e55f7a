"""The search for defaults: several starts, a polish of each, and what stands in the way.

Coordinates are departures from the centres of the priors, in prior SD. The set without the search
is polished as it is; the first start is the centre itself, later ones are drawn about it. All
depends on story, model and seed alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ldnsim.analysis.evidence.evolve import Evolution
from ldnsim.analysis.evidence.story import Parts, Story
from ldnsim.analysis.evidence.story_batch import Points
from ldnsim.analysis.evidence.story_log import Evaluator, Told
from ldnsim.analysis.evidence.story_polish import TRUSTED, descend, look, steps_without
from ldnsim.arrays import Flags, Floats

DISTINCT = 0.5
"""Solutions are the same when no departure differs by more, prior SD."""


@dataclass(frozen=True)
class Options:
    """How to search.

    Attributes:
        seed: of all draws.
        starts: searches, the first from the centre of the priors; 0 polishes what is there.
        evaluations: points of all starts together, without the polish.
        size: points of a generation; a multiple of 8 fills the lanes of the engine.
        width: SD of the first generation, prior SD.
        polish: rounds of going down from the best of each start.
        threads: threads of the engine; they change no bit.
    """

    seed: int = 1
    starts: int = 3
    evaluations: int = 2000
    size: int = 16
    width: float = 0.7
    polish: int = 20
    threads: int | None = None


@dataclass(frozen=True)
class Solution:
    """The best point of one start.

    Attributes:
        start: 0 for the set without the search, then from 1, the centre of the priors.
        departure: prior SD, (free,).
        before: objective before the polish.
        total: objective.
        same_as: number of a better start that ended at the same point; None for none.
    """

    start: int
    departure: Floats
    before: float
    total: float
    same_as: int | None = None


@dataclass(frozen=True)
class Without:
    """What dropping one constraint would change.

    Attributes:
        name: the constraint.
        here: objective at the best point without it.
        best: lowest objective found without it by one step.
        missed: rows still missed there, without it.
    """

    name: str
    here: float
    best: float
    missed: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """What a search gave.

    Attributes:
        story: what was asked.
        options: how.
        solutions: one for each start, best first.
        parts: of the solutions, in their order, then of the values without the search and of the
            centre of the priors.
        without: what dropping each missed constraint would change; empty when all are met.
        evaluations: points asked for.
        history: lowest objective so far at the end of each generation, with points asked for.
    """

    story: Story
    options: Options
    solutions: tuple[Solution, ...]
    parts: Parts
    without: tuple[Without, ...]
    evaluations: int
    history: tuple[tuple[int, float], ...] = field(repr=False)

    @property
    def missed(self) -> tuple[str, ...]:
        """Rows of constraints that the best set misses."""
        return missed(self.story, self.parts, 0)


def missed(story: Story, parts: Parts, at: int) -> tuple[str, ...]:
    """Return the rows of constraints that a candidate misses."""
    return tuple(r.key for r, out in zip(story.constraints, parts.missed[at], strict=True) if out)


def search(
    story: Story,
    options: Options | None = None,
    state: Path | None = None,
    resume: bool = False,
    told: Told | None = None,
) -> Found:
    """Search for the set of defaults that departs least from evidence.

    Args:
        story: what is asked, and what may move.
        options: how; the defaults when None.
        state: file that keeps what was evaluated; None to keep nothing.
        resume: go on with the state that is there; what is found is the same as without a break.
        told: called after each batch.

    Raises:
        UserError: a state that is there already, or is of another search.
    """
    how = options or Options()
    ask = Evaluator(story, state, told, how.threads)
    ask.begin(header(story, how), resume)
    history: list[tuple[int, float]] = []
    ended = [_here(story, ask)]
    ended += [_start(story, how, ask, k, history) for k in range(1, how.starts + 1)]
    ranked = _ranked([_polished(story, how, ask, s, history) for s in ended])
    parts = ask.at(_finalists(story, ranked), "final")
    without = _without(story, ask, ranked[0].departure) if missed(story, parts, 0) else ()
    return Found(story, how, ranked, parts, without, ask.evaluations, tuple(history))


def _finalists(story: Story, ranked: Sequence[Solution]) -> Points:
    """Return the values of solutions, then those without the search, then the centres."""
    ends = story.points(np.array([s.departure for s in ranked]))
    return {
        f.key: np.concatenate([ends[f.key], [story.shipped_value(f), f.prior]]) for f in story.free
    }


def header(story: Story, options: Options) -> dict[str, Any]:
    """Return all that a search depends on."""
    model = story.edition.model
    how = {k: v for k, v in asdict(options).items() if k != "threads"}
    return {
        "story": hashlib.sha256(story.source.encode()).hexdigest(),
        "hypotheses": list(story.hypotheses), "model": model.fingerprint,
        "numbers": model.numbers, "patients": story.batches.patients(),
        "extensions": [e.sha256 for e in story.edition.extensions],
        **how,
    }  # fmt: skip


def called(start: int) -> str:
    """Return what a start is called."""
    return f"start {start}" if start else "shipped"


def _here(story: Story, ask: Evaluator) -> Solution:
    """Return the set without the search, kept within bounds."""
    plain = [float(f.departure(story.shipped_value(f))) for f in story.free]
    at = np.clip(np.array(plain), *story.box)
    total = float(ask(at[None, :], called(0)).total[0])
    return Solution(0, at, total, total)


def _start(
    story: Story, how: Options, ask: Evaluator, number: int, history: list[tuple[int, float]]
) -> Solution:
    """Return the best point of one start."""
    low, high = story.box
    rng = np.random.default_rng([how.seed, number - 1])
    mean = np.zeros(len(low))
    if number > 1:
        mean = np.clip(rng.standard_normal(len(low)), low, high)
    run = Evolution(mean, how.width, low, high, how.size, rng)
    best, at = np.inf, mean
    for _ in range(max(1, how.evaluations // how.starts // how.size)):
        points = run.ask()
        if run.generation == 0:
            points[0] = mean  # the centre itself is looked at
            run.replace(0, mean)
        total = ask(points, called(number)).total
        k = int(np.argmin(total))
        if total[k] < best:
            best, at = float(total[k]), np.clip(points[k], low, high)
        history.append((ask.evaluations, best))
        run.tell(run.worth(points, total))
        if run.settled():
            break
    return Solution(number, at, best, best)


def _polished(
    story: Story, how: Options, ask: Evaluator, found: Solution, history: list[tuple[int, float]]
) -> Solution:
    """Go down from the best point of a start."""
    phase = f"polish {called(found.start)}"
    x, total, more = descend(story, ask, found.departure, found.total, how.polish, phase)
    history.extend(more)
    return Solution(found.start, x, found.before, total)


def _ranked(found: list[Solution]) -> tuple[Solution, ...]:
    """Return solutions best first; one that ended where a better one did says so."""
    ranked: list[Solution] = []
    for s in sorted(found, key=lambda s: (s.total, s.start)):
        near = [
            r.start for r in ranked
            if r.same_as is None and np.max(np.abs(r.departure - s.departure)) <= DISTINCT
        ]  # fmt: skip
        ranked.append(Solution(s.start, s.departure, s.before, s.total, *near[:1]))
    return tuple(ranked)


def _without(story: Story, ask: Evaluator, x: Floats) -> tuple[Without, ...]:
    """Return what dropping each missed constraint would change: at the point, and by one step."""
    _, beside, lines = look(story, ask, x, "without")
    rows = np.array([r.of.name for r in story.constraints])
    names = list(dict.fromkeys(rows[beside.missed[0]].tolist()))
    ways = steps_without(lines, [rows == n for n in names], TRUSTED, story.box)
    each = len(ways[0])
    every = np.clip(x + np.array([w for own in ways for w in own]), *story.box)
    parts = ask(every, "without")
    found = []
    for i, name in enumerate(names):
        base = float(_less(beside, rows == name)[0])
        own = _less(parts, rows == name)[i * each : (i + 1) * each]
        at = int(np.argmin(own))
        better = own[at] < base
        still = missed(story, parts, i * each + at) if better else missed(story, beside, 0)
        others = tuple(m for m in still if m.rpartition("/")[0] != name)
        found.append(Without(name, base, min(base, float(own[at])), others))
    return tuple(sorted(found, key=lambda w: (len(w.missed), w.best)))


def _less(parts: Parts, rows: Flags) -> Floats:
    """Return the objective without what some constraints add, (candidates,)."""
    own = parts.weight * np.sum(parts.violation[:, rows] ** 2, axis=1)
    return np.asarray(parts.total - own)
