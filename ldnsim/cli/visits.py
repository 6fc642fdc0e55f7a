"""The command that shows what came of visits: visits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ldnsim.cli import files, table
from ldnsim.cli.extend import Extend
from ldnsim.cli.guard import guarded, say
from ldnsim.cli.numbers import Threads
from ldnsim.cli.source import PRESCRIPTION, STORE, STUDY, resolve
from ldnsim.sweep.progress import progress

if TYPE_CHECKING:
    import xarray as xr

MOST_TOLD = 5
"""Runs that go up and down, told by name."""


@guarded()
def visits(
    what: Annotated[str, typer.Argument(help="A store, a study file, or a prescription.")],
    select: Annotated[
        list[str] | None, typer.Option(help="Narrow an axis, as axis=value; repeatable.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it to this file.")] = None,
    hypothesis: Annotated[str | None, typer.Option(help="Of a prescription.")] = None,
    phenotype: Annotated[str | None, typer.Option(help="Of a prescription.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Of a prescription: name=value; repeatable.")
    ] = None,
    extend: Extend = None,
    threads: Threads = None,
) -> None:
    """Show what was read and decided at visits.

    Of one run every visit, of several what came of all of them.
    """
    import ldnsim
    from ldnsim import plots
    from ldnsim.analysis import visits as analysis
    from ldnsim.plots.selection import narrow, parse, run_dims

    source = resolve(what, STUDY, STORE, PRESCRIPTION)
    source.only((PRESCRIPTION,), {"--hypothesis": hypothesis, "--phenotype": phenotype,
                                  "--set": settings})  # fmt: skip
    files.check_picture(plot, reads=[source.path])
    if source.kind is STORE:
        source.only((PRESCRIPTION, STUDY), {"--threads": threads, "--extend": extend})
        ds = ldnsim.open_store(source.path)
    else:
        study = source.study(hypothesis, phenotype, settings, extend)
        with progress() as report:
            ds = study.run(threads=threads, progress=report)
    analysis.check(ds)
    ds = narrow(ds, parse(select or []))
    if any(ds.sizes[d] > 1 for d in run_dims(ds)):
        _show_all(ds)
    else:
        _show_one(ds)
    typer.echo(str(ds.attrs.get("warning", "")))
    if plot is not None:
        files.save_picture(plots.visits(ds), plot)


def _show_one(ds: xr.Dataset) -> None:
    """Print every visit of a single run."""
    from ldnsim.analysis import visits as analysis
    from ldnsim.regimen.formats import dose_text

    names = analysis.readings(ds)
    rows = [
        [
            f"{row.day:g}", *(f"{row.read[n]:.3g}" for n in names), row.decision, row.why,
            dose_text(float(f"{row.dose:.6g}")) if row.dose == row.dose else "as planned",
        ]
        for row in analysis.visits_of(ds)
    ]  # fmt: skip
    table.show(("day", *names, "decision", "why", "dose from then on"), rows)


def _show_all(ds: xr.Dataset) -> None:
    """Print what came of the visits of many runs."""
    from ldnsim.analysis import visits as analysis

    rows = [[n.replace("_", " "), f"{x:.1%}"] for n, x in analysis.tally(ds).items()]
    table.show(("what came of visits", "share of visits"), rows)
    rows = [[n, f"{x:.1%}"] for n, x in analysis.stopped(ds).items() if x]
    if rows:
        table.show(("stopped for", "share of runs"), rows)
    for line in oddities(ds):
        say(line)


def oddities(ds: xr.Dataset) -> list[str]:
    """Return what is odd about the rules of a result, a line each."""
    from ldnsim.analysis import visits as analysis

    found = [f"{rule} acted in no run" for rule in analysis.idle_rules(ds)]
    if round_ := analysis.cycles(ds):
        found.append(
            f"in {len(round_)} of {ds['status'].size} runs the dose goes up and down for ever;"
            " leave a gap between the condition to go up and that to go down:"
        )
        found += [f"  {cycle}" for cycle in round_[:MOST_TOLD]]
        if len(round_) > MOST_TOLD:
            found.append(f"  and {len(round_) - MOST_TOLD} more")
    return found
