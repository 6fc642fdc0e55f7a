"""Run every experiment and refresh its page and picture in the documentation.

    python experiments/run_all.py [--out DIR] [--docs DIR] [--threads N] [NAME ...]

Each experiment runs with its own defaults and saves under `DIR/NAME`; its page goes to
`docs/experiments/NAME.md` and its picture to `docs/img/experiment_NAME.png`.
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from common import say

EXPERIMENTS = (
    "dose_window",
    "unblocked_window",
    "potency_gap",
    "once_or_four_times",
    "who_fails",
    "microgram_start",
    "after_stopping",
    "clock_time",
    "pace",
    "healthy_50mg",
    "modulation",
    "slow_titration",
)
ROOT = Path(__file__).parents[1]


def refresh(name: str, out: Path, docs: Path) -> None:
    """Copy page and picture of one experiment from its results into the documentation."""
    for source, target in (
        (f"{name}.md", docs / "experiments" / f"{name}.md"),
        (f"{name}.png", docs / "img" / f"experiment_{name}.png"),
    ):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(out / source, target)


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is named, or everything; stop at the first that fails."""
    parser = argparse.ArgumentParser(description="Run every experiment and refresh its page.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(EXPERIMENTS)}")
    parser.add_argument("--out", type=Path, default=Path("results"), help="folder of results")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="folder of the pages")
    parser.add_argument("--threads", type=int, default=None, help="threads; all cores by default")
    given = parser.parse_args(argv)
    names = given.names or EXPERIMENTS
    if strange := [n for n in names if n not in EXPERIMENTS]:
        parser.error(f"no experiment {strange[0]!r}; there are {', '.join(EXPERIMENTS)}")
    for name in names:
        start, out = time.perf_counter(), given.out / name
        options = [] if given.threads is None else ["--threads", str(given.threads)]
        if code := importlib.import_module(name).main(["--out", str(out), *options]):
            return int(code)
        refresh(name, out, given.docs)
        say(f"{name}: {time.perf_counter() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
