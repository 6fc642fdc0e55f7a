"""The command that reports a study as a trial: arms, intervals, responders, power."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ldnsim.cli import table
from ldnsim.cli.guard import guarded, say
from ldnsim.cli.progress import progress
from ldnsim.errors import UserError, unknown

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.sweep.study import Study

_ARMS = (
    "arm", "patients", "baseline", "change (95 % CI)", "change %", ">=30 %", ">=50 %",
    "difference (95 % CI)", "P",
)  # fmt: skip
_TRIALS = ("arm", "difference (middle 95 %)", "P < 0.05", "of these, worse")


@guarded()
def trial(
    source: Annotated[
        Path, typer.Argument(help="A study file with [population], or what `ldnsim sweep` wrote.")
    ],
    per_arm: Annotated[int, typer.Option(min=2, help="Patients an arm of a trial.")] = 50,
    weeks: Annotated[int | None, typer.Option(min=1, help="Week of the outcome.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of placebo response and diary.")] = None,
    trials: Annotated[int, typer.Option(min=1, help="How many trials to repeat.")] = 1000,
    placebo: Annotated[
        str, typer.Option(help="Account of the placebo response.")
    ] = "final2024",
    select: Annotated[
        list[str] | None, typer.Option(help="Narrow an axis, as axis=value; repeatable.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads to use (default: all cores).")
    ] = None,
) -> None:
    """Report virtual patients as a placebo-controlled trial."""
    from ldnsim.analysis import trial as analysis
    from ldnsim.cli.look import selection
    from ldnsim.plots.selection import narrow

    ds = _result(source, threads, placebo, weeks)
    chosen = selection(ds, select or [])
    if chosen:
        ds = narrow(ds, chosen)
    told = analysis.reported(ds, seed, placebo=placebo)
    end = weeks if weeks is not None else int(told["week"].values[-1])
    _show_arms(analysis.arms(told, end))
    _show_trials(analysis.repeated(told, per_arm, trials, end))
    _show_terms(told, end)


def _result(source: Path, threads: int | None, account: str, weeks: int | None) -> xr.Dataset:
    """Open a result, or run a study in memory after a look at what would stop the report."""
    import ldnsim
    from ldnsim.catalog import placebo as accounts

    if account not in accounts().responses:
        raise unknown("placebo response", account, accounts().responses)
    if source.suffix != ".toml":
        return ldnsim.open_store(source)
    study = ldnsim.load(source)
    _check(study, str(source), weeks)
    say(study.plan().describe())
    with progress() as report:
        return study.run(threads=threads, progress=report)


def _check(study: Study, file: str, weeks: int | None) -> None:
    """Refuse a study that cannot be reported as a trial before it is run."""
    import numpy as np

    if study.population is None:
        raise UserError(f"{file}: a trial needs [population], such as size = 64")
    arms = study.named_regimens()
    empty = [n for n, r in arms.items() if not np.any(r.doses().amount_mg)]
    if len(empty) != 1:
        raise UserError(
            f"{file}: regimens: a trial needs exactly one arm without drug, found {len(empty)}"
            f" among {', '.join(arms)}; add 'placebo nightly at 22:00, for 12 wk'"
        )
    last = int(study.plan().end // 168.0)
    if weeks is not None and weeks > last:
        raise UserError(f"--weeks {weeks}: {file} is {last} weeks long")


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
                f"{100 * float(one['responders30']):.1f} %",
                f"{100 * float(one['responders50']):.1f} %",
                _interval(one, "difference") if drug else "",
                f"{float(one['p']):.2g}" if drug else "",
            ]
        )
    table.show(_ARMS, rows, "All virtual patients")


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
    from ldnsim.catalog import placebo

    attrs = told["reported_pain"].attrs
    account = placebo().responses[str(attrs["placebo"])]
    typer.echo(
        f"\nReported pain at week {week}, 0-10: biology, plus placebo response"
        f" ({account.title}: mean {attrs['placebo_mean']:.2f}, between patients"
        f" {attrs['placebo_sd']:.2f}, half-time {attrs['placebo_half_time_wk']:g} wk), plus diary"
        f" noise {attrs['diary_sd']:g}; the same draws in every arm. {account.note}"
    )
    if attrs["misfit"]:
        typer.echo(f"Misfit: {attrs['misfit']}.")
    typer.echo(str(told.attrs.get("warning", "Research instrument, not medical advice.")))


def _arm(found: xr.Dataset) -> str:
    return str(next(iter(found.dims)))


def _interval(one: xr.Dataset, name: str) -> str:
    low, high = float(one[f"{name}_low"]), float(one[f"{name}_high"])
    return f"{float(one[name]):.2f} ({low:.2f} to {high:.2f})"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(trial)
