"""Append a benchmark run to a history file and compare it with the run before.

Usage: python benchmarks/history.py RESULTS.json HISTORY.jsonl

RESULTS.json is what ``pytest benchmarks --benchmark-json=RESULTS.json`` wrote. Each line of the
history is one run: commit, date, Python, processor, and for every benchmark its best time (s) and
its ratio to the reference kernel. Only ratios are compared; nothing fails here.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def line_of(results: dict[str, Any]) -> dict[str, Any]:
    """Reduce what pytest-benchmark wrote to one line of history."""
    machine = results["machine_info"]
    return {
        "commit": results.get("commit_info", {}).get("id"),
        "date": results["datetime"],
        "python": machine["python_version"],
        "processor": machine.get("cpu", {}).get("brand_raw") or machine.get("machine"),
        "benchmarks": {
            b["name"]: {"best_s": b["stats"]["min"], **b["extra_info"]}
            for b in results["benchmarks"]
        },
    }


def compare(old: dict[str, Any] | None, new: dict[str, Any]) -> list[str]:
    """One line per benchmark: its ratio now and how it changed."""
    before = old["benchmarks"] if old else {}
    lines = []
    for name, found in new["benchmarks"].items():
        ratio = found["ratio"]
        was = before.get(name, {}).get("ratio")
        change = f"{ratio / was - 1:+.0%} since {old['date'][:10]}" if was and old else "new"
        lines.append(f"{name:<34} {ratio:10.4g} x  {change}")
    return lines


def main() -> None:
    """Read the results, print the comparison, append the line."""
    results, history = map(Path, sys.argv[1:3])
    new = line_of(json.loads(results.read_text(encoding="utf-8")))
    lines = history.read_text(encoding="utf-8").splitlines() if history.exists() else []
    print("\n".join(compare(json.loads(lines[-1]) if lines else None, new)))
    with history.open("a", encoding="utf-8") as file:
        file.write(json.dumps(new) + "\n")


if __name__ == "__main__":
    main()
