"""Rules for claims about many patients: how many benefit, against placebo, at whose dose.

All hypotheses are tried on the same virtual patients, who differ by the recorded spreads. Placebo
response and diary noise are added to what they report, never to their biology.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ldnsim.analysis.judged.record import Found, Setting
from ldnsim.config.run import RunSpec
from ldnsim.errors import UserError
from ldnsim.runs.accuracy import OF_A_GROUP

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.edition import Edition

SIZE = 32
PATIENTS = f"{SIZE} virtual patients"
WEEKS = 12
SEED = 1
PLACEBO = "placebo"
STANDARD = "4.5 mg"
DOSES = ("0.5 mg", "1.5 mg", "3 mg", STANDARD, "9 mg")
ENOUGH = 0.3
"""Share by which reported pain must fall for a patient to count as helped."""
PUBLISHED = (-28.8, -18.0)
"""Per cent change of pain after 12 weeks of drug and 4 of placebo [younger2013]."""
BETTER_LIFE = 2.0
"""Points of quality of life, of 100, by which the drug is better than placebo."""
SHORT = 4
"""Weeks of placebo in that crossover."""


Own = tuple[tuple[str, float], ...]


@functools.lru_cache(maxsize=16)
def trial(
    phenotype: str, names: tuple[str, ...], own: Own = (), edition: Edition | None = None
) -> xr.Dataset:
    """Treat the same virtual patients with placebo and each dose under every hypothesis named.

    Args:
        phenotype: name.
        names: hypotheses.
        own: parameters around which the patients vary, as pairs.
        edition: the model; the shipped one when None.

    Returns:
        a result over (hypothesis, regimen, patient) with ``reported_pain``.
    """
    from ldnsim.analysis.trial.simulated import reported, trial_study

    doses = DOSES if phenotype == "default" else (STANDARD,)
    drugs = [{"prescription": f"{d} nightly at 22:00, for {WEEKS} wk", "name": d} for d in doses]
    axis = {"name": "hypothesis", "field": "hypothesis", "values": list(names)}
    study = trial_study(
        drugs, WEEKS, phenotype, SIZE, SEED, axes=[axis], solver={"rtol": OF_A_GROUP},
        patient_parameters=dict(own), edition=edition,
        output={"variables": ["pain", "quality_of_life"], "every": "12 h", "summaries": [],
                "night": False, "ledger": False},
    )  # fmt: skip
    return reported(study.run(), edition=edition)


def _each(
    phenotype: str, settings: Sequence[Setting], look: Callable[[xr.Dataset, str], Found]
) -> Iterator[Found]:
    """Judge each setting from its trial; no verdict where there are no such patients.

    Settings without parameters of their own share one trial over their hypotheses.
    """
    plain = tuple(dict.fromkeys(s.hypothesis for s in settings if s.plain))
    for s in settings:
        own = s.put(RunSpec.of(phenotype=phenotype)).parameters
        try:
            ds = trial(phenotype, (s.hypothesis,) if own else plain, own, s.edition)
        except UserError:
            yield Found(None, "there are no such patients")
        else:
            yield look(ds, s.hypothesis)


def share_of_change(ds: xr.Dataset, name: str, week: int = WEEKS) -> xr.DataArray:
    """Return reported change over baseline under one hypothesis, over (regimen, patient)."""
    told = ds["reported_pain"].sel(hypothesis=name)
    start, end = told.sel(week=0), told.sel(week=week)
    return ((end - start) / start).drop_vars("week", errors="ignore")


def two_thirds(settings: Sequence[Setting]) -> Iterable[Found]:
    """C4: 50 to 75 % report 30 % less pain, clearly more than on placebo.

    Of 32 patients on 4.5 mg; clearly: 10 points more.
    """
    return _each("default", settings, _two_thirds)


def _two_thirds(ds: xr.Dataset, hypothesis: str) -> Found:
    helped = (share_of_change(ds, hypothesis) <= -ENOUGH).mean("patient")
    drug, none = float(helped.sel(regimen=STANDARD)), float(helped.sel(regimen=PLACEBO))
    text = f"{drug:.0%} report 30 % less pain on the drug, {none:.0%} on placebo"
    return Found(0.5 <= drug <= 0.75 and drug > none + 0.1, text, PATIENTS, drug)


def fibromyalgia(settings: Sequence[Setting]) -> Iterable[Found]:
    """C5: 28.8 % less pain on the drug and 18.0 % on placebo, and a better quality of life.

    Either is compared, within 8 points, with what the crossover reports, 12 weeks of drug and 4 of
    placebo; what sets them apart is counted at equal times, after 12 weeks of each, and is 5 points
    or more. Quality of life is by then 2 points of 100 above that on placebo. Means of 32 patients.
    """
    return _each("fibromyalgia", settings, _fibromyalgia)


def _fibromyalgia(ds: xr.Dataset, hypothesis: str) -> Found:
    late = 100.0 * share_of_change(ds, hypothesis).mean("patient")
    early = 100.0 * share_of_change(ds, hypothesis, SHORT).mean("patient")
    drug, none = float(late.sel(regimen=STANDARD)), float(early.sel(regimen=PLACEBO))
    even = drug - float(late.sel(regimen=PLACEBO))
    near = abs(drug - PUBLISHED[0]) < 8.0 and abs(none - PUBLISHED[1]) < 8.0
    lasts = ds["quality_of_life"].sel(hypothesis=hypothesis).isel(time=slice(-14, None))
    life = lasts.mean("time").mean("patient")
    better = float(life.sel(regimen=STANDARD) - life.sel(regimen=PLACEBO))
    text = (
        f"{drug:.0f} % after {WEEKS} weeks of drug, {none:.0f} % after {SHORT} of placebo; "
        f"{even:+.0f} points at equal times; quality of life {better:+.1f} of 100"
    )
    return Found(near and even < -5.0 and better >= BETTER_LIFE, text, PATIENTS, even)


def own_dose(settings: Sequence[Setting]) -> Iterable[Found]:
    """C19: more patients gain half a point of biology at their own dose than at any one dose.

    Of 32 patients, by 5 points; pain down by 0.5 points on 0.5, 1.5, 3, 4.5 or 9 mg.
    """
    return _each("default", settings, _own_dose)


def _own_dose(ds: xr.Dataset, hypothesis: str) -> Found:
    own_runs = ds.sel(hypothesis=hypothesis, regimen=list(DOSES))
    change = own_runs["pain"].isel(time=slice(-14, None)).mean("time") - own_runs["baseline_pain"]
    gains = np.asarray((change < -0.5).transpose("regimen", "patient").values)
    one, own = gains.mean(axis=1), gains.any(axis=0).mean()
    best = DOSES[int(one.argmax())]
    text = f"{own:.0%} gain at their own dose, {one.max():.0%} at the best single dose ({best})"
    if not own:
        text = "nobody gains half a point at any dose"
    return Found(own >= one.max() + 0.05, text, PATIENTS, own)
