"""The part of ``ldnsim calibrate`` that fits to an event table with observations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ldnsim.cli import files, table
from ldnsim.cli.extend import told
from ldnsim.errors import UserError

if TYPE_CHECKING:
    from ldnsim.analysis.evidence.estimate import Estimate
    from ldnsim.analysis.evidence.own_data import DataFit
    from ldnsim.analysis.evidence.own_problem import Options
    from ldnsim.edition import Edition
    from ldnsim.regimen import Recorded

PARAMETER_SET = files.Format(
    "a set of parameters", {".toml": "# Written by ldnsim calibrate --data;"}
)

Data = Annotated[
    str | None, typer.Option(help="Fit to the observations of this event table instead.")
]
Observe = Annotated[
    list[str] | None, typer.Option(help="What DV is: a variable, or DVID=variable; repeatable.")
]
Unit = Annotated[str | None, typer.Option(help="Unit of DV, such as ng/mL.")]
Ignore = Annotated[list[str] | None, typer.Option(help="Column that plays no part; repeatable.")]
Ids = Annotated[list[str] | None, typer.Option("--id", help="Only this subject; repeatable.")]
Csv = Annotated[Path | None, typer.Option(help="Write the observations of --data, as fitted.")]
ErrorKind = Annotated[
    list[str] | None,
    typer.Option(help="proportional, additive, both, proportional=0.2; repeatable."),
]


def subjects(
    path: str, observe: Sequence[str], unit: str, ignore: Sequence[str], ids: Sequence[str]
) -> tuple[Recorded, ...]:
    """Return the subjects of an event table with their doses and observations.

    Args:
        path: of the table.
        observe: variables observed, as ``name`` or ``what the row says=name``.
        unit: of DV where the table does not say it; empty otherwise.
        ignore: columns that play no part.
        ids: subjects; all when empty.

    Raises:
        UserError: a table that cannot be read, or a subject that is not there.
    """
    from ldnsim.config.event_entry import from_events
    from ldnsim.regimen import Recordings

    pairs = (text.rpartition("=")[::2] for text in observe)
    found = from_events(
        {
            "events": path,
            "ids": list(ids) or "all",
            "ignore": list(ignore),
            "observe": {key.strip(): name.strip() for key, name in pairs},
            "dv_unit": unit,
        },
        Path(),
    )
    assert isinstance(found, Recordings)
    return found.members


def check_out(
    out: Path | None, csv: Path | None, data: str | None, extend: Sequence[str] = ()
) -> None:
    """Refuse places that cannot or must not be written; before anything is computed."""
    from ldnsim.analysis.evidence.own_report import HEADERS

    report = files.report_of("calibrate")
    if data is not None:  # either, by the ending
        is_set = out is not None and out.suffix.lower() == ".toml"
        what = PARAMETER_SET.what if is_set else f"{report.what} or {PARAMETER_SET.what}"
        report = files.Format(what, {**report.begins, **PARAMETER_SET.begins})
    elif out is not None and out.suffix.lower() == ".toml":
        raise UserError(
            f"--out {out}: {PARAMETER_SET.what} is written with --data only; write"
            f" {out.with_suffix('.json')}"
        )
    files.check(out, report, "--out", [data, *extend])
    files.check(csv, files.table_of(*HEADERS[:2]), "--csv", [data])


def fit_and_show(
    people: Sequence[Recorded],
    options: Options,
    out: Path | None,
    csv: Path | None,
    plot: Path | None,
    edition: Edition | None = None,
) -> None:
    """Fit, print, write and draw.

    Raises:
        UserError: what cannot be read or fitted; see
            :func:`ldnsim.analysis.evidence.own_data.fit_data`.
    """
    from ldnsim.analysis.evidence import own_report
    from ldnsim.analysis.evidence.own_data import fit_problem
    from ldnsim.analysis.evidence.own_problem import make_problem

    as_set = out is not None and out.suffix.lower() == ".toml"
    problem = make_problem(people, options, edition)
    if as_set and (names := problem.set_elsewhere):
        raise UserError(
            f"--out {out}: {names[0]} is set by {options.hypothesis} or {options.phenotype}, over"
            " the default that a set of parameters changes; write a report (.json) instead"
        )
    done = fit_problem(problem)
    _print(done)
    if out is not None and as_set:
        files.write(out, own_report.parameter_set(done))
    elif out is not None:
        files.write_report(out, "calibrate", own_report.as_dict(done), problem.edition, 2)
    if csv is not None:
        table.write_csv(csv, own_report.HEADERS, own_report.rows(done))
    if plot is not None:
        from ldnsim.plots.own_data import draw

        shown = {**own_report.as_dict(done), "extensions": problem.edition.records()}
        files.save_picture(draw(shown), plot)


def _print(done: DataFit) -> None:
    """Print estimates, then observations, then remarks."""
    from ldnsim.analysis.evidence import own_report

    headers = ("parameter", before(done.problem.edition), "estimate", "se", "95 % by profile",
               "unit", "price (SD)", "verdict")  # fmt: skip
    table.show(headers, [_estimate(e, bool(done.profiles)) for e in done.estimates], "Estimates")
    typer.echo()
    shown = [
        [r[0], r[1], r[2], f"{'< ' if r[5] == '1' else ''}{r[4]}", r[6], r[3], r[7]]
        for r in own_report.rows(done)
    ]
    table.show(("id", "time (h)", "variable", "measured", "fitted", "unit", "residual (sd)"),
               shown, "Observations")  # fmt: skip
    typer.echo()
    for line in (*told(done.problem.edition), *own_report.remarks(done)):
        typer.echo(line)


def before(edition: Edition) -> str:
    """Return what the values before a fit are called: the default of an extension is no shipped."""
    return "without the fit" if edition.extensions else "shipped"


def _estimate(e: Estimate, profiled: bool) -> list[str]:
    price = "" if math.isnan(e.price) else f"{e.price:+.2f}"
    own = [e.name, f"{e.shipped:g}", f"{e.value:.4g}", *how_well_known(e, profiled)]
    return [*own, e.unit, price, e.verdict]


def how_well_known(e: Estimate, profiled: bool) -> tuple[str, str]:
    """Return the standard error of an estimate and its interval by profile, as cells of a table."""
    low = "below" if e.low is None else f"{e.low:.3g}"
    high = "above" if e.high is None else f"{e.high:.3g}"
    se = f"{e.se:.2g}" if math.isfinite(e.se) else "open"
    return se, f"{low} to {high}" if profiled else ""
