"""The part of ``ldnsim calibrate`` that searches for defaults, subject to behaviours."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ldnsim.cli import files, table
from ldnsim.cli.extend import edition_of, told
from ldnsim.cli.guard import say
from ldnsim.cli.numbers import whole_option
from ldnsim.errors import UserError

if TYPE_CHECKING:
    from ldnsim.analysis.evidence.story import Story
    from ldnsim.analysis.evidence.story_log import Asked
    from ldnsim.analysis.evidence.story_search import Found, Options

SET = files.Format("a set of parameters", {".toml": "# Written by ldnsim calibrate --story;"})
STATE = files.Format(
    "the state of a search", {".jsonl": r'\{"written_by": "ldnsim calibrate --story"'}
)
DEFAULT_STATE = Path("story_search.jsonl")
EVERY = 5.0
"""Seconds between lines of progress."""

Asks = Annotated[
    bool, typer.Option("--story", help="Search for defaults that show the behaviours claimed.")
]
StoryFile = Annotated[
    Path | None, typer.Option(help="Story of your own (.toml) in place of that of the package.")
]
Evaluations = Annotated[
    int | None, whole_option(least=1, words="Sets to try in all starts of --story (2000).")
]
State = Annotated[
    Path | None,
    typer.Option(help="Where --story keeps what it tried (.jsonl): beside --out, or here."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with that state.")]


def check_mode(is_story: bool, others: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    """Return whether the search is asked for, and refuse options that would do nothing.

    Raises:
        UserError: naming the option.
    """
    files.check(own["--state"], STATE, "--state")
    for name, value in (others if is_story else own).items():
        if value not in (None, False, []):
            what = "is no part of --story" if is_story else "belongs to --story"
            raise UserError(f"{name} {what}; leave it out")
    return is_story


def options(seed: int, starts: int | None, evaluations: int | None, threads: int | None) -> Options:
    """Return how to search, with the defaults where nothing was said."""
    from ldnsim.analysis.evidence.story_search import Options

    plain = Options(seed=seed, threads=threads)
    if starts == 0 and evaluations is not None:
        raise UserError("--evaluations is for starts; with --starts 0 leave it out")
    return replace(
        plain,
        starts=plain.starts if starts is None else starts,
        evaluations=evaluations or plain.evaluations,
    )


def run(
    path: Path | None,
    hypothesis: str | None,
    how: Options,
    extend: list[str] | None,
    places: Mapping[str, Path | None],
    resume: bool,
) -> None:
    """Search, print, write and draw.

    Args:
        path: of the story; that of the package when None.
        hypothesis: names parted by commas; all when None.
        how: how to search.
        extend: extensions of the model.
        places: where to write: ``out``, ``plot``, ``state``.
        resume: go on with the state that is there.

    Raises:
        UserError: what cannot be read, or a state that cannot be gone on with.
    """
    from ldnsim.analysis.evidence.story import Story
    from ldnsim.analysis.evidence.story_search import search

    out, state = places["out"], _state(places)
    _check_out(out, [path, *(extend or ())])
    files.check(state, STATE, "--state", [path, *(extend or ())])
    names = hypothesis and [h.strip() for h in hypothesis.split(",") if h.strip()]
    story = Story(path, names or None, edition_of(extend))
    say(_plan(story, how, state))
    try:
        found = search(story, how, state, resume, _progress())
    except KeyboardInterrupt:
        say(f"ldnsim: what was tried is in {state}: the same command with --resume goes on")
        raise
    _print(found)
    _write(found, out, places["plot"])


def _check_out(out: Path | None, reads: list[Any]) -> None:
    """Refuse a place that cannot or must not be written; before anything is computed."""
    report = files.report_of("calibrate")
    both = files.Format(f"{report.what} or {SET.what}", {**report.begins, **SET.begins})
    files.check(out, both, "--out", reads)


def _state(places: Mapping[str, Path | None]) -> Path:
    out = places["out"]
    return places["state"] or (out.with_suffix(".jsonl") if out else DEFAULT_STATE)


def _plan(story: Story, how: Options, state: Path) -> str:
    asked = f"{len(story.constraints)} constraints, {len(story.observed)} observations"
    runs = f"{story.batches.runs} runs a set"
    what = f"{how.evaluations} sets in {how.starts} starts" if how.starts else "no start"
    return (
        f"{story.file.name}: {len(story.free)} parameters move, {asked}, under"
        f" {', '.join(story.hypotheses)}; {what}, then a polish of these and of the set that is"
        f" there; {runs}; state in {state}"
    )


def _progress() -> Callable[[Asked], None]:
    last, best = [time.monotonic() - EVERY], [float("inf")]

    def tell(batch: Asked) -> None:
        best[0] = min(best[0], float(batch.parts.total.min()))
        if time.monotonic() - last[0] >= EVERY:
            last[0] = time.monotonic()
            say(f"{batch.phase}: {batch.number} sets tried, best objective {best[0]:.5g}")

    return tell


def _print(found: Found) -> None:
    """Print departures, constraints, observations, candidates, then remarks."""
    from ldnsim.analysis.evidence import story_report as report
    from ldnsim.analysis.evidence.story_search import called

    rows = [
        [r["name"], f"{r['shipped']:g}", f"{r['prior']:g}", f"{r['found']:.4g}", r["unit"],
         f"{r['departure']:+.2f}", *([f"{x:+.2f}" for x in r["runners_up"]])]
        for r in report.parameters(found)
    ]  # fmt: skip
    others = [f"{called(s.start)} (SD)" for s in found.solutions[1:]]
    columns = ("parameter", "without the search", "prior", "found", "unit", "departure (SD)")
    table.show((*columns, *others), rows, "Departures")
    typer.echo()
    rows = [
        [r["behaviour"], r["name"], r["hypothesis"], _number(r["shipped"]), _number(r["value"]),
         r["expected"], _number(r["distance"]), r["verdict"]]
        for r in report.constraints(found)
    ]  # fmt: skip
    columns = ("id", "constraint", "hypothesis", "without the search", "found", "bound")
    table.show((*columns, "units beyond", "verdict"), rows, "Constraints")
    typer.echo()
    _print_rest(found)


def _print_rest(found: Found) -> None:
    from ldnsim.analysis.evidence import story_report as report

    rows = [
        [r["name"], r["hypothesis"], _number(r["value"]), r["published"], _number(r["chi2"]),
         _number(r["chi2_shipped"])]
        for r in report.observations(found)
    ]  # fmt: skip
    if rows:
        headers = ("observation", "hypothesis", "found", "published", "chi-square")
        table.show((*headers, "without the search"), rows, "Observations")
        typer.echo()
    rows = [
        [t["candidate"], *(_number(t[k]) for k in ("total", "prior", "chi2", "violations")),
         str(len(t["missed"])), t["same_as"] or ""]
        for t in report.totals(found)
    ]  # fmt: skip
    columns = ("candidate", "objective", "departure", "chi-square", "violations", "missed")
    table.show((*columns, "same as"), rows, "Candidates")
    typer.echo()
    for line in (*told(found.story.edition), *report.remarks(found)):
        typer.echo(line)


def _number(x: float | None) -> str:
    return "none" if x is None else f"{x:.4g}"


def _write(found: Found, out: Path | None, plot: Path | None) -> None:
    from ldnsim.analysis.evidence import story_report as report

    if out is not None and out.suffix.lower() == ".toml":
        files.write(out, report.parameter_set(found))
    elif out is not None:
        files.write_report(out, "calibrate", report.as_dict(found), found.story.edition, 2)
    if plot is not None:
        from ldnsim.plots.story import draw

        shown = {**report.as_dict(found), "extensions": found.story.edition.records()}
        files.save_picture(draw(shown), plot)
