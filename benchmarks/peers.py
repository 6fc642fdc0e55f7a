"""ldnsim and other simulators on the same runs, at the same accuracy, side by side.

    pip install -e '.[peers]'                        # 'peers-compiled' for what needs a compiler
    python benchmarks/peers.py                       # about half an hour
    python benchmarks/peers.py --quick --only ldnsim,heyoka

Every engine solves the shipped model for the same patients, doses and outputs, at the loosest
tolerance at which 99 % of the runs meet the same error against a reference, on two draws. An
engine that is not installed, fails or takes too long is a row that says so. Without --dry-run the
table goes to docs/speed.md and the figure to docs/img/peers.png.
"""

from __future__ import annotations

import argparse
import datetime
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.accuracy import at_least_one  # noqa: E402
from benchmarks.engines import measure, problem, report  # noqa: E402

HELD = 2
"""Runs of each draw on which the reference is held against SciPy's DOP853."""


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help=f"engines, comma between: {', '.join(measure.ENGINES)}")
    parser.add_argument("--runs", type=at_least_one, default=256, help="of each draw")
    parser.add_argument("--days", type=at_least_one, default=84)
    parser.add_argument("--target", type=float, default=1e-4, help="error that 99 %% must meet")
    parser.add_argument("--mixed", action="store_true", help="own hours and intervals per run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeats", type=at_least_one, default=3, help="timings of each figure")
    parser.add_argument("--quick", action="store_true", help="at most 14 days and 32 runs")
    parser.add_argument("--dry-run", action="store_true", help="print only")
    chosen = parser.parse_args(given)
    usual = [n for n in measure.ENGINES if n not in measure.ON_REQUEST]
    names = chosen.only.split(",") if chosen.only else usual
    unknown = [n for n in names if n not in measure.ENGINES]
    if unknown:
        parser.error(f"unknown engine {unknown[0]!r}; there are {', '.join(measure.ENGINES)}")
    chosen.engines = names
    if chosen.quick:
        chosen.days, chosen.runs = min(chosen.days, 14), min(chosen.runs, 32)
    return chosen


def setting(chosen: argparse.Namespace) -> tuple[measure.Setting, float]:
    """Both draws with their references, and how far these are from another solver's."""
    print("drawing patients and solving the reference", flush=True)
    drawn = [
        problem.draw(seed, chosen.runs, chosen.days, chosen.runs, chosen.mixed)
        for seed in (chosen.seed, chosen.seed + 1000)
    ]
    known = [problem.reference(p) for p in drawn]
    few = [(p.take(0, HELD), reference[:HELD]) for p, reference in zip(drawn, known, strict=True)]
    apart = [problem.errors(problem.by_dop853(p), reference).max() for p, reference in few]
    found = measure.Setting(drawn[0], known[0], drawn[1], known[1], chosen.target, chosen.repeats)
    return found, float(max(apart))


def drift(rows: list[measure.Row], common: measure.Setting) -> float:
    """Speed of ldnsim once more, over what it was; NaN where it was not measured."""
    first = next((r for r in rows if r.key == "ldnsim" and not r.why), None)
    if first is None or len(rows) < 2:
        return float("nan")
    again = measure.again(first, common)
    return again.median / first.one.median


def main() -> None:
    chosen, began = arguments(), time.perf_counter()
    common, own_error = setting(chosen)
    rows = []
    for key in chosen.engines:

        def say(text: str, key: str = key) -> None:
            print(f"[{time.perf_counter() - began:5.0f} s] {key}: {text}", flush=True)

        rows.append(measure.measure(key, common, say))
        if rows[-1].why:
            say(rows[-1].why)
    under = report.Conditions(
        chosen.days, chosen.runs, chosen.target, chosen.repeats, own_error, drift(rows, common)
    )
    notes = report.conditions(rows, under, datetime.date.today())
    report.show(rows, notes)
    if not chosen.dry_run:
        report.write_between(ROOT / "docs/speed.md", "peers", report.markdown(rows, notes))
        report.picture(rows, ROOT / "docs/img/peers.png", chosen.days, chosen.target)


if __name__ == "__main__":
    main()
