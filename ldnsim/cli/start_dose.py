"""The command `start-dose`: first dose and pace by functional capacity, computed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ldnsim.cli import files, table
from ldnsim.cli.extend import Extend, edition_of, told
from ldnsim.cli.guard import guarded, say
from ldnsim.cli.numbers import Threads, real, real_option, whole_option
from ldnsim.errors import UserError
from ldnsim.sweep.progress import progress

if TYPE_CHECKING:
    from ldnsim.analysis.optimise.choose import Choice
    from ldnsim.analysis.optimise.start_dose import Start

T = TypeVar("T")
SIZE = 16
_CSV = ("functional_capacity", "sensitivity")


Capacity = Annotated[
    list[float] | None,
    real_option(
        "--functional-capacity", least=0.0, most=10.0,
        words="0 depleted to 10 healthy; repeatable (default: 1, 3, 5, 8).",
    ),
]  # fmt: skip
Sensitivity = Annotated[
    list[float] | None,
    real_option(
        "--sensitivity", least=0.0,
        words="Burden of adverse effects, of an ordinary one; repeatable (default: 1, 2).",
    ),
]  # fmt: skip


@guarded()
def start_dose(
    capacity: Capacity = None,
    sensitivity: Sensitivity = None,
    hypothesis: Annotated[
        list[str] | None,
        typer.Option(help="See `ldnsim hypotheses`; repeatable (default: dual_pathway)."),
    ] = None,
    phenotype: Annotated[
        str | None, typer.Option(help="Whom patients are drawn around (default: default).")
    ] = None,
    population: Annotated[int, whole_option(least=2, words="Drawn patients.")] = SIZE,
    weight: Annotated[
        list[str] | None,
        typer.Option(help="What is wanted, as summary=weight; repeatable, replaces the default."),
    ] = None,
    seed: Annotated[int, whole_option(least=0, words="Of the draws.")] = 0,
    plot: Annotated[Path | None, typer.Option(help="Draw the starts to this file.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the starts to this file.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the starts to this file.")] = None,
    extend: Extend = None,
    threads: Threads = None,
) -> None:  # fmt: skip
    """Find first dose and pace by functional capacity."""
    from ldnsim.analysis.optimise import labelled
    from ldnsim.analysis.optimise import start_dose as analysis

    files.check_picture(plot)
    files.check(csv, files.table_of(*_CSV), "--csv")
    files.check(json, files.report_of("start-dose"), "--json")
    edition = edition_of(extend)
    study = analysis.start_study(
        _once("--functional-capacity", capacity) or [1.0, 3.0, 5.0, 8.0],
        _once("--sensitivity", sensitivity) or [1.0, 2.0],
        _once("--hypothesis", hypothesis) or ["dual_pathway"], population,
        phenotype=phenotype or "default", weights=_weights(weight), seed=seed, edition=edition,
    )  # fmt: skip
    with progress() as report:
        found, choice = analysis.start_dose(study, threads=threads, progress=report)
    if choice.dropped:
        say(f"{choice.dropped} patients are left out of all: some run of theirs failed")
    _show(found, choice, "assumed" if weight is None else "as given", phenotype or "default")
    for line in (*told(edition), labelled.ADVICE):
        typer.echo(line)
    rows = analysis.report(found)
    if csv is not None:
        table.write_csv(csv, list(rows[0]), [[str(v) for v in r.values()] for r in rows])
    if json is not None:
        more = {"warning": labelled.ADVICE, "utility": labelled.formula(choice), "starts": rows}
        files.write_report(json, "start-dose", more, edition)
    if plot is not None:
        from ldnsim import plots

        files.save_picture(plots.start_dose(analysis.to_dataset(found, choice, study)), plot)


def _show(found: list[Start], choice: Choice, weights: str, phenotype: str) -> None:
    """Print what was weighed, the table, and what asking is worth."""
    from ldnsim.analysis.optimise import labelled
    from ldnsim.analysis.optimise import start_dose as analysis
    from ldnsim.cli.optimise import asked_lines

    typer.echo(
        f"utility: {labelled.formula(choice)} ({weights}); {choice.found.patients} patients drawn"
        f" around {phenotype!r}; {len(analysis.ladders())} starts to"
        f" {analysis.TARGET_MG:g} mg, {analysis.WEEKS} weeks"
    )
    table.show(analysis.HEADERS, analysis.rows(found))
    if all(s.first_mg == min(analysis.FIRST_MG) for s in found):
        typer.echo("note: the smallest first dose is best everywhere: the best may lie below it")
    for line in asked_lines(choice):
        typer.echo(line)


def _once(option: str, values: list[T] | None) -> list[T]:
    """Refuse a value that is given twice."""
    if values and len(set(values)) < len(values):
        twice = next(v for v in values if values.count(v) > 1)
        raise UserError(f"{option} {twice}: given twice; keep one")
    return values or []


def _weights(texts: list[str] | None) -> dict[str, float] | None:
    """Read weights such as ``pain_change=-1``."""
    if not texts:
        return None
    found: dict[str, float] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals):
            raise UserError(f"--weight {text!r}: expected summary=weight, such as pain_change=-1")
        if name in found:
            raise UserError(f"--weight {name}: given twice; keep one")
        found[name] = real(value, f"--weight {name}")
    return found
