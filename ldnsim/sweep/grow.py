"""Add values to the axes of a finished sweep: only the runs that are not there are solved.

The study that is given has the longer axes and is otherwise the same. The new result is made beside
the old one, which stays readable until it is whole; a stopped append goes on with the same command.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.arrays import Ints
from ldnsim.config.study import StudyConfig
from ldnsim.errors import UserError
from ldnsim.patients.days import AT_ONCE
from ldnsim.patients.people import Values
from ldnsim.results import assemble, store
from ldnsim.results.blocks import differences
from ldnsim.results.folder import BlockFolder
from ldnsim.results.taken import Taken
from ldnsim.results.target import check_replaceable, checked_target, kind_of
from ldnsim.results.zarr_files import read_array
from ldnsim.runs.job import Job
from ldnsim.runs.plan import Plan, make_plan
from ldnsim.sweep import execute, keeping, there
from ldnsim.sweep.progress import Progress, Report, reporting
from ldnsim.sweep.room import check_space

if TYPE_CHECKING:
    from ldnsim.runs.grid import Dim

AGAIN = "run the same command"
"""How an append that was stopped goes on."""
_GROWS = ("axes", "regimens")
"""Blocks of a study that are compared as dimensions, value by value."""


def append(
    plan: Plan,
    out: str | os.PathLike[str],
    *,
    progress: Progress | None = None,
) -> int:
    """Add the runs of a plan that a finished result lacks.

    Args:
        plan: the study with the longer axes, laid out.
        out: the finished result, a Zarr store.
        progress: called with the number of runs done and their total; True shows a bar.

    Returns:
        how many runs were added; 0 when all of them were there.

    Raises:
        UserError: there is no such result, it is of another study, version or machine, or a run of
            it would come out otherwise now; naming what differs.
        Interrupted: when stopped from the keyboard; finished blocks are kept.
    """
    target = checked_target(out)
    if kind_of(target) != "zarr":
        raise UserError(f"{target}: append adds to a Zarr store (.zarr); run the sweep anew")
    folder = store.partial_folder(target)
    with reporting(progress) as report, folder.held():
        folder.check()
        folder.settle()
        if not target.exists():
            raise UserError(f"there is no result at {target} to add to; leave out append")
        check_replaceable(target)
        told = there.told(target, execute.manifest_of(plan), verify=True)
        taken = Taken(target, _places(plan, told, target))
        if not len(taken.new):
            _same_order(taken, target)
            there.cleared(folder, target, execute.manifest_of(plan))
            return 0
        size = _prepare(folder, plan, told, taken)
        with keeping.mended(folder, range(0, len(taken.new), size)):
            job = Job(plan, plan.threads)
            job.only = taken.new
            _same_people(job, taken, target)
            _run(folder, job, size, taken, report)
        return len(taken.new)


def _places(plan: Plan, told: Mapping[str, Any], target: Path) -> Ints:
    """Return which stored run each run of a plan is, -1 for none, shape (runs,).

    Raises:
        UserError: the result is not a part of what the plan would give.
    """
    new = execute.manifest_of(plan)
    parts = ("extensions", "model", "numbers", "versions", "code", "machine")
    a, b = ({k: _plain(m[k]) for k in parts} for m in (told, new))
    _refuse(target, differences(a, b), "it was made by another version")
    _refuse(target, differences(_fixed(told["study"]), _fixed(new["study"])),
            "only values of axes, regimens and the size of a population may differ")  # fmt: skip
    with plan.edition.in_force():
        old = make_plan(StudyConfig.build(dict(told["study"]), str(target)))
    found = _rows(old.dims, plan.dims, target)
    rows = np.flatnonzero(found >= 0)
    _refuse(target, _otherwise(old, plan, rows, found[rows]), "its runs would come out otherwise")
    return found


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _fixed(study: Mapping[str, Any]) -> dict[str, Any]:
    """Return a study without what may grow."""
    found = {k: _plain(v) for k, v in study.items() if k not in _GROWS}
    if isinstance(found.get("population"), dict):
        found["population"].pop("size", None)
    return found


def _refuse(target: Path, found: list[str], why: str) -> None:
    if found:
        shown = "; ".join(found[:6]) + (f"; and {len(found) - 6} more" if len(found) > 6 else "")
        raise UserError(f"{target} cannot be added to: {why}: {shown}")


def _rows(old: tuple[Dim, ...], new: tuple[Dim, ...], target: Path) -> Ints:
    """Return which run of the old grid each run of the new one is; -1 for none.

    Raises:
        UserError: the dimensions are others, or the new ones lack a value.
    """
    was, now = [d.name for d in old], [d.name for d in new]
    if was != now:
        raise UserError(
            f"{target} cannot be added to: its dimensions are {', '.join(was) or 'none'}, those of"
            f" the study {', '.join(now) or 'none'}"
        )
    found = np.zeros(1, dtype=np.int64)
    for a, b in zip(old, new, strict=True):
        place = _along(a, b, target)
        whole = found[:, None] * a.size + place[None, :]
        found = np.where((found[:, None] < 0) | (place[None, :] < 0), -1, whole).reshape(-1)
    return found


def _along(old: Dim, new: Dim, target: Path) -> Ints:
    """Return which position of the old dimension each of the new one is; -1 for none."""
    words = [[(c.name, c.field, c.unit, c.numeric) for c in d.coordinates] for d in (old, new)]
    if words[0] != words[1]:
        raise UserError(
            f"{target} cannot be added to: along {old.name} it has {words[0]}, the study {words[1]}"
        )
    labels = [
        list(zip(*(c.values for c in d.coordinates), strict=True)) for d in (old, new)
    ]  # fmt: skip
    at = {label: k for k, label in enumerate(labels[1])}
    found = np.full(new.size, -1, dtype=np.int64)
    for k, label in enumerate(labels[0]):
        name = f"{old.name} = {', '.join(map(str, label))}"
        if label not in at:
            raise UserError(
                f"{target} cannot be added to: {name} is in it and not in the study, and append"
                " only adds"
            )
        if old.settings[k] != new.settings[at[label]]:
            raise UserError(f"{target} cannot be added to: {name} means something else now")
        found[at[label]] = k
    return found


def _otherwise(old: Plan, new: Plan, rows: Ints, was: Ints) -> list[str]:
    """Say what of the runs that are there a study would do otherwise now.

    Args:
        old: the plan of the result.
        new: that of the study.
        rows: runs of the new one that are there.
        was: their numbers in the old one.
    """
    found = []
    if old.end != new.end:
        found.append(
            f"the horizon (was {old.end:g} h, now {new.end:g} h: set horizon to the former, or run"
            " the sweep anew)"
        )
    looks = [p.watch and (p.watch.times.tolist(), p.watch.readings, p.watch.adjuncts, p.watch.stops)
             for p in (old, new)]  # fmt: skip
    if looks[0] != looks[1]:
        found.append("the visits, which are the same for all runs of a study")
    for name in ("variables", "summaries"):
        if getattr(old, name) != getattr(new, name):
            found.append(name)
    for name in ("night_start", "last_night"):
        if not found and not np.array_equal(getattr(old, name)[was], getattr(new, name)[rows]):
            found.append(name.replace("_", " "))
    people = new.study.population
    sizes = [p.study.population.size for p in (old, new) if p.study.population]
    if people is not None and len(set(sizes)) > 1 and people.method != "sobol":
        found.append(
            f"population.size (was {sizes[0]}, now {sizes[1]}: with method = {people.method!r} the"
            " draws of every patient depend on it; with 'sobol' they do not)"
        )
    return found


def _same_order(taken: Taken, target: Path) -> None:
    """Refuse to call a result that of a study which has its values in another order.

    Raises:
        UserError: it has.
    """
    if (np.diff(taken.of) < 0).any():
        raise UserError(
            f"{target} cannot be added to: it has all values of the study, in another order; put"
            " them back as they were, or run the sweep anew"
        )


def _prepare(folder: BlockFolder, plan: Plan, told: Mapping[str, Any], taken: Taken) -> int:
    """Make the folder of blocks, or go on with that of the same append; returns the block size.

    Raises:
        UserError: something else is unfinished there.
    """
    before = {"study": _plain(told["study"]), "runs": int((taken.of >= 0).sum())}
    manifest = {**execute.manifest_of(plan, replaces=True), "adds_to": before}
    if folder.exists():
        there.compare(folder.manifest(), manifest, folder.path)
        return int(folder.manifest()["block"])
    check_space(plan, folder.path.parent)
    with keeping.kept(folder, [], plan.block, len(taken.new)):
        folder.start(manifest)
    return plan.block


def _same_people(job: Job, taken: Taken, target: Path) -> None:
    """Refuse to mix virtual patients that are not the same persons.

    Raises:
        UserError: naming the first who is another.
    """
    people = job.patients.people
    if people is None:
        return
    was = read_array(target / "patient_parameters")
    n = min(len(was), len(people))
    now = Values(people)
    for first in range(0, n, AT_ONCE):
        last = min(first + AT_ONCE, n)
        other = np.flatnonzero((was[first:last] != now[first:last]).any(axis=1))
        if len(other):
            raise UserError(
                f"{target} cannot be added to: patient {first + int(other[0])} is another person"
                " now"
            )


def _run(folder: BlockFolder, job: Job, size: int, taken: Taken, report: Report | None) -> None:
    """Solve the new runs that are missing, then put old and new ones together."""
    starts = job.starts(size)
    engine = execute.Threads(job.plan.threads)
    execute.fill(folder, job, size, starts, engine, report, AGAIN)
    with keeping.kept(folder, starts, size, job.count, AGAIN):
        status = taken.status(assemble.statuses(job, folder, size))
        found = execute.derivatives(job, status)
        assemble.finish(job, folder, size, taken.store, found, taken=taken)
