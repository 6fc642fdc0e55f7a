"""What a result holds for every run, as columns that any stretch of runs can fill.

A column is described before it has a value, so that a store is laid out first and then filled
region by region, and memory never holds more than one region.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.engine.solve.status import Method, Status
from ldnsim.equations.symbols import symbol
from ldnsim.model import Model
from ldnsim.results.zarr_files import Sliced
from ldnsim.runs import measures as summaries
from ldnsim.runs.block import Block
from ldnsim.runs.job import Job
from ldnsim.runs.plan import Plan
from ldnsim.runs.sensitive import Accuracy

Values = Callable[[Block], NDArray[Any]]
Labelled = tuple[tuple[str, ...] | str, NDArray[Any] | Sliced, Mapping[str, Any]]
"""Dimensions, values and attributes of an array, as xarray takes them."""


@dataclass(frozen=True)
class Column:
    """One array of the result with an entry for every run.

    Attributes:
        name: of the variable.
        dim: its further dimensions, ``time``, ``night_time``, ``pathway`` or ``pathway time``;
            empty for one value per run.
        dtype: of the values.
        attrs: units, words, mechanism and more.
        values: from finished runs to their entries, shape (runs,) or (runs, times), and so on.
    """

    name: str
    dim: str
    dtype: np.dtype[Any]
    attrs: dict[str, Any]
    values: Values


def variable_attributes(model: Model, name: str) -> dict[str, str]:
    """Return units, words, symbol, scale, direction, mechanism and evidence of a model variable."""
    v = model.observables[name]
    return {
        "units": v.unit or "1",
        "long_name": v.long_name,
        "short_name": v.short_name,
        "symbol": v.symbol or symbol(name, is_parameter=False),
        "scale": v.scale_word,
        "better": v.better,
        "mechanism": v.mechanism,
        "evidence": evidence(model, v.mechanism),
    }


def flags(words: str, kinds: type[IntEnum]) -> dict[str, Any]:
    """Return the attributes of codes: what they are of, each of them, and its name."""
    return {
        "long_name": words,
        "flag_values": np.array([int(k) for k in kinds], dtype=np.int8),
        "flag_meanings": " ".join(k.name.lower() for k in kinds),
    }


def evidence(model: Model, mechanism: str) -> str:
    """Return the weakest evidence grade among the parameters of a mechanism, with its share."""
    from ldnsim.mechanisms.record import GRADES

    grades = [p.grade for p in model.parameters.values() if p.mechanism == mechanism]
    if not grades:
        return "no parameters of its own"
    weakest = max(grades, key=GRADES.index)
    return f"{weakest} ({grades.count(weakest)} of {len(grades)} parameters)"


def single(job: Job, status: NDArray[np.int8]) -> list[Column]:
    """List the columns with one value per run.

    Args:
        job: the job.
        status: outcome of every run; it says how long the longest advice is.
    """
    plan = job.plan
    found = [
        _column(s.name, np.float64, summaries.attributes(plan, s), _summary(j))
        for j, s in enumerate(plan.summaries)
    ]
    return [*found, *_outcome(job, status), *_baselines(job)]


def timed(plan: Plan) -> list[Column]:
    """List the columns with a time dimension."""
    found: list[Column] = []
    dtype, model = np.dtype(plan.study.output.dtype), plan.edition.model
    for j, name in enumerate(plan.variables):
        attrs = variable_attributes(model, name)
        if len(plan.time):
            found.append(Column(name, "time", dtype, attrs, _sampled("trajectory", j)))
        if plan.keeps_night:
            words = {**attrs, "long_name": f"{attrs['long_name']}, close-up"}
            values = _sampled("night", j)
            found.append(Column(f"night_{name}", "night_time", dtype, words, values))
    if len(plan.time):
        attrs = {
            "units": "mg/d",
            "long_name": "prescribed dose",
            "short_name": "prescribed",
            "meaning": "naltrexone hydrochloride planned in the calendar day",
            "mechanism": "regimen",
        }

        def daily(block: Block) -> NDArray[Any]:
            if plan.watch is not None:  # what was planned in the end
                return block.daily[:, np.minimum(plan.time // 24.0, plan.days - 1).astype(int)]
            return plan.dosing.planned_daily(block.rows, plan.time)

        found.append(Column("prescribed_dose", "time", dtype, attrs, daily))
    return found


def _column(name: str, dtype: Any, attrs: dict[str, Any], values: Values) -> Column:
    return Column(name, "", np.dtype(dtype), attrs, values)


def _summary(j: int) -> Values:
    return lambda block: block.summaries[:, j]


def _attribute(name: str) -> Values:
    return lambda block: np.asarray(getattr(block, name))


def _sampled(kind: str, j: int) -> Values:
    return lambda block: np.asarray(getattr(block, kind)[:, j])


def _baselines(job: Job) -> Iterator[Column]:
    """Untreated means of the stored variables."""
    who, model = job.patients.of_run, job.plan.edition.model

    def mean(at: int) -> Values:
        return lambda block: job.untreated.mean[who[block.rows], at]

    for name in job.plan.variables:
        attrs = variable_attributes(model, name)
        attrs["long_name"] = f"untreated 24 h mean of {attrs['long_name']}"
        attrs["short_name"] = f"untreated {attrs['short_name']}"
        attrs["better"] = ""  # what the patient is, not what a regimen does
        values = mean(model.observable_index[name])
        yield _column(f"baseline_{name}", np.float64, attrs, values)


def _outcome(job: Job, status: NDArray[np.int8]) -> Iterator[Column]:
    """Outcome and effort of every run."""
    plan, who = job.plan, job.patients.of_run
    yield _column("status", np.int8, flags("outcome of the run", Status), lambda b: b.status)
    advice = np.array([s.advice if s else "" for s in sorted(Status)], dtype=str)
    length = max(1, *(len(advice[int(s)]) for s in np.unique(status)), 1)
    words: dict[str, Any] = {"long_name": "advice for a run that failed"}
    yield _column("status_advice", f"<U{length}", words, lambda b: advice[b.status])
    for name, text in (("steps", "accepted"), ("rejected", "rejected")):
        words = {"units": "1", "long_name": f"{text} solver steps", "scale": "steps"}
        yield _column(name, np.int64, words, _attribute(name))
    used = flags("method that gave the result", Method)
    yield _column("method", np.int8, used, lambda b: b.method)
    known = flags("what is known of the error of the run", Accuracy)
    yield _column("accuracy", np.int8, known, lambda b: b.accuracy)
    words = {
        "units": "1", "long_name": "residual of the untreated 24 h orbit",
        "scale": "relative to the size of each state",
    }  # fmt: skip
    residual = job.untreated.residual
    yield _column("orbit_residual", np.float64, words, lambda b: residual[who[b.rows]])
    if plan.keeps_night:
        words = {"units": "h", "long_name": "start of the close-up"}
        yield _column("night_start", np.float64, words, lambda b: plan.night_start[b.rows])
