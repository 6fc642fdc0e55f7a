"""The command `optimise`: the best of the regimens that a study leaves open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ldnsim.cli import files, table
from ldnsim.cli.extend import told
from ldnsim.cli.guard import guarded, say
from ldnsim.cli.numbers import Threads, whole_option
from ldnsim.cli.source import STUDY, resolve
from ldnsim.errors import UserError
from ldnsim.sweep.progress import progress

if TYPE_CHECKING:
    from ldnsim.analysis.optimise.choose import Choice


_FEW = 5.0


@guarded(resume="what is finished is kept: run the same command again to go on")
def optimise(
    study: Annotated[Path, typer.Argument(help="Study file with [optimise].")],
    out: Annotated[
        str | None, typer.Option(help="Store of the runs (default: STUDY-optimise.zarr).")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Run again what another study left there.")
    ] = False,
    top: Annotated[int, whole_option(least=1, words="How many candidates to print.")] = 10,
    plot: Annotated[Path | None, typer.Option(help="Draw front and ranking to this file.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write every candidate to this file.")] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write all that was found to this file.")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the candidates as a Markdown table.")
    ] = False,
    threads: Threads = None,
) -> None:
    """Find the best regimen that a study leaves open."""
    from ldnsim.analysis.optimise import labelled
    from ldnsim.analysis.optimise.choose import choose
    from ldnsim.analysis.optimise.evaluate import batch_store
    from ldnsim.results.target import checked_target

    source = resolve(study, STUDY)
    files.check_picture(plot, reads=[study])
    files.check(csv, files.table_of(*labelled.CSV), "--csv", [study])
    files.check(json, files.report_of("optimise"), "--json", [study])
    loaded = source.study()
    if loaded.optimise is None:
        raise UserError(
            f"{study}: there is no [optimise], which says what may be chosen and what is wanted;"
            " begin with: ldnsim init my-study.toml --template optimise-pace"
        )
    store = checked_target(study.with_name(f"{study.stem}-optimise.zarr") if out is None else out)
    with progress() as report:
        found = choose(loaded, store, threads=threads, overwrite=overwrite, progress=report)
    if store.exists():
        say(f"runs kept in {store}: other weights or limits need no others")
    else:
        say(f"runs kept in {batch_store(store, 0)} and so on: the same search takes them up again")
    show(found, top, markdown)
    for line in told(loaded.edition):
        typer.echo(line)
    typer.echo(labelled.ADVICE)
    if csv is not None:
        table.write_csv(csv, *labelled.full_rows(found))
    if json is not None:
        files.write_report(json, "optimise", labelled.report(found), loaded.edition)
    if plot is not None:
        from ldnsim import plots

        files.save_picture(plots.optimise(labelled.to_dataset(found, loaded)), plot)


def show(found: Choice, top: int, markdown: bool = False) -> None:
    """Print what was found: the best, how sure, how flat, for whom, and what asking is worth."""
    from ldnsim.analysis.optimise import labelled

    for line in lines(found):
        typer.echo(line)
    headers, rows = labelled.rows(found, top)
    if markdown:
        typer.echo(f"| {' | '.join(headers)} |\n|{'---|' * len(headers)}")
        for row in rows:
            typer.echo(f"| {' | '.join(row)} |")
    else:
        table.show(headers, rows, f"The best {len(rows)} of {len(found.score)}")


def lines(found: Choice) -> list[str]:
    """Return what was found in sentences, one a line."""
    from ldnsim.analysis.optimise.labelled import edges, formula, span

    best, n = found.best, found.found.patients
    people = f"{n} patients" if n > 1 else "one patient"
    said = [
        f"utility: {formula(found)}; {found.settings.robust} over {people}"
        + (f" and {found.found.places} points of the axes" if found.found.places > 1 else ""),
        f"candidates: {found.how}",
        *found.left_out,
        f"best: {found.found.candidates[best].prescription}",
    ]
    if found.dropped:
        said.append(f"{found.dropped} patients are left out of all: some run of theirs failed")
    said += [f"note: {text}" for text in found.odd]
    if found.settings.robust == "worst tenth" and (few := 0.1 * n * found.found.places) < _FEW:
        said.append(
            f"note: the worst tenth is that of {few:g} patients and points, which hang on who was"
            " drawn, and resampling often leaves them out; draw more patients"
        )
    if n > 1:
        out = f"; {found.held_out:.3f} where patients it was not chosen in judge it"
        said.append(
            f"its utility: {found.score[best]:.3f}, 95 % {span(found.low[best], found.high[best])}"
            f" over patients (resampled){out if found.held_out == found.held_out else ''}"
        )
    else:
        said.append(f"its utility: {found.score[best]:.3f} (one patient: no interval)")
    said += [f"note: {text}: the best may lie beyond" for text in edges(found)]
    said.append(_flat(found))
    said += _places(found)
    said += _one_for_all(found)
    return [*said, *asked_lines(found)]


def asked_lines(found: Choice) -> list[str]:
    """Say what every question is worth, a line each."""
    return [_asked(found, k) for k in range(len(found.asked))]


def _flat(found: Choice) -> str:
    many, near = int(found.allowed.sum()), int(found.close.sum())
    error = (
        f"{int(found.tied.sum())} of {many} that may be chosen are within its error over patients, "
    )
    start = error if found.found.patients > 1 else f"of {many} that may be chosen, "
    return (
        f"how flat the top is: {start}{near} within {100 * found.settings.flat:g} % of the range"
        f" (the best among them); {int(found.front.sum())} are on the front of"
        f" {', '.join(found.objectives)}"
    )


def _places(found: Choice) -> list[str]:
    """Say what would be best at each place, where there are several."""
    labels = found.found.place_labels()
    if len(labels) < 2:
        return []
    return [
        f"{words}: best is {found.found.candidates[int(b)].label}, against which the choice loses"
        f" {lost:.3f}"
        for words, b, lost in zip(labels, found.by_place, found.lost, strict=True)
    ]


def _one_for_all(found: Choice) -> list[str]:
    from ldnsim.analysis.optimise.labelled import span

    one = found.individual
    if one is None:
        return []
    kinds = int((one.shares > 0.0).sum())
    return [
        f"one for all ({found.found.candidates[one.one].label}) falls behind everybody's own best"
        f" by {one.gap:.3f} of mean utility, 95 % {span(one.low, one.high)}; {kinds} different"
        f" candidates are somebody's best, the commonest that of {100 * one.shares.max():.0f} %"
    ]


def _asked(found: Choice, k: int) -> str:
    asked = found.asked[k]
    best = dict(zip(asked.groups, asked.best, strict=True))
    told = "; ".join(f"{g}: {found.found.candidates[b].label}" for g, b in best.items())
    error = f" (standard error {asked.error:.3f})" if asked.error else ""
    if asked.gain != asked.gain:
        return (
            f"what asking for {asked.what} is worth cannot be told from so few patients"
            f" (uncorrected {asked.seeming:.3f}, which is too high)"
        )
    if asked.error and asked.gain <= 2.0 * asked.error:
        return (
            f"asking for {asked.what} is not seen to be worth anything: {asked.gain:.3f}{error},"
            f" uncorrected {asked.seeming:.3f}"
        )
    return (
        f"asking for {asked.what} is worth {asked.gain:.3f}{error}, uncorrected"
        f" {asked.seeming:.3f}: {told}"
    )
