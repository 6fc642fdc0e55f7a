"""How much came through opioid tone and how much through TLR4: each run beside runs without.

The drug acts through two switches. With both, one or none of them a run ends in four ways, and
every number of it in four values: ``neither``, ``tone`` alone, ``tlr4`` alone, ``both``. What a
pathway contributed is what switching it on adds, averaged over the two orders in which the two
can be switched on (the Shapley value of a game of two players):

    through tone = ((tone - neither) + (both - tlr4)) / 2
    through tlr4 = ((tlr4 - neither) + (both - tone)) / 2

The two add up to ``both - neither`` whatever the equations are, a pathway that is off gets exactly
0, and what neither does alone, ``both - tone - tlr4 + neither``, is told as their interaction; each
has half of it. A run that is the same by the equations is not solved again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ldnsim.arrays import Codes, Flags, Floats, Ints
from ldnsim.config.attribution import SWITCHES
from ldnsim.engine.rhythm.drugfree import felt
from ldnsim.errors import UserError
from ldnsim.influence import SWITCH, reached
from ldnsim.model import Model
from ldnsim.runs.task import Events, Task

METHOD = (
    "Shapley value of two pathways: what switching the pathway on adds, with the other off and with"
    " it on, averaged. The two add up to the run minus the same run with both off"
)
INTERACTION = "both - tone alone - TLR4 alone + neither; each pathway has half of it"
NOT_NEEDED = 1
"""Status of a run that is not solved because another is the same."""


def acting(model: Model, on: Flags, names: Iterable[str]) -> Flags:
    """Return whether each pathway reaches some of the names, by the equations.

    Args:
        model: the equations.
        on: switches of the model that are not at 0, shape (runs, switches); see :func:`switches`.
        names: variables.

    Returns:
        shape (runs, 2), in the order of :data:`ldnsim.config.attribution.SWITCHES`.
    """
    known, found = switches(model), np.zeros((len(on), len(SWITCHES)), dtype=np.bool_)
    patterns, which = np.unique(on, axis=0, return_inverse=True)
    wanted = set(names)
    for k, pattern in enumerate(patterns):
        off = [n for n, up in zip(known, pattern, strict=True) if not up]
        here = [
            n not in off and not wanted.isdisjoint(reached(model, [n], off))
            for n in SWITCHES.values()
        ]
        found[which.reshape(-1) == k] = here
    return found


def switches(model: Model) -> list[str]:
    """Return the names of the switches of a model, in order."""
    return [n for n in model.parameters if n.startswith(SWITCH)]


def switched_on(model: Model, params: Floats) -> Flags:
    """Return which switches are not at 0, shape (runs, switches)."""
    at = [model.parameter_index[n] for n in switches(model)]
    return np.asarray(params[:, at] != 0.0)


def added(model: Model, params: Floats, names: Iterable[str]) -> Ints:
    """Return how many runs accompany one of each of some patients, shape (patients,)."""
    ways = acting(model, switched_on(model, params), names).sum(axis=1)
    return np.asarray(np.array([0, 1, 3])[ways], dtype=np.int64)


def open_ways(task: Task, names: Iterable[str]) -> Flags:
    """Return which pathways can act in each run of a task, shape (runs, 2).

    None does where nothing is given; a switch that a run sets on its way counts as on.
    """
    model, n = task.edition.model, len(task.edition.model.states)
    on = switched_on(model, task.params)
    index = [n + model.parameter_index[s] for s in switches(model)]
    given = np.zeros(len(task), dtype=np.bool_)
    for i, events in enumerate(task.events):
        given[i] = bool(((events.target < n) & (events.value != 0.0)).any())
        on[i] |= np.isin(index, events.target).any()
    return acting(model, on, names) & given[:, None]


def needed(ways: Flags) -> tuple[Flags, Flags, Flags]:
    """Return for which runs those with neither pathway, tone alone and TLR4 alone are solved.

    With one pathway off, the other alone is the run itself.

    Args:
        ways: which pathways act in each run, shape (runs, 2).
    """
    both = np.asarray(ways.all(axis=1))
    return np.asarray(ways.any(axis=1)), both, both


def lanes(task: Task, names: Iterable[str]) -> list[Task]:
    """Return the runs beside those of a task: with neither pathway, tone alone, TLR4 alone.

    Those that are not needed have no starting state, and are not solved.

    Args:
        task: the runs as they are.
        names: variables that are attributed.

    Raises:
        UserError: an extension lets a switch act on the untreated patient.
    """
    wanted = set(names)
    tone, tlr4 = SWITCHES.values()
    solved = needed(open_ways(task, wanted))
    each = zip(((tone, tlr4), (tlr4,), (tone,)), solved, strict=True)
    return [_lane(task, off, here, wanted) for off, here in each]


def _lane(task: Task, off: tuple[str, ...], solved: Flags, names: set[str]) -> Task:
    """Return the runs of a task with switches off."""
    model = task.edition.model
    at = [model.parameter_index[n] for n in off]
    params = task.params.copy()
    params[:, at] = 0.0
    if not np.array_equal(felt(model, params), felt(model, task.params)):
        raise UserError(
            f"output.attribution: {' or '.join(off)} acts on the untreated patient too in this"
            " model, so what it does is not the drug's alone"
        )
    blocked = np.array(at) + len(model.states)
    free = _free_of_drug(model, params, task.events, names)
    events = [
        _without(e, blocked, len(model.states) if f else 0)
        for e, f in zip(task.events, free, strict=True)
    ]
    y0 = np.where(solved[:, None], task.y0, np.nan)
    return replace(task, params=params, events=events, y0=y0)


def _free_of_drug(model: Model, params: Floats, events: Sequence[Events], names: set[str]) -> Flags:
    """Whether no dose reaches what is wanted of each run, so that none need be followed."""
    targets = np.unique(np.concatenate([e.target for e in events])).tolist()
    drug = [n for n, i in model.state_index.items() if i in targets]
    known, on = switches(model), switched_on(model, params)
    patterns, which = np.unique(on, axis=0, return_inverse=True)
    free = []
    for pattern in patterns:
        off = [n for n, up in zip(known, pattern, strict=True) if not up]
        free.append(names.isdisjoint(reached(model, drug, off)))
    return np.array(free, dtype=np.bool_)[which.reshape(-1)]


def _without(events: Events, blocked: Ints, doses_below: int) -> Events:
    """Return events but those that set blocked targets, and those on targets below a number."""
    kept = ~np.isin(events.target, blocked) & (events.target >= doses_below)
    return Events(events.time[kept], events.target[kept], events.value[kept])


def shares(values: Sequence[NDArray[np.floating]], ways: Flags) -> tuple[Floats, Floats, Floats]:
    """Return what came through tone and through TLR4, and their interaction.

    Args:
        values: of the runs, then of those with neither, tone alone and TLR4 alone, each of shape
            (runs, ...); what is not needed is not looked at.
        ways: which pathways act in each run, shape (runs, 2).
    """
    full, *beside = (np.asarray(v, dtype=np.float64) for v in values)
    tone_acts, tlr4_acts = (w.reshape(-1, *[1] * (full.ndim - 1)) for w in ways.T)
    neither = np.where(tone_acts | tlr4_acts, beside[0], full)
    # with one pathway off, the other alone is the run itself, and that one alone is neither
    tone = np.where(tlr4_acts, np.where(tone_acts, beside[1], neither), full)
    tlr4 = np.where(tone_acts, np.where(tlr4_acts, beside[2], neither), full)
    first = ((tone - neither) + (full - tlr4)) / 2.0
    second = ((tlr4 - neither) + (full - tone)) / 2.0
    return first, second, (full - tone) - (tlr4 - neither)


def outcome(statuses: Sequence[Codes], ways: Flags) -> Codes:
    """Return the outcome of the runs beside each run: the first that did not end well, else 0.

    Args:
        statuses: of the three lanes, each of shape (runs,).
        ways: which pathways act in each run, shape (runs, 2).
    """
    own = [np.where(n, s, 0) for n, s in zip(needed(ways), statuses, strict=True)]
    return np.select([s != 0 for s in own], own, 0).astype(np.int8)
