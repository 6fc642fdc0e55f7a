"""Behaviours that the story of the defaults asks for in numbers: they hold when all rows do.

The rows, their bounds and their sources stand in ``ldnsim/data/story.toml`` alone; a search for
defaults meets them as constraints, the scorecard computes them under every hypothesis.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from ldnsim.analysis.behaviours.record import Behaviour
from ldnsim.analysis.evidence.probe_kinds import Patient, Probe
from ldnsim.analysis.evidence.story_batch import shifted
from ldnsim.analysis.evidence.story_kinds import Request, number, read_story_probe, requests
from ldnsim.analysis.judged.record import Found, Setting
from ldnsim.arrays import Floats
from ldnsim.catalog import story as catalogue
from ldnsim.config.run import RunSpec
from ldnsim.edition import Edition, shipped
from ldnsim.patients.vectors import own_parameters
from ldnsim.runs.few import ask

TITLES = {
    "E14": "the pace of titration matters, for a depleted patient inside the range swept",
    "E15": "TNF peaks early under a lasting TLR4 stimulus, fades, and is weaker the second time",
    "E16": "a healthy person on 50 mg for a year stays well, and is well afterwards",
    "E19": "an inflamed patient's cytokines lie within published folds of a healthy person's",
}


@cache
def rows(edition: Edition, behaviour: str) -> tuple[tuple[catalogue.Constraint, Probe], ...]:
    """Return what the story asks of a behaviour, each row with the recipe of its number."""
    return tuple(
        (c, read_story_probe(c.probe, f"{c.place}.probe", edition))
        for c in edition.story.constraints
        if c.behaviour == behaviour
    )


def _run(request: Request, setting: Setting) -> RunSpec:
    """Return a run under a setting; a copy of the patient by its shifted parameters."""
    run = setting.put(request.run)
    if not request.shift:
        return run
    values, index = own_parameters(run), run.edition.model.parameter_index
    own = {
        name: float(shifted(run.edition.model.parameters[name], values[index[name]], sd))
        for name, sd in request.shift
    }
    return replace(run, parameters=tuple(sorted({**dict(run.parameters), **own}.items())))


def judge(behaviour: str, settings: Sequence[Setting]) -> Iterable[Found]:
    """Compute every row of a behaviour under settings: shown when all lie within their bounds."""
    jobs = []
    for s in settings:
        patient = Patient(s.hypothesis, dict(s.own), s.edition)
        for c, probe in rows(s.edition, behaviour):
            jobs.append((c, probe, patient, [(_run(r, s), r) for r in requests(probe, patient)]))
    asked = [(run, r.measures) for *_, runs in jobs for run, r in runs]
    answers = iter(ask(asked))
    numbers = [np.concatenate([next(answers) for _ in runs]) for *_, runs in jobs]
    each = len(jobs) // len(settings)
    for k in range(0, len(jobs), each):
        yield _found([(*jobs[i][:3], numbers[i]) for i in range(k, k + each)])


def _found(
    told: Sequence[tuple[catalogue.Constraint, Probe, Patient, Floats]],
) -> Found:
    texts, missed = [], []
    for c, probe, patient, numbers in told:
        value = number(probe, numbers, patient)
        texts.append(f"{c.title} {value:.3g} {c.unit}".rstrip())
        # of a number that is missing there is no verdict: `Found` sees that
        if c.distance(np.array(value)) > 0.0:
            missed.append(c.title)
    note = f"outside its bounds: {'; '.join(missed)}" if missed else ""
    return Found(not missed, "; ".join(texts), note)


def _behaviour(name: str) -> Behaviour:
    asked = [c for c in shipped().story.constraints if c.behaviour == name]
    hypotheses = tuple(dict.fromkeys(h for c in asked for h in c.hypotheses))
    sources = dict.fromkeys(k for c in asked for k in c.cited)
    return Behaviour(
        name, TITLES[name], "; ".join(f"{c.title}: {c.expected()}" for c in asked), hypotheses,
        lambda settings: judge(name, settings), " ".join(sources),
    )  # fmt: skip


BEHAVIOURS = tuple(_behaviour(name) for name in TITLES)
