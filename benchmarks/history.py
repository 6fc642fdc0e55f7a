"""Compare a benchmark run with the committed history, record it there, draw the trend.

    python -m pytest benchmarks --benchmark-only --benchmark-json=results.json
    python benchmarks/history.py results.json                 # compare; exit 1 when worse
    python benchmarks/history.py results.json --rerun 2       # the same, doubtful ones run again
    python benchmarks/history.py results.json --record "why"  # add a line to history.jsonl
    python benchmarks/history.py results.json --also kept.jsonl  # lines of other machines, too
    python benchmarks/history.py --plot                       # draw docs/img/benchmarks.png

Exit code 0: nothing worsened by more than the limit; 1: something did; 2: wrong input.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from records import (
    LIMIT,
    Change,
    Line,
    best_of,
    changes,
    comparable,
    differences,
    line_of,
    row,
    title,
)

from ldnsim.errors import UserError

ROOT = Path(__file__).resolve().parents[1]
HISTORY = ROOT / "benchmarks" / "history.jsonl"
PICTURE = ROOT / "docs" / "img" / "benchmarks.png"
REMEDY = """
{count} worsened by more than {limit:g} %: {names}.
On a busy machine, run these again: python benchmarks/history.py {results} --rerun 2
If the code got slower for a reason, record the run and say why, and commit history.jsonl:
    python benchmarks/history.py {results} --record "why"
Otherwise find what slowed down."""
ELSEWHERE = "The line is of another processor, so this fails nothing: record one for this one."


def read_results(path: Path) -> dict[str, Any]:
    """Read what pytest-benchmark wrote; a UserError names a file that is something else."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read {str(path)!r}: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{path}: not JSON ({error})") from error
    if not isinstance(found, dict):
        raise UserError(f"{path}: expected an object as pytest --benchmark-json writes it")
    return found


def read_history(path: Path) -> list[Line]:
    """Read all lines, oldest first; none when there is no file yet."""
    if not path.exists():
        return []
    lines = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not text.strip():
            continue
        try:
            lines.append(json.loads(text))
        except ValueError as error:
            raise UserError(f"{path}, line {number}: not JSON ({error})") from error
        if not {"suite", "cpu", "python", "figures"} <= set(lines[-1]):
            raise UserError(f"{path}, line {number}: expected suite, cpu, python and figures")
    return lines


def run_again(node: str) -> Line:
    """Run one benchmark alone in a process of its own, from the root of the repository."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "again.json"
        command = ["-m", "pytest", node, "--benchmark-only", f"--benchmark-json={path}"]
        done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise UserError(f"{node} failed when run again:\n{done.stdout}{done.stderr}")
        return line_of(read_results(path))


def worsened(old: Line | None, new: Line, limit: float) -> list[Change]:
    """Benchmarks that fail the comparison."""
    return [c for c in changes(old, new) if c.worse(limit)]


def settle(old: Line | None, new: Line, nodes: dict[str, str], times: int, limit: float) -> Line:
    """Run what worsened again, each alone, up to ``times`` times; the best of all counts."""
    for turn in range(1, times + 1):
        for change in worsened(old, new, limit):
            print(f"run again ({turn} of {times}): {row(change, limit)}", flush=True)
            new = best_of(new, run_again(nodes[change.name]))
    return new


def report(old: Line | None, new: Line, limit: float) -> None:
    """Print the comparison."""
    print(f"this run  {title(new)}")
    if old is None:
        print(f"the history has no line of suite {new['suite']}: nothing to compare with")
    else:
        why = f" ({old['why']})" if old.get("why") else ""
        print(f"against   {title(old)}{why}", *differences(old, new), sep="\n")
    print("\n".join(row(c, limit) for c in changes(old, new)))


def record(history: Path, old: Line | None, new: Line, why: str) -> None:
    """Append a line; refused when it would drop a benchmark."""
    gone = [c.name for c in changes(old, new) if c.now is None]
    if gone:
        raise UserError(
            f"not recorded: this run lacks {', '.join(gone)}. Run the whole suite; if a benchmark "
            "was taken out, raise SUITE in benchmarks/reference.py"
        )
    with history.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**new, "why": why.strip()}) + "\n")
    print(f"recorded in {history}")


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    p = argparse.ArgumentParser(description="Compare, record and draw benchmark results.")
    p.add_argument("results", nargs="?", type=Path, help="what pytest --benchmark-json wrote")
    p.add_argument("--history", type=Path, default=HISTORY, help="lines of earlier runs")
    p.add_argument("--also", type=Path, action="append", default=[], metavar="FILE",
                   help="lines to compare with besides, such as those of the branch benchmarks, "
                        "where they are of a later day than the last of the history")  # fmt: skip
    p.add_argument("--limit", type=float, default=LIMIT, metavar="PERCENT", help="25 by default")
    p.add_argument("--rerun", type=int, default=0, metavar="TIMES", help="run the worse ones again")
    p.add_argument("--record", metavar="WHY", help="append the run to the history")
    p.add_argument("--plot", nargs="?", type=Path, const=PICTURE, metavar="PICTURE")
    return p


def compare(options: argparse.Namespace) -> int:
    """Compare, and record when asked; 1 when something worsened and was not recorded.

    Against the line of another processor nothing fails: instruction sets alone move ratios by more
    than the limit.
    """
    results = read_results(options.results)
    new = line_of(results)
    known = read_history(options.history)
    old = comparable([*known, *_since(known, options.also)], new)
    nodes = {b["name"]: b["fullname"] for b in results["benchmarks"]}
    new = settle(old, new, nodes, options.rerun, options.limit)
    report(old, new, options.limit)
    if options.record is not None:
        record(options.history, old, new, options.record)
        return 0
    worse = worsened(old, new, options.limit)
    if worse:
        names = ", ".join(f"{c.name} {c.percent:+.0f} %" for c in worse)
        print(
            REMEDY.format(
                count=len(worse), limit=options.limit, names=names, results=options.results
            )
        )
    if worse and old is not None and old["cpu"] != new["cpu"]:
        print(ELSEWHERE)
        return 0
    return 1 if worse else 0


def _since(known: Sequence[Line], also: Sequence[Path]) -> list[Line]:
    """Read lines kept elsewhere that are of a later day than the last one of the history.

    A line that is recorded says why something got slower; what was measured before does not count.
    """
    last = max((line["date"] for line in known), default="")
    return [line for path in also for line in read_history(path) if line["date"] > last]


def check(options: argparse.Namespace) -> None:
    """Refuse options that make no sense, before anything runs."""
    if options.results is None and options.plot is None:
        raise UserError("name the results to compare, or give --plot; see --help")
    if options.results is None and (options.record is not None or options.rerun):
        raise UserError("--record and --rerun need results; see --help")
    if options.record is not None and not options.record.strip():
        raise UserError("--record: say why, for example --record 'faster stepping'")
    if not options.limit > 0:
        raise UserError(f"--limit: {options.limit:g} must be above 0 (%)")
    if options.rerun < 0:
        raise UserError(f"--rerun: {options.rerun} must not be negative")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks; mistakes are told without a traceback."""
    options = parser().parse_args(arguments)
    try:
        check(options)
        status = compare(options) if options.results is not None else 0
        if options.plot is not None:
            from trend import draw

            print(f"picture  {draw(read_history(options.history), options.plot)}")
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return status


if __name__ == "__main__":
    sys.exit(main())
