"""The command that puts the model to the test: validate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ldnsim.cli import files, table
from ldnsim.cli.extend import Extend, edition_of, told
from ldnsim.cli.guard import guarded, say
from ldnsim.errors import UserError

if TYPE_CHECKING:
    from ldnsim.analysis.judged.chi_square import ChiSquare
    from ldnsim.analysis.judged.record import Check

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
    chi_square: Annotated[
        bool,
        typer.Option("--chi-square", help="What each row adds to chi-square, by hypothesis."),
    ] = False,
    json_file: Json = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it (.png, .svg, .pdf).")] = None,
    extend: Extend = None,
) -> None:
    """Hold the model against observations and behaviours."""
    from ldnsim.analysis.behaviours.scorecard import comparisons, remarks, scorecard

    if misses and chi_square:
        raise UserError("--misses and --chi-square print different tables: give one of them")
    files.check_picture(plot)
    files.check(json_file, files.report_of("validate"), "--json")
    edition = edition_of(extend)
    checks = scorecard(names, hypothesis, edition=edition)
    compared = comparisons(checks)
    if chi_square:
        _show_sums(compared)
    else:
        _show_checks([c for c in checks if c.passed is False] if misses else checks)
    for line in (*told(edition), *remarks(checks)):
        say(line)
    if json_file is not None:
        found = {
            "checks": [c.as_dict() for c in checks],
            "chi_square": [c.as_dict() for c in compared],
        }
        files.write_report(json_file, "validate", found, edition)
    if plot is not None:
        from ldnsim import plots

        drawn = [c.as_dict() for c in checks]
        files.save_picture(plots.scorecard(drawn, extensions=edition.records()), plot)


def _show_checks(checks: Sequence[Check]) -> None:
    """Print a row for each comparison."""
    headers = (
        "id", "hypothesis", "verdict", "simulated", "published or required", "role", "counts",
        "chi2", "what", "evidence", "note",
    )  # fmt: skip
    rows = [
        [
            c.id, c.hypothesis, _VERDICT[c.passed], c.simulated, c.expected, c.role,
            "yes" if c.counts else c.why or "-", "-" if c.chi2 is None else f"{c.chi2:.3g}",
            c.title, c.evidence, c.note,
        ]
        for c in checks
    ]  # fmt: skip
    table.show(headers, rows)


def _show_sums(compared: Sequence[ChiSquare]) -> None:
    """Print what each row adds to chi-square under each hypothesis, then the sums."""
    names = list(dict.fromkeys(h for c in compared for h in c.hypotheses))
    rows = []
    for found in compared:
        for name, checks in found.rows.items():
            by = {c.hypothesis: c for c in checks}
            cells = [_part(by.get(h)) for h in names]
            sd = f"{checks[0].sd:.3g} {checks[0].unit}".strip()
            rows.append([name, *cells, str(checks[0].numbers), sd, checks[0].spread])
        sums = [f"{found.total(h):.4g}" if h in found.hypotheses else "-" for h in names]
        what = f"sum of {len(found.rows)} rows"
        rows.append([what, *sums, str(found.numbers), "", ""])
    table.show(("row", *names, "numbers", "sd", "sd is"), rows)
    out = compared[0].left_out if compared else {}
    for why in dict.fromkeys(out.values()):
        say(f"not in the first sum, {why}: {', '.join(n for n, w in out.items() if w == why)}")


def _part(check: Check | None) -> str:
    """Write what a row adds, with its role where it is no test."""
    if check is None:
        return "-"
    return f"{check.chi2 or 0.0:.3g}" + ("" if check.role == "free" else f" ({check.role})")
