"""Patients of a plan: the parameter vectors of its runs, each distinct one found once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.catalog import hypotheses, phenotypes
from ldnsim.config.run import RunSpec
from ldnsim.mechanisms.record import ASSUMED
from ldnsim.model import default_model

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

    The more particular wins: hypothesis, then phenotype, then the study's own values. What a
    hypothesis switches off stays off whatever the phenotype says.
    """
    hypothesis: dict[str, float] = dict(hypotheses()[run.hypothesis].overrides)
    off = {k: v for k, v in hypothesis.items() if k.startswith("coupling_") and v == 0.0}
    return {**hypothesis, **phenotypes()[run.phenotype].overrides, **off, **dict(run.parameters)}


def grades(run: RunSpec) -> dict[str, str]:
    """Return the evidence grade of every parameter value of a run.

    A value that the hypothesis or the phenotype sets has the grade stated there, one that the
    study sets itself is assumed, the rest have that of the model.
    """
    found = {n: p.grade for n, p in default_model().parameters.items()}
    hypothesis, phenotype = hypotheses()[run.hypothesis], phenotypes()[run.phenotype]
    off = {k for k, v in hypothesis.overrides.items() if k.startswith("coupling_") and v == 0.0}
    found.update({k: r.grade for k, r in hypothesis.reasons.items()})
    found.update({k: r.grade for k, r in phenotype.reasons.items() if k not in off})
    found.update({k: ASSUMED for k, _ in run.parameters})
    return found


def is_inflamed(run: RunSpec) -> bool:
    """Return whether the run starts in the inflamed basin."""
    return (run.basin or phenotypes()[run.phenotype].basin) == "inflamed"


def find_patients(runs: Sequence[RunSpec]) -> Patients:
    """Collect the distinct patients in order of first appearance."""
    model = default_model()
    seen: dict[Any, int] = {}
    vectors: list[Floats] = []
    flags: list[bool] = []
    of_run = np.empty(len(runs), dtype=np.int64)
    for i, run in enumerate(runs):
        key = (run.hypothesis, run.phenotype, run.parameters, is_inflamed(run))
        if key not in seen:
            seen[key] = len(seen)
            vectors.append(model.parameter_vector(overrides(run)))
            flags.append(key[3])
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
