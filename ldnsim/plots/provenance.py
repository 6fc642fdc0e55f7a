"""How much of a picture rests on assumed numbers, in one sentence for its foot."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.errors import UserError, unknown
from ldnsim.plots.wording import Words, short_name, unit_of

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.results.dataset import Arrays

ASSUMED = "assumed"
HEADLINE = ("tnf_change", "pain_change")
_NAMED = 3
Extended = Sequence[Mapping[str, Any]]
"""What is said of extensions, as :meth:`ldnsim.edition.Extension.record` gives it."""


def extended_note(listed: Extended) -> str:
    """Say in one sentence which extensions a model has, and what they replace and set.

    Args:
        listed: records of the extensions, in order; empty for the model of the package.

    Returns:
        names with short hashes, and at most three things that each changes; empty for no extension.
    """
    told = ", ".join(f"{e['name']} (sha256 {e['sha256'][:12]}{_changed(e)})" for e in listed)
    return f"Extended model: that of the package with {told}." if told else ""


def _changed(extension: Mapping[str, Any]) -> str:
    """What an extension changes of what was there; what it adds changes nothing by itself."""
    words = [
        "replaces " + c.removeprefix("replaces the equation of ").split()[0]
        if c.startswith("replaces")
        else " ".join(c.split()[:4]).removesuffix(" (was")
        for c in map(str, extension.get("changes", ()))
        if c.startswith(("replaces ", "sets "))
    ]
    rest = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return "".join(f"; {w}" for w in words[:_NAMED]) + rest


def extensions_of(ds: xr.Dataset | Arrays) -> Extended:
    """Return what a dataset says of the extensions of its model; nothing where it cannot be read.

    Opening a result refuses what is damaged; a picture only does not repeat it.
    """
    try:
        found = json.loads(str(ds.attrs.get("extensions", "[]")))
        return [e for e in found if str(e["name"]) and str(e["sha256"])]
    except (KeyError, TypeError, ValueError):
        return []


def assumed_note(ds: xr.Dataset, summaries: Sequence[str] = ()) -> str:
    """Say what share of the local variance rests on assumed numbers, else how many are assumed.

    Args:
        ds: a dataset as a study returns it.
        summaries: what the picture shows; change in TNF and pain when it shows no summary.
    """
    names = [n for n in (summaries or HEADLINE) if n in kept(ds)]
    if names:
        return _shares(ds, names)
    return f"{_count(ds)}." if _table(ds) else ""


def kept(ds: xr.Dataset) -> list[str]:
    """Names of the summaries whose sensitivities a dataset carries."""
    return [str(n) for n in ds["summary"].values] if "sensitivity" in ds else []


def chosen(ds: xr.Dataset, summaries: Sequence[str]) -> list[str]:
    """Return the summaries asked for; change in TNF and pain, or what there is, when none is.

    Raises:
        UserError: one whose sensitivities the dataset does not carry.
    """
    known = kept(ds)
    out = ds["sensitivity"].attrs.get("left_out_summaries", "{}") if known else "{}"
    for name in summaries:
        if why := json.loads(str(out)).get(name):
            raise UserError(f"summary {name!r} has no sensitivities: it is {why}")
        if name not in known:
            raise unknown("summary", name, known)
    return list(summaries) or [n for n in HEADLINE if n in known] or known[:1]


def effects(ds: xr.Dataset, summary: str) -> NDArray[np.float64]:
    """Change of a summary by one sd of each parameter, (parameters,)."""
    one = ds["sensitivity"].sel(summary=summary).values * ds["parameter_sd"].values
    return np.asarray(one, dtype=np.float64)


def variance_shares(ds: xr.Dataset, summary: str) -> NDArray[np.float64]:
    """Share of each parameter in the local variance of a summary, (parameters,); NaN for none."""
    variance = effects(ds, summary) ** 2
    total = variance.sum()
    return variance / total if total > 0.0 else np.full(len(variance), np.nan)


def by_mechanism(ds: xr.Dataset, summary: str) -> dict[str, float]:
    """Share of each mechanism in the local variance of a summary, the largest first."""
    shares, rooms = variance_shares(ds, summary), ds["parameter_mechanism"].values.astype(str)
    found = {str(room): float(shares[rooms == room].sum()) for room in dict.fromkeys(rooms)}
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def most_assumed(ds: xr.Dataset, summaries: Sequence[str]) -> list[str]:
    """The assumed parameters with the largest shares, over the summaries taken together."""
    shares = np.mean([variance_shares(ds, n) for n in summaries], axis=0)
    assumed = (ds["parameter_grade"].values == ASSUMED) & (shares > 0.0)
    order = np.argsort(-np.where(assumed, shares, 0.0), kind="stable")[:_NAMED]
    return [str(ds["parameter"].values[k]) for k in order if assumed[k]]


def is_linear(ds: xr.Dataset, summary: str) -> bool:
    """Whether the sensitivities describe a summary near their run."""
    return bool(ds["locally_linear"].sel(summary=summary).item())


def short(ds: xr.Dataset, summary: str) -> str:
    """A summary in the fewest words: ``TNF change``; its name in results that hold none."""
    if "summary_short_name" in ds:
        return str(ds["summary_short_name"].sel(summary=summary).item())
    return short_name(Words(summary))


def percent(share: float) -> str:
    """A share in percent; 99.97 % is not all of it."""
    if 0.995 <= share < 1.0:
        return "> 99 %"
    return "< 1 %" if 0.0 < share < 0.005 else f"{100 * share:.0f} %"


def unit(ds: xr.Dataset, summary: str) -> str:
    """Unit of a summary as printed on an axis; pure numbers get the word of their scale."""
    if summary in ds:
        return unit_of(ds[summary])
    row = ds.sel(summary=summary)
    scale = str(row["summary_scale"].item()) if "summary_scale" in ds else ""
    attrs = {"units": str(row["summary_units"].item()), "scale": scale}
    return unit_of(Words(summary, attrs))


def _shares(ds: xr.Dataset, names: Sequence[str]) -> str:
    good = [n for n in names if is_linear(ds, n) and np.isfinite(variance_shares(ds, n)).all()]
    bent = ", ".join(short(ds, n) for n in names if not is_linear(ds, n))
    several = json.loads(str(ds.attrs.get("dims", "[]"))) != []  # also where one run is drawn
    where = f", run “{ds['sensitivity'].attrs.get('reference', '')}”" if several else ""
    if not good:
        start = f"No share of local variance{where}: {bent} not locally linear (tipping); "
        return f"{start if bent else ''}{_count(ds)}."
    parts = [f"{short(ds, n)} {percent(float(ds['assumed_share'].sel(summary=n)))}" for n in good]
    most = ", ".join(most_assumed(ds, good))
    said = ", ".join(parts) + (f" (most: {most})" if most else "")
    said += f"; {bent} not locally linear (tipping)" if bent else ""
    return f"Rests on assumed numbers: {said}. Share of local variance{where}; {_count(ds)}."


def _count(ds: xr.Dataset) -> str:
    grades = [row.get("grade") for row in _table(ds)]
    return f"{grades.count(ASSUMED)} of {len(grades)} parameters assumed"


def _table(ds: xr.Dataset) -> list[dict[str, Any]]:
    return list(json.loads(str(ds.attrs.get("parameters", "[]"))))
