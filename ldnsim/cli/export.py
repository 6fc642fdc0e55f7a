"""``ldnsim export``: one run in a format that other simulators read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ldnsim.cli import files
from ldnsim.cli.extend import Extend
from ldnsim.cli.guard import guarded, say
from ldnsim.cli.numbers import Threads, whole_option
from ldnsim.errors import UserError, listed

if TYPE_CHECKING:
    from ldnsim.sweep.study import Study

What = Annotated[str, typer.Argument(help="A study file, a prescription, or an event table.")]
Out = Annotated[Path | None, typer.Option(help="File to write (default: print it).")]
Run = Annotated[int | None, whole_option("--run", least=0, words="Which run, by its number.")]
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
    extend: Extend = None,
    threads: Threads = None,
) -> None:
    """Write one run as SBML (Level 3 Version 2)."""
    from ldnsim import export

    files.check(out, files.SBML, "--out", [what])
    study = _study(what, run, select, hypothesis, phenotype, settings, extend)
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
    extend: Extend = None,
    threads: Threads = None,
) -> None:
    """Write one run as Antimony, SBML for people to read."""
    from ldnsim import export

    files.check(out, files.ANTIMONY, "--out", [what])
    study = _study(what, run, select, hypothesis, phenotype, settings, extend)
    _deliver(export.antimony(study, _number(study, what, run, select), threads=threads), out)


def _study(
    what: str, run: int | None, select: list[str] | None,
    hypothesis: str | None, phenotype: str | None, settings: list[str] | None,
    extend: list[str] | None,
) -> Study:  # fmt: skip
    """Load a study file, or make the study of a prescription."""
    from ldnsim.cli.source import EVENTS, PRESCRIPTION, STUDY, resolve

    source = resolve(what, STUDY, PRESCRIPTION, EVENTS)
    source.only((STUDY,), {"--run": run, "--select": select})
    return source.study(hypothesis, phenotype, settings, extend)


def _number(study: Study, what: str, run: int | None, select: list[str] | None) -> int:
    """Number of the run that is meant; said where there are several.

    Raises:
        UserError: both ways of saying it, no such run, or axes left open.
    """
    from ldnsim.export.content import checked_run

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
        say(f"run {chosen} (of 0 to {len(plan) - 1}): {plan.name_of(chosen)}")
    return chosen


def _selected(plan: Any, select: list[str]) -> tuple[int, dict[str, str]]:
    """Number of the run selected, and the values of the axes that were left open."""
    from ldnsim.analysis.trial.arms import outline
    from ldnsim.plots.selection import labels_of, numbered, parse

    grid = outline(plan)
    run, left = numbered(grid, parse(select))
    return run, {axis: listed(labels_of(grid, axis)) for axis in left}


def _deliver(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text, nl=False)
        return
    files.write(out, text)
