"""Results of trials as tables: one row for each comparison, one for each group."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.analysis.trial.arms_told import BOUNDS, MEANS, SHARES

if TYPE_CHECKING:
    import xarray as xr

Row = dict[str, Any]
COMPARED = (
    "effect", "effect_error", "estimate", "bias", "estimate_sd", "se", "coverage", "power",
    "power_error", "power_pool_error", "worse", "untested", "false_positives",
    "false_positives_error", "required_patients", "required_low", "required_high", "found_any",
    "false_positives_any", "recruited", "screened", "ed50", "ed50_sd", "ed50_low", "ed50_high",
    "true_ed50", "true_ed50_error", "estimable", "bounded",
)  # fmt: skip
PLACES = ("estimand", "patients", "comparison")
FIRST = ("trial", "design")


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        headers: names of the columns.
        rows: values by column; what a design does not have is missing.
    """

    headers: tuple[str, ...]
    rows: tuple[Row, ...]

    def texts(self, digits: int = 4) -> list[list[str]]:
        """Return the rows as text; what is missing is empty."""
        return [[text_of(row.get(h), digits) for h in self.headers] for row in self.rows]

    def markdown(self, digits: int = 3) -> str:
        """Return the table in Markdown."""
        lines = [self.headers, ["---"] * len(self.headers), *self.texts(digits)]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"

    def plain(self) -> list[Row]:
        """Return the rows for JSON: numbers that are none, or infinite, are null."""
        return [{k: _plain(v) for k, v in row.items()} for row in self.rows]


def text_of(value: Any, digits: int) -> str:
    """Write a value of a table."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def comparisons(found: Mapping[str, xr.Dataset]) -> Table:
    """Return one row for each design, case, estimand, number of patients and comparison.

    Args:
        found: what :func:`.simulate` returns.
    """
    rows = [row for title, ds in found.items() for row in _rows(title, ds, COMPARED, "power")]
    return _table(rows, COMPARED, found)


def groups(found: Mapping[str, xr.Dataset]) -> Table:
    """Return one row for each design, case and group: what its patients went through.

    ``change`` is that of reported pain from the start to the end as if nobody stopped, and
    ``staying`` the share who are treated at the end.
    """
    rows: list[Row] = []
    for title, ds in found.items():
        if "reported_pain" not in ds:
            continue
        pain = ds["reported_pain"]
        start, end = (pain.isel(week=k, drop=True) for k in (0, -1))
        told = ds[[n for n in (*SHARES, *MEANS, *BOUNDS) if n in ds]].assign(
            start=start, change=end - start,
            end_sd=ds["pain_sd"].isel(week=-1, drop=True),
            staying=ds["staying"].isel(week=-1, drop=True),
        )  # fmt: skip
        rows += _rows(title, told.assign_attrs(ds.attrs), GROUPED, "change")
    return _table(rows, GROUPED, found, ("group",))


GROUPED = (
    "start", "change", "end_sd", "staying",
    *(column for n in (*SHARES, *MEANS) for column in (n, f"{n}_low", f"{n}_high")),
)  # fmt: skip
"""Columns of a table of groups; ends of intervals follow what they are of."""


def _rows(title: str, ds: xr.Dataset, names: Sequence[str], main: str) -> Iterator[Row]:
    """Yield the rows of one dataset: every point of its fullest variable."""
    kept = [n for n in names if n in ds]
    main = main if main in ds else "ed50"
    dims = [str(d) for d in ds[main].dims]
    for at in np.ndindex(*(ds.sizes[d] for d in dims)):
        place = dict(zip(dims, map(int, at), strict=True))
        row: Row = {"trial": title, "design": ds.attrs.get("design", "")}
        row |= {d: _value(ds[d].values[k]) for d, k in place.items()}
        for name in kept:
            own = {d: k for d, k in place.items() if d in ds[name].dims}
            if set(ds[name].dims) <= set(dims):
                row[name] = float(ds[name].isel(own))
        yield row


def _value(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _table(
    rows: Sequence[Row], names: Sequence[str], found: Mapping[str, xr.Dataset],
    places: Sequence[str] = PLACES,
) -> Table:  # fmt: skip
    there = list(dict.fromkeys(key for row in rows for key in row))
    own = [k for k in there if k not in (*FIRST, *names, *places)]
    order = [*FIRST, *own, *(p for p in places if p in there), *(n for n in names if n in there)]
    return Table(tuple(order), tuple(rows))
