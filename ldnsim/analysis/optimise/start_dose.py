"""First dose and pace by functional capacity, sensitivity and hypothesis: the assessment computed.

Prescribers begin low and go slowly where functional capacity is low, or where somebody is easily
upset. Here every start of a fixed list is run in drawn patients, and the best is read off. What is
best is a matter of the weights, which are assumed unless they are given.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ldnsim.analysis.optimise import scores
from ldnsim.analysis.optimise.choose import Choice, choose
from ldnsim.analysis.optimise.labelled import ADVICE
from ldnsim.arrays import Floats, Ints
from ldnsim.edition import Edition
from ldnsim.sweep.progress import Progress

if TYPE_CHECKING:
    from ldnsim.sweep.study import Study

FIRST_MG = (0.5, 1.0, 1.5, 3.0)
"""First doses, each also the size of its steps; all are made of capsules that are sold."""
PACES_D = (7, 14, 28)
"""Days between steps."""
TARGET_MG = 4.5
"""Dose that every ladder goes to, and the start without a ladder."""
WEEKS = 36
"""Length: the slowest ladder is at its target by week 32."""
WEIGHTS = {"benefit_with_staying": 1.0, "worst_burden": -0.25}
"""What is wanted (assumed): a point less pain in those who stay is worth four of worst burden."""
SCALE = 0.5
"""Multiplier on recorded spreads, as in the simulated trials."""
AXES = ("functional_capacity", "burden_factor", "hypothesis")
"""What starts are laid out over; ``sensitivity`` is a name that results have for something else."""
LOW, HIGH = 0.1, 0.9


@dataclass(frozen=True)
class Start:
    """The best start at one place.

    Attributes:
        functional_capacity: 0 to 10.
        sensitivity: burden of adverse effects, as a multiple of an ordinary patient's.
        hypothesis: name.
        first_mg: first dose of what is best on the mean, mg.
        pace_d: days between its steps; 0 without steps.
        prescription: in full.
        utility: its mean over patients.
        utility_low: of the 95 % interval of that mean over resampled patients.
        utility_high: of the same.
        as_good: starts that resampled patients do not tell from it, itself among them.
        first_low: first dose below which a tenth of the patients have their own best, mg.
        first_high: above which a tenth have it, mg.
        pace_low: the same of the days between steps.
        pace_high: the same.
        agree: share of the patients whose own best is the same start.
    """

    functional_capacity: float
    sensitivity: float
    hypothesis: str
    first_mg: float
    pace_d: float
    prescription: str
    utility: float
    utility_low: float
    utility_high: float
    as_good: int
    first_low: float
    first_high: float
    pace_low: float
    pace_high: float
    agree: float


def ladders() -> dict[str, tuple[float, float]]:
    """Return every start as a prescription, with its first dose (mg) and pace (d)."""
    found = {
        f"{mg:g} mg nightly at 22:00, +{mg:g} mg every {d} d to {TARGET_MG:g} mg, for {WEEKS} wk": (
            mg, float(d),
        )
        for mg in FIRST_MG
        for d in PACES_D
    }  # fmt: skip
    return {**found, f"{TARGET_MG:g} mg nightly at 22:00, for {WEEKS} wk": (TARGET_MG, 0.0)}


def start_study(
    capacities: Sequence[float],
    sensitivities: Sequence[float],
    hypotheses: Sequence[str],
    size: int,
    *,
    phenotype: str = "default",
    weights: Mapping[str, float] | None = None,
    seed: int = 0,
    edition: Edition,
) -> Study:
    """Return the study of all starts at all places.

    Args:
        capacities: functional capacities, 0 to 10.
        sensitivities: multiples of an ordinary burden of adverse effects.
        hypotheses: their names.
        size: drawn patients.
        phenotype: who they are drawn around.
        weights: what is wanted; :data:`WEIGHTS` when None.
        seed: of the patients and of resampling.
        edition: the model.

    Raises:
        UserError: unknown names, or a value out of its range.
    """
    from ldnsim.sweep.study import Study

    fields = ("patient.functional_capacity", "parameters.adverse_sensitivity", "hypothesis")
    values = (list(capacities), list(sensitivities), list(hypotheses))
    data: dict[str, Any] = {
        "title": "First dose and pace",
        "seed": seed,
        "patient": {"phenotype": phenotype},
        "regimen": next(iter(ladders())),
        "axes": [
            {"name": n, "field": f, "values": v}
            for n, f, v in zip(AXES, fields, values, strict=True)
        ],
        "population": {"size": size, "scale": SCALE},
        "optimise": {
            "free": [{"field": "regimen", "name": "start", "values": list(ladders())}],
            "utility": dict(WEIGHTS if weights is None else weights),
        },
    }
    if edition.extensions:
        data["model"] = {"extend": [e.name for e in edition.extensions]}
    with edition.in_force():
        return Study.build(data, "start-dose")


def starts(choice: Choice) -> list[Start]:
    """Return the best start at every place, in the order of the axes."""
    first, pace = (np.array(v) for v in zip(*(_of(c.apply[0]) for c in choice.found.candidates),
                                            strict=True))  # fmt: skip
    found, w = choice.found, choice.found.weights
    seed = 0 if choice.settings.seed is None else choice.settings.seed
    again = scores.resampled(w, seed)
    grid = np.array(np.meshgrid(*(np.arange(len(v)) for v in found.axes.values()), indexing="ij"))
    made = []
    for p, at in enumerate(grid.reshape(len(found.axes), -1).T):
        here = choice.utility[:, p, :]
        draws = again @ here.T / again.sum(axis=1, keepdims=True)
        best, own = int(choice.by_place[p]), here.argmax(axis=0)
        low, high = scores.interval(draws[:, best])
        tied = [scores.interval(draws[:, best] - d)[0] <= 0.0 for d in draws.T]
        capacity, sensitivity, name = (v[i] for v, i in zip(found.axes.values(), at, strict=True))
        made.append(Start(
            float(capacity), float(sensitivity), str(name), float(first[best]), float(pace[best]),
            found.candidates[best].prescription, float(w @ here[best] / w.sum()), low, high,
            sum(tied), *_middle(first, own, w), *_middle(pace, own, w),
            float(w[own == best].sum() / w.sum()),
        ))  # fmt: skip
    return made


def _of(prescription: str) -> tuple[float, float]:
    return ladders()[prescription]


def _middle(values: Floats, own: Ints, w: Floats) -> tuple[float, float]:
    """Return between which values the patients' own best lie, a tenth left out on either side."""
    order = np.argsort(values[own], kind="stable")
    below = np.cumsum(w[order]) / w.sum()
    ends = (order[min(int(np.searchsorted(below, q - 1e-12)), len(w) - 1)] for q in (LOW, HIGH))
    low, high = (float(values[own][i]) for i in ends)
    return low, high


def start_dose(
    study: Study,
    out: str | os.PathLike[str] | None = None,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> tuple[list[Start], Choice]:
    """Run all starts and return the best at every place, with the choice for all places together.

    Args:
        study: what :func:`start_study` returns.
        out: store of the runs; in memory only when None.
        threads: threads to use; they change no bit.
        progress: as for a study.

    Raises:
        UserError: as :func:`ldnsim.analysis.optimise.choose.choose`.
    """
    choice = choose(study, out, threads=threads, progress=progress)
    return starts(choice), choice


HEADERS = (
    "functional capacity", "sensitivity", "hypothesis", "first dose", "pace", "utility (95 %)",
    "as good", "first dose of 80 % of patients", "pace of 80 %", "same best",
)  # fmt: skip


def rows(found: Sequence[Start]) -> list[list[str]]:
    """Return the starts as cells of a table; see :data:`HEADERS`."""
    return [
        [
            f"{s.functional_capacity:g}", f"x{s.sensitivity:g}", s.hypothesis,
            f"{s.first_mg:g} mg", _pace(s.pace_d),
            f"{s.utility:.2f} ({s.utility_low:.2f} to {s.utility_high:.2f})",
            f"{s.as_good} of {len(ladders())}", f"{s.first_low:g} to {s.first_high:g} mg",
            f"{_pace(s.pace_low)} to {_pace(s.pace_high)}", f"{100 * s.agree:.0f} %",
        ]
        for s in found
    ]  # fmt: skip


def _pace(days: float) -> str:
    return f"{days:g} d" if days else "no steps"


def report(found: Sequence[Start]) -> list[dict[str, Any]]:
    """Return the starts as plain values, for JSON."""
    return [asdict(s) for s in found]


def to_dataset(found: Sequence[Start], choice: Choice, study: Study) -> xr.Dataset:
    """Return the starts over capacity, sensitivity and hypothesis, for the picture.

    Args:
        found: what :func:`starts` returns.
        choice: what it was read from.
        study: it was found in.
    """
    axes = choice.found.axes
    shape = tuple(len(v) for v in axes.values())
    own = {k: v for k, v in asdict(found[0]).items() if k not in (*AXES, "sensitivity")}
    data = {k: (AXES, np.array([asdict(s)[k] for s in found]).reshape(shape)) for k in own}
    attrs = {
        "title": study.title, "warning": ADVICE, "phenotype": study.patient.phenotype,
        "patients": choice.found.patients,
        "utility": " ".join(f"{v:+g} {k}" for k, v in choice.settings.utility.items()),
        "extensions": "[]",
    }  # fmt: skip
    return xr.Dataset(data, {n: list(v) for n, v in axes.items()}, attrs)
