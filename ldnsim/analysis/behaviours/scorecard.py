"""The scorecard: published observations and required behaviours, for every hypothesis."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ldnsim.analysis.behaviours import BEHAVIOURS, behaviour_checks
from ldnsim.analysis.evidence.probes import score
from ldnsim.analysis.judged.record import UNDER_SHIPPED, Check
from ldnsim.edition import Edition, shipped
from ldnsim.errors import check_known

NULL = "null"


def scorecard(
    names: Sequence[str] | None = None,
    hypotheses: Sequence[str] | None = None,
    edition: Edition | None = None,
) -> list[Check]:
    """Compute the scorecard: behaviours first, then observations.

    Args:
        names: behaviours (E1 to E13) and observations; all when None.
        hypotheses: names; all when None.
        edition: the model that is judged; the shipped one when None.

    Raises:
        UserError: a row or hypothesis that does not exist.
    """
    home = edition or shipped()
    known = [*BEHAVIOURS, *home.observations]
    check_known("row of the scorecard", names or (), known)
    emergent = [n for n in names or known if n in BEHAVIOURS]
    published = [n for n in names or known if n not in BEHAVIOURS]
    checks = behaviour_checks(emergent, hypotheses, home) if emergent else []
    return checks + (score(hypotheses, names=published, edition=home) if published else [])


def remarks(checks: Sequence[Check]) -> list[str]:
    """Say in a few lines what a scorecard shows, misses first.

    A published observation that only the hypothesis without drug effect can match is named, and so
    is one that no hypothesis matches.
    """
    rows: dict[str, dict[str, bool | None]] = defaultdict(dict)
    for c in checks:
        rows[c.id][c.hypothesis] = c.passed
    lines = [_count(checks)]
    for name, by in rows.items():
        judged = {h: p for h, p in by.items() if p is not None}
        passing = [h for h, p in judged.items() if p]
        if judged and not passing:
            lines.append(f"{name}: missed by every hypothesis it was asked of")
        elif passing == [NULL] and len(judged) > 1:
            lines.append(f"{name}: matched by no hypothesis but {NULL}")
    return lines


def _count(checks: Sequence[Check]) -> str:
    parts = []
    words = {
        "behaviour": "required behaviours",
        "free": "free observations",
        "fitted": "fitted ones",
        "set": "ones a number was taken from",
    }
    for role, text in words.items():
        judged = [c for c in checks if c.role == role and c.passed is not None]
        if judged:
            other = all(c.note.startswith(UNDER_SHIPPED) for c in judged)
            told = UNDER_SHIPPED if other else text
            parts.append(f"{sum(bool(c.passed) for c in judged)} of {len(judged)} {told}")
    return f"pass: {', '.join(parts) or 'nothing was judged'}"
