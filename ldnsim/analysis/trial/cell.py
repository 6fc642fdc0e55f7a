"""One case of a pool, such as one hypothesis, as arrays that trials are drawn from."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.analysis.trial.arms import PATIENT, REGIMEN
from ldnsim.analysis.trial.placebo import Placebo, fit
from ldnsim.analysis.trial.pool import ADVERSE, BURDEN, DREAMS, FUTILITY, PAIN, weekly
from ldnsim.arrays import Floats, Ints
from ldnsim.errors import UserError
from ldnsim.results.weighted import weights_of

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.edition import Edition

WEEK = 168.0
STOPPED_AT, STOPPED_FOR = "stopped_at", "stopped_for"
"""What a result holds whose patients stop while they are simulated."""
REASONS = ("stayed", "adverse events", "lack of benefit", "lost at random", "a rule")
"""Why a patient stopped, by code."""


@dataclass(frozen=True)
class Cell:
    """Patients of a pool in one case.

    Attributes:
        arms: place of each arm by name.
        start: untreated pain, (patients,).
        pain: weekly means, (arms, patients, weeks).
        burden: weekly means of the adverse burden, likewise; None where the pool has none.
        dreams: of vivid dreams, likewise.
        adverse: hazard of stopping for adverse events summed to the end of each week, likewise.
        futility: for lack of benefit, likewise.
        stopped: when patients stopped in the simulation, weeks, inf where they stayed, (arms,
            patients); None where nobody could.
        reason: why, by code, likewise.
        chance: that a patient drawn is this one, (patients,).
        placebo: the response to placebo fitted to them.
        failed: patients left out, of whom a run failed.
    """

    arms: Mapping[str, int]
    start: Floats
    pain: Floats
    burden: Floats | None
    dreams: Floats | None
    adverse: Floats | None
    futility: Floats | None
    stopped: Floats | None
    reason: Ints | None
    chance: Floats
    placebo: Placebo
    failed: int

    @property
    def size(self) -> int:
        """How many patients there are."""
        return len(self.start)

    @property
    def effective(self) -> float:
        """How many equally weighted patients tell as much (Kish)."""
        return 1.0 / float((self.chance**2).sum())


def weeks_of(ds: xr.Dataset) -> int:
    """Return how many weeks a pool holds.

    Raises:
        UserError: it is no pool.
    """
    weeks = 0
    while weekly(PAIN, weeks + 1) in ds:
        weeks += 1
    if not weeks or PATIENT not in ds.dims or REGIMEN not in ds.dims:
        raise UserError(
            "this result is no pool of patients: it has no weekly means of pain over regimens and"
            " patients; let `ldnsim trial STUDY --pool FILE` make one"
        )
    return weeks


def cases_of(ds: xr.Dataset) -> list[str]:
    """Return the dimensions of a pool besides arms and patients, such as ``hypothesis``."""
    return [str(d) for d in ds["baseline_pain"].dims if d not in (REGIMEN, PATIENT)]


def each_case(ds: xr.Dataset) -> Iterator[dict[str, int]]:
    """Yield the place of every case of a pool along its dimensions."""
    dims = cases_of(ds)
    for at in np.ndindex(*(ds.sizes[d] for d in dims)):
        yield dict(zip(dims, map(int, at), strict=True))


def cell_of(ds: xr.Dataset, at: Mapping[str, int], account: str, edition: Edition) -> Cell:
    """Return one case of a pool.

    Args:
        ds: the pool.
        at: its place along the dimensions of cases.
        account: of the placebo response.
        edition: whose accounts are meant.

    Raises:
        UserError: no patient is left whose runs succeeded, or an account that is not known.
    """
    weeks, one = weeks_of(ds), ds.isel(dict(at)).transpose(REGIMEN, PATIENT, ...)
    good = np.asarray((one["status"] == 0).all(REGIMEN).values)
    if good.sum() < 2:
        where = ", ".join(f"{d} {ds[d].values[k]}" for d, k in at.items()) or "this pool"
        raise UserError(f"{where}: of {len(good)} patients, {int(good.sum())} could be simulated")
    one = one.isel({PATIENT: np.flatnonzero(good)})
    weights = weights_of(one)
    start = np.asarray(one["baseline_pain"].isel({REGIMEN: 0}).values, dtype=float)
    chance = np.ones(len(start)) if weights is None else weights
    stopped, reason = _stops(one)
    return Cell(
        {str(n): k for k, n in enumerate(ds[REGIMEN].values)},
        start,
        _stack(one, PAIN, weeks),
        _maybe(one, BURDEN, weeks),
        _maybe(one, DREAMS, weeks),
        _summed(one, ADVERSE, weeks),
        _summed(one, FUTILITY, weeks),
        stopped,
        reason,
        chance / chance.sum(),
        fit(start, account, edition, weights),
        int((~good).sum()),
    )


def _stack(one: xr.Dataset, variable: str, weeks: int) -> Floats:
    each = [np.asarray(one[weekly(variable, k)].values) for k in range(1, weeks + 1)]
    return np.stack(each, axis=-1).astype(np.float64)


def _maybe(one: xr.Dataset, variable: str, weeks: int) -> Floats | None:
    return _stack(one, variable, weeks) if weekly(variable, 1) in one else None


def _summed(one: xr.Dataset, variable: str, weeks: int) -> Floats | None:
    found = _maybe(one, variable, weeks)
    return None if found is None else np.cumsum(found * WEEK, axis=-1)


def _stops(one: xr.Dataset) -> tuple[Floats | None, Ints | None]:
    """Read when and why patients stopped, where the simulation let them.

    A study with rules at visits says so of everybody; where none of its patients stopped and it has
    no ``[stopping]``, nobody could.
    """
    if STOPPED_AT not in one:
        return None, None
    at = np.asarray(one[STOPPED_AT].values, dtype=float) / WEEK
    named = "stopping" in tomllib.loads(str(one.attrs.get("study", "")))
    if not (np.isfinite(at).any() or named):
        return None, None
    stopped = np.where(np.isfinite(at), at, np.inf)
    if STOPPED_FOR not in one:
        return stopped, np.where(np.isfinite(stopped), 1, 0)
    return stopped, _codes(one[STOPPED_FOR])


def _codes(told: xr.DataArray) -> Ints:
    """Translate the flags of a result, by their meanings, into :data:`REASONS`."""
    words = str(told.attrs.get("flag_meanings", "")).split()
    values: Any = np.asarray(told.attrs.get("flag_values", range(len(words)))).tolist()
    found = np.zeros(told.shape, dtype=np.int64)
    for value, word in zip(values, words, strict=False):
        code = (
            0 if "stay" in word or word == "none"
            else 4 if "rule" in word
            else 2 if "benefit" in word or "futil" in word
            else 3 if "random" in word or "lost" in word
            else 1
        )  # fmt: skip
        found[np.asarray(told.values) == value] = code
    return found
