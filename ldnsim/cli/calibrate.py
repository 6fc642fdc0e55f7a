"""The command that fits the model to the observations and shows what they leave open."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ldnsim.cli import files, table
from ldnsim.cli.extend import Extend, edition_of
from ldnsim.cli.guard import guarded
from ldnsim.cli.numbers import Threads, whole_option

if TYPE_CHECKING:
    from ldnsim.analysis.evidence.calibrate import Estimate, GroupFit


@guarded()
def calibrate(
    groups: Annotated[
        list[str] | None, typer.Option(help="Only these groups, parted by commas; repeatable.")
    ] = None,
    free: Annotated[
        list[str] | None,
        typer.Option(help="Free parameter instead of the groups' own; repeatable."),
    ] = None,
    starts: Annotated[int, whole_option(least=1, most=256, words="Local fits per group.")] = 4,
    seed: Annotated[int, whole_option(least=0, words="Seed of the starting points.")] = 1,
    priors: Annotated[
        bool, typer.Option("--priors", help="Priors about shipped values, of recorded spread.")
    ] = False,
    profiles: Annotated[
        bool, typer.Option("--profile", help="Profile likelihoods: what is not determined.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Write all of it as JSON.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it (.png, .svg, .pdf).")] = None,
    extend: Extend = None,
    threads: Threads = None,
) -> None:
    """Fit parameters to the observations."""
    from ldnsim.analysis.evidence.calibrate import Options
    from ldnsim.analysis.evidence.calibrate import calibrate as fit

    files.check_picture(plot)
    files.check(out, files.report_of("calibrate"), "--out")
    listed = None if groups is None else ",".join(groups).split(",")
    names = None if listed is None else list(dict.fromkeys(g.strip() for g in listed if g.strip()))
    options = Options(starts, seed, tuple(dict.fromkeys(free or ())), priors, profiles, threads)
    done = fit(names, options, edition=edition_of(extend))
    _print(done)
    if out is not None:
        files.write_report(out, "calibrate", {"groups": [as_dict(g) for g in done]}, indent=2)
    if plot is not None:
        from ldnsim.plots.calibration import draw

        files.save_picture(draw([as_dict(g) for g in done]), plot)


def _print(done: list[GroupFit]) -> None:
    """Print estimates, then fits of the observations, then remarks."""
    headers = ("group", "parameter", "shipped", "estimate", "se", "95 % by profile", "unit",
               "verdict")  # fmt: skip
    table.show(headers, [_estimate(g, e) for g in done for e in g.estimates], "Estimates")
    typer.echo()
    rows = [
        [g.group.name, r.name, f"{r.simulated:.4g}", r.published,
         ", ".join(f"{x:+.2f}" for x in r.residuals)]
        for g in done for r in g.rows
    ]  # fmt: skip
    table.show(("group", "observation", "fitted", "published", "residuals (sd)"), rows, "Fit")
    typer.echo()
    for g in done:
        for line in remarks(g):
            typer.echo(line)


def _estimate(g: GroupFit, e: Estimate) -> list[str]:
    span = ""
    if g.profiles:
        ends = ("below" if e.low is None else f"{e.low:.3g}",
                "above" if e.high is None else f"{e.high:.3g}")  # fmt: skip
        span = f"{ends[0]} to {ends[1]}"
    se = f"{e.se:.2g}" if math.isfinite(e.se) else "open"
    return [g.group.name, e.name, f"{e.shipped:g}", f"{e.value:.4g}", se, span, e.unit, e.verdict]


def remarks(g: GroupFit) -> list[str]:
    """Return what else a fit shows: how good, how well-conditioned, which estimates go together."""
    bent = g.curvature
    reached = ", ".join(f"{c:.4g}" for c in g.fit.reached)
    lines = [
        f"{g.group.name}: under {g.group.hypothesis}; chi-square {g.fit.chi2:.4g} for"
        f" {len(g.fit.residuals)} residuals; starts reached {reached}",
        f"  condition {bent.condition:.3g}, rank {bent.rank} of {len(g.estimates)}"
        + (f"; not determined together: {', '.join(bent.open)}" if bent.open else ""),
    ]
    for i, a in enumerate(g.estimates):
        for j, b in enumerate(g.estimates[:i]):
            if abs(r := bent.correlation[i, j]) > 0.7:
                lines.append(f"  {b.name} and {a.name} go together: correlation {r:.2f}")
    if g.group.note:
        lines.append(f"  {g.group.note}")
    return lines


def as_dict(g: GroupFit) -> dict[str, Any]:
    """Return a fit as plain values; what is infinite or not a number is null."""

    def plain(x: float | None) -> float | None:
        return None if x is None or not math.isfinite(x) else float(x)

    return {
        "group": g.group.name,
        "title": g.group.title,
        "hypothesis": g.group.hypothesis,
        "chi2": plain(g.fit.chi2),
        "reached": [plain(c) for c in g.fit.reached],
        "evaluations": g.fit.evaluations,
        "condition": plain(g.curvature.condition),
        "rank": g.curvature.rank,
        "open": list(g.curvature.open),
        "correlation": [[plain(c) for c in row] for row in g.curvature.correlation],
        "estimates": [
            {
                "name": e.name, "value": plain(e.value), "se": plain(e.se), "low": plain(e.low),
                "high": plain(e.high), "shipped": e.shipped, "unit": e.unit, "verdict": e.verdict,
            }
            for e in g.estimates
        ],
        "observations": [r.as_dict() for r in g.rows],
        "profiles": [
            {
                "name": p.name,
                "value": [f.value(float(x)) for x in p.x],
                "rise": [plain(r) for r in p.rise],
            }
            for p, f in zip(g.profiles, g.free, strict=False)
        ],
    }  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(calibrate)
