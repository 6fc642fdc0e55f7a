"""What a study lists by name is drawn, or the foot says that it is not."""

from __future__ import annotations

import xarray as xr

from ldnsim import plots
from ldnsim.plots.rows import MOST_NAMED, not_drawn, rows_of
from tests.plots.conftest import build


def _listing(ds: xr.Dataset, variables: str) -> xr.Dataset:
    return ds.assign_attrs(study=f"[output]\nvariables = {variables}\n")


def _with(names: dict[str, str]) -> xr.Dataset:
    """A dataset that also keeps variables of these names, each of a scale."""
    ds = build([0.5, 4.5], [7])
    for name, scale in names.items():
        ds[name] = ds["pain"].assign_attrs(units="1", scale=scale, long_name=name, short_name=name)
    return ds


def test_listed_variables_have_rows_by_scale() -> None:
    ds = _with({"first": "fold", "second": "share", "third": "fold"})
    plain = [row.variables for row in rows_of(_listing(ds, '"default"'))]
    listed = _listing(ds, '["pain", "first", "second", "third"]')
    own = [row.variables for row in rows_of(listed)]
    assert own == [*plain, ("first", "third"), ("second",)]
    labels = " ".join(ax.get_ylabel() for ax in plots.compare(listed).axes)
    assert "(fold)" in labels and "second" in labels


def test_more_scales_than_rows_are_named_at_the_foot() -> None:
    names = {f"own{i}": f"scale {i}" for i in range(MOST_NAMED + 2)}
    ds = _listing(_with(names), str(list(names)))
    assert not_drawn(ds) == f"Kept, not drawn: own{MOST_NAMED}, own{MOST_NAMED + 1}."
    foot = " ".join(plots.compare(ds).get_supxlabel().split())
    assert not_drawn(ds) in foot


def test_a_study_that_lists_nothing_has_the_usual_picture() -> None:
    ds = _with({"first": "fold"})
    usual = [row.variables for row in rows_of(ds)]
    for text in ('"default"', '"all"', "3"):
        assert [row.variables for row in rows_of(_listing(ds, text))] == usual
        assert not_drawn(_listing(ds, text)) == ""
