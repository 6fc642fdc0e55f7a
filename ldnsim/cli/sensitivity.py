"""``ldnsim sensitivity``: which numbers a run hangs on, and how well they are known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ldnsim.cli import files
from ldnsim.cli.extend import Extend, edition_for, told_of
from ldnsim.cli.guard import guarded, say
from ldnsim.cli.numbers import Threads, whole_option
from ldnsim.cli.source import EVENTS, ONE_PATIENT, PRESCRIPTION, STORE, STUDY, resolve
from ldnsim.errors import UserError, listed

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.sweep.study import Study


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
    from ldnsim.cli.ranking import show_ranking
    from ldnsim.plots import provenance

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
    names = provenance.chosen(ds, summary or [])
    for line in told_of(ds):
        typer.echo(f"# {line}")
    show_ranking(ds, names, most)
    if plot is not None:
        from ldnsim import plots

        files.save_picture(plots.sensitivity(ds, names), plot)


def _compute(study: Study, select: list[str] | None, threads: int | None) -> xr.Dataset:
    """Differentiate the run that stands for a study, or the one selected; run nothing else."""
    from ldnsim.analysis.sensitivity import of_plan
    from ldnsim.analysis.trial.arms import outline

    plan = study.plan()
    return of_plan(plan, _chosen(outline(plan), select) if select else None, threads)


def _of_store(
    path: Path, select: list[str], threads: int | None, extend: list[str] | None
) -> xr.Dataset:
    """What a store carries, or what is computed for the run selected; kept in it if it can be."""
    import ldnsim
    from ldnsim.results import sensitivity as labels

    with ldnsim.open_store(path) as ds:
        run = _chosen(ds, select) if select else None
        there = "sensitivity" in ds
        edition = edition_for(ds, extend) if extend else None
        if there and run in (None, int(ds["sensitivity"].attrs["reference_run"])):
            return ds.load()
        from ldnsim.analysis.sensitivity import of_result

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
    from ldnsim.plots.selection import labels_of, numbered, parse

    run, left = numbered(ds, parse(select))
    for axis in left:
        values = listed(labels_of(ds, axis))
        say(f"first of several by default: {axis} ({values}); --select {axis}=...")
    return run
