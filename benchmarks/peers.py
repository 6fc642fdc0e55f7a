"""ldnsim and other simulators on the same runs, at the same accuracy, side by side.

    pip install -e '.[peers]'
    python benchmarks/peers.py                       # about ten minutes
    python benchmarks/peers.py --quick --only ldnsim,scipy-ivp

Every engine solves the shipped model for the same patients, doses and outputs, at the loosest
tolerance that meets the same error against a reference. An engine that is not installed, fails or
takes too long is a row that says so. Without --dry-run the table goes to docs/speed.md and
the figure to docs/img/peers.png.
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


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help=f"engines, comma between: {', '.join(measure.ENGINES)}")
    parser.add_argument("--runs", type=at_least_one, default=1024, help="of the fastest engines")
    parser.add_argument("--days", type=at_least_one, default=84)
    parser.add_argument("--target", type=float, default=1e-4, help="worst error accepted")
    parser.add_argument("--mixed", action="store_true", help="own hours and intervals per run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="14 days, 256 runs, 16 references")
    parser.add_argument("--dry-run", action="store_true", help="print only")
    chosen = parser.parse_args(given)
    usual = [n for n in measure.ENGINES if n not in measure.ON_REQUEST]
    names = chosen.only.split(",") if chosen.only else usual
    unknown = [n for n in names if n not in measure.ENGINES]
    if unknown:
        parser.error(f"unknown engine {unknown[0]!r}; there are {', '.join(measure.ENGINES)}")
    chosen.engines = names
    if chosen.quick:
        chosen.days, chosen.runs = min(chosen.days, 14), min(chosen.runs, 256)
    return chosen


def setting(chosen: argparse.Namespace) -> measure.Setting:
    known = 16
    print("drawing patients and solving the reference", flush=True)
    people = 16 if chosen.quick else 64
    tune = problem.draw(chosen.seed, known, chosen.days, people, chosen.mixed)
    check = problem.draw(chosen.seed + 1000, chosen.runs, chosen.days, people, chosen.mixed)
    first = check.take(0, known if chosen.quick else 2 * known)
    return measure.Setting(
        tune, problem.reference(tune), check, problem.reference(first),
        chosen.target, 2.0 if chosen.quick else 6.0,
    )  # fmt: skip


def main() -> None:
    chosen, began = arguments(), time.perf_counter()
    common = setting(chosen)
    rows = []
    for key in chosen.engines:

        def say(text: str, key: str = key) -> None:
            print(f"[{time.perf_counter() - began:5.0f} s] {key}: {text}", flush=True)

        rows.append(measure.measure(key, common, say))
        if rows[-1].why:
            say(rows[-1].why)
    notes = report.conditions(rows, chosen.days, chosen.target, datetime.date.today())
    report.show(rows, notes)
    if not chosen.dry_run:
        report.write_between(ROOT / "docs/speed.md", "peers", report.markdown(rows, notes))
        report.picture(rows, ROOT / "docs/img/peers.png", chosen.days, chosen.target)


if __name__ == "__main__":
    main()
