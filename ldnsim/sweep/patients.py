"""Patients of a plan: the parameter vectors of its runs, each distinct one found once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.catalog import CLAIM, covariates, hypotheses, phenotypes
from ldnsim.config.run import RunSpec
from ldnsim.mechanisms.record import ASSUMED
from ldnsim.model import default_model

if TYPE_CHECKING:
    from ldnsim.sweep.people import People

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Patients:
    """The distinct untreated patients of a plan.

    Attributes:
        params: parameter vectors, shape (patients, parameters).
        inflamed: starting basin, shape (patients,).
        of_run: which patient each run is, shape (runs,).
    """

    params: Floats
    inflamed: NDArray[np.bool_]
    of_run: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of distinct patients."""
        return len(self.inflamed)


def overrides(run: RunSpec) -> Mapping[str, float]:
    """Return the parameters of a run that differ from the default model.

    The more particular wins: hypothesis, then phenotype, then covariates, then the study's own
    values. What a hypothesis switches off stays off whatever the phenotype says.
    """
    hypothesis: dict[str, float] = dict(hypotheses()[run.hypothesis].overrides)
    off = {k: v for k, v in hypothesis.items() if k.startswith("coupling_") and v == 0.0}
    kind = {**hypothesis, **phenotypes()[run.phenotype].overrides, **off}
    return {**kind, **of_covariates(run, kind), **dict(run.parameters)}


def of_covariates(run: RunSpec, kind: Mapping[str, float]) -> dict[str, float]:
    """Return the parameters that what is known of the patient gives.

    Args:
        run: the run.
        kind: overrides of hypothesis and phenotype; factors act on these. A covariate that gives
            a value does so before any factor.
    """
    chosen, parameters = dict(run.covariates), default_model().parameters
    found: dict[str, float] = {}
    for wants_value in (True, False):
        for name, covariate in covariates().items():
            if name not in chosen:
                continue
            claims = ("", chosen.get(name + CLAIM, "none"))
            for effect in covariate.effects:
                amount = effect.amount(chosen[name])
                if amount is None or effect.sets_value != wants_value or effect.claim not in claims:
                    continue
                target = effect.target
                base = found.get(target, kind.get(target, parameters[target].value))
                found[target] = amount if wants_value else base * amount
    return found


def grades(run: RunSpec) -> dict[str, str]:
    """Return the evidence grade of every parameter value of a run.

    A value that the hypothesis, the phenotype or a covariate sets has the grade stated there, one
    that the study sets itself is assumed, the rest have that of the model.
    """
    found = {n: p.grade for n, p in default_model().parameters.items()}
    hypothesis, phenotype = hypotheses()[run.hypothesis], phenotypes()[run.phenotype]
    off = {k for k, v in hypothesis.overrides.items() if k.startswith("coupling_") and v == 0.0}
    found.update({k: r.grade for k, r in hypothesis.reasons.items()})
    found.update({k: r.grade for k, r in phenotype.reasons.items() if k not in off})
    chosen = dict(run.covariates)
    for name, covariate in covariates().items():
        if name in chosen:
            claims = ("", chosen.get(name + CLAIM, "none"))
            acting = [e for e in covariate.effects if e.amount(chosen[name]) is not None]
            found.update({e.target: e.grade for e in acting if e.claim in claims})
    found.update({k: ASSUMED for k, _ in run.parameters})
    return found


def is_inflamed(run: RunSpec) -> bool:
    """Return whether the run starts in the inflamed basin."""
    return (run.basin or phenotypes()[run.phenotype].basin) == "inflamed"


def find_patients(runs: Sequence[RunSpec], people: People | None = None) -> Patients:
    """Collect the distinct patients in order of first appearance.

    Args:
        runs: the runs of a plan.
        people: the virtual patients that runs refer to, if the study has a population.
    """
    model = default_model()
    centres: dict[Any, Floats] = {}
    seen: dict[Any, int] = {}
    vectors: list[Floats] = []
    flags: list[bool] = []
    of_run = np.empty(len(runs), dtype=np.int64)
    for i, run in enumerate(runs):
        run = people.of(run) if people is not None else run
        kind = (run.hypothesis, run.phenotype, run.covariates, run.parameters)
        key = (kind, is_inflamed(run), run.patient)
        if key not in seen:
            seen[key] = len(seen)
            if kind not in centres:
                centres[kind] = model.parameter_vector(overrides(run))
            own = centres[kind]
            if people is not None and run.patient is not None:
                own = people.vector(own, run.patient)
            vectors.append(own)
            flags.append(key[1])
        of_run[i] = seen[key]
    return _merge_equal(np.array(vectors), np.array(flags, dtype=np.bool_), of_run)


def _merge_equal(params: Floats, flags: NDArray[np.bool_], of_run: NDArray[np.int64]) -> Patients:
    """Merge patients described differently whose parameters are the same bits."""
    index: dict[bytes, int] = {}
    place = np.empty(len(params), dtype=np.int64)
    for i, row in enumerate(params):
        place[i] = index.setdefault(row.tobytes() + bytes([bool(flags[i])]), len(index))
    _, first = np.unique(place, return_index=True)
    return Patients(params[first], flags[first], place[of_run])
