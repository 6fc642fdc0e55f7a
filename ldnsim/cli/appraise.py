"""Commands that put the model to the test: validate, claims."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ldnsim.cli import files, table
from ldnsim.cli.extend import Extend, edition_of, told
from ldnsim.cli.guard import guarded, say

if TYPE_CHECKING:
    from ldnsim.analysis.claims import Judged

Names = Annotated[list[str] | None, typer.Argument(help="Only these rows, such as E5 pet_5mg.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write everything to this file.")]

_VERDICT = {True: "pass", False: "miss", None: "-"}


@guarded()
def validate(
    names: Names = None,
    hypothesis: Annotated[
        list[str] | None, typer.Option(help="Only this hypothesis; repeatable.")
    ] = None,
    misses: Annotated[bool, typer.Option("--misses", help="Only what is missed.")] = False,
    json_file: Json = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it (.png, .svg, .pdf).")] = None,
    extend: Extend = None,
) -> None:
    """Hold the model against observations and behaviours."""
    from ldnsim.analysis.behaviours.scorecard import remarks, scorecard

    files.check_picture(plot)
    files.check(json_file, files.report_of("validate"), "--json")
    edition = edition_of(extend)
    checks = scorecard(names, hypothesis, edition=edition)
    shown = [c for c in checks if c.passed is False] if misses else checks
    headers = (
        "id", "hypothesis", "verdict", "simulated", "expected", "role", "what", "evidence", "note",
    )  # fmt: skip
    rows = [
        [
            c.id,
            c.hypothesis,
            _VERDICT[c.passed],
            c.simulated,
            c.expected,
            c.role,
            c.title,
            c.evidence,
            c.note,
        ]
        for c in shown
    ]
    table.show(headers, rows)
    for line in (*told(edition), *remarks(checks)):
        say(line)
    if json_file is not None:
        files.write_report(
            json_file, "validate", {"checks": [c.as_dict() for c in checks]}, edition
        )
    if plot is not None:
        from ldnsim import plots

        drawn = [c.as_dict() for c in checks]
        files.save_picture(plots.scorecard(drawn, extensions=edition.records()), plot)


@guarded()
def claims(
    names: Annotated[list[str] | None, typer.Argument(help="Only these, such as C2.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Do not look for the numbers a claim hangs on.")
    ] = False,
    json_file: Json = None,
    extend: Extend = None,
) -> None:
    """Put the clinical story to the test, claim by claim."""
    files.check(json_file, files.report_of("claims"), "--json")
    from ldnsim.analysis.claims import judge

    edition, judged = edition_of(extend), []
    for line in told(edition):
        typer.echo(line)
    for name in names or edition.claims:
        judged += judge([name], shake=not quick, edition=edition)
        _show(judged[-1])
    typer.echo("Judged from simulations of assumed mechanisms; not medical advice.")
    if json_file is not None:
        files.write_report(json_file, "claims", {"claims": [j.as_dict() for j in judged]}, edition)


def _show(judged: Judged) -> None:
    """Print one claim: statement, patients, verdict, what was simulated, evidence."""
    claim = judged.claim
    typer.echo(f"{claim.id}  {claim.claim}")
    if claim.patients:
        typer.echo(f"    asked of {', '.join(claim.patients)}")
    typer.echo(f"    verdict  {judged.verdict}")
    for name, found in judged.found.items():
        answer = {True: "yes", False: "no", None: "?"}[found.shown]
        typer.echo(f"    {answer:<3} {name:<13} {found.simulated}")
    for sign, sentences in (("for", claim.evidence_for), ("against", claim.evidence_against)):
        for sentence in sentences:
            typer.echo(f"    {sign:<8} {sentence}")
    typer.echo("")
