"""``ldnsim export``: one run in a format that other simulators read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ldnsim.cli.guard import guarded, say
from ldnsim.cli.run import Threads, assignments
from ldnsim.errors import UserError

if TYPE_CHECKING:
    from ldnsim.sweep.study import Study

What = Annotated[str, typer.Argument(help="A study file, or a prescription.")]
Out = Annotated[Path | None, typer.Option(help="File to write (default: print it).")]
Run = Annotated[int | None, typer.Option("--run", min=0, help="Which run, by its number.")]
Select = Annotated[list[str] | None, typer.Option(help="Which run, as axis=value; repeatable.")]
Hypothesis = Annotated[str | None, typer.Option(help="Of a prescription.")]
Phenotype = Annotated[str | None, typer.Option(help="Of a prescription.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="Of a prescription: name=value; repeatable.")
]

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@group.command()
@guarded()
def sbml(
    what: What,
    out: Out = None,
    run: Run = None,
    select: Select = None,
    hypothesis: Hypothesis = None,
    phenotype: Phenotype = None,
    settings: Settings = None,
    threads: Threads = None,
) -> None:
    """Write one run as SBML (Level 3 Version 2)."""
    from ldnsim import export

    study = _study(what, run, select, hypothesis, phenotype, settings)
    _deliver(export.sbml(study, _number(study, what, run, select), threads=threads), out)


@group.command()
@guarded()
def antimony(
    what: What,
    out: Out = None,
    run: Run = None,
    select: Select = None,
    hypothesis: Hypothesis = None,
    phenotype: Phenotype = None,
    settings: Settings = None,
    threads: Threads = None,
) -> None:
    """Write one run as Antimony, SBML for people to read."""
    from ldnsim import export

    study = _study(what, run, select, hypothesis, phenotype, settings)
    _deliver(export.antimony(study, _number(study, what, run, select), threads=threads), out)


def _study(
    what: str, run: int | None, select: list[str] | None,
    hypothesis: str | None, phenotype: str | None, settings: list[str] | None,
) -> Study:  # fmt: skip
    """Load a study file, or make the study of a prescription."""
    import ldnsim
    from ldnsim.sweep.study import prescribed

    path = Path(what)
    if path.suffix in (".zarr", ".nc", ".nc4"):
        raise UserError(f"{what}: expected a study file or a prescription, not a stored result")
    if path.suffix != ".toml":
        if run is not None or select:
            raise UserError("--run and --select belong to a study file, not to a prescription")
        values = assignments(settings)
        return prescribed(what, hypothesis or "dual_pathway", phenotype, None, values)
    given = {"--hypothesis": hypothesis, "--phenotype": phenotype, "--set": settings}
    for option, value in given.items():
        if value:
            raise UserError(f"{option} belongs to a prescription; set it in {what} instead")
    return ldnsim.load(path)


def _number(study: Study, what: str, run: int | None, select: list[str] | None) -> int:
    """Number of the run that is meant; said where there are several.

    Raises:
        UserError: both ways of saying it, no such run, or axes left open.
    """
    from ldnsim.export.content import checked_run
    from ldnsim.sweep.sensitivity_data import describe

    if run is not None and select:
        raise UserError("--run and --select both say which run; use one")
    plan = study.plan()
    chosen, left = _selected(plan, select or [])
    if run is not None:
        chosen = checked_run(plan, run)
    elif left:
        axes = "; ".join(f"--select {name}=... ({values})" for name, values in left.items())
        raise UserError(
            f"{what} has {len(plan)} runs; say which one to export: {axes}; or --run 0 to"
            f" {len(plan) - 1}"
        )
    if len(plan) > 1:
        say(f"run {chosen} (of 0 to {len(plan) - 1}): {describe(plan, chosen)}")
    return chosen


def _selected(plan: Any, select: list[str]) -> tuple[int, dict[str, str]]:
    """Number of the run selected, and the values of the axes that were left open."""
    import numpy as np
    import xarray as xr

    from ldnsim.plots.selection import numbered, parse, values_of
    from ldnsim.sweep.dataset import coordinates

    dims = tuple(d.name for d in plan.dims)
    grid = xr.Dataset({"status": (dims, np.zeros(plan.shape))}, coordinates(plan))
    run, left = numbered(grid, parse(select))
    return run, {axis: values_of(grid, axis) for axis in left}


def _deliver(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text, nl=False)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    say(f"wrote {out}")


def register(app: typer.Typer) -> None:
    """Add the group of commands to the application."""
    app.add_typer(group, name="export", help="Write one run for other simulators: SBML, Antimony.")
