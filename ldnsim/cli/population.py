"""The command `population`: virtual patients weighted to those whose baseline was published."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ldnsim.cli import table
from ldnsim.cli.extend import Extend, edition_of, origins, told, with_origins
from ldnsim.cli.guard import ALL_FAILED, guarded, say
from ldnsim.cli.numbers import Threads, real, real_option, whole_option
from ldnsim.cli.source import assignments
from ldnsim.errors import UserError, unknown

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.catalog.populations import PublishedPopulation
    from ldnsim.edition import Edition

SIZE = 96
REGIMEN = "4.5 mg nightly at 22:00, for 12 wk"
_COLUMNS = ("variable", "use", "published", "drawn", "weighted", "off by (SE)", "drawn from-to")
_SHARES = ("share of patients", "drawn (95 % CI)", "weighted (95 % CI)")
_WORDS = {"responders": "responders, pain 30 % lower by biology alone"}


@guarded()
def population(
    name: Annotated[
        str | None, typer.Argument(help="Show and weight to this one; all are listed without.")
    ] = None,
    size: Annotated[
        int | None, whole_option(least=2, words="Virtual patients (default: 96).")
    ] = None,
    seed: Annotated[int | None, whole_option(least=0, words="Of their draws (default: 0).")] = None,
    scale: Annotated[
        float | None,
        real_option(least=0.0, most=3.0, words="Multiplier on recorded spreads (default: 1)."),
    ] = None,
    plausible: Annotated[
        list[str] | None,
        typer.Option(help="Let in only untreated means such as pain=5:10; repeatable."),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter, as name=value; repeatable.")
    ] = None,
    hypothesis: Annotated[str | None, typer.Option(help="See `ldnsim hypotheses`.")] = None,
    regimen: Annotated[
        str | None, typer.Option(help=f"On what responders are counted (default: {REGIMEN}).")
    ] = None,
    extend: Extend = None,
    threads: Threads = None,
) -> None:
    """Weight virtual patients to a published baseline."""
    from ldnsim.analysis.trial import published as analysis

    edition = edition_of(extend)
    if name is None:
        _refuse_idle({
            "--size": size, "--seed": seed, "--scale": scale, "--plausible": plausible,
            "--set": settings, "--hypothesis": hypothesis, "--regimen": regimen,
            "--threads": threads,
        })  # fmt: skip
        _list(edition)
        return
    if name not in edition.populations:
        raise unknown("population", name, edition.populations)
    with edition.in_force():
        own = assignments(settings)
    study = analysis.population_study(
        name, size or SIZE, seed or 0, regimen or REGIMEN, edition=edition,
        scale=1.0 if scale is None else scale, plausible=_limits(plausible),
        hypothesis=hypothesis or "dual_pathway", parameters=own,
    )  # fmt: skip
    say(study.plan().describe())
    ds = study.run(threads=threads)
    _show_baseline(edition.populations[name], ds)
    _show_shares(ds, analysis.kinds(ds, edition), analysis.RULE)
    for line in (*_beside(edition, name), *told(edition), str(ds.attrs["warning"])):
        typer.echo(line)
    if not (ds["status"] == 0).any():
        raise typer.Exit(ALL_FAILED)


def _refuse_idle(options: dict[str, object]) -> None:
    """Refuse options that would do nothing in a list."""
    idle = [o for o, value in options.items() if value is not None]
    if idle:
        raise UserError(f"{idle[0]} is of patients weighted to one population: give its name, too")


def _list(edition: Edition) -> None:
    """Print every published population on one line."""
    rows = [
        [
            p.name, p.title, p.phenotype, str(p.participants),
            "; ".join(f"{b.variable} {b.mean:.2f} ({b.sd:.2f})" for b in p.baselines.values()),
        ]
        for p in edition.populations.values()
    ]  # fmt: skip
    headers = ("name", "title", "phenotype", "n", "mean (SD) on the model's scales")
    table.show(*with_origins(edition, "populations", headers, rows), f"{len(rows)} populations")


def _limits(given: list[str] | None) -> dict[str, tuple[float, float]]:
    """Read limits such as ``pain=5:10``."""
    found: dict[str, tuple[float, float]] = {}
    for text in given or ():
        name, equals, span = text.partition("=")
        low, colon, high = span.partition(":")
        if not equals or not colon or not name.strip():
            raise UserError(f"--plausible {text!r}: expected variable=low:high, such as pain=5:10")
        key = f"--plausible {name.strip()}"
        if name.strip() in found:
            raise UserError(f"{key} is given twice; keep one of them")
        found[name.strip()] = (real(low, key), real(high, key))
    return found


def _show_baseline(published: PublishedPopulation, ds: xr.Dataset) -> None:
    """Print what was published, drawn and weighted, and how well they agree."""
    told, drawn = ds["weight"].attrs, json.loads(str(ds.attrs["population"]))
    typer.echo(f"{published.title}, n = {published.participants}. {published.note}")
    rows = [_reached(r) for r in json.loads(str(told["targets"]))]
    table.show(_COLUMNS, rows, "Untreated means over 24 h: mean (SD)")
    rejected = "".join(f", {n} with {why}" for why, n in drawn["rejected"].items())
    typer.echo(
        f"{ds.sizes['patient']} patients of {drawn['candidates']} candidates{rejected} (untreated)."
        f" Weighted: {told['effective']:.1f} effective patients (Kish;"
        f" {told['least_effective']:g} or more wanted), {told['status']}."
    )
    if advice := str(told["advice"]):
        typer.echo(f"{advice[0].upper()}{advice[1:]}.")


def _reached(r: dict[str, Any]) -> list[str]:
    """One variable as a row of the table."""
    pairs = [(r["mean"], r["sd"]), *((r[f"{n}_mean"], r[f"{n}_sd"]) for n in ("drawn", "weighted"))]
    return [
        r["variable"], r["use"], *(f"{_even(m):.2f} ({_even(sd):.2f})" for m, sd in pairs),
        f"{_even(r['mean_off']):+.1f} ({_even(r['sd_off']):+.1f})",
        f"{r['lowest']:.2f} to {r['highest']:.2f}",
    ]  # fmt: skip


def _even(value: float) -> float:
    """Return a number without the last digits of a solver, which could tip what is printed."""
    return round(value, 5) + 0.0


def _show_shares(ds: xr.Dataset, of_kind: list[str], rule: str) -> None:
    """Print the kinds of patient and the responders, all alike and weighted."""
    from ldnsim.analysis.trial import published as analysis

    drawn = analysis.shares(ds.drop_vars("weight"), of_kind)
    weighted = analysis.shares(ds, of_kind)
    rows = [[_WORDS.get(n, n), _percent(drawn[n]), _percent(weighted[n])] for n in drawn]
    table.show(_SHARES, rows)
    lost = int((ds["status"] != 0).sum())
    if lost:
        typer.echo(f"{lost} runs failed and count neither way among the responders.")
    typer.echo(rule)


def _percent(share: xr.Dataset) -> str:
    value, low, high = (100.0 * float(share[n]) for n in ("share", "share_low", "share_high"))
    return f"{value:.1f} % ({low:.1f} to {high:.1f})"


def _beside(edition: Edition, name: str) -> list[str]:
    """Say how scales were mapped, what was not, and where it is from."""
    published = edition.populations[name]
    lines = [
        f"{b.variable}: {b.instrument}, {b.printed[0]:g} ({b.printed[1]:g}); {b.mapping}"
        f" ({b.grade})"
        for b in published.baselines.values()
    ]
    lines += [f"not mapped: {text}" for text in published.not_mapped]
    lines += edition.cite(published.sources)
    by = origins(edition, "populations").get(name)
    return [*lines, f"from: {by}"] if by else lines
