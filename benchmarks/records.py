"""Lines of the benchmark history, and how a run compares with them. No file is touched here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ldnsim.errors import UserError

LIMIT = 25.0
"""By how much a figure may worsen (%) before the comparison fails."""
NEEDED = ("suite", "ldnsim", "benchmarks", "machine_info", "datetime")
KINDS = ("ratio", "bytes")
"""What is compared: time as a ratio to a reference, or memory in bytes."""

Line = dict[str, Any]
"""One line of history: suite, ldnsim, commit, dirty, date, cpu, python, why, and ``figures``,
by benchmark, each with a ``ratio`` (and its reference and processor time, s) or ``bytes``."""


@dataclass(frozen=True)
class Change:
    """One figure then and now.

    Attributes:
        name: of the benchmark.
        kind: ``ratio`` or ``bytes``.
        was: in the history; None for a new benchmark.
        now: in this run; None for one that is missing.
    """

    name: str
    kind: str
    was: float | None
    now: float | None

    @property
    def percent(self) -> float | None:
        """Change (%), positive for worse; None when there is nothing to compare."""
        return None if self.was is None or self.now is None else 100.0 * (self.now / self.was - 1.0)

    def worse(self, limit: float = LIMIT) -> bool:
        """Whether the figure worsened by more than ``limit`` per cent."""
        return self.percent is not None and self.percent > limit


def line_of(results: dict[str, Any]) -> Line:
    """Reduce what pytest-benchmark wrote to one line of history.

    Raises:
        UserError: the results are not of this suite, or hold no figure.
    """
    lacks = [key for key in NEEDED if key not in results]
    if lacks:
        raise UserError(
            f"not results of this suite: no {', '.join(map(repr, lacks))} in them; write them with "
            "'python -m pytest benchmarks --benchmark-only --benchmark-json=results.json'"
        )
    if not results["benchmarks"]:
        raise UserError("no benchmark in these results: was pytest told to leave all of them out?")
    machine, commit = results["machine_info"], results.get("commit_info") or {}
    return {
        "suite": results["suite"],
        "ldnsim": results["ldnsim"],
        "commit": (commit.get("id") or "unknown")[:12],
        "dirty": bool(commit.get("dirty")),
        "date": results["datetime"][:10],
        "cpu": (machine.get("cpu") or {}).get("brand_raw") or machine.get("machine") or "unknown",
        "python": ".".join(machine["python_version"].split(".")[:2]),
        "figures": {b["name"]: _figure(b) for b in results["benchmarks"]},
    }


def _figure(benchmark: dict[str, Any]) -> dict[str, Any]:
    extra = benchmark["extra_info"]
    if "bytes" in extra:
        return {"bytes": int(extra["bytes"])}
    if "ratio" in extra:
        ratio, seconds = (float(f"{extra[key]:.4g}") for key in ("ratio", "cpu_s"))
        return {"ratio": ratio, "reference": extra["reference"], "cpu_s": seconds}
    raise UserError(
        f"{benchmark['fullname']}: neither a ratio nor bytes; time it with the fixture 'measure', "
        "or store memory as benchmark.extra_info['bytes']"
    )


def comparable(history: Sequence[Line], new: Line) -> Line | None:
    """Return the line to compare with: the latest of the same suite, of the same processor if any.

    Among lines of the same processor, and else among all, those of the same Python come first.
    """
    same = [line for line in history if line["suite"] == new["suite"]]
    ranked = sorted(same, key=lambda b: (b["cpu"] == new["cpu"], b["python"] == new["python"]))
    return ranked[-1] if ranked else None  # sorting keeps the order of equals: the latest is last


def changes(old: Line | None, new: Line) -> list[Change]:
    """Every benchmark of either line, then and now; a change of kind counts as new."""
    before, after = (old or {"figures": {}})["figures"], new["figures"]
    found = []
    for name in [*after, *(n for n in before if n not in after)]:
        was, now = before.get(name, {}), after.get(name, {})
        kind = next(k for k in KINDS if k in (now or was))
        found.append(Change(name, kind, was.get(kind), now.get(kind)))
    return found


def best_of(first: Line, again: Line) -> Line:
    """Return the first line with every figure that came out smaller when run again."""
    figures = dict(first["figures"])
    for name, figure in again["figures"].items():
        kind = next(k for k in KINDS if k in figure)
        if name not in figures or figure[kind] < figures[name].get(kind, float("inf")):
            figures[name] = figure
    return {**first, "figures": figures}


def title(line: Line) -> str:
    """Say in one line where figures come from."""
    dirty = " with uncommitted changes" if line["dirty"] else ""
    return (
        f"{line['date']}, ldnsim {line['ldnsim']} at {line['commit']}{dirty}, {line['cpu']}, "
        f"Python {line['python']}, suite {line['suite']}"
    )


def differences(old: Line, new: Line) -> list[str]:
    """Say what makes the two lines harder to compare: another processor, another Python."""
    said = []
    if old["cpu"] != new["cpu"]:
        said.append(
            f"Another processor: the history has none of suite {new['suite']} for {new['cpu']}, "
            f"so this is compared with {old['cpu']}. Ratios shift somewhat between processors."
        )
    if old["python"] != new["python"]:
        said.append(f"Another Python: {new['python']} here, {old['python']} there.")
    return said


def row(change: Change, limit: float = LIMIT) -> str:
    """Write one benchmark: before, now, change, and whether it fails."""
    was, now = _amount(change.was, change.kind), _amount(change.now, change.kind)
    if change.now is None:
        verdict = "missing from this run"
    elif change.percent is None:
        verdict = "new: nothing to compare with"
    else:
        verdict = f"{change.percent:+6.1f} %" + ("  WORSE" if change.worse(limit) else "")
    return f"{change.name:<42} {was:>10} {now:>10}  {verdict}"


def _amount(value: float | None, kind: str) -> str:
    if value is None:
        return "-"
    return f"{value / 1e6:.1f} MB" if kind == "bytes" else f"{value:.4g} x"
