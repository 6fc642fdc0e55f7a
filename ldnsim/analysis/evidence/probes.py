"""The scorecard of observations: every published number against what each hypothesis simulates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from ldnsim.analysis.checks import Check
from ldnsim.analysis.evidence.probe_kinds import AnyProbe, Patient, Probe
from ldnsim.catalog import hypotheses as catalogue
from ldnsim.catalog.observations import FILE, Observation, observations
from ldnsim.errors import UserError, nearest, unknown
from ldnsim.model import default_model
from ldnsim.runs.few import ask

Floats = NDArray[np.float64]
Asked = Sequence[tuple[Observation, Patient]]

_ADAPTER: TypeAdapter[Probe] = TypeAdapter(AnyProbe)


@cache
def probe_of(name: str) -> Probe:
    """Return the probe of a shipped observation, by its name.

    Raises:
        UserError: an observation that does not exist, or a mistake in its probe.
    """
    return read_probe(find_observation(name))


def find_observation(name: str) -> Observation:
    """Return a shipped observation.

    Raises:
        UserError: for a name that does not exist.
    """
    if name not in observations():
        raise unknown("observation", name, observations())
    return observations()[name]


def read_probe(observation: Observation, file: str = FILE) -> Probe:
    """Return the probe an observation describes.

    Raises:
        UserError: unknown kind or field, a value of the wrong kind, an unknown variable or
            parameter; it names file and key.
    """
    place = f"{file}: {observation.name}.probe"
    try:
        probe = _ADAPTER.validate_python(dict(observation.probe))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(p) for p in first["loc"][1:])
        raise UserError(f"{place}.{key}: {first['msg']}".replace(".:", ":")) from error
    _check_names(probe.model_dump(), place)
    return probe


def _check_names(fields: Mapping[str, object], place: str) -> None:
    """Check the variables and parameters a probe names, at any depth."""
    model = default_model()
    for key, value in fields.items():
        known: Iterable[str] = ()
        names: Iterable[str] = ()
        if key == "observable":
            known, names = model.observable_index, [str(value)]
        elif key == "parameter":
            known, names = model.parameters, [str(value)]
        elif key in ("parameters", "changes") and isinstance(value, dict):
            known, names = model.parameters, value
        elif isinstance(value, dict):
            _check_names(value, f"{place}.{key}")
        for name in names:
            if name not in known:
                what = "a variable" if key == "observable" else "a parameter"
                raise UserError(
                    f"{place}.{key}: {name!r} is not {what} of the model{nearest(name, known)}"
                )


def simulate(asked: Asked, rtol: float = 1e-5, threads: int | None = None) -> Floats:
    """Simulate observations, all in as few batches as possible, shape (asked,).

    Args:
        asked: each observation with the patient it is simulated for.
        rtol: relative tolerance of the solver.
        threads: threads of the engine.

    Returns:
        the simulated numbers, in the unit of the observation; NaN where there is none.
    """
    probes = [_probe(o) for o, _ in asked]
    wanted = [p.asks(who) for p, (_, who) in zip(probes, asked, strict=True)]
    answers = iter(ask([one for asks in wanted for one in asks], rtol, threads))
    found = np.full(len(asked), np.nan)
    for i, (probe, (_, who)) in enumerate(zip(probes, asked, strict=True)):
        own = [x for _ in wanted[i] for x in next(answers).tolist()]
        found[i] = probe.value(own, who) if np.all(np.isfinite(own)) else math.nan
    return found


def _probe(observation: Observation) -> Probe:
    shipped = observations().get(observation.name)
    return probe_of(observation.name) if shipped is observation else read_probe(observation)


def score(
    hypotheses: Iterable[str] | None = None,
    threads: int | None = None,
    names: Iterable[str] | None = None,
) -> list[Check]:
    """Compare every observation with what each hypothesis simulates.

    Args:
        hypotheses: names; all when None.
        threads: threads of the engine.
        names: observations; all when None.

    Returns:
        one row per observation and hypothesis for which the comparison makes sense. A value
        outside the interval is a row that failed, not an error; ``passed`` is None where nothing
        could be simulated.

    Raises:
        UserError: a hypothesis or observation that does not exist.
    """
    chosen = list(catalogue()) if hypotheses is None else list(hypotheses)
    for name in chosen:
        if name not in catalogue():
            raise unknown("hypothesis", name, catalogue())
    of = list(observations()) if names is None else list(names)
    asked = [
        (o, Patient(h))
        for o in map(find_observation, of)
        for h in (o.hypotheses if o.once else [h for h in chosen if h in o.hypotheses])
    ]
    values = simulate(asked, threads=threads)
    return [_check(o, who, float(v)) for (o, who), v in zip(asked, values, strict=True)]


def _check(observation: Observation, who: Patient, value: float) -> Check:
    low, high = observation.interval
    known = math.isfinite(value)
    return Check(
        id=observation.name,
        title=observation.title,
        hypothesis="any" if observation.once else who.hypothesis,
        simulated=f"{value:.4g} {observation.unit}" if known else "none",
        expected=observation.expected(),
        passed=observation.agrees(value),
        evidence=" ".join(observation.sources),
        note=observation.note if known else f"nothing to compare. {observation.note}",
        value=value if known else None,
        low=low if math.isfinite(low) else None,
        high=high if math.isfinite(high) else None,
        unit=observation.unit,
        role=_role(observation, who.hypothesis),
    )


def _role(observation: Observation, hypothesis: str) -> str:
    """Tell whether a row tests anything: a number was set from it, fitted to it, or neither."""
    if observation.was_set:
        return "set"
    return "fitted" if hypothesis in observation.fitted else "free"
