"""A trial as its report would print it: biology plus placebo response plus diary noise.

The placebo response is a layer over a finished result; it is never added to the biology. The same
patient draws the same response and the same diary errors in every arm, unless arms are asked to
be independent, as in a parallel-group trial.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.analysis.trial.arms import NO_DRUG, PATIENT, arm_dimension, check_arms, without_drug
from ldnsim.analysis.trial.reported import REPORTED, reported
from ldnsim.analysis.trial.rows import row
from ldnsim.arrays import Floats
from ldnsim.edition import Edition, shipped
from ldnsim.errors import UserError, kind
from ldnsim.patients.draws import generator
from ldnsim.results.weighted import weights_of
from ldnsim.units import plain_number, whole_number
from ldnsim.weighing import normalised

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.sweep.study import Study

__all__ = [
    "LIMITS",
    "arm_dimension",
    "arms",
    "outcomes",
    "placebo_arm",
    "repeated",
    "reported",
    "simulate_trial",
]

LIMITS = {"pain": (3.0, 9.0)}
"""Untreated pain of those who enter a simulated trial."""


def placebo_arm(ds: xr.Dataset) -> str:
    """Return the name of the arm without drug.

    Raises:
        UserError: when no arm, or more than one, is without drug.
    """
    arm = arm_dimension(ds)
    names = [str(v) for v in ds[arm].values]
    found = [n for n, e in zip(names, without_drug(ds, arm), strict=True) if e]
    if len(found) != 1:
        raise UserError(
            f"a trial needs exactly one {arm} without drug, found {len(found)} among"
            f" {', '.join(names)}; add one such as 'placebo nightly at 22:00, for 12 wk'"
        )
    return found[0]


def _check_reported(value: object) -> None:
    """Refuse what is no reported result."""
    import xarray as xr

    ds = kind(value, xr.Dataset, "what trial.reported(ds) returns", "ds")
    if REPORTED not in ds or "week" not in ds.dims:
        raise UserError("this result has no reported pain: give what trial.reported(ds) returns")


def _check_share(value: object, key: str) -> None:
    """Refuse a level of a test or an interval that is none."""
    if not 0.0 < plain_number(value, key=key) < 1.0:
        raise UserError(f"{key} = {value!r}: expected a number between 0 and 1, such as 0.95")


def outcomes(ds: xr.Dataset, week: int | None = None) -> xr.Dataset:
    """Return what each patient of a reported result had at the end, over (..., patient).

    Args:
        ds: what :func:`reported` returns.
        week: week of the outcome; the last when None.

    Raises:
        UserError: a week that the result does not have.
    """
    import xarray as xr

    _check_reported(ds)
    last = int(ds["week"].values[-1])
    end = last if week is None else whole_number(week, key="week")
    if not 1 <= end <= last:
        raise UserError(f"weeks = {end}: this result has the weeks 1 to {last}")
    start, told = ds[REPORTED].sel(week=0), ds[REPORTED].sel(week=end)
    change = (told - start).drop_vars("week", errors="ignore")
    share = (change / start).where(start > 0.0)
    return xr.Dataset(
        {"start": start.drop_vars("week", errors="ignore"), "change": change, "share": share}
    )


def arms(ds: xr.Dataset, week: int | None = None, level: float = 0.95) -> xr.Dataset:
    """Return the table of a trial report, every variable over the arms.

    Args:
        ds: what :func:`reported` returns.
        week: week of the outcome; the last when None.
        level: of the intervals.

    Returns:
        ``patients``, ``effective`` (fewer than these where patients are weighted), ``baseline``,
        ``change`` with ``change_low`` and ``change_high`` (Student), ``percent`` (mean change over
        mean baseline), ``responders30`` and ``responders50``, each with ``..._low`` and
        ``..._high`` (Wilson), and against the placebo arm ``difference`` with ``difference_low``,
        ``difference_high`` and ``p`` (Welch: as for unrelated groups, also where both arms drew the
        same numbers). What needs two patients who differ is NaN where there are none. Where the
        result has weights, all of it is weighted.

    Raises:
        UserError: no placebo arm, or a week that the result does not have.
    """
    _check_reported(ds)
    _check_share(level, "level")
    import xarray as xr

    none, found, arm = placebo_arm(ds), outcomes(ds, week), check_arms(ds)
    groups = {str(n): found.sel({arm: n}).dropna(PATIENT) for n in ds[arm].values}
    rows = [row(g, groups[none], level) for g in groups.values()]
    table = {k: (arm, np.array([r[k] for r in rows])) for k in rows[0]}
    return xr.Dataset(table, coords={arm: ds[arm]}, attrs={"placebo_arm": none, "level": level})


def repeated(
    ds: xr.Dataset,
    per_arm: int,
    trials: int = 1000,
    week: int | None = None,
    seed: int | None = None,
    alpha: float = 0.05,
) -> xr.Dataset:
    """Repeat a parallel-group trial many times, patients drawn with replacement for each arm.

    Args:
        ds: what :func:`reported` returns.
        per_arm: patients in each arm.
        trials: how many trials.
        week: week of the outcome; the last when None.
        seed: of the sampling; that of ``reported_pain`` when None.
        alpha: level of the two-sided Welch test.

    Returns:
        over the arms with drug: ``power`` (share of trials with P below alpha), ``wrong_way``
        (share of those trials in which the drug did worse; NaN without any), ``difference``
        (median) with ``difference_low`` and ``difference_high`` (the middle 95 %), and
        ``untested`` (share of trials without a P, in which the patients of either arm do not
        differ; they count as P not below alpha).

    Raises:
        UserError: fewer than two patients per arm or no trials.
    """
    _check_reported(ds)
    _check_share(alpha, "alpha")
    for name, value in (("per_arm", per_arm), ("trials", trials)):
        whole_number(value, key=name)
    if seed is not None:
        whole_number(seed, key="seed", least=0)
    import xarray as xr

    if per_arm < 2 or trials < 1:
        raise UserError(
            f"per_arm = {per_arm}, trials = {trials}: a trial needs two patients an arm"
        )
    arm, none = arm_dimension(ds), placebo_arm(ds)
    key = int(ds[REPORTED].attrs["seed"]) if seed is None else seed
    change = outcomes(ds, week)["change"]
    groups = {str(n): change.sel({arm: n}).dropna(PATIENT) for n in ds[arm].values}
    lost = [n for n, v in groups.items() if not v.size]
    if lost:
        raise UserError(f"every run of the arm {lost[0]!r} failed: no trial can be drawn from it")
    samples = {n: _resample(v, n, per_arm, trials, key) for n, v in groups.items()}
    drugs = [n for n in groups if n != none]
    rows = [_power(samples[n], samples[none], alpha) for n in drugs]
    table = {k: (arm, np.array([r[k] for r in rows])) for k in rows[0]}
    return xr.Dataset(table, coords={arm: drugs}, attrs={"per_arm": per_arm, "trials": trials})


def _resample(values: xr.DataArray, name: str, size: int, trials: int, seed: int) -> Floats:
    """Draw the patients of one arm of every trial by their weights, shape (trials, size)."""
    weights = weights_of(values)
    chances = None if weights is None else normalised(weights)
    rng = generator(seed, f"sampling of {name}")
    return np.asarray(rng.choice(values.values, (trials, size), p=chances))


def _power(drug: Floats, control: Floats, alpha: float) -> dict[str, float]:
    """Summarise the trials of one arm; both of shape (trials, size)."""
    from scipy import stats

    differ = (np.ptp(drug, axis=1) > 0.0) | (np.ptp(control, axis=1) > 0.0)
    found = np.zeros(len(drug), dtype=bool)
    if differ.any():
        with _constant_arms():
            test = stats.ttest_ind(drug[differ], control[differ], axis=1, equal_var=False)
        found[differ] = test.pvalue < alpha
    gap = drug.mean(axis=1) - control.mean(axis=1)
    low, middle, high = np.percentile(gap, [2.5, 50.0, 97.5])
    return {
        "power": float(found.mean()),
        "wrong_way": float(np.mean(gap[found] > 0.0)) if found.any() else np.nan,
        "difference": float(middle),
        "difference_low": float(low),
        "difference_high": float(high),
        "untested": float(np.mean(~differ)),
    }


@contextmanager
def _constant_arms() -> Iterator[None]:
    """Let SciPy test an arm whose patients do not differ against one whose do: that is exact."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Precision loss", RuntimeWarning)
        yield


def simulate_trial(
    hypothesis: str,
    regimen: str,
    weeks: int,
    phenotype: str,
    size: int,
    seed: int,
    parameters: Mapping[str, float] | None = None,
    *,
    scale: float = 0.5,
    placebo: str = "final2024",
    plausible: Mapping[str, tuple[float, float]] | None = None,
    threads: int | None = None,
    edition: Edition | None = None,
) -> dict[str, float]:
    """Simulate one regimen against placebo in virtual patients.

    Args:
        hypothesis: name of the hypothesis.
        regimen: a prescription, or the name of a shipped protocol.
        weeks: length, and week of the outcome.
        phenotype: name of the phenotype.
        size: virtual patients, the same ones in both arms.
        seed: of patients, placebo response and diary.
        parameters: single parameters around which patients vary.
        scale: multiplier on the recorded spreads; kinetics keep theirs, at most three times this
            multiplier (assumed, see ``docs/populations.md``).
        placebo: account of the placebo response.
        plausible: limits of untreated means of those who enter; :data:`LIMITS` when None.
        threads: threads to use.
        edition: the model; the shipped one when None.

    Returns:
        ``drug_change``, ``placebo_change`` and their ``difference`` (points on the 0-10 scale),
        ``drug_percent``, ``placebo_percent`` (of the mean baseline), ``responders30_drug``,
        ``responders30_placebo`` (shares), and ``baseline``. All patients enter both arms with the
        same placebo response, so that the difference is the drug's alone.

    Raises:
        UserError: unknown names, or too few plausible patients.
    """
    home = edition or shipped()
    drug = {"protocol": regimen} if regimen in home.protocols else {"prescription": regimen}
    study = trial_study(
        [{**drug, "name": "drug"}], weeks, phenotype, size, seed, scale=scale, plausible=plausible,
        hypothesis=hypothesis, patient_parameters=dict(parameters or {}), edition=home,
    )  # fmt: skip
    ds = reported(study.run(threads=threads), placebo=placebo, edition=home)
    table = arms(ds, weeks)
    drugged, control = table.sel(regimen="drug"), table.sel(regimen=NO_DRUG)
    return {
        "drug_change": float(drugged["change"]),
        "placebo_change": float(control["change"]),
        "difference": float(drugged["difference"]),
        "drug_percent": float(drugged["percent"]),
        "placebo_percent": float(control["percent"]),
        "responders30_drug": float(drugged["responders30"]),
        "responders30_placebo": float(control["responders30"]),
        "baseline": float(control["baseline"]),
    }


def trial_study(
    drugs: Sequence[Mapping[str, str]],
    weeks: int,
    phenotype: str,
    size: int,
    seed: int,
    *,
    scale: float = 0.5,
    plausible: Mapping[str, tuple[float, float]] | None = None,
    patient_parameters: Mapping[str, float] | None = None,
    edition: Edition | None = None,
    **more: Any,
) -> Study:
    """Build the study of a trial: an arm ``placebo``, and arms with drug in the same patients.

    Args:
        drugs: regimens with their names, as in a study.
        weeks: length.
        phenotype: name of the phenotype.
        size: virtual patients.
        seed: of patients, placebo response and diary.
        scale: multiplier on the recorded spreads; kinetics keep theirs, at most three times this
            multiplier.
        plausible: limits of untreated means of those who enter; :data:`LIMITS` when None.
        patient_parameters: single parameters around which patients vary.
        edition: the model; the shipped one when None.
        more: further blocks of the study, such as ``hypothesis`` or ``axes``.

    Raises:
        UserError: unknown names.
    """
    from ldnsim.sweep.study import Study

    limits = LIMITS if plausible is None else plausible
    none = {"prescription": f"placebo nightly at 22:00, for {weeks} wk", "name": NO_DRUG}
    data = {
        "title": "drug against placebo",
        "seed": seed,
        "horizon": f"{weeks} wk",
        "patient": {"phenotype": phenotype, "parameters": dict(patient_parameters or {})},
        "regimens": [none, *map(dict, drugs)],
        "population": {
            "size": size,
            "scale": scale,
            "pk_scale": min(1.0 / scale, 3.0) if scale > 0.0 else 0.0,
            "plausible": {k: list(v) for k, v in limits.items()},
        },
        "output": {"variables": ["pain"], "summaries": [], "night": False, "ledger": False},
        **more,
    }
    home = edition or shipped()
    if home.extensions:
        data["model"] = {"extend": [e.name for e in home.extensions]}
    with home.in_force():
        return Study.build(data, "trial")
