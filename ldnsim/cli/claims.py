"""The command that puts the clinical story to the test: claims."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ldnsim.cli import files
from ldnsim.cli.extend import Extend, edition_of, told
from ldnsim.cli.guard import guarded
from ldnsim.cli.numbers import whole_option
from ldnsim.errors import UserError

if TYPE_CHECKING:
    from ldnsim.analysis.claims import Judged, Search
    from ldnsim.analysis.claims.price import Price
    from ldnsim.edition import Edition

_ANSWER = {True: "yes", False: "no", None: "?"}


@guarded()
def claims(
    names: Annotated[list[str] | None, typer.Argument(help="Only these, such as C2.")] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Shake no numbers and ask no drawn patients."),
    ] = False,
    search: Annotated[
        bool,
        typer.Option("--search", help="Search for numbers with which a claim holds, if none do."),
    ] = False,
    sets: Annotated[
        int | None,
        whole_option(least=1, words="Sets --search tries under each hypothesis (default: 64)."),
    ] = None,
    seed: Annotated[
        int | None, whole_option(least=0, words="Seed of --search (default: 1).")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write everything to this file.")
    ] = None,
    extend: Extend = None,
) -> None:
    """Put the clinical story to the test, claim by claim."""
    options = _options(search, sets, seed)
    files.check(json_file, files.report_of("claims"), "--json")
    from ldnsim.analysis.claims import judge

    edition, judged = edition_of(extend), []
    for line in told(edition):
        typer.echo(line)
    for name in names or edition.claims:
        judged += judge([name], shake=not quick, edition=edition, search=options)
        _show(judged[-1], edition)
    _show_prices({h: p for j in judged for h, p in j.prices.items()})
    typer.echo("Judged from simulations of assumed mechanisms; not medical advice.")
    if json_file is not None:
        files.write_report(json_file, "claims", {"claims": [j.as_dict() for j in judged]}, edition)


def _options(search: bool, sets: int | None, seed: int | None) -> Search | None:
    from ldnsim.analysis.claims import Search

    given = {k: v for k, v in (("sets", sets), ("seed", seed)) if v is not None}
    if given and not search:
        raise UserError(f"--{next(iter(given))} belongs to --search: give that too")
    return Search(**given) if search else None


def _show(judged: Judged, edition: Edition) -> None:
    """Print one claim: statement, rule, verdict, what was simulated, evidence."""
    claim = judged.claim
    typer.echo(f"{claim.id}  {claim.claim}")
    _line("rule", f"{claim.threshold} ({claim.threshold_source.rstrip('.')})")
    if claim.patients:
        _line("asked of", ", ".join(claim.patients))
    _line("verdict", judged.verdict)
    _show_search(judged)
    if judged.population is not None:
        _line("drawn", str(judged.population))
    held = [h for h in judged.found if claim.id in edition.story.constrained(h)]
    if held:
        _line("set", f"the defaults were searched for under it: {', '.join(held)}")
    for number, (name, found) in enumerate(judged.found.items()):
        typer.echo(f"    {_ANSWER[found.shown]:<3} {name:<13} {found.simulated}")
        for who, own in judged.patients.get(name, {}).items() if number == 0 else ():
            typer.echo(f"        {_ANSWER[own.shown]:<3} {who}: {own.simulated}")
    for sign, sentences in (("for", claim.evidence_for), ("against", claim.evidence_against)):
        for sentence in sentences:
            _line(sign, sentence)
    typer.echo("")


def _line(word: str, text: str) -> None:
    typer.echo(f"    {word:<8} {text}")


def _show_search(judged: Judged) -> None:
    """Print the search for a claim that no hypothesis reproduces, or that there is none."""
    if judged.reproduced_by:
        return
    if judged.searched is None:
        _line("search", f"none is kept: ldnsim claims {judged.claim.id} --search")
        return
    changed = "" if judged.searched_now else "; the model or the rule has changed since"
    _line("search", f"{judged.searched}{changed}")


def _show_prices(prices: dict[str, Price]) -> None:
    """Print once what makes the price of each hypothesis that reproduced something."""
    for name, price in prices.items():
        typer.echo(f"{name} at {price}")
    if prices:
        typer.echo("Prices are distances from evidence in prior SD; see docs/claims.md.")
