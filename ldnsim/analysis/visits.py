"""What came of visits: each decision with what was read and why, and what is odd in all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.errors import UserError
from ldnsim.plots.selection import narrow, run_dims
from ldnsim.regimen.formats import dose_text, interval_text
from ldnsim.regimen.guided import Decision
from ldnsim.runs.decided import Stopped

if TYPE_CHECKING:
    import xarray as xr

VISIT = "visit"
TURNS = 4
"""Changes of direction, one after the other, from which on a dose is said to go up and down."""
_NOT_READ = ("visit_decision", "visit_rule", "visit_rule_list", "visit_dose", "visit_day")


@dataclass(frozen=True)
class Row:
    """One visit of one run.

    Attributes:
        day: when.
        read: what was read, by name.
        decision: what came of it, in words.
        why: the rule that acted, or the reason for stopping; empty where there is none.
        dose: of one intake from then on, mg; NaN where no rule decides.
    """

    day: float
    read: dict[str, float]
    decision: str
    why: str
    dose: float


@dataclass(frozen=True)
class Cycle:
    """A run whose dose goes up and down and comes to no end.

    Attributes:
        run: where on the axes it is, as text.
        doses: of one round, mg.
        days: of one round.
        rules: numbers of the rules that act in turn.
    """

    run: str
    doses: tuple[float, ...]
    days: float
    rules: tuple[int, ...]

    def __str__(self) -> str:
        """Say what goes round."""
        way = " -> ".join(dose_text(d) for d in self.doses)
        rules = " and ".join(map(str, self.rules))
        return f"{self.run}: {way}, every {interval_text(self.days * 24)}, by rules {rules}"


def check(ds: xr.Dataset) -> None:
    """Refuse a result in which nobody was looked at.

    Raises:
        UserError: the result has no visits.
    """
    if "visit_decision" not in ds:
        raise UserError(
            "nobody is looked at in this result: a regimen with rules, such as '0.5 mg nightly,"
            " every 2 wk +0.5 mg if burden < 0.5, to 4.5 mg', or [stopping] has visits"
        )


def readings(ds: xr.Dataset) -> list[str]:
    """Return what was read at visits, by name."""
    names = (str(n) for n in ds if str(n).startswith("visit_") and n not in _NOT_READ)
    return [n.removeprefix("visit_") for n in names]


def rules_of(ds: xr.Dataset) -> list[list[str]]:
    """Return the lists of rules of a result; ``visit_rule_list`` says which is a run's."""
    found: list[list[str]] = json.loads(str(ds["visit_rule"].attrs["rules"]))
    return found


def visits_of(ds: xr.Dataset, select: Mapping[str, Any] | None = None) -> list[Row]:
    """Return the visits of one run, those at which something came of it.

    Args:
        ds: a result with visits.
        select: which run, as ``{axis: value}``; needed where there are several.

    Raises:
        UserError: no visits, or not one run.
    """
    check(ds)
    one = narrow(ds, select)
    if left := [d for d in run_dims(one) if one.sizes[d] > 1]:
        sizes = ", ".join(f"{d} ({one.sizes[d]})" for d in left)
        raise UserError(f"the visits of one run are asked for, and there are several: {sizes}")
    one = one.squeeze(run_dims(one))
    rules = rules_of(one)[int(one["visit_rule_list"])]
    reason = Stopped(int(one["stopped_for"])).name.lower()
    found = []
    for k, code in enumerate(one["visit_decision"].values):
        if not code:
            continue
        number = int(one["visit_rule"].values[k])
        why = reason if code == Decision.LEFT else rules[number - 1] if number else ""
        read = {n: float(one[f"visit_{n}"].values[k]) for n in readings(one)}
        day, dose = float(one["visit_day"].values[k]), float(one["visit_dose"].values[k])
        found.append(Row(day, read, Decision(int(code)).name.lower().replace("_", " "), why, dose))
    return found


def tally(ds: xr.Dataset) -> dict[str, float]:
    """Return the share of visits by what came of them, those of every run together.

    Raises:
        UserError: no visits.
    """
    check(ds)
    codes = ds["visit_decision"].values
    all_ = codes[codes != Decision.NO_VISIT]
    return {
        d.name.lower(): float(np.mean(all_ == d)) for d in Decision
        if d is not Decision.NO_VISIT and (all_ == d).any()
    }  # fmt: skip


def stopped(ds: xr.Dataset) -> dict[str, float]:
    """Return the share of runs that stopped, by reason.

    Raises:
        UserError: no visits.
    """
    check(ds)
    why = ds["stopped_for"].values[ds["status"].values == 0]
    return {s.name.lower(): float(np.mean(why == s)) for s in Stopped if s is not Stopped.NONE}


def idle_rules(ds: xr.Dataset) -> list[str]:
    """Return rules that acted in no run, as text with their number.

    Raises:
        UserError: no visits.
    """
    check(ds)
    found = []
    dims = run_dims(ds)
    acting = ds["visit_rule"].transpose(*dims, VISIT).values.reshape(-1, ds.sizes[VISIT])
    which = ds["visit_rule_list"].transpose(*dims).values.reshape(-1)
    for kind in np.unique(which):
        rules = rules_of(ds)[int(kind)]
        acted = set(np.unique(acting[which == kind]).tolist())
        found += [
            f"rule {k}, '{text}'" for k, text in enumerate(rules, start=1)
            if k not in acted and text != "hold"
        ]  # fmt: skip
    return list(dict.fromkeys(found))


def cycles(ds: xr.Dataset) -> list[Cycle]:
    """Return the runs whose dose goes up and down, up and down, to the end of their visits.

    Raises:
        UserError: no visits.
    """
    check(ds)
    dims = run_dims(ds)
    laid = ds[["visit_decision", "visit_rule", "visit_dose"]].transpose(*dims, VISIT)
    days = ds["visit_day"].values
    found = []
    for at in np.ndindex(*(ds.sizes[d] for d in dims)):
        code, rule, dose = (laid[n].values[at] for n in laid)
        if cycle := _cycle(code, rule, dose, days):
            found.append(Cycle(_where(ds, dims, at), *cycle))
    return found


def _cycle(
    code: NDArray[Any], rule: NDArray[Any], dose: NDArray[Any], days: NDArray[Any]
) -> tuple[tuple[float, ...], float, tuple[int, ...]] | None:
    """Return one round of a dose that only turns, from its last turns; None where it does not."""
    moves = np.flatnonzero((code == Decision.UP) | (code == Decision.DOWN))[-TURNS:]
    if len(moves) < TURNS or not (np.diff(code[moves]) != 0).all():
        return None
    if np.isin(code, (Decision.LEFT, Decision.STOP)).any():
        return None  # it has come to an end
    # nothing else came of visits for longer than the turns themselves take
    gap = np.diff(days[moves]).max()
    if days[np.flatnonzero(code)[-1]] - days[moves[-1]] > gap:
        return None
    doses = (float(dose[moves[-3]]), float(dose[moves[-2]]), float(dose[moves[-1]]))
    rules = tuple(sorted({int(rule[m]) for m in moves}))
    return doses, float(days[moves[-1]] - days[moves[-3]]), rules


def _where(ds: xr.Dataset, dims: tuple[str, ...], at: tuple[int, ...]) -> str:
    """Return where on the axes a run is."""
    return ", ".join(f"{d} {ds[d].values[i]}" for d, i in zip(dims, at, strict=True)) or "the run"
