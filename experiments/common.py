"""What both experiments share: command line, writing of results, wording of numbers."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ldnsim.catalog import cite, hypotheses
from ldnsim.errors import UserError
from ldnsim.model import default_model
from ldnsim.plots import style

Floats = NDArray[np.float64]
LINE = 98

TNF_FALL = 30.0
"""Fall of TNF (percent) that counts as a response. Chosen: no clinical threshold exists."""
PAIN_FALL = 10.0
"""Fall of pain (percent) that counts as well. Chosen: the least that trials call noticeable; their
usual response is 30 %."""


def responds(tnf_percent: Floats, pain_percent: Floats) -> NDArray[np.bool_]:
    """Whether TNF and pain, as percent changes from the untreated patient, both fell enough."""
    return (np.asarray(tnf_percent) <= -TNF_FALL) & (np.asarray(pain_percent) <= -PAIN_FALL)


def arguments(about: str, name: str, argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line that both scripts have."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(
        "--out", type=Path, default=Path("results") / name, help="folder of results"
    )
    parser.add_argument("--weeks", type=int, default=26, help="weeks of treatment")
    parser.add_argument("--points", type=int, default=None, help="values along the main axis")
    parser.add_argument("--threads", type=int, default=None, help="threads; all cores by default")
    return parser.parse_args(argv)


def guarded(body: Callable[[], object]) -> int:
    """Run a script; a mistake of the user ends it with one line instead of a traceback."""
    try:
        body()
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def say(text: str) -> None:
    """Tell what is going on, away from the answer itself."""
    print(text, file=sys.stderr, flush=True)


def paragraphs(parts: Iterable[str]) -> str:
    """Wrap paragraphs; lines that begin with two blanks are items of a list."""
    wrapped = [
        textwrap.fill(p.strip(), LINE, initial_indent="  - ", subsequent_indent="    ")
        if p.startswith("  ")
        else "\n" + textwrap.fill(p, LINE)
        for p in parts
        if p
    ]
    return "\n".join(wrapped).strip() + "\n"


def write(out: Path, name: str, answer: str, figure: Figure, tables: dict[str, Any]) -> None:
    """Print the answer; save it with the figure and the numbers (one CSV per table)."""
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{name}.txt").write_text(answer, encoding="utf-8")
    style.save(figure, out / f"{name}.png", dpi=90)
    for table, frame in tables.items():
        frame.to_csv(out / f"{table}.csv", float_format="%.6g")
    print(answer)
    files = [f"{name}.png", f"{name}.txt", *(f"{t}.csv" for t in tables)]
    print(f"Saved in {out}: {', '.join(files)}")


def parameter_lines(names: Iterable[str]) -> list[str]:
    """Describe parameters with value, unit, grade and note, as items of a list."""
    lines = []
    for name in names:
        p = default_model().parameters[name]
        unit = "" if p.unit == "1" else f" {p.unit}"
        note = f"; {p.note}" if p.note else ""
        lines.append(f"  {name} = {p.value:g}{unit}, {p.grade}: {p.meaning}{note}.")
    return lines


def against(names: Iterable[str]) -> list[str]:
    """Return what the catalogue holds against some hypotheses, then the works cited."""
    known = hypotheses()
    found = [f"  {s}" for n in names for s in known[n].evidence_against]
    keys = [k for n in names for k in known[n].sources if any(k in line for line in found)]
    return [*found, "Works cited:", *(f"  {line}" for line in cite(list(dict.fromkeys(keys))))]


def failures(ds: xr.Dataset) -> str:
    """Say how many runs failed and why; empty when none did."""
    bad = np.asarray(ds["status"]) != 0
    if not bad.any():
        return ""
    reasons = sorted({str(a) for a in np.asarray(ds["status_advice"])[bad]})
    return f"{int(bad.sum())} of {bad.size} runs failed and are left out: {'; '.join(reasons)}."


def values(ds: xr.Dataset, name: str) -> Floats:
    """Return a variable as plain numbers."""
    return np.asarray(ds[name], dtype=np.float64)


def percent(x: float) -> str:
    """Write a change in percent with its sign."""
    return f"{x:+.1f} %" if abs(x) < 9.95 else f"{x:+.0f} %"
