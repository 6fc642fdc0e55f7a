"""A million runs of one patient, and a million patients: time, memory and size of the store.

    python benchmarks/million.py                         # an hour on two cores
    python benchmarks/million.py --size 20000 --dry-run  # what it prints, in a minute

Each study is swept by the command line in a process of its own, which keeps summaries only. Peak
memory is that of the process, as the system tells it when the process ends. Patients are drawn
around the phenotype ``fibromyalgia`` and looked for untreated; each takes one regimen.
Without --dry-run the table goes to docs/speed.md.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.engines import report  # noqa: E402

MEBI = 1 << 20
OUTPUT = "[output]\ntrajectories = false\nnight = false\nledger = false\n"
DOSE = """[[axes]]
name = "dose"
field = "regimen.target"
logspace = ["1 ug", "50 mg", {many}]
[[axes]]
name = "pace"
field = "regimen.interval"
linspace = ["12 h", "156 h", {few}]
"""
PATIENTS = '[patient]\nphenotype = "fibromyalgia"\n[population]\nsize = {size}\n'


@dataclass(frozen=True)
class Cost:
    """What one sweep took: seconds by the clock and of processors, bytes at the peak and stored."""

    clock: float
    processor: float
    memory: int
    store: int


def runs(size: int, days: int) -> str:
    """Study of one patient on ``size`` doses and paces: as many doses as the paces leave."""
    few = max(2, size // 10_000)
    regimen = f"1/4 of target nightly at 22:00, +1/4 of target every 1 d to 4.5 mg, for {days} d"
    axes = DOSE.format(many=size // few, few=few)
    return f'regimen = "{regimen}"\nhorizon = "{days} d"\n{OUTPUT}{axes}'


def patients(size: int, days: int) -> str:
    """Study of ``size`` patients on 4.5 mg nightly."""
    regimen = f"4.5 mg nightly at 22:00, for {days} d"
    return f'regimen = "{regimen}"\nhorizon = "{days} d"\n{OUTPUT}{PATIENTS.format(size=size)}'


def measured(study: str, threads: int) -> Cost:
    """Sweep ``study`` in a process of its own."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "study.toml").write_text(study, encoding="utf-8")
        began = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, "-m", "ldnsim", "sweep", "study.toml", "--threads", str(threads)],
            cwd=folder, env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
        _, status, used = os.wait4(child.pid, 0)
        took = time.perf_counter() - began
        if status:
            raise SystemExit(f"the sweep ended with status {status}")
        stored = sum(f.stat().st_size for f in Path(folder).rglob("*") if f.is_file())
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there, else in KiB
    return Cost(took, used.ru_utime + used.ru_stime, used.ru_maxrss * unit, stored)


def row(what: str, days: int, cost: Cost) -> str:
    """Return a line of the table."""
    minutes = [f"{s // 60:.0f} min {s % 60:02.0f} s" for s in (cost.clock, cost.processor)]
    return (f"| {what} | {days} | {minutes[0]} | {minutes[1]} | {cost.memory / MEBI:,.0f} MiB | "
            f"{cost.store / MEBI:,.0f} MiB |")  # fmt: skip


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--only", choices=["runs", "patients"])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--dry-run", action="store_true", help="print only")
    a = parser.parse_args()
    lines = ["| what | days | by the clock | processors | peak memory | stored |",
             "|---|---:|---:|---:|---:|---:|"]  # fmt: skip
    for name, study in (("runs of one patient", runs), ("patients", patients)):
        if a.only in (None, name.split()[0]):
            cost = measured(study(a.size, a.days), a.threads)
            lines.append(row(f"{a.size:,} {name}", a.days, cost))
            print(lines[-1], flush=True)
    where = f"{report.processor()}, {a.threads} threads, Python {platform.python_version()}"
    text = "\n".join([*lines, "", f"{where}, {datetime.date.today().isoformat()}.", ""])
    print(text)
    if not a.dry_run:
        report.write_between(ROOT / "docs" / "speed.md", "million", text)


if __name__ == "__main__":
    main()
