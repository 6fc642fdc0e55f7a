"""Does the interval between steps matter, for whom, and why?

A ladder of eight equal steps is climbed to several targets at paces from days to three months; all
are judged after the same two years, each at its target. One robust, one depleted and one sensitive
patient, then many drawn around each. What is weighed is the fall of pain times the share of
patients who are still on treatment.

    python experiments/pace.py [--out DIR] [--patients N] [--weeks N] [--points N] [--threads N]
                               [--resume]

`--patients 256` takes four times as long, `--patients 0` leaves the drawn patients out; `--resume`
goes on with them after a stop.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr
from common import argument_parser, guarded, say, write
from pace_picture import picture
from pace_runs import (
    MEASURES,
    USUAL,
    Setting,
    run_courses,
    run_people,
    run_rivals,
    run_single,
)
from pace_text import MEAN, QUESTION, WEIGHED, answer, maps

NAME = "pace"


def tables(
    single: xr.Dataset, rivals: xr.Dataset, people: dict[str, xr.Dataset], courses: pd.DataFrame
) -> dict[str, Any]:
    """Return the numbers behind the figure as tables; of drawn patients the mean."""
    names = [*MEASURES, "reserve_end", MEAN]
    found: dict[str, Any] = {
        f"{NAME}_one": single[names].to_dataframe(),
        f"{NAME}_hypotheses": rivals[names].to_dataframe(),
        f"{NAME}_courses": courses,
    }  # fmt: skip
    for who, ds in people.items():
        found[f"{NAME}_{who}"] = ds[names].mean("patient").to_dataframe()
    return found


def experiment(out: Path, s: Setting) -> str:
    """Run everything, save it under ``out`` and return the answer."""
    s.check()
    out.mkdir(parents=True, exist_ok=True)
    single = run_single(s)
    say("time courses")
    courses = run_courses(s, single, USUAL)
    rivals, people = run_rivals(s), run_people(s, out)
    text = answer(single, rivals, people, courses, s.weeks)
    figure = picture(maps(single, people), courses, WEIGHED, USUAL)
    write(out, NAME, text, figure, tables(single, rivals, people, courses))
    return text


def _none_or_more(text: str) -> int:
    """Read a whole number of at least 0."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 0, not {text}")
    return number


def read(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argument_parser(QUESTION, NAME, Setting.weeks)
    parser.add_argument(
        "--patients", type=_none_or_more, default=Setting.patients, help="drawn of each kind"
    )
    parser.add_argument("--resume", action="store_true", help="go on with the drawn patients")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line and run."""
    given = read(argv)
    s = Setting(given.weeks, given.points or Setting.paces, given.patients, threads=given.threads,
                resume=given.resume)  # fmt: skip
    return guarded(lambda: experiment(given.out, s))


if __name__ == "__main__":
    sys.exit(main())
