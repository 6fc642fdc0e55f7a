"""Commands that simulate: demo, init, sweep, simulate."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ldnsim.cli import files
from ldnsim.cli.extend import Extend
from ldnsim.cli.guard import ALL_FAILED, guarded, say
from ldnsim.cli.machines import Cluster, Machines, Scheduler, ShardText, one_shard
from ldnsim.cli.numbers import Threads
from ldnsim.cli.source import EVENTS, PRESCRIPTION, STUDY, resolve
from ldnsim.errors import UserError
from ldnsim.sweep.progress import progress, seconds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ldnsim.results.objects import Address
    from ldnsim.runs.plan import Plan
    from ldnsim.sweep.study import Study


_FINE_H, _FINE_FOR_H = 0.25, 12 * 168.0
"""Interval of stored times under observations, h, and how late these may be for it."""


@guarded(resume="run the command again to start over")
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the dataset and the picture.")] = Path(
        "ldnsim-demo"
    ),
    threads: Threads = None,
) -> None:
    """Simulate a small comparison of regimens and draw it."""
    import ldnsim
    from ldnsim import plots
    from ldnsim.cli.studies import find

    start = time.perf_counter()
    study = ldnsim.load(find("quickstart"))
    say(f"simulating {study.title!r}: {len(study.plan())} runs")
    store, picture = out / "demo.zarr", out / "demo.png"
    files.check_picture(picture, "--out")
    _check_demo(store, study)
    out.mkdir(parents=True, exist_ok=True)
    with progress() as report:
        ds = study.run(store, threads=threads, progress=report, overwrite=True)
    say(f"done in {seconds(time.perf_counter() - start)}")
    _outcome(ds["status"].values, ds["accuracy"].values)
    typer.echo(f"dataset  {store}")
    files.save_picture(plots.compare(ds), picture)


def _check_demo(store: Path, study: Study) -> None:
    """Refuse to replace what is not the result of an earlier demo."""
    from ldnsim.results.provenance import identity
    from ldnsim.results.store import attributes

    if not os.path.lexists(store):
        return
    try:
        ours = attributes(store).get("study") == identity(study)
    except (ValueError, KeyError):  # no result, or one that cannot be read
        ours = False
    if not ours:
        raise UserError(
            f"{store} is not the result of an earlier demo of this version and is not replaced;"
            " choose another folder with --out"
        )


@guarded()
def init(
    file: Annotated[Path, typer.Argument(help="Study file to write, for example my-study.toml.")],
    template: Annotated[
        str, typer.Option(help="Which one; see `ldnsim templates`.")
    ] = "quickstart",
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a commented study file to edit and run."""
    from ldnsim.cli.studies import copy_text, find

    files.check_ending(file, files.STUDY_FILE, "init")
    if file.is_dir():
        raise UserError(f"{file} is a folder; choose another name")
    if file.exists() and not force:
        raise UserError(f"{file} exists already; choose another name or add --force")
    files.write(file, copy_text(find(template), file))
    typer.echo(f"edit it, then run: ldnsim sweep {shlex.quote(str(file))}")


@guarded(resume="what is finished is kept: run the same command with --resume to go on")
def sweep(
    study: Annotated[Path, typer.Argument(help="Study file (.toml).")],
    out: Annotated[str | None, typer.Option(help="Where the result goes (.zarr, .nc).")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a stopped sweep.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the result of an earlier sweep.")
    ] = False,
    append: Annotated[
        bool, typer.Option("--append", help="Add what a finished result lacks of longer axes.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be run.")] = False,
    threads: Threads = None,
    scheduler: Scheduler = None,
    cluster: Cluster = None,
    shard: ShardText = None,
) -> None:
    """Run a study file and store the result."""
    from ldnsim.runs.plan import make_plan
    from ldnsim.sweep.execute import checked_out, run_into_store

    _fit_together(resume, overwrite, append, dry_run)
    machines = Machines(scheduler, cluster, shard)
    machines.check(resume, overwrite, append, dry_run)
    start = time.perf_counter()
    config = resolve(study, STUDY).study()
    ending = ".nc" if config.output.store == "netcdf" else ".zarr"
    store = checked_out(study.with_suffix(ending) if out is None else out)
    try:
        plan = make_plan(config, threads)
    except UserError as error:
        raise UserError(f"{study}: {error}") from None
    if dry_run:
        typer.echo(plan.describe())
        return
    if config.optimise is not None:
        say(f"[optimise] is left alone by a sweep: ldnsim optimise {study} looks at it")
    say(plan.describe())
    if shard is not None:
        one_shard(plan, store, shard, study)
        return
    with machines.engine(threads) as engine, progress() as report:
        if append:
            from ldnsim.sweep import grow

            ran = grow.append(plan, store, progress=report)
            if not ran:
                say(f"nothing to add: all {len(plan)} runs are there")
        else:
            done = run_into_store(
                plan, store, resume=resume, progress=report, overwrite=overwrite, engine=engine
            )
            ran = len(plan) if done else 0
    if ran:
        say(f"{ran} runs in {seconds(time.perf_counter() - start)}")
    told(plan, store)


def told(plan: Plan, store: Path | Address) -> None:
    """Say what became of a finished sweep, and last where its result is."""
    from ldnsim.results.store import accuracies, attributes, statuses

    if plan.study.population is not None:
        _candidates(attributes(store))
    if plan.watch is not None:
        _oddities(store)
    alive = _outcome(statuses(store), accuracies(store))
    typer.echo(str(store))
    if not alive:
        raise typer.Exit(ALL_FAILED)


@guarded()
def simulate(
    prescription: Annotated[
        str, typer.Argument(help='Such as "4.5 mg nightly for 12 wk", or an event table.')
    ],
    plot: Annotated[
        Path | None, typer.Option(help="Draw it to this file (.png, .svg, .pdf).")
    ] = None,
    hypothesis: Annotated[str | None, typer.Option(help="See `ldnsim hypotheses`.")] = None,
    phenotype: Annotated[str | None, typer.Option(help="See `ldnsim phenotypes`.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter, as name=value; repeatable.")
    ] = None,
    extend: Extend = None,
    threads: Threads = None,
) -> None:
    """Simulate one prescription and print what it does."""
    from ldnsim.cli.report import resting, show_run
    from ldnsim.runs.plan import make_plan
    from ldnsim.runs.remarks import remarks
    from ldnsim.sweep.execute import solved

    source = resolve(prescription, PRESCRIPTION, EVENTS)
    files.check_picture(plot, reads=[source.path])
    study = _all_changes(_drawn_finely(source.study(hypothesis, phenotype, settings, extend)))
    plan = make_plan(study, threads)
    for remark in remarks(plan.study, plan.runs):
        say(f"remark: {remark}")
    found = solved(plan)
    if not _outcome(found["status"].values, found["accuracy"].values):
        raise typer.Exit(ALL_FAILED)
    show_run(found, resting(plan.runs[0]))
    if plot is not None:
        from ldnsim import plots

        files.save_picture(plots.compare(found.dataset()), plot)


def _all_changes(study: Study) -> Study:
    """Compute every change: which of them matter in the patient is known afterwards."""
    from ldnsim.cli.report import changes
    from ldnsim.config.summaries import SUMMARIES

    known = study.edition.model.observables
    named = ("default", *(n for n in changes() if SUMMARIES[n].variable in known))
    return study.model_copy(update={"output": study.output.model_copy(update={"summaries": named})})


def _drawn_finely(study: Study) -> Study:
    """Store so often that a concentration is smooth under what the table says was measured."""
    from ldnsim.runs.recordings import recorded

    seen = [o.time_h for r in recorded(study) for o in r.observations]
    if not seen:
        return study
    every = _FINE_H if max(seen) <= _FINE_FOR_H else 1.0
    say(f"stored every {every:g} h, to lie under what was observed")
    return study.model_copy(update={"output": study.output.model_copy(update={"every": every})})


def _fit_together(resume: bool, overwrite: bool, append: bool, dry_run: bool) -> None:
    """Refuse options of which one would do nothing, or undo the other.

    Raises:
        UserError: naming both.
    """
    if append and (resume or overwrite):
        word = "--resume" if resume else "--overwrite"
        raise UserError(
            f"--append with {word}: it goes on by itself where it was stopped, and keeps what is"
            " there; leave the other out"
        )
    if dry_run and (resume or overwrite or append):
        word = "--resume" if resume else "--overwrite" if overwrite else "--append"
        raise UserError(f"--dry-run writes nothing, so {word} would do nothing: leave it out")


def _outcome(status: NDArray[np.int8], accuracy: NDArray[np.int8]) -> int:
    """Say how many runs failed and why, and how many may be off; return how many did not fail.

    Args:
        status: outcome of every run, of any shape.
        accuracy: what is known of the error of every run.
    """
    from collections import Counter

    from ldnsim.engine.solve.status import Status
    from ldnsim.runs.sensitive import Accuracy

    codes = status.reshape(-1)
    failed = codes[codes != 0]
    if len(failed):
        say(f"{len(failed)} of {len(codes)} runs failed:")
        for code, count in Counter(failed.tolist()).most_common():
            say(f"  {count} x {Status(code).advice}")
    if off := int((accuracy == Accuracy.SENSITIVE).sum()):
        say(f"{off} of {len(codes)} runs: {Accuracy.SENSITIVE.advice}")
    return len(codes) - len(failed)


def _oddities(store: Path | Address) -> None:
    """Say which rules acted in no run, and which go up and down for ever."""
    import ldnsim
    from ldnsim.cli.visits import oddities

    with ldnsim.open_store(str(store)) as ds:
        for line in oddities(ds):
            say(line)


def _candidates(attrs: Mapping[str, Any]) -> None:
    """Say how many candidates of a population were not plausible, and why, from its result."""
    import json

    drawn = json.loads(attrs["population"])
    rejected = sum(drawn["rejected"].values())
    reasons = "".join(f"\n  {n} x {why}" for why, n in drawn["rejected"].items())
    say(f"{rejected} of {drawn['candidates']} candidates rejected{':' if reasons else ''}{reasons}")
    if match := drawn.get("match"):
        say(
            f"weighted to {match['population']}: {match['effective']:.1f} effective patients"
            f" (Kish), {match['status']}"
        )
