"""The scorecard of observations: every published number against what each hypothesis simulates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from pydantic import TypeAdapter, ValidationError

from ldnsim.analysis.evidence.probe_kinds import AnyProbe, Patient, Probe
from ldnsim.analysis.judged.record import UNDER_SHIPPED, Check
from ldnsim.analysis.judged.worth import ANY, repeated
from ldnsim.arrays import Floats
from ldnsim.catalog.observations import Observation, check_probe
from ldnsim.edition import Edition, shipped
from ldnsim.errors import UserError, check_known
from ldnsim.model import Model
from ldnsim.runs.accuracy import COMPARED
from ldnsim.runs.few import ask

Asked = Sequence[tuple[Observation, Patient]]

_ADAPTER: TypeAdapter[Probe] = TypeAdapter(AnyProbe)


@lru_cache(maxsize=1024)
def probe_of(name: str, edition: Edition | None = None) -> Probe:
    """Return the probe of an observation of an edition, by its name; the shipped one when None.

    Raises:
        UserError: an observation that does not exist, or a mistake in its probe.
    """
    home = edition or shipped()
    return read_probe(find_observation(name, home), home.model)


def find_observation(name: str, edition: Edition | None = None) -> Observation:
    """Return an observation of an edition; of the shipped one when None.

    Raises:
        UserError: for a name that does not exist.
    """
    known = (edition or shipped()).observations
    check_known("observation", [name], known)
    return known[name]


def read_probe(observation: Observation, model: Model) -> Probe:
    """Return the probe an observation describes.

    Args:
        observation: whose recipe is read.
        model: whose variables and parameters it may name.

    Raises:
        UserError: unknown kind or field, a value of the wrong kind, an unknown variable or
            parameter; it names file and key.
    """
    place = f"{observation.place}.probe"
    try:
        probe = _ADAPTER.validate_python(dict(observation.probe))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(p) for p in first["loc"][1:])
        raise UserError(f"{place}.{key}: {first['msg']}".replace(".:", ":")) from error
    check_probe(observation.probe, place, model)
    return probe


def simulate(asked: Asked, rtol: float = COMPARED, threads: int | None = None) -> Floats:
    """Simulate observations, all in as few batches as possible, shape (asked,).

    Args:
        asked: each observation with the patient it is simulated for.
        rtol: relative tolerance of the solver.
        threads: threads of the engine.

    Returns:
        the simulated numbers, in the unit of the observation; NaN where there is none.
    """
    probes = [_probe(o, who.edition) for o, who in asked]
    wanted = [p.asks(who) for p, (_, who) in zip(probes, asked, strict=True)]
    answers = iter(ask([one for asks in wanted for one in asks], rtol, threads))
    found = np.full(len(asked), np.nan)
    for i, (probe, (_, who)) in enumerate(zip(probes, asked, strict=True)):
        own = [x for _ in wanted[i] for x in next(answers).tolist()]
        found[i] = probe.value(own, who) if np.all(np.isfinite(own)) else math.nan
    return found


def _probe(observation: Observation, edition: Edition) -> Probe:
    if edition.observations.get(observation.name) is observation:
        return probe_of(observation.name, edition)
    return read_probe(observation, edition.model)


def score(
    hypotheses: Iterable[str] | None = None,
    threads: int | None = None,
    names: Iterable[str] | None = None,
    edition: Edition | None = None,
) -> list[Check]:
    """Compare every observation with what each hypothesis simulates.

    Args:
        hypotheses: names; all when None.
        threads: threads of the engine.
        names: observations; all when None.
        edition: the model that is compared; the shipped one when None.

    Returns:
        one row per observation and hypothesis for which the comparison makes sense. A value
        outside the interval is a row that failed, not an error; ``passed`` is None where nothing
        could be simulated.

    Raises:
        UserError: a hypothesis or observation that does not exist.
    """
    home = edition or shipped()
    chosen = list(home.hypotheses) if hypotheses is None else list(hypotheses)
    check_known("hypothesis", chosen, home.hypotheses)
    of = list(home.observations) if names is None else list(names)
    asked = [
        (o, Patient(h, edition=home))
        for o in (find_observation(n, home) for n in of)
        for h in (o.hypotheses if o.once else [h for h in chosen if h in o.hypotheses])
    ]
    values = simulate(asked, threads=threads)
    found = [_check(o, who, float(v)) for (o, who), v in zip(asked, values, strict=True)]
    rows: dict[str, dict[str, float]] = {}
    for (o, who), v in zip(asked, values, strict=True):
        rows.setdefault(o.name, {})[who.hypothesis] = float(v)
    same = {name: _owned(home.observations[name], row, home) for name, row in rows.items()}
    return [replace(c, same_as=same[c.id].get(c.hypothesis, "")) for c in found]


def _owned(
    observation: Observation, values: Mapping[str, float], edition: Edition
) -> dict[str, str]:
    """Return whose number a row is, for hypotheses that do not touch it."""
    unchanged = [n for n, h in edition.hypotheses.items() if not h.overrides]
    return repeated(values, (*observation.fitted, *unchanged), observation.spread[0])


def _check(observation: Observation, who: Patient, value: float) -> Check:
    low, high = observation.interval
    known = math.isfinite(value)
    role = _role(observation, who)
    sd, spread = observation.spread
    note = observation.note if known else f"nothing to compare. {observation.note}"
    if role == "fitted" and who.edition.alters:
        note = f"{UNDER_SHIPPED}. {note}".rstrip()
    return Check(
        id=observation.name,
        title=observation.title,
        hypothesis=ANY if observation.once else who.hypothesis,
        simulated=f"{value:.4g} {observation.unit}" if known else "none",
        expected=observation.expected(),
        passed=observation.agrees(value),
        evidence=" ".join(observation.sources),
        note=note,
        value=value if known else None,
        low=low if math.isfinite(low) else None,
        high=high if math.isfinite(high) else None,
        unit=observation.unit,
        role=role,
        holds=(observation.repeats or observation.name,),
        chi2=sum(r * r for r in observation.residuals(value)) if known and spread else None,
        sd=sd if spread else None,
        spread=spread,
        numbers=max(len(observation.values), 1),
    )


def _role(observation: Observation, who: Patient) -> str:
    """Tell whether a row tests anything: a number was set from it, fitted to it, or neither.

    The search for the defaults sets what a constraint of it asks as well.
    """
    if observation.was_set or observation.name in who.edition.story.constrained(who.hypothesis):
        return "set"
    return "fitted" if who.hypothesis in observation.fitted else "free"
