"""What a row of a scorecard is worth: what counts as a test, once, and what does not, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ldnsim.analysis.judged.record import Check

ANY = "any"
"""Stands for the hypothesis where a row is the same under all of them."""
NULL = "null"
CLOSE = 5e-6
"""Relative difference below which two solved numbers are one: half the error that is allowed."""
SHARE = 0.1
"""Difference below which they are one for what was measured, in standard deviations."""
WHY = {
    "fitted": "fitted to this number",
    "set": "the model was set by it",
    "telling": f"every hypothesis passes, {NULL} too",
}
"""Why a row is no test, beside being another row's or another hypothesis's number."""
SAME_NUMBER, SAME_ROW = "same number as under", "same published number as"


def one_number(a: float, b: float, sd: float = 0.0) -> bool:
    """Whether two simulated numbers are one: to what was measured, or what the solver resolves."""
    return abs(a - b) <= max(SHARE * sd, CLOSE * max(abs(a), abs(b)))


def repeated(values: Mapping[str, float], owners: Iterable[str], sd: float = 0.0) -> dict[str, str]:
    """Return, for hypotheses with a number that another one owns, whose it is.

    Args:
        values: the simulated numbers by hypothesis; NaN is nobody's.
        owners: the hypotheses a number may belong to: under which it was fitted or set, then the
            one that changes nothing in the model. They keep their own.
        sd: standard deviation of what was measured; 0 where none is known.
    """
    own = [h for h in dict.fromkeys(owners) if h in values]
    found = {}
    for name, value in values.items():
        others = (h for h in own if one_number(values[h], value, sd))
        first = next(others, None) if name not in own else None
        if first is not None:
            found[name] = first
    return found


def weigh(checks: Sequence[Check]) -> list[Check]:
    """Return the rows with their role, and whether they count as a test.

    Whether a row tells anything is judged from the hypotheses that are among them, so that these
    should be all there are.
    """
    given = _with_roles(checks)
    silent = telling_nothing(given)
    present = {(c.id, c.hypothesis) for c in given if c.passed is not None}
    return [_weighed(c, silent, present) for c in given]


def telling_nothing(checks: Iterable[Check]) -> list[str]:
    """Return the observations that every hypothesis passes, the one without drug effect too."""
    by: dict[str, dict[str, bool | None]] = defaultdict(dict)
    for c in checks:
        if c.kind == "observation" and c.hypothesis != ANY:
            by[c.id][c.hypothesis] = c.passed
    return [
        name
        for name, passed in by.items()
        if len(passed) > 1 and NULL in passed and all(p is True for p in passed.values())
    ]


def _with_roles(checks: Sequence[Check]) -> list[Check]:
    """Hand roles on: to rows that hold the same published number, to hypotheses with the same."""
    used: dict[tuple[str, str], str] = {}
    for c in sorted(checks, key=lambda c: c.role != "fitted"):
        if c.role != "free":
            for number in c.holds:
                used[number, c.hypothesis] = c.role
    first = [c if c.role != "free" else replace(c, role=_of(c, used)) for c in checks]
    roles = {(c.id, c.hypothesis): c.role for c in first}
    return [replace(c, role=roles[c.id, c.same_as]) if _follows(c, roles) else c for c in first]


def _of(check: Check, used: Mapping[tuple[str, str], str]) -> str:
    """Return how a published number was used under the hypothesis of a row, by whatever row."""
    keys = [(number, check.hypothesis) for number in check.holds]
    return next((used[k] for k in keys if k in used), "free")


def _follows(check: Check, roles: Mapping[tuple[str, str], str]) -> bool:
    return check.role == "free" and roles.get((check.id, check.same_as), "free") != "free"


def _weighed(check: Check, silent: Sequence[str], present: set[tuple[str, str]]) -> Check:
    if check.passed is None:
        return replace(check, counts=False, why="")
    others = [n for n in check.holds if n != check.id and (n, check.hypothesis) in present]
    if check.same_as:
        why = f"{SAME_NUMBER} {check.same_as}"
    elif others:
        why = f"{SAME_ROW} {', '.join(others)}"
    elif check.role != "free":
        why = WHY[check.role]
    else:
        why = WHY["telling"] if check.id in silent else ""
    return replace(check, counts=not why, why=why)
