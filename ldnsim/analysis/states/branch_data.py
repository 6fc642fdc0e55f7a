"""A branch as a labelled dataset and as plain values."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import xarray as xr

from ldnsim.analysis.states.branch import SHOWN, Rest
from ldnsim.results.columns import variable_attributes

if TYPE_CHECKING:
    from ldnsim.analysis.states.branch import Branch


def to_dataset(branch: Branch) -> xr.Dataset:
    """Return the branch with dimensions ``point``, ``bifurcation`` and ``cycle``.

    Args:
        branch: what continuation found.

    Returns:
        24 h means of every observable, ``parameter``, ``curve``, ``stable`` and ``radius`` over
        ``point``; ``bifurcation_kind`` and ``bifurcation_point``; ``cycle_parameter``,
        ``cycle_period`` and the lows and highs of cycles.
    """
    units = {"units": branch.unit}
    ds = xr.Dataset(
        {
            "parameter": ("point", branch.values, {**units, "long_name": branch.parameter}),
            "curve": ("point", branch.curve),
            "stable": ("point", branch.stable),
            "radius": ("point", branch.radius, {"long_name": "spectral radius of the monodromy"}),
            "bifurcation_kind": ("bifurcation", [b.kind for b in branch.bifurcations]),
            "bifurcation_point": ("bifurcation", [b.index for b in branch.bifurcations]),
            "cycle_parameter": ("cycle", [c.value for c in branch.cycles], units),
            "cycle_period": ("cycle", [c.period for c in branch.cycles], {"units": "d"}),
        },
        attrs={
            "title": _title(branch),
            "hypothesis": branch.hypothesis,
            "phenotype": branch.phenotype,
            "parameter": branch.parameter,
            "own": branch.own,
            "dose": branch.dose,
            "ends": json.dumps([list(ends) for ends in branch.ends]),
            **_extended(branch),
        },
    )
    for i, name in enumerate(branch.model.observables):
        ds[name] = ("point", branch.mean[:, i], variable_attributes(branch.model, name))
    for name in SHOWN:
        ds[f"cycle_low_{name}"] = ("cycle", [c.low[name] for c in branch.cycles])
        ds[f"cycle_high_{name}"] = ("cycle", [c.high[name] for c in branch.cycles])
    return ds


def _extended(branch: Branch) -> dict[str, str]:
    """What the extensions of the model are, as results say it; nothing for that of the package."""
    told = json.dumps([e.record() for e in branch.extensions])
    return {"extensions": told} if branch.extensions else {}


def _title(branch: Branch) -> str:
    who = branch.phenotype.replace("_", " ")
    if branch.parameter == "dose":
        return f"Steady states over the nightly dose: patient {who}"
    drug = f"on {branch.dose:g} mg nightly" if branch.dose else "untreated"
    return f"Steady states over {branch.parameter}: patient {who}, {drug}"


def as_dict(branch: Branch) -> dict[str, Any]:
    """Return the branch as plain values; NaN and infinities as None."""
    return {
        "parameter": branch.parameter, "unit": branch.unit, "own": branch.own,
        "dose_mg": branch.dose, "hypothesis": branch.hypothesis, "phenotype": branch.phenotype,
        "rests": [_rest(r) for r in branch.rests],
        "bifurcations": [
            {"kind": b.kind, "value": b.value, "tnf": float(branch.of("tnf")[b.index]),
             "multiplier": [b.multiplier.real, b.multiplier.imag], "period_d": b.period}
            for b in branch.bifurcations
        ],
        "hysteresis": [list(span) for span in branch.hysteresis()],
        "cycles": [
            {"value": c.value, "period_d": c.period, "regular": c.regular, "low": c.low,
             "high": c.high}
            for c in branch.cycles
        ],
        "nothing_found_at": list(branch.unknown),
        "curves": [
            {"ends": list(ends), **_points(branch, number)}
            for number, ends in enumerate(branch.ends)
        ],
    }  # fmt: skip


def _rest(rest: Rest) -> dict[str, Any]:
    ring = rest.ringing
    return {
        "basin": "inflamed" if rest.inflamed else "resolved",
        "stable": rest.stable,
        "spectral_radius": rest.radius,
        **{name: rest.of(name) for name in SHOWN},
        "ringing": None if ring is None else {"period_d": ring.period, "kept": ring.kept},
    }


def _points(branch: Branch, number: int) -> dict[str, list[Any]]:
    here = branch.curve == number
    columns = {"value": branch.values, "spectral_radius": branch.radius}
    columns |= {name: branch.of(name) for name in SHOWN}
    found: dict[str, list[Any]] = {
        k: [float(x) if math.isfinite(x) else None for x in v[here]] for k, v in columns.items()
    }
    found["stable"] = [bool(s) for s in branch.stable[here]]
    return found
