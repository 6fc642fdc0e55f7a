"""``ldnsim sensitivity``: which numbers a run hangs on, and how well they are known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ldnsim.cli import table
from ldnsim.cli.extend import Extend, edition_for
from ldnsim.cli.guard import guarded, say
from ldnsim.cli.numbers import Threads, whole_option
from ldnsim.errors import UserError, unknown

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.sweep.study import Study

_HEADERS = (
    "parameter", "value", "unit", "per +1 % ({})", "by one sd ({})", "share", "grade", "source",
)  # fmt: skip
_FAR = 0.25  # of the value of a summary


@guarded()
def sensitivity(
    what: Annotated[str, typer.Argument(help="A store, a study file, or a prescription.")],
    summary: Annotated[
        list[str] | None, typer.Option(help="Which summary (default: TNF and pain); repeatable.")
    ] = None,
    select: Annotated[
        list[str] | None, typer.Option(help="Which run, as axis=value; repeatable.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it to this file.")] = None,
    most: Annotated[int, whole_option(least=1, words="How many parameters to list.")] = 15,
    hypothesis: Annotated[str | None, typer.Option(help="Of a prescription.")] = None,
    phenotype: Annotated[str | None, typer.Option(help="Of a prescription.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Of a prescription: name=value; repeatable.")
    ] = None,
    extend: Extend = None,
    threads: Threads = None,
) -> None:
    """Rank the parameters a run hangs on, with their evidence.

    A store keeps what is computed, so that its pictures can say it.
    """
    from ldnsim import plots
    from ldnsim.cli import files
    from ldnsim.cli.source import EVENTS, ONE_PATIENT, PRESCRIPTION, STORE, STUDY, resolve

    source = resolve(what, STUDY, STORE, PRESCRIPTION, EVENTS)
    source.only((STUDY, STORE), {"--select": select})
    source.only(
        ONE_PATIENT, {"--hypothesis": hypothesis, "--phenotype": phenotype, "--set": settings}
    )
    files.check_picture(plot, reads=[source.path])
    if source.kind is STORE:
        ds = _of_store(source.path, select or [], threads, extend)
    else:
        ds = _compute(source.study(hypothesis, phenotype, settings, extend), select, threads)
    names = list(summary or [])
    _print(ds, names, most)
    if plot is not None:
        files.save_picture(plots.sensitivity(ds, names), plot)


def _compute(study: Study, select: list[str] | None, threads: int | None) -> xr.Dataset:
    """Differentiate the run that stands for a study, or the one selected; run nothing else."""
    import numpy as np
    import xarray as xr

    from ldnsim.analysis.sensitivity import of_plan
    from ldnsim.results.dataset import coordinates

    plan = study.plan()
    dims = tuple(d.name for d in plan.dims)
    empty = xr.Dataset({"status": (dims, np.zeros(plan.shape))}, coordinates(plan))
    run = _chosen(empty, select) if select else None
    return of_plan(plan, run, threads)


def _of_store(
    path: Path, select: list[str], threads: int | None, extend: list[str] | None
) -> xr.Dataset:
    """What a store carries, or what is computed for the run selected; kept in it if it can be."""
    import ldnsim
    from ldnsim.analysis.sensitivity import of_result
    from ldnsim.results import sensitivity as labels

    with ldnsim.open_store(path) as ds:
        run = _chosen(ds, select) if select else None
        there = "sensitivity" in ds
        edition = edition_for(ds, extend) if extend else None
        if there and run in (None, int(ds["sensitivity"].attrs["reference_run"])):
            return ds.load()
        found = of_result(ds, run, threads, edition or edition_for(ds, extend))
        shown = labels.together(ds, found).load()
    try:
        labels.add_to_store(path, found, shown.attrs)
    except (UserError, OSError) as error:  # what was found is shown all the same
        say(f"not kept in {path}: {error}")
    else:
        say(f"kept in {path}")
    return shown


def _chosen(ds: xr.Dataset, select: list[str]) -> int:
    """Number of the run that ``axis=value`` texts name; axes left out stand at their first."""
    from ldnsim.plots.selection import numbered, parse, values_of

    run, left = numbered(ds, parse(select))
    for axis in left:
        say(f"first of several by default: {axis} ({values_of(ds, axis)}); --select {axis}=...")
    return run


def _print(ds: xr.Dataset, names: list[str], most: int) -> None:
    from ldnsim.plots import provenance

    known = provenance.kept(ds)
    names[:] = names or [n for n in provenance.HEADLINE if n in known] or known[:1]
    for name in names:
        if name not in known:
            raise unknown("summary", name, known)
    typer.echo(f"# run: {ds['sensitivity'].attrs['reference']}")
    for name in names:
        for line in _heading(ds, name):
            typer.echo(line)
        if rows := _rows(ds, name, most):
            unit = provenance.unit(ds, name)
            table.show([h.format(unit) for h in _HEADERS], rows)
    left = _left_out(ds)
    if left:
        typer.echo(f"# left out: {left}")


def _heading(ds: xr.Dataset, name: str) -> list[str]:
    """Say in words what the table of one summary amounts to."""
    from ldnsim.plots import provenance

    one = ds.sel(summary=name)
    unit, value = provenance.unit(ds, name), float(one["summary_value"])
    lines = [f"# {name} = {value:.4g} {unit}: {one['summary_long_name'].item()}"]
    share = float(one["assumed_share"])
    if not provenance.is_linear(ds, name):
        lines.append(
            "# NOT LOCALLY LINEAR: slopes to the two sides differ; the run is near a tipping point,"
            " and the slopes below describe less than 1 % of a parameter"
        )
    elif share == share:
        most = ", ".join(provenance.most_assumed(ds, [name]))
        lines.append(
            f"# {provenance.percent(share)} of the local variance rests on assumed numbers"
            + (f"; most on {most}" if most else "")
        )
        rooms = provenance.by_mechanism(ds, name).items()
        shown = [f"{room} {provenance.percent(s)}" for room, s in rooms if s > 0.01]
        lines.append(f"# by mechanism: {', '.join(shown)}")
    else:
        lines.append("# no parameter with a spread moves it from where it is")
    return [*lines, *_far(ds, name, value)]


def _far(ds: xr.Dataset, name: str, value: float) -> list[str]:
    """Warn where one sd of a parameter would take the summary far from this run."""
    import numpy as np

    from ldnsim.plots import provenance

    moved = np.abs(provenance.effects(ds, name))
    k = int(np.argmax(np.nan_to_num(moved)))
    if not moved[k] > _FAR * abs(value):
        return []
    return [
        f"# one sd of {ds['parameter'].values[k]} is {moved[k] / abs(value):.0%} of the value, far"
        " beyond where a slope holds: read a ranking, not a prediction"
        if value
        else "# the value is zero: read a ranking, not a prediction"
    ]


def _rows(ds: xr.Dataset, name: str, most: int) -> list[list[str]]:
    import json

    import numpy as np

    from ldnsim.plots import provenance

    slopes = ds["sensitivity"].sel(summary=name).values
    moved, shares = provenance.effects(ds, name), provenance.variance_shares(ds, name)
    linear = provenance.is_linear(ds, name)
    # by what one sd does; where nothing has a spread, by the slope itself
    order = np.lexsort((-np.abs(slopes), -np.abs(moved)))[:most]
    order = order[slopes[order] != 0.0]
    units = {p["name"]: p["unit"] for p in json.loads(ds.attrs.get("parameters", "[]"))}
    rows = []
    for k in order:
        parameter = str(ds["parameter"].values[k])
        share = provenance.percent(float(shares[k])) if linear and shares[k] == shares[k] else "-"
        rows.append([
            parameter, f"{float(ds['parameter_value'].values[k]):g}", units.get(parameter, ""),
            f"{slopes[k] / 100:+.3g}", f"{moved[k]:+.3g}", share,
            str(ds["parameter_grade"].values[k]), str(ds["parameter_source"].values[k]) or "-",
        ])  # fmt: skip
    return rows


def _left_out(ds: xr.Dataset) -> str:
    import json

    reasons: dict[str, list[str]] = {}
    for name, why in json.loads(str(ds["sensitivity"].attrs.get("left_out", "{}"))).items():
        reasons.setdefault(why, []).append(name)
    return "; ".join(f"{', '.join(names)} ({why})" for why, names in reasons.items())
