"""The command `states`: where a patient can rest, and where states appear, vanish or oscillate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ldnsim.cli import files, states_all, table
from ldnsim.cli.extend import Extend, edition_of, told
from ldnsim.cli.guard import guarded, say
from ldnsim.cli.numbers import real_option, whole_option

if TYPE_CHECKING:
    from ldnsim.analysis import Branch
    from ldnsim.analysis.states.branch_parts import Rest
    from ldnsim.edition import Edition


@guarded()
def states(
    phenotype: Annotated[
        str | None, typer.Argument(help="See `ldnsim phenotypes`; with --all every one.")
    ] = None,
    parameter: Annotated[
        str | None, typer.Option(help="What varies: a parameter (driver), or dose.")
    ] = None,
    low: Annotated[float | None, real_option("--from", words="Lower end of the range.")] = None,
    high: Annotated[float | None, real_option("--to", words="Upper end of the range.")] = None,
    dose: Annotated[
        float | None, real_option(least=0.0, most=1000.0, words="Nightly dose, mg (0).")
    ] = None,
    hypothesis: Annotated[
        str | None, typer.Option(help="See `ldnsim hypotheses` (dual_pathway); with --all all.")
    ] = None,
    points: Annotated[
        int | None, whole_option(least=10, words="Fewest points of a curve (50).")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter, as name=value; repeatable.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Does anything oscillate, anywhere?")] = False,
    doses: Annotated[
        str | None, typer.Option(help="With --all: nightly doses, mg, as 0,1.5,4.5.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the diagram to this file.")] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write all points to this file.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(help="With --all: write every orbit to this file.")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="With --all: as a table for a page.")
    ] = False,
    extend: Extend = None,
) -> None:
    """Find resting states, folds and limit cycles of a patient."""
    files.check_picture(plot)
    files.check(json_file, files.report_of("states"), "--json")
    files.check(csv, files.table_of(*states_all.CSV[:2]), "--csv")
    one = {"parameter": parameter, "low": low, "high": high, "dose": dose, "points": points}
    _check_way(all_, one, {"--doses": doses, "--csv": csv, "--markdown": markdown})
    from ldnsim.cli.source import assignments

    edition = edition_of(extend)
    with edition.in_force():
        values = assignments(settings)
    if all_:
        outputs = states_all.Outputs(json_file, csv, plot, markdown)
        states_all.show(edition, phenotype, hypothesis, doses, values, outputs)
        return
    given = {**one, "phenotype": phenotype, "hypothesis": hypothesis}
    _one({k: v for k, v in given.items() if v is not None}, values, edition, json_file, plot)


def _check_way(all_: bool, one: dict[str, Any], every: dict[str, Any]) -> None:
    """Refuse options of one patient's diagram with --all, and of --all without it."""
    spelled = {"low": "from", "high": "to"}
    if all_:
        states_all.only_with(True, {f"--{spelled.get(k, k)}": v for k, v in one.items()})
    else:
        states_all.only_with(False, every)


def _one(
    given: dict[str, Any], values: dict[str, float], edition: Edition, json_file: Path | None,
    plot: Path | None,
) -> None:  # fmt: skip
    """Follow the states of one patient; what was not given is the library's to choose."""
    from ldnsim import plots
    from ldnsim.analysis import continue_orbit

    branch = continue_orbit(**given, parameters=values, edition=edition)
    for line in told(edition):
        typer.echo(line)
    _show(branch)
    if json_file is not None:
        files.write_report(json_file, "states", branch.as_dict(), edition)
    if plot is not None:
        files.save_picture(plots.bifurcation(branch.to_dataset()), plot)


def _show(branch: Branch) -> None:
    unit = f" {branch.unit}" if branch.unit not in ("", "1") else ""
    drug = f"{branch.dose:g} mg nightly" if branch.dose else "untreated"
    where = f"{branch.parameter} = {branch.own:g}{unit}"
    typer.echo(f"{branch.phenotype}, {branch.hypothesis}, {drug}; states at {where}:")
    if branch.rests:
        headers = (
            "state", "", "TNF (fold of healthy)", "M1 (share)", "pain (0-10)", "radius (per day)",
            "least damped ringing",
        )  # fmt: skip
        table.show(headers, [_row(r) for r in branch.rests])
    else:
        inside = branch.low <= branch.own <= branch.high
        typer.echo("  none found" if inside else "  not looked for: outside the range followed")
    for b in branch.bifurcations:
        words = f"{b.kind} at {branch.parameter} = {b.value:.6g}{unit}"
        words += f", TNF {branch.of('tnf')[b.index]:.3g} fold of healthy"
        typer.echo(words + (f", period {b.period:.3g} d" if b.period else ""))
    lost = any(set(ends) - {"bound", "closed"} for ends in branch.ends)
    for a, z in () if lost else branch.hysteresis():
        typer.echo(f"two stable states for {branch.parameter} from {a:.6g} to {z:.6g}{unit}")
    if lost:
        words = "where two states exist is not known; try a shorter range"
        typer.echo(f"a curve ends inside the range: {words}")
    elif not branch.hysteresis():
        typer.echo("nowhere two stable states in this range")
    for c in branch.cycles:
        typer.echo(f"{branch.parameter} = {c.value:.6g}{unit}: {c}")
    _doubts(branch, unit)


def _row(rest: Rest) -> list[str]:
    ring = rest.ringing
    words = f"{ring.period:.3g} d, {100 * ring.kept:.3g} % left per turn" if ring else "none"
    return [
        ("inflamed" if rest.inflamed else "resolved") if rest.stable else "between",
        "stable" if rest.stable else "unstable",
        *(f"{rest.of(name):.3g}" for name in ("tnf", "microglia_m1", "pain")),
        f"{rest.radius:.4f}",
        words,
    ]


def _doubts(branch: Branch, unit: str) -> None:
    """Say what was not found out."""
    for value in branch.unknown:
        say(f"{branch.parameter} = {value:g}{unit}: no steady state and no regular cycle was found")
    for number, refused in enumerate(branch.refused, start=1):
        if refused:
            words = f"{refused} step" + ("s" if refused > 1 else "")
            say(f"curve {number}: {words} led off it and had to be halved")
    for number, ends in enumerate(branch.ends, start=1):
        where = branch.values[branch.curve == number - 1]
        for end, value in zip(ends, (where[0], where[-1]), strict=True):
            if end not in ("bound", "closed"):
                reached = f"{branch.parameter} = {value:.6g}{unit}"
                say(f"curve {number} was followed to {reached} only ({end})")
