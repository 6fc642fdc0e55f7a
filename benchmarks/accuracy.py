"""Check the promise of accuracy: 200 random patients on random regimens against a tight reference.

Usage: python benchmarks/accuracy.py [--cases 200] [--days 84] [--rtol 1e-4] [--seed 1] [--write]

Every case is a patient drawn from the recorded spreads, in a basin drawn for it, on a regimen over
the whole dose range (1 ng to 50 mg, every 6 to 48 h, at once or in steps). All states are stored
every 6 h and summaries are computed while solving. The error of a value is its distance from the
reference (rtol 1e-11), relative to the state's range: its largest size in the run, or its usual
size (the state's recorded scale) where that is larger. The reference is itself checked against
SciPy's Radau on a few cases. ``--write`` rewrites the table in docs/speed.md.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ldnsim.engine.rhythm.orbit import find_orbits
from ldnsim.engine.solve.batch import Batch, BatchResult, solve
from ldnsim.engine.solve.status import Method, Status
from ldnsim.measure import Measure
from ldnsim.mechanisms.pharmacokinetics import NMOL_PER_MG
from ldnsim.mechanisms.record import Spread
from ldnsim.model import default_model

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


def cases(n: int, days: int, seed: int) -> Batch:
    """The runs to solve, with rtol still to be set."""
    rng = np.random.default_rng(seed)
    params, y0 = patients(rng, n)
    end = 24.0 * days
    plans = [regimen(rng, end) for _ in range(n)]
    offsets = np.cumsum([0, *(len(t) for t, _ in plans)]).astype(np.int64)
    index = MODEL.observable_index
    reductions = [
        Measure(name, kind, max(0.0, end - 168.0), end) for name in SUMMARISED for kind in SUMMARIES
    ]
    return Batch(
        params, y0, offsets, np.concatenate([t for t, _ in plans]),
        np.full(offsets[-1], MODEL.state_index["gut_fast"], np.int64),
        NMOL_PER_MG * np.concatenate([a for _, a in plans]), end,
        np.arange(6.0, end + 1.0, 6.0), np.array([index[s] for s in STATES], np.int64), reductions,
    )  # fmt: skip


def at(batch: Batch, rtol: float) -> BatchResult:
    """Solve with a tolerance, as a study does."""
    return solve(default_model(), dataclasses.replace(batch, rtol=rtol, atol=1e-2 * rtol * SCALE))


def errors(found: BatchResult, reference: BatchResult, floor: Floats) -> tuple[Floats, Floats]:
    """Largest error of each case's stored values, and of its summaries, each (n,)."""
    size = np.maximum(np.abs(reference.traj).max(axis=2), floor)
    stored = np.abs(found.traj - reference.traj).max(axis=2) / size
    of = [STATES.index(s) for s in SUMMARISED for _ in SUMMARIES]
    summed = np.abs(found.reductions - reference.reductions) / size[:, of]
    return stored.max(axis=1), summed.max(axis=1)


def row(name: str, values: Floats) -> str:
    """One line of the table."""
    parts = [f"{np.quantile(values, q):.1e}" for q in (0.5, 0.95, 1.0)]
    return f"| {name} | {' | '.join(parts)} |"


def table(batch: Batch, rtols: list[float]) -> tuple[str, float]:
    """The table as Markdown, and the largest error at the first tolerance."""
    reference = at(batch, 1e-11)
    lines = ["| rtol | median | 95 % | largest |", "|---|---|---|---|"]
    first = np.inf
    for i, rtol in enumerate(rtols):
        found = at(batch, rtol)
        assert (found.status == Status.OK).all() and (reference.status == Status.OK).all()
        stored, summed = errors(found, reference, SCALE)
        by_other = int((found.method != Method.COLLOCATION).sum())
        lines.append(row(f"{rtol:g}, stored values", stored))
        lines.append(row(f"{rtol:g}, summaries", summed))
        own, _ = errors(found, reference, 1e-2 * SCALE)
        lines.append(row(f"{rtol:g}, stored values, range at least 1 % of the usual size", own))
        if i == 0:
            first = float(stored.max())
            print(f"{len(stored)} cases, {by_other} by Rodas5P; largest error of each, sorted:")
            print(np.array2string(np.sort(stored), precision=1, max_line_width=100))
    return "\n".join(lines), first


def at_least_one(text: str) -> int:
    """A whole number from 1 up, for the command line."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number}: expected at least 1")
    return number


def main() -> None:
    """Print the check; exit with 1 where the promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=at_least_one, default=200)
    parser.add_argument("--days", type=at_least_one, default=84)
    parser.add_argument("--rtol", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="rewrite the table in the docs")
    args = parser.parse_args()
    text, largest = table(
        cases(args.cases, args.days, args.seed), [args.rtol, 1e-2 * args.rtol, 1e-4 * args.rtol]
    )
    print(text)
    if args.write:
        before, _, rest = DOCS.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        DOCS.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
    if largest > args.rtol:
        raise SystemExit(f"the largest error is {largest:.1e}, above {args.rtol:g}")


if __name__ == "__main__":
    main()
