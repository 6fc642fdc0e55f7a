"""The command `discriminate`: what to measure, to tell the hypotheses apart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ldnsim.cli import files, table
from ldnsim.cli.extend import told
from ldnsim.cli.guard import ALL_FAILED, guarded, say
from ldnsim.cli.numbers import Threads, whole, whole_option
from ldnsim.cli.source import STUDY, resolve
from ldnsim.errors import UserError

if TYPE_CHECKING:
    from ldnsim.analysis.design.discriminate import Ranking


T = TypeVar("T")


@guarded()
def discriminate(
    study: Annotated[Path, typer.Argument(help="Study file; its axes are the doses to compare.")],
    hypothesis: Annotated[
        list[str] | None, typer.Option(help="A rival; repeatable (default: the study's, or all).")
    ] = None,
    error: Annotated[
        Path | None, typer.Option(help="Errors of measurement (default: those shipped).")
    ] = None,
    weeks: Annotated[str, typer.Option(help="Weeks of measurement.")] = "1,2,4,8,12",
    clock: Annotated[str, typer.Option(help="Clock times.")] = "02:00,08:00,14:00,20:00",
    participants: Annotated[int, whole_option("-n", least=1, words="People in each group.")] = 12,
    members: Annotated[
        int, whole_option(least=0, words="Parameter sets drawn within each hypothesis.")
    ] = 0,
    seed: Annotated[
        int | None, whole_option(least=0, words="Seed of these draws (default: 0).")
    ] = None,
    top: Annotated[int, whole_option(least=1, words="How many observations to print.")] = 20,
    plot: Annotated[Path | None, typer.Option(help="Draw the ranking to this file.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write every observation to this file.")] = None,
    threads: Threads = None,
) -> None:
    """Rank observations by how they separate hypotheses."""
    from ldnsim.analysis.design import ranking_data
    from ldnsim.analysis.design.assays import read_assays
    from ldnsim.analysis.design.discriminate import discriminate as rank

    source = resolve(study, STUDY)
    if seed is not None and not members:
        raise UserError("--seed is of the sets that --members draws; add --members 20")
    files.check_picture(plot, reads=[study, error])
    files.check(csv, files.table_of(*ranking_data.HEADERS[:2]), "--csv", [study, error])
    at_weeks, at_times = _weeks(weeks), _clock(clock)
    loaded = source.study()
    assays = read_assays(error, loaded.edition)
    ranking = rank(
        loaded, assays, hypothesis or (), weeks=at_weeks, clock=at_times,
        participants=participants, members=members, seed=seed or 0, threads=threads,
    )  # fmt: skip
    _show(ranking, top)
    for line in told(loaded.edition):
        typer.echo(line)
    if csv is not None:
        rows = [ranking_data.full_row(ranking, c) for c in ranking.candidates]
        table.write_csv(csv, ranking_data.full_headers(ranking), rows)
    if not ranking.candidates:
        raise typer.Exit(ALL_FAILED)
    if plot is not None:
        from ldnsim import plots

        figure = plots.discriminate(ranking_data.to_dataset(ranking, loaded.title, loaded.edition))
        files.save_picture(figure, plot)


def _show(ranking: Ranking, top: int) -> None:
    from ldnsim.analysis.design import ranking_data as words

    if ranking.failed:
        lost = f"{ranking.dropped} observations have no value under a rival"
        say(f"{ranking.failed} runs failed; {lost}")
    rows = [words.row(ranking, c) for c in ranking.candidates[:top]]
    table.show(words.HEADERS, rows)
    typer.echo("best set, one of a kind, errors taken as independent:")
    for c, bits in zip(ranking.best, ranking.best_bits, strict=True):
        title = ranking.assays[c.assay].title
        where = f"{c.regimen}, week {c.week}, {words.when(c)}"
        typer.echo(f"  {title}, {where}: {bits:.3f} bits so far")
    if never := ranking.never():
        typer.echo("separated by 2 SD in no observation: " + ", ".join(never))
    size = f"{ranking.participants} people in each group"
    typer.echo(
        f"Ranked under the model, {size}; what the model gets wrong is ranked wrongly, and most "
        "errors of measurement are assumed. Research instrument, not medical advice."
    )


def _weeks(text: str) -> list[int]:
    return _once("--weeks", text, [whole(part, "--weeks") for part in text.split(",")])


def _clock(text: str) -> list[float]:
    from ldnsim.regimen.values import clock_hours

    return _once("--clock", text, [clock_hours(part, "--clock") for part in text.split(",")])


def _once(option: str, text: str, values: list[T]) -> list[T]:
    if len(set(values)) < len(values):
        raise UserError(f"{option} {text!r}: a value is given twice; keep one")
    return values
