"""The runs of the after-stopping experiment, what became of each patient, and untreated states."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import xarray as xr
from after_stopping_edges import edges
from common import Floats, responds, say, values
from numpy.typing import NDArray

from ldnsim import Study
from ldnsim.edition import shipped
from ldnsim.engine.rhythm.orbit import find_orbits
from ldnsim.engine.solve.status import Status
from ldnsim.model import default_model

HYPOTHESIS, PHENOTYPE = "dual_pathway", "default"
USUAL = 4.5
"""Dose (mg) whose time courses are drawn."""
SUMMARIES = (
    "tnf_change_percent", "tnf_change_end_percent", "pain_change_percent",
    "pain_change_end_percent",
)  # fmt: skip


class Outcome(IntEnum):
    """What became of a patient."""

    FAILED = -1
    NONE = 0
    LOST = 1
    LATE = 2
    LASTS = 3

    @property
    def words(self) -> str:
        """Text for the answer and the figure."""
        return {
            Outcome.FAILED: "run failed",
            Outcome.NONE: "no response",
            Outcome.LOST: "response lost after stopping",
            Outcome.LATE: "response only after stopping",
            Outcome.LASTS: "lasting response",
        }[self]


@dataclass(frozen=True)
class Setting:
    """How much to compute.

    Attributes:
        drivers: number of values of the outside driver.
        weeks: weeks of treatment, and of follow-up after it.
        doses: nightly doses in mg.
        lowest: weakest driver.
        highest: strongest driver.
        threads: threads; all cores when None.
    """

    drivers: int = 13
    weeks: int = 26
    doses: tuple[float, ...] = (0.5, 1.5, 3.0, USUAL, 6.0, 15.0)
    lowest: float = 0.01
    highest: float = 0.07
    threads: int | None = None


@dataclass(frozen=True)
class Branches:
    """Untreated states along the driver; NaN where a patient has no such state.

    Attributes:
        driver: values of the driver, (n,).
        inflamed: 24 h mean of inflamed microglia in that state, (n,).
        resolved: the same for the resolved state, (n,).
        lower: driver below which the inflamed state is gone; NaN if it is there at all of them.
        upper: driver above which the resolved state is gone; NaN if it is there at all of them.
        odd: patients in whom a state could not be found for another reason (a limit cycle).
    """

    driver: Floats
    inflamed: Floats
    resolved: Floats
    lower: float
    upper: float
    odd: int


def classify(
    tnf: Floats, pain: Floats, tnf_end: Floats, pain_end: Floats
) -> NDArray[np.int64]:  # fmt: skip
    """Class patients by percent changes in the last treated week and in the last week of all."""
    during, after = responds(tnf, pain), responds(tnf_end, pain_end)
    known = np.isfinite(np.asarray(tnf) + pain + tnf_end + pain_end)
    found = np.select(
        [~known, during & after, during, after],
        [Outcome.FAILED, Outcome.LASTS, Outcome.LOST, Outcome.LATE],
        default=Outcome.NONE,
    )
    return found.astype(np.int64)


def run(setting: Setting) -> xr.Dataset:
    """Run driver x dose: treatment, then as long without."""
    weeks = setting.weeks
    study = Study.build(
        {
            "title": "Does benefit outlast treatment?",
            "hypothesis": HYPOTHESIS,
            "patient": {"phenotype": PHENOTYPE, "basin": "inflamed"},
            "regimen": f"{USUAL} mg nightly at 22:00, for {weeks} wk, then stop for {weeks} wk",
            "axes": [
                {
                    "name": "driver", "field": "parameters.driver",
                    "linspace": [setting.lowest, setting.highest, setting.drivers], "digits": 4,
                },
                {"name": "dose", "field": "regimen.target",
                 "values": [f"{d:g} mg" for d in setting.doses]},
            ],
            "output": {
                "every": "1 d", "night": False, "ledger": False, "summaries": list(SUMMARIES),
                "variables": ["microglia_m1", "tnf", "pain", "opioid_tone"],
            },
        },
        "after_stopping",
    )  # fmt: skip
    say("driver x dose (the first run on a machine compiles the model, about half a minute)")
    ds = study.run(threads=setting.threads)
    kinds = classify(*(values(ds, n) for n in (
        "tnf_change_percent", "pain_change_percent", "tnf_change_end_percent",
        "pain_change_end_percent",
    )))  # fmt: skip
    return ds.assign(outcome=(("driver", "dose"), kinds))


def untreated(
    drivers: Floats, inflamed: bool, threads: int | None
) -> tuple[Floats, NDArray[np.int8]]:
    """Return inflamed microglia of the untreated state asked for, and the status of the search."""
    model = default_model()
    home = shipped()
    base = {**home.hypotheses[HYPOTHESIS].overrides, **home.phenotypes[PHENOTYPE].overrides}
    rows = [model.parameter_vector({**base, "driver": float(x)}) for x in drivers]
    orbits = find_orbits(default_model(), np.array(rows), np.full(len(rows), inflamed), threads)
    return orbits.mean[:, model.observable_index["microglia_m1"]], orbits.status


def branches(setting: Setting) -> Branches:
    """Follow both untreated states from no driver to half above the strongest."""
    say("untreated states along the driver")
    driver = np.linspace(0.0, 1.25 * setting.highest, 26)
    m1, ok, odd = {}, {}, 0
    for inflamed in (True, False):
        mean, status = untreated(driver, inflamed, setting.threads)
        ok[inflamed] = status == Status.OK
        odd += int(np.sum((status != Status.OK) & (status != Status.NO_SUCH_BASIN)))
        m1[inflamed] = np.where(ok[inflamed], mean, np.nan)

    def exists(x: Floats, inflamed: bool) -> NDArray[np.bool_]:
        return np.asarray(untreated(x, inflamed, setting.threads)[1] == Status.OK)

    lower, upper = edges(driver, ok[True], ok[False], exists)
    return Branches(driver, m1[True], m1[False], lower, upper, odd)


def has_resolved(driver: Floats, b: Branches) -> NDArray[np.bool_]:
    """Whether patients with these drivers have a resolved state."""
    if np.isnan(b.upper):
        return np.full(len(driver), bool(np.isfinite(b.resolved).any()))
    return np.asarray(driver) < b.upper
