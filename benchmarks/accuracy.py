"""Check the promise of accuracy: 1,000 fresh patients on random regimens against a tight reference.

Usage: python benchmarks/accuracy.py [--cases 1000] [--days 84] [--rtol 1e-4] [--seed 1] [--write]

Every case is a patient drawn from the recorded spreads, in a basin drawn for it, on a regimen over
the whole dose range (1 ng to 50 mg, every 6 to 48 h, at once or in steps). All states are stored
every 6 h and summaries are computed while solving, as a study does it: runs in which errors grow
are solved again and flagged. A second set is made to be hard: of each patient whom some dose tips,
runs at doses around the one at which priming comes to rest halfway.

The error of a value is its distance from the reference (rtol 1e-10), relative to the state's
range: its largest size in the run, or its usual size (the state's recorded scale) where that is
larger. The reference is itself checked against other solvers by the tests. ``--write`` rewrites the
table in docs/speed.md. Exit code 1: more than 1 % of fresh runs are above rtol (or a hundredth
of it where that is asked for), or a run of either set is above one and a half times rtol and does
not say so.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ldnsim.config.blocks import Solver
from ldnsim.edition import shipped
from ldnsim.engine.rhythm.orbit import find_orbits
from ldnsim.engine.solve.status import Status
from ldnsim.measure import Measure
from ldnsim.mechanisms.pharmacokinetics import NMOL_PER_MG
from ldnsim.mechanisms.record import Spread
from ldnsim.model import default_model
from ldnsim.runs.sensitive import Accuracy
from ldnsim.runs.task import Events, Solved, Task, solve_task

Floats = NDArray[np.float64]
MODEL = default_model()
STATES = list(MODEL.states)
SCALE = np.array([s.scale for s in MODEL.states.values()])
MOST = 0.5
"""Largest standard deviation a parameter is drawn with, on the log or logit scale."""
LEAST_DOSE, LARGEST_DOSE = 1e-6, 50.0
INTERVALS = (6.0, 12.0, 24.0, 48.0)
SUMMARIES = ("mean", "max", "min")
SUMMARISED = ("mor_occupancy", "beta_endorphin", "tnf", "pain")
REFERENCE = 1e-10
SHARE = 0.01
"""Share of fresh runs that may be above rtol."""
MARGIN = 1.5
"""How far above rtol a run may be without saying so, as a multiple."""
AT_ONCE = 256
"""Cases whose trajectories are in memory at a time."""
TRIED = (0.3, 1.0, 3.0, 10.0, 30.0)
"""Final doses, mg, between which a patient is looked for who tips."""
TIPS = 0.25
"""Difference of priming at the end between two neighbouring ones that counts as tipping."""
AROUND = (0.1, 0.01, 0.001, 1e-4)
"""How far from the tipping dose runs are made, as a share of it, on either side."""
DOCS = Path(__file__).parent.parent / "docs" / "speed.md"
BEGIN, END = "<!-- accuracy -->", "<!-- /accuracy -->"


def drawn(value: float, spread: Spread, high: float | None, noise: Floats) -> Floats:
    """Values of one parameter, for standard normal ``noise``."""
    shift = min(spread.sd, MOST) * noise
    if spread.kind == "lognormal":
        found = value * np.exp(shift)
    elif spread.kind == "logitnormal" and 0.0 < value < 1.0:
        found = 1.0 / (1.0 + (1.0 / value - 1.0) * np.exp(-shift))
    else:
        found = np.full(len(noise), value)
    return found if high is None else np.minimum(found, high)


def patients(rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
    """Parameters (n, n_parameters) and untreated states (n, n_states) of patients who have one."""
    params, y0 = np.empty((0, len(MODEL.parameters))), np.empty((0, len(STATES)))
    while len(params) < n:
        columns = [
            drawn(p.value, p.spread, p.high, rng.normal(size=n)) for p in MODEL.parameters.values()
        ]
        orbits = find_orbits(default_model(), np.stack(columns, axis=1), rng.random(n) < 0.5)
        good = orbits.status == Status.OK
        params = np.vstack([params, np.stack(columns, axis=1)[good]])
        y0 = np.vstack([y0, orbits.y0[good]])
    return params[:n], y0[:n]


def regimen(rng: np.random.Generator, end: float) -> tuple[Floats, Floats]:
    """Hours and milligrams of one regimen; half of them reach the final dose in eight steps."""
    low, high = np.log10([LEAST_DOSE, LARGEST_DOSE])
    dose, every = 10.0 ** rng.uniform(low, high), rng.choice(INTERVALS)
    times = np.arange(rng.uniform(0.0, 24.0), end, every)
    steps = int(rng.choice([1, 8]))
    return times, dose * np.minimum(1.0 + np.floor(times / 168.0), steps) / steps


def cases(n: int, days: int, seed: int) -> Task:
    """The runs to solve, with rtol still to be set."""
    rng = np.random.default_rng(seed)
    params, y0 = patients(rng, n)
    end = 24.0 * days
    events = []
    for _ in range(n):
        times, mg = regimen(rng, end)
        gut = np.full(len(times), MODEL.state_index["gut_fast"], np.int64)
        events.append(Events(times, gut, NMOL_PER_MG * mg))
    wanted = [
        Measure(name, kind, max(0.0, end - 168.0), end).over(n)
        for name in SUMMARISED for kind in SUMMARIES
    ]  # fmt: skip
    return Task(
        shipped(), params, y0, events, end, Solver(), wanted=wanted, observables=STATES,
        time=np.arange(6.0, end + 1.0, 6.0), night_start=np.zeros(n),
    )  # fmt: skip


def dosed(task: Task, rows: NDArray[np.int64], final: Floats) -> Task:
    """Some of the runs, each with all its doses multiplied so that it ends with another one, mg."""
    few = task.of(rows)
    events = [
        dataclasses.replace(e, value=e.value * mg * NMOL_PER_MG / e.value[-1])
        for e, mg in zip(few.events, final, strict=True)
    ]
    return dataclasses.replace(few, events=events)


def tipping(task: Task, seed: int) -> Task:
    """Runs around the dose at which a patient just tips, of every patient who does."""

    def rest(rows: NDArray[np.int64], final: Floats) -> Floats:
        asked = dosed(dataclasses.replace(task, wanted=()), rows, final)
        asked = dataclasses.replace(asked, observables=("priming",), time=np.array([task.end]))
        return at(asked, 1e-3, refine=False).trajectory[:, 0, 0]

    every = np.arange(len(task))
    ends = np.stack([rest(every, np.full(len(task), mg)) for mg in TRIED])
    jump = np.abs(np.diff(ends, axis=0))
    rows = np.flatnonzero(jump.max(axis=0) > TIPS)
    below = jump.argmax(axis=0)[rows]
    low, high = np.array(TRIED)[below], np.array(TRIED)[below + 1]
    middle = 0.5 * (ends[below, rows] + ends[below + 1, rows])
    rises = ends[below, rows] < middle
    for _ in range(16):
        mg = np.sqrt(low * high)
        upper = (rest(rows, mg) > middle) == rises
        low, high = np.where(upper, low, mg), np.where(upper, mg, high)
    rng = np.random.default_rng(seed)
    far = np.array([sign * share for share in AROUND for sign in (1.0, -1.0)])
    factor = 1.0 + far * 10.0 ** rng.uniform(-0.5, 0.5, (len(rows), len(far)))
    return dosed(task, np.repeat(rows, len(far)), (np.sqrt(low * high)[:, None] * factor).ravel())


def at(task: Task, rtol: float, refine: bool = True) -> Solved:
    """Solve with a tolerance, as a study does."""
    return solve_task(dataclasses.replace(task, solver=Solver(rtol=rtol, refine=refine)))


def errors(found: Solved, reference: Solved) -> tuple[Floats, Floats]:
    """Largest error of each case's stored values, and of its summaries, each (n,)."""
    size = np.maximum(np.abs(reference.trajectory).max(axis=2), SCALE)
    stored = np.abs(found.trajectory - reference.trajectory).max(axis=2) / size
    of = [STATES.index(s) for s in SUMMARISED for _ in SUMMARIES]
    summed = np.abs(found.reductions - reference.reductions) / size[:, of]
    return stored.max(axis=1), summed.max(axis=1)


@dataclasses.dataclass
class Row:
    """Cases solved in one way.

    Attributes:
        name: of the way.
        rtol: the tolerance.
        stored: largest error of each case's stored values.
        summed: and of its summaries.
        accuracy: what the results say of themselves, codes.
        steps: accepted steps of each case.
    """

    name: str
    rtol: float
    stored: Floats
    summed: Floats
    accuracy: NDArray[np.int8]
    steps: NDArray[np.int64]

    @property
    def above(self) -> NDArray[np.bool_]:
        """Which cases are above the tolerance."""
        return self.stored > self.rtol

    def silent(self, margin: float = 1.0) -> int:
        """How many cases are above so many times the tolerance and do not say that they may be."""
        above = self.stored > margin * self.rtol
        return int((above & (self.accuracy != Accuracy.SENSITIVE)).sum())

    def line(self) -> str:
        """One line of the table."""
        shares = [f"{np.quantile(self.stored, q):.1e}" for q in (0.5, 0.99, 1.0)]
        flagged = [int((self.accuracy == a).sum()) for a in (Accuracy.REFINED, Accuracy.SENSITIVE)]
        cells = [self.name, f"{len(self.stored):,}", *shares, f"{self.summed.max():.1e}",
                 int(self.above.sum()), *flagged, self.silent()]  # fmt: skip
        return "| " + " | ".join(map(str, cells)) + " |"


COLUMNS = ("runs", "number", "median", "99 %", "largest", "largest of summaries", "above rtol",
           "refined", "sensitive", "above rtol, not told")  # fmt: skip


def rows(name: str, task: Task, ways: list[tuple[float, bool]]) -> list[Row]:
    """Solve the cases in several ways, some of them at a time."""
    parts: dict[tuple[float, bool], list[Row]] = {way: [] for way in ways}
    for part in _parts(task):
        reference = at(part, REFERENCE, refine=False)
        assert (reference.status == Status.OK).all()
        for rtol, refine in ways:
            found = at(part, rtol, refine)
            assert (found.status == Status.OK).all()
            label = f"{name}, rtol {rtol:g}" + ("" if refine else ", not refined")
            row = Row(label, rtol, *errors(found, reference), found.accuracy, found.steps)
            parts[rtol, refine].append(row)
    return [_joined(parts[way]) for way in ways]


def _parts(task: Task) -> Iterator[Task]:
    for first in range(0, len(task), AT_ONCE):
        yield task.of(np.arange(first, min(first + AT_ONCE, len(task))))


def _joined(parts: list[Row]) -> Row:
    names = ("stored", "summed", "accuracy", "steps")
    whole = {n: np.concatenate([getattr(p, n) for p in parts]) for n in names}
    return dataclasses.replace(parts[0], **whole)


def at_least_one(text: str) -> int:
    """A whole number from 1 up, for the command line."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number}: expected at least 1")
    return number


def main() -> None:
    """Print the check; exit with 1 where the promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=at_least_one, default=1000)
    parser.add_argument("--days", type=at_least_one, default=84)
    parser.add_argument("--rtol", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, nargs="+", default=[1], help="counted together")
    parser.add_argument("--write", action="store_true", help="rewrite the table in the docs")
    args = parser.parse_args()
    ways = [(args.rtol, False), (args.rtol, True), (1e-2 * args.rtol, True)]
    each = []
    for seed in args.seed:
        task = cases(args.cases, args.days, seed)
        each.append(rows("fresh", task, ways) + rows("tipping", tipping(task, seed), ways))
    found = [_joined(list(parts)) for parts in zip(*each, strict=True)]
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * (len(COLUMNS) - 1)]
    text = "\n".join([*lines, *(r.line() for r in found)])
    print(text)
    if args.write:
        before, _, rest = DOCS.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        DOCS.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
    fresh, finer, hard = found[1], found[2], found[4]
    broken = [r.name for r in (fresh, finer) if r.above.mean() > SHARE]
    broken += [f"{r.name}, not told" for r in (fresh, hard) if r.silent(MARGIN)]
    if broken:
        raise SystemExit(f"the promise is broken: {'; '.join(broken)}")


if __name__ == "__main__":
    main()
