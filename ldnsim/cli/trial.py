"""The command that reports a study as a trial: arms, intervals, responders, power."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ldnsim.cli import designs, table
from ldnsim.cli.extend import Extend, edition_of, told_of
from ldnsim.cli.guard import guarded, say
from ldnsim.cli.numbers import Threads, whole_option
from ldnsim.cli.source import STORE, STUDY, resolve
from ldnsim.errors import UserError, unknown
from ldnsim.sweep.progress import progress

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.runs.plan import Plan
    from ldnsim.sweep.study import Study

_ARMS = (
    "arm", "patients", "baseline (0-10)", "change, points (95 % CI)", "change %",
    ">=30 % (95 % CI)", ">=50 % (95 % CI)", "difference, points (95 % CI)", "P",
)  # fmt: skip
_TRIALS = ("arm", "difference, points (middle 95 %)", "P < 0.05", "of these, worse")


PER_ARM, TRIALS, ACCOUNT = 50, 1000, "final2024"


@guarded()
def trial(
    source: Annotated[
        str, typer.Argument(help="A study file with [population], or what `ldnsim sweep` wrote.")
    ],
    per_arm: Annotated[
        int | None, whole_option(least=2, words=f"Patients an arm of a trial (default: {PER_ARM}).")
    ] = None,
    weeks: Annotated[int | None, whole_option(least=1, words="Week of the outcome.")] = None,
    seed: Annotated[int | None, whole_option(least=0, words="Of placebo and diary.")] = None,
    trials: Annotated[
        int | None, whole_option(least=1, words=f"How many trials to repeat (default: {TRIALS}).")
    ] = None,
    placebo: Annotated[
        str | None, typer.Option(help=f"Account of the placebo response (default: {ACCOUNT}).")
    ] = None,
    select: Annotated[
        list[str] | None, typer.Option(help="Narrow an axis, as axis=value; repeatable.")
    ] = None,
    pool: Annotated[
        Path | None, typer.Option(help="With [trial]: the pool, made if it is not there.")
    ] = None,
    null: Annotated[
        bool, typer.Option("--null", help="With [trial]: also how often nothing is found.")
    ] = False,
    weight: Annotated[
        list[str] | None,
        typer.Option(help="With [trial]: weight of a case in assurance, as null=2; repeatable."),
    ] = None,
    tables: Annotated[
        Path | None, typer.Option("--table", help="With [trial]: comparisons, .csv, .json or .md.")
    ] = None,
    groups: Annotated[
        Path | None, typer.Option(help="With [trial]: what groups went through, likewise.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="With [trial]: draw it to this file.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="With [trial]: write all of it to this .nc file.")
    ] = None,
    extend: Extend = None,
    threads: Threads = None,
) -> None:
    """Report virtual patients as a trial, or many."""
    asked = designs.Asked(
        pool, null, trials, seed, placebo, select or (), weight or (), tables, groups, plot, out,
        threads,
    )  # fmt: skip
    given = resolve(source, STUDY, STORE)
    given.only((STUDY,), asked.given())
    if given.kind is STUDY and (study := given.study(extend=extend)).trial:
        _refuse(source, {"--per-arm": per_arm, "--weeks": weeks}, "set patients or weeks there")
        designs.run(study, source, asked)
        return
    without = "add one, such as\n[trial]\ndesign = 'parallel'"
    _refuse(source, asked.given(), without, "it has no [trial]")
    account = placebo or ACCOUNT
    ds = _result(source, threads, account, weeks, select or [], extend)
    _report(ds, account, weeks, seed, per_arm or PER_ARM, trials or TRIALS)


def _refuse(text: str, options: dict[str, Any], instead: str, why: str = "it has [trial]") -> None:
    """Refuse options that mean nothing for a study with, or without, a design."""
    for name, value in options.items():
        if value not in (None, False, []):
            raise UserError(f"{name} means nothing for {text}: {why}; {instead}")


def _report(
    ds: xr.Dataset, account: str, weeks: int | None, seed: int | None, per_arm: int, trials: int
) -> None:
    """Report a result as one trial, with power by resampling."""
    from ldnsim.analysis.trial import simulated as analysis

    told = analysis.reported(ds, seed, placebo=account)
    end = weeks if weeks is not None else int(told["week"].values[-1])
    _show_arms(analysis.arms(told, end))
    _show_trials(repeats := analysis.repeated(told, per_arm, trials, end))
    _show_terms(told, end)
    for line in told_of(ds):
        typer.echo(line)
    _show_population(told)
    _show_missing(repeats, per_arm)


def _result(
    text: str, threads: int | None, account: str, weeks: int | None, select: list[str],
    extend: list[str] | None,
) -> xr.Dataset:  # fmt: skip
    """Open a result, or run a study in memory after a look at what would stop the report."""
    import ldnsim
    from ldnsim.analysis.trial.arms import PATIENT, as_arms, can_state_no_drug, check_arms

    source = resolve(text, STUDY, STORE)
    accounts = edition_of(()).placebo.responses  # no extension adds one
    if account not in accounts:
        raise unknown("placebo response", account, accounts)
    if source.kind is STORE:
        own = _narrowed(ldnsim.open_store(source.path), select)
        if PATIENT not in own.dims or "baseline_pain" not in own:
            return own  # the report says what is missing
        check_arms(as_arms(own))
        if not _lacks_placebo(own):
            source.only((STUDY,), {"--threads": threads})
            if extend:
                raise UserError(f"--extend: nothing of {text} is run again; leave it out")
            return own
        study = source.study(extend=extend)
        return _add_placebo(own, study, threads, select) if not can_state_no_drug(study) else own
    study = source.study(extend=extend)
    bare = _check(study, text, weeks, select)
    own = _narrowed(_run(study, threads), select)
    return _add_placebo(own, study, threads, select) if bare else own


def _lacks_placebo(ds: xr.Dataset) -> bool:
    """Whether no arm of a result is without drug; what has no arms is told by the report."""
    from ldnsim.analysis.trial.arms import arm_dimension, as_arms, without_drug

    try:
        laid = as_arms(ds)
        return not without_drug(laid, arm_dimension(laid)).any()
    except UserError:
        return False


def _run(study: Study, threads: int | None) -> xr.Dataset:
    say(study.plan().describe())
    with progress() as report:
        return study.run(threads=threads, progress=report)


def _add_placebo(
    own: xr.Dataset, study: Study, threads: int | None, select: list[str]
) -> xr.Dataset:
    """Run the same patients without drug: axes over a regimen hold no point without it."""
    from ldnsim.analysis.trial.arms import placebo_study, with_placebo

    none = placebo_study(study)
    say("no arm is without drug: the same patients are simulated on placebo as well")
    left = {a.name for a in none.axes}
    parts = [text for text in select if text.partition("=")[0].strip() in left]
    return with_placebo(own, _narrowed(none.run(threads=threads), parts))


def _narrowed(ds: xr.Dataset, select: list[str]) -> xr.Dataset:
    from ldnsim.plots.selection import narrow, parse

    return narrow(ds, parse(select))


def _regimens(plan: Plan) -> dict[str, Any]:
    """The regimens of a study as it is run, by name, those of an axis of regimens included."""
    from ldnsim.config.rules import name_of

    own = [plan.runs[int(i)].regimen for i in plan.runs.facet(lambda f: f == "regimen").runs()]
    every = (c for d in plan.dims for c in d.coordinates)
    names = next((c.values for c in every if c.field == "regimen"), map(name_of, own))
    return dict(zip(map(str, names), own, strict=True))


def _check(study: Study, file: str, weeks: int | None, select: list[str]) -> bool:
    """Refuse a study that cannot be reported as a trial before it is run.

    Returns:
        whether an arm without drug has to be run besides, since the study cannot state one.
    """
    from ldnsim.analysis.trial.arms import as_arms, can_state_no_drug, check_arms, outline

    if study.population is None:
        raise UserError(f"{file}: a trial needs [population], such as size = 64")
    plan = study.plan()
    regimens = _regimens(plan)
    empty = sum(not r.doses().amount_mg.any() for r in regimens.values())
    bare = not can_state_no_drug(study) and not empty
    if empty != 1 and not bare:
        raise UserError(
            f"{file}: regimens: a trial needs exactly one arm without drug, found {empty}"
            f" among {', '.join(regimens)}; add 'placebo nightly at 22:00, for 12 wk'"
        )
    check_arms(as_arms(_narrowed(outline(plan), select), least=1 if bare else 2))
    last = int(plan.end // 168.0)
    if weeks is not None and weeks > last:
        raise UserError(f"--weeks {weeks}: {file} is {last} weeks long")
    return bare


def _show_arms(found: xr.Dataset) -> None:
    rows = []
    for name in found[_arm(found)].values:
        one = found.sel({_arm(found): name})
        drug = str(name) != found.attrs["placebo_arm"]
        rows.append(
            [
                str(name),
                f"{int(one['patients'])}",
                f"{float(one['baseline']):.2f}",
                _interval(one, "change"),
                f"{float(one['percent']):.1f}",
                _with_ends(one, "responders30"),
                _with_ends(one, "responders50"),
                _interval(one, "difference") if drug else "",
                _p(float(one["p"])) if drug else "",
            ]
        )
    table.show(_ARMS, rows, "All virtual patients")


def _p(value: float) -> str:
    return f"{value:.2g}" if value == value else "none"


def _with_ends(one: xr.Dataset, name: str) -> str:
    value, low, high = (100.0 * float(one[f"{name}{end}"]) for end in ("", "_low", "_high"))
    return f"{value:.1f} % ({low:.1f} to {high:.1f})" if value == value else "none"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %" if value == value else "none"


def _show_trials(found: xr.Dataset) -> None:
    arm = _arm(found)
    rows = [
        [
            str(name),
            _interval(found.sel({arm: name}), "difference"),
            f"{100 * float(found['power'].sel({arm: name})):.1f} %",
            _share(float(found["wrong_way"].sel({arm: name}))),
        ]
        for name in found[arm].values
    ]
    typer.echo("")
    table.show(_TRIALS, rows, f"{found.attrs['trials']} trials")


def _show_terms(told: xr.Dataset, week: int) -> None:
    """Say what was added to the biology, and the standing warning."""
    attrs = told["reported_pain"].attrs
    account = edition_of(()).placebo.responses[str(attrs["placebo"])]
    typer.echo(
        f"\nReported pain at week {week}, 0-10: biology, plus placebo response"
        f" ({account.title}: mean {attrs['placebo_mean']:.2f}, between patients"
        f" {attrs['placebo_sd']:.2f}, half-time {attrs['placebo_half_time_wk']:g} wk), plus diary"
        f" noise {attrs['diary_sd']:g}; the same draws in every arm. {account.note}"
    )
    if attrs["misfit"]:
        typer.echo(f"Misfit: {attrs['misfit']}.")
    typer.echo(str(told.attrs.get("warning", "Research instrument, not medical advice.")))


def _show_population(told: xr.Dataset) -> None:
    """Say how many candidates had to be drawn for these patients, and why others were not taken."""
    kept = json.loads(str(told.attrs.get("population", "{}")))
    if rejected := kept.get("rejected"):
        reasons = ", ".join(f"{n} with {why}" for why, n in rejected.items())
        typer.echo(
            f"{told.sizes['patient']} patients of {kept['candidates']} candidates; not taken:"
            f" {reasons} (untreated)."
        )
    if match := kept.get("match"):
        advice = f"; {match['advice']}" if match["advice"] else ""
        typer.echo(
            f"Weighted to {match['population']}: {match['effective']:.1f} effective patients"
            f" (Kish), {match['status']}{advice}. Means, shares and intervals above are weighted,"
            " and patients of the trials are drawn by weight."
        )


def _show_missing(repeats: xr.Dataset, per_arm: int) -> None:
    """Say which trials have no P because nobody in them differs from anybody."""
    arm = _arm(repeats)
    for name in repeats[arm].values:
        lost = round(float(repeats["untested"].sel({arm: name})) * repeats.attrs["trials"])
        if lost:
            say(
                f"{name}: {lost} of {repeats.attrs['trials']} trials have no P and count as not"
                " below 0.05: in neither arm do the patients drawn differ. It takes more patients"
                f" an arm (--per-arm {per_arm}) or in the population (size)"
            )


def _arm(found: xr.Dataset) -> str:
    return str(next(iter(found.dims)))


def _interval(one: xr.Dataset, name: str) -> str:
    low, high = float(one[f"{name}_low"]), float(one[f"{name}_high"])
    if not low <= high:
        return f"{float(one[name]):.2f} (no interval)"
    return f"{float(one[name]):.2f} ({low:.2f} to {high:.2f})"
