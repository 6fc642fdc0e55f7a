"""What the experiments share: command line, writing of results, wording of numbers."""

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

from ldnsim.edition import shipped
from ldnsim.engine.solve.status import Status
from ldnsim.errors import UserError
from ldnsim.model import default_model
from ldnsim.plots import style
from ldnsim.runs.few import Results

Floats = NDArray[np.float64]
LINE = 98

TNF_FALL = 15.0
"""Fall of TNF (percent) that counts as a response: about a third of an inflamed patient's excess
over a healthy person. Chosen: no clinical threshold exists."""
PAIN_FALL = 10.0
"""Fall of pain (percent) that counts as well. Chosen: the least that trials call noticeable; their
usual response is 30 %."""


def responds(tnf_percent: Floats, pain_percent: Floats) -> NDArray[np.bool_]:
    """Whether TNF and pain, as percent changes from the untreated patient, both fell enough."""
    return (np.asarray(tnf_percent) <= -TNF_FALL) & (np.asarray(pain_percent) <= -PAIN_FALL)


def argument_parser(about: str, name: str, weeks: int) -> argparse.ArgumentParser:
    """Return the reader of the command line that all scripts have."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(
        "--out", type=Path, default=Path("results") / name, help="folder of results"
    )
    parser.add_argument("--weeks", type=_count, default=weeks, help="weeks of treatment")
    parser.add_argument("--points", type=_count, default=None, help="values along the main axis")
    parser.add_argument("--threads", type=_count, default=None, help="threads; default all")
    return parser


def arguments(
    about: str, name: str, argv: Sequence[str] | None, weeks: int = 26
) -> argparse.Namespace:
    """Read the command line that all scripts have."""
    return argument_parser(about, name, weeks).parse_args(argv)


def _count(text: str) -> int:
    """Read a whole number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, not {text}")
    return number


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
    """Wrap paragraphs; one that begins with two blanks is an item, one with ``|`` a table."""
    wrapped = []
    for part in (p for p in parts if p):
        if part.startswith("|"):
            wrapped.append("\n" + part)
        elif part.startswith("  "):
            wrapped.append(_fill(part.strip(), "  - ", "    "))
        else:
            wrapped.append("\n" + _fill(part))
    return "\n".join(wrapped).strip() + "\n"


def _fill(text: str, lead: str = "", rest: str = "") -> str:
    """Wrap a text; a word with a hyphen stays whole, or a page would show a gap in it."""
    return textwrap.fill(
        text, LINE, initial_indent=lead, subsequent_indent=rest, break_on_hyphens=False
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table that reads well as plain text and is one in Markdown."""
    cells = [list(header), *(list(row) for row in rows)]
    wide = [max(len(row[i]) for row in cells) for i in range(len(header))]
    padded = [[c.ljust(w) for c, w in zip(row, wide, strict=True)] for row in cells]
    lines = [f"| {' | '.join(row)} |" for row in padded]
    rule = "|" + "|".join("-" * (w + 2) for w in wide) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def page(name: str, answer: str) -> str:
    """Turn an answer into a Markdown page; the first line is its title."""
    title, _, rest = answer.partition("\n")
    title = title.capitalize() if title.isupper() else title
    body = rest.strip().replace("\n  - ", "\n- ").replace("\n    ", "\n  ")
    return (
        f"# {title}\n\nWritten by `python experiments/run_all.py {name}`; not edited by hand. "
        f"[All experiments](../experiments.md).\n\n"
        f"![Figure: {title}](../img/experiment_{name}.png)\n\n{body}\n"
    )


def write(out: Path, name: str, answer: str, figure: Figure, tables: dict[str, Any]) -> None:
    """Print the answer; save it as text and page, with the figure and one CSV per table."""
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{name}.txt").write_text(answer, encoding="utf-8")
    (out / f"{name}.md").write_text(page(name, answer), encoding="utf-8")
    style.save(figure, out / f"{name}.png", dpi=90)
    for table, frame in tables.items():
        frame.to_csv(out / f"{table}.csv", float_format="%.6g")
    print(answer)
    files = [f"{name}.png", f"{name}.txt", f"{name}.md", *(f"{t}.csv" for t in tables)]
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
    known = shipped().hypotheses
    found = [f"  {s}" for n in names for s in known[n].evidence_against]
    keys = [k for n in names for k in known[n].sources if any(k in line for line in found)]
    return [*found, "Works cited:", *(f"  {line}" for line in shipped().cite(keys))]


def findings(keys: Iterable[str]) -> list[str]:
    """Return what works in the bibliography found, with the work, as items of a list."""
    return [f"  {shipped().references[key].finding} {shipped().cite([key])[0]}" for key in keys]


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


def footnote(figure: Figure, text: str) -> None:
    """Write the warning and a note at the foot of a picture that is not made from one result."""
    style.footnote(figure, xr.Dataset(), text)


def percent(x: float) -> str:
    """Write a change in percent with its sign."""
    # adding zero after rounding: no "-0.0 %"
    return f"{round(x, 1) + 0.0:+.1f} %" if abs(x) < 9.95 else f"{x:+.0f} %"


def change(results: Results, column: int, observable: str) -> Floats:
    """Return one measure of each case as a change from the untreated patient, in percent."""
    return 100.0 * (results.values[:, column] / results.baseline(observable) - 1.0)


def failed(results: Results) -> str:
    """Say how many cases failed; empty when none did."""
    bad = results.status != 0
    if not bad.any():
        return ""
    reasons = sorted({Status(int(code)).name for code in results.status[bad]})
    return f"{int(bad.sum())} of {bad.size} runs failed and are left out: {', '.join(reasons)}."


def bisect(
    holds: Callable[[Floats], NDArray[np.bool_]], yes: Floats, no: Floats, steps: int
) -> Floats:
    """Find, for several cases at once, the last value that holds on the way from yes to no.

    Args:
        holds: says of one value per case whether it holds.
        yes: values that hold, shape (cases,), above 0.
        no: values that do not hold.
        steps: halvings of the distance, which is measured on a logarithmic scale.

    Returns:
        The bracket's end that holds, shape (cases,); NaN where ``yes`` does not hold, infinity
        (or 0, when searching downwards) where ``no`` does.
    """
    first, last = holds(yes), holds(no)
    low, high = yes.copy(), no.copy()
    for _ in range(steps):
        middle = np.sqrt(low * high)
        good = holds(middle)
        low, high = np.where(good, middle, low), np.where(good, high, middle)
    beyond = np.where(no > yes, np.inf, 0.0)
    return np.where(first, np.where(last, beyond, low), np.nan)


def amount(x: float, digits: int = 2) -> str:
    """Write a positive number in plain digits, thousands apart."""
    if not np.isfinite(x) or x == 0.0:
        return "none" if np.isnan(x) else f"{x:g}"
    rounded = float(f"{x:.{digits - 1}e}")
    places = max(0, digits - 1 - int(np.floor(np.log10(abs(rounded)))))
    return f"{rounded:,.{places}f}"
