"""The runs of the pace experiment: maps of dose x interval, patients drawn, and time courses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from common import Floats, say, values

from ldnsim import Study
from ldnsim.config.run import RunSpec
from ldnsim.errors import UserError
from ldnsim.runs.few import run_specs

MAIN = "dual_pathway"
RIVALS = ("rebound", "glial", "tonic", "persistent", "ogfr", "peripheral", "null")
WHO = {"robust": "default", "depleted": "depleted", "sensitive": "sensitive"}
"""Patients asked about, with their phenotypes."""
STEPS = 8
"""Doses of the ladder: it begins at an eighth of the target."""
SLOWEST, FASTEST = 90, 7
"""Longest and shortest usual interval, days."""
RUSHED = (3, 5)
"""Intervals below the usual ones, of single patients only, days."""
TARGETS = (1.5, 3.0, 4.5, 6.0)
USUAL = 4.5
"""Target dose (mg) of the time courses and of the other hypotheses."""
MEASURES = ("benefit_with_staying", "staying", "pain_change", "tnf_change_percent")
COURSE = (
    "reserve_level", "unmet_demand", "drain", "endorphin_pool", "opioid_tone", "adverse_burden",
    "pain", "microglia_m1",
)  # fmt: skip
STRIDE = 6.0
"""Hours between recorded states: four a day, so that a mean of days has no rhythm in it."""


@dataclass(frozen=True)
class Setting:
    """How much to compute.

    Attributes:
        weeks: length of treatment.
        paces: number of usual intervals.
        patients: drawn of each kind; 0 for none.
        targets: target doses, mg.
        threads: threads; all cores when None.
        resume: go on with drawn patients that an earlier, stopped run left under ``out``.
    """

    weeks: int = 104
    paces: int = 12
    patients: int = 64
    targets: tuple[float, ...] = TARGETS
    threads: int | None = None
    resume: bool = False

    def usual(self) -> list[int]:
        """Return the usual intervals in whole days, evenly spaced on a logarithmic scale."""
        return sorted({round(x) for x in np.geomspace(FASTEST, SLOWEST, self.paces)})

    def check(self) -> None:
        """Refuse a treatment too short for the slowest ladder to be judged at its target."""
        needs = -(-((STEPS - 1) * SLOWEST + 7) // 7) + 1
        if self.weeks < needs:
            raise UserError(
                f"--weeks {self.weeks}: expected {needs} or more; at {SLOWEST} d a step the target "
                "is reached later than that, and every pace is judged at its target"
            )


def ladder(target: float, interval: float, weeks: int) -> str:
    """Return the prescription of a ladder of eight equal steps."""
    return (
        f"1/{STEPS} of target nightly at 22:00, +1/{STEPS} of target every {interval:g} d to "
        f"{target:g} mg, for {weeks} wk"
    )


def study(
    s: Setting, intervals: Sequence[int], targets: Sequence[float], axes: Sequence[dict[str, Any]],
    **blocks: Any,
) -> Study:  # fmt: skip
    """Build the study of target x interval after some axes of its own."""
    own = [
        {"name": "reserve_end", "variable": "reserve_level", "reduction": "mean", "window": "week"},
        {"name": "pain_mean", "variable": "pain", "reduction": "mean", "window": "treatment",
         "against": "change"},
    ]  # fmt: skip
    maps = [
        {"name": "target", "field": "regimen.target", "values": [f"{t:g} mg" for t in targets],
         "unit": "mg"},
        {"name": "interval", "field": "regimen.interval", "values": [f"{d} d" for d in intervals],
         "unit": "d"},
    ]  # fmt: skip
    return Study.build(
        {
            "title": "Does the pace matter?",
            "hypothesis": MAIN,
            "horizon": f"{s.weeks} wk",
            "regimen": ladder(USUAL, 14, s.weeks),
            "axes": [*axes, *maps],
            "output": {"trajectories": False, "ledger": False, "night": False,
                       "summaries": [*MEASURES, *own]},
            **blocks,
        },
        "pace",
    )  # fmt: skip


def kinds() -> dict[str, Any]:
    """Return the axis of the patients asked about."""
    return {"name": "who", "field": "patient.phenotype", "values": list(WHO.values())}


def named(ds: xr.Dataset) -> xr.Dataset:
    """Name the patients by what is asked of them instead of by phenotype."""
    return ds.assign_coords(who=list(WHO)) if "who" in ds.dims else ds


def run_single(s: Setting) -> xr.Dataset:
    """Run hypothesis x patient x target x interval under the main hypothesis and its neighbour."""
    say("dose x interval for one patient of each kind")
    axis = {"name": "hypothesis", "field": "hypothesis", "values": [MAIN, RIVALS[0]]}
    every = [*RUSHED, *s.usual()]
    return named(study(s, every, s.targets, [axis, kinds()]).run(threads=s.threads))


def run_rivals(s: Setting) -> xr.Dataset:
    """Run hypothesis x patient x interval at the usual target under the other hypotheses."""
    say("intervals under the other hypotheses")
    axis = {"name": "hypothesis", "field": "hypothesis", "values": list(RIVALS[1:])}
    got = study(s, [*RUSHED, *s.usual()], [USUAL], [axis, kinds()]).run(threads=s.threads)
    return named(got).isel(target=0)


def run_people(s: Setting, out: Path) -> dict[str, xr.Dataset]:
    """Run target x interval x drawn patients of each kind, kept under ``out`` while it goes on."""
    found = {}
    for name, phenotype in WHO.items() if s.patients else ():
        say(f"dose x interval for {s.patients} drawn patients: {name}")
        drawn = {"size": s.patients, "scale": 0.5}
        people = study(s, s.usual(), s.targets, [], patient={"phenotype": phenotype},
                       population=drawn)  # fmt: skip
        store = out / f"pace_{name}.zarr"
        going_on = s.resume and store.exists()
        found[name] = people.run(
            store, resume=going_on, overwrite=not going_on, threads=s.threads
        ).load()
    return found


def paces_shown(single: xr.Dataset, who: str, target: float) -> list[int]:
    """Return the intervals whose time courses are shown: fastest, best, slowest, each once."""
    row = single["benefit_with_staying"].sel(hypothesis=MAIN, who=who, target=target)
    days = values(single, "interval")
    best = int(np.nanargmax(np.asarray(row, dtype=np.float64)))
    return sorted({int(days[0]), int(days[best]), int(days[-1])})


def run_courses(s: Setting, single: xr.Dataset, target: float) -> pd.DataFrame:
    """Record weekly means of the states at a fast, the best and a slow pace of each patient.

    Week 0 is the untreated day.
    """
    keys = [(who, d) for who in WHO for d in paces_shown(single, who, target)]
    specs = [RunSpec.of(ladder(target, d, s.weeks), MAIN, phenotype=WHO[who]) for who, d in keys]
    hours = np.arange(0.0, s.weeks * 168.0, STRIDE)
    got = run_specs(specs, s.weeks, [], hours, COURSE, threads=s.threads)
    weekly: Floats = got.at.reshape(len(keys), len(COURSE), s.weeks, -1).mean(axis=3)
    before = np.stack([got.baseline(name) for name in COURSE], axis=1)
    weekly = np.concatenate([before[:, :, None], weekly], axis=2)
    week = pd.RangeIndex(s.weeks + 1, name="week")
    parts = {k: pd.DataFrame(y.T, week, list(COURSE)) for k, y in zip(keys, weekly, strict=True)}
    return pd.concat(parts, names=["who", "interval"]).sort_index()
