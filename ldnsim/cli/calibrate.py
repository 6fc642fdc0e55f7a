"""The command that fits the model to observations, shipped or one's own, and shows what is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ldnsim.cli import files, own_data, story, table
from ldnsim.cli.extend import Extend, edition_of, told
from ldnsim.cli.guard import guarded
from ldnsim.cli.numbers import Threads, whole_option
from ldnsim.errors import UserError

if TYPE_CHECKING:
    from ldnsim.analysis.evidence.calibrate import GroupFit
    from ldnsim.analysis.evidence.estimate import Estimate
    from ldnsim.edition import Edition

STARTS = 4
"""Local fits per group where --starts says nothing."""

Groups = Annotated[
    list[str] | None, typer.Option(help="Only these groups, parted by commas; repeatable.")
]
FreeOnes = Annotated[
    list[str] | None, typer.Option(help="Free parameter instead of the groups' own; repeatable.")
]
Starts = Annotated[
    int | None,
    whole_option(
        least=0, most=256, words="Local fits per group (4); searches (3); 0 polishes only."
    ),
]
Priors = Annotated[
    bool | None,
    typer.Option(
        "--priors/--no-priors",
        help="Priors about shipped values, of recorded spread; only with --data by default.",
        show_default=False,
    ),
]
Hypothesis = Annotated[str | None, typer.Option(help="See `ldnsim hypotheses`.")]
Phenotype = Annotated[str | None, typer.Option(help="See `ldnsim phenotypes`.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="A parameter, as name=value; repeatable.")
]
Out = Annotated[
    Path | None,
    typer.Option(help="Write all of it (.json); of --data and --story also a set (.toml)."),
]


@guarded()
def calibrate(
    groups: Groups = None,
    free: FreeOnes = None,
    starts: Starts = None,
    seed: Annotated[int, whole_option(least=0, words="Seed of the starting points.")] = 1,
    priors: Priors = None,
    profiles: Annotated[
        bool, typer.Option("--profile", help="Profile likelihoods: what is not determined.")
    ] = False,
    data: own_data.Data = None,
    observe: own_data.Observe = None,
    dv_unit: own_data.Unit = None,
    ignore: own_data.Ignore = None,
    ids: own_data.Ids = None,
    error: own_data.ErrorKind = None,
    is_story: story.Asks = False,
    story_file: story.StoryFile = None,
    evaluations: story.Evaluations = None,
    state: story.State = None,
    resume: story.Resume = False,
    hypothesis: Hypothesis = None,
    phenotype: Phenotype = None,
    settings: Settings = None,
    csv: own_data.Csv = None,
    out: Out = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it (.png, .svg, .pdf).")] = None,
    extend: Extend = None,
    threads: Threads = None,
) -> None:
    """Fit parameters to observations, or search for defaults."""
    files.check_picture(plot, reads=[data, story_file])
    only = {
        "--observe": observe, "--dv-unit": dv_unit, "--ignore": ignore, "--id": ids,
        "--error": error, "--phenotype": phenotype, "--set": settings, "--csv": csv,
    }  # fmt: skip
    fits = {**only, "--data": data, "--groups": groups, "--free": free, "--profile": profiles,
            "--priors": priors is not None}  # fmt: skip
    own = {"--evaluations": evaluations, "--state": state, "--resume": resume}
    if story.check_mode(is_story or story_file is not None, fits, own):
        how = story.options(seed, starts, evaluations, threads)
        places = {"out": out, "plot": plot, "state": state}
        return story.run(story_file, hypothesis, how, extend, places, resume)
    if starts == 0:
        raise UserError("--starts 0 polishes the defaults that are there: it belongs to --story")
    own_data.check_out(out, csv, data, extend or ())
    _check_mode(data, groups, {**only, "--hypothesis": hypothesis})
    names = tuple(dict.fromkeys(free or ()))
    edition = edition_of(extend)
    if data is None:
        chosen = (starts or STARTS, seed, names, bool(priors), profiles, threads)
        return _shipped(groups, chosen, edition, out, plot)
    how = _own_options(names, hypothesis, phenotype, settings, error, priors)
    how = replace(how, starts=starts or STARTS, seed=seed, profiles=profiles, threads=threads)
    people = own_data.subjects(data, observe or (), dv_unit or "", ignore or (), ids or ())
    own_data.fit_and_show(people, how, out, csv, plot, edition)


def _check_mode(data: str | None, groups: list[str] | None, only: Mapping[str, Any]) -> None:
    """Refuse options that would do nothing."""
    if data is not None and groups is not None:
        raise UserError("--groups are of the shipped observations, --data of your own; keep one")
    for name, value in only.items():
        if data is None and value:
            raise UserError(f"{name} belongs to --data, an event table; leave it out")


def _own_options(
    free: tuple[str, ...],
    hypothesis: str | None,
    phenotype: str | None,
    settings: list[str] | None,
    error: list[str] | None,
    priors: bool | None,
) -> Any:
    """Return how to fit to data, with the defaults where nothing was said."""
    from ldnsim.analysis.evidence.own_problem import Options
    from ldnsim.cli.source import assignments

    plain = Options(free)
    return replace(
        plain,
        hypothesis=hypothesis or plain.hypothesis,
        phenotype=phenotype or plain.phenotype,
        parameters=assignments(settings),
        error=tuple(error or ()),
        priors=plain.priors if priors is None else priors,
    )


def _shipped(
    groups: list[str] | None, how: Any, edition: Edition, out: Path | None, plot: Path | None
) -> None:
    """Fit the shipped groups."""
    from ldnsim.analysis.evidence.calibrate import Options
    from ldnsim.analysis.evidence.calibrate import calibrate as fit

    listed = None if groups is None else ",".join(groups).split(",")
    names = None if listed is None else list(dict.fromkeys(g.strip() for g in listed if g.strip()))
    done = fit(names, Options(*how), edition=edition)
    _print(done, edition)
    if out is not None:
        files.write_report(out, "calibrate", {"groups": [as_dict(g) for g in done]}, edition, 2)
    if plot is not None:
        from ldnsim.plots.calibration import draw

        files.save_picture(draw([as_dict(g) for g in done], edition.records()), plot)


def _print(done: list[GroupFit], edition: Edition) -> None:
    """Print estimates, then fits of the observations, then remarks."""
    headers = ("group", "parameter", own_data.before(edition), "estimate", "se",
               "95 % by profile", "unit", "verdict")  # fmt: skip
    table.show(headers, [_estimate(g, e) for g in done for e in g.estimates], "Estimates")
    typer.echo()
    rows = [
        [g.group.name, r.name, f"{r.simulated:.4g}", r.published,
         ", ".join(f"{x:+.2f}" for x in r.residuals)]
        for g in done for r in g.rows
    ]  # fmt: skip
    table.show(("group", "observation", "fitted", "published", "residuals (sd)"), rows, "Fit")
    typer.echo()
    for line in told(edition):
        typer.echo(line)
    for g in done:
        for line in remarks(g):
            typer.echo(line)


def _estimate(g: GroupFit, e: Estimate) -> list[str]:
    known = own_data.how_well_known(e, bool(g.profiles))
    own = [g.group.name, e.name, f"{e.shipped:g}", f"{e.value:.4g}"]
    return [*own, *known, e.unit, e.verdict]


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
    from ldnsim.analysis.evidence.own_report import plain

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
