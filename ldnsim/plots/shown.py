"""What a picture shows, in sentences for its foot: which runs, what was held, whom it is about."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from ldnsim.errors import listed
from ldnsim.plots.doses import astray
from ldnsim.plots.members import Member, held, label_of
from ldnsim.plots.people import patients_shown, weighted_to
from ldnsim.plots.selection import labels_of, run_dims


def notes(
    ds: xr.Dataset, chosen: Sequence[Member] = (), axes: Sequence[str] | None = None
) -> list[str]:
    """Say over whom a picture is, what was selected or held, which targets and doses were missed.

    Args:
        ds: what the picture shows, narrowed to what was selected.
        chosen: the runs it shows one by one, if it does.
        axes: the axes it shows, when not all of several values.
    """
    words = []
    if n := patients_shown(ds):
        told = f", {by}" if (by := weighted_to(ds)) else ""
        words.append(f"Median of {n} virtual patients{told}.")
    if chosen_at := [f"{name} {text}" for name, text in held(ds)]:
        words.append(f"Selected: {', '.join(chosen_at)}.")
    if only := [d for d in run_dims(ds) if ds.sizes[d] == 1 and d not in (axes or ())]:
        words.append(f"Only value: {', '.join(_at_first(ds, d) for d in only)}.")
    if first := list(dict.fromkeys(d for m in chosen for d in m.by_default)):
        words.append(f"First by default: {', '.join(_at_first(ds, d) for d in first)}.")
    if short := [label_of(ds, m.index, named=True) for m in chosen if m.short_of_target]:
        words.append(f"Treatment ends before the target dose is reached: {listed(short)}.")
    if taken := astray(m.data for m in chosen):
        words.append(taken)
    return words


def _at_first(ds: xr.Dataset, axis: str) -> str:
    return f"{axis.replace('_', ' ')} {labels_of(ds, axis)[0]}"
