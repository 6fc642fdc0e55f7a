"""The scorecard: published observations and required behaviours, for every hypothesis."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence

from ldnsim.analysis.behaviours import BEHAVIOURS, behaviour_checks
from ldnsim.analysis.evidence.probes import score
from ldnsim.analysis.judged.chi_square import CAUTION, ChiSquare, chi_square
from ldnsim.analysis.judged.record import UNDER_SHIPPED, Check
from ldnsim.analysis.judged.worth import ANY, NULL, SAME_NUMBER, SAME_ROW, WHY, weigh
from ldnsim.edition import Edition, shipped
from ldnsim.errors import check_known


def scorecard(
    names: Sequence[str] | None = None,
    hypotheses: Sequence[str] | None = None,
    edition: Edition | None = None,
) -> list[Check]:
    """Compute the scorecard: behaviours first, then observations.

    Rows are simulated under every hypothesis also where only some are asked for: whether one counts
    depends on what the others give (see :func:`ldnsim.analysis.judged.worth.weigh`).

    Args:
        names: behaviours (``E1`` and so on) and observations; all when None.
        hypotheses: those whose rows are returned; all when None.
        edition: the model that is judged; the shipped one when None.

    Raises:
        UserError: a row or hypothesis that does not exist.
    """
    home = edition or shipped()
    known = [*BEHAVIOURS, *home.observations]
    check_known("row of the scorecard", names or (), known)
    check_known("hypothesis", hypotheses or (), home.hypotheses)
    emergent = [n for n in names or known if n in BEHAVIOURS]
    published = [n for n in names or known if n not in BEHAVIOURS]
    checks = behaviour_checks(emergent, _and_usual(hypotheses, home), home) if emergent else []
    checks += score(names=published, edition=home) if published else []
    return [c for c in weigh(checks) if c.hypothesis in (ANY, *(hypotheses or home.hypotheses))]


def _and_usual(hypotheses: Sequence[str] | None, edition: Edition) -> list[str] | None:
    """Return hypotheses with those that change nothing, whose behaviour may be theirs too."""
    usual = [n for n, h in edition.hypotheses.items() if not h.overrides]
    return [*dict.fromkeys([*hypotheses, *usual])] if hypotheses else None


def remarks(checks: Sequence[Check]) -> list[str]:
    """Say in a few lines what a scorecard shows: counts, rows of note, chi-square.

    A published observation that only the hypothesis without drug effect can match is named, and so
    is one that no hypothesis matches, and one that all match.
    """
    rows: dict[str, dict[str, bool | None]] = defaultdict(dict)
    for c in checks:
        rows[c.id][c.hypothesis] = c.passed
    lines = [_count(checks), *_not_counted(checks), *_by_hypothesis(checks)]
    for name, by in rows.items():
        judged = {h: p for h, p in by.items() if p is not None}
        passing = [h for h, p in judged.items() if p]
        if judged and not passing:
            lines.append(f"{name}: missed by every hypothesis it was asked of")
        elif passing == [NULL] and len(judged) > 1:
            lines.append(f"{name}: matched by no hypothesis but {NULL}")
    return [*lines, *_sums(checks)]


def _count(checks: Sequence[Check]) -> str:
    """Count what passes: tests first, each once, then what is none."""
    own = [c for c in checks if c.passed is not None and not c.same_as]
    tests = _tests(own)
    groups = {
        "free observations": [c for c in tests if c.kind == "observation" and c.hypothesis != ANY],
        "the same under every hypothesis": [c for c in tests if c.hypothesis == ANY],
        "free behaviours": [c for c in tests if c.kind == "behaviour"],
    } | {
        f"that were {role}": [c for c in own if c.role == role and not c.why.startswith(SAME_ROW)]
        for role in ("fitted", "set")
    }  # fmt: skip
    parts = [f"{_passed(of)} {_told(text, of)}" for text, of in groups.items() if of]
    return f"pass, each counted once: {', '.join(parts) or 'nothing was judged'}"


def _tests(checks: Iterable[Check]) -> list[Check]:
    return [c for c in checks if c.counts and c.role == "free" and c.passed is not None]


def _told(text: str, checks: Iterable[Check]) -> str:
    """Return the words for a group; what was fitted to another model says so."""
    return UNDER_SHIPPED if all(c.note.startswith(UNDER_SHIPPED) for c in checks) else text


def _passed(checks: Collection[Check]) -> str:
    return f"{sum(bool(c.passed) for c in checks)} of {len(checks)}"


def _not_counted(checks: Sequence[Check]) -> list[str]:
    """Say how many rows are no test of their own, and which tell nothing about the drug."""
    words = {SAME_NUMBER: "another hypothesis", SAME_ROW: "another row"}
    why = Counter(w for c in checks for w in words if c.why.startswith(w))
    parts = [f"{why[w]} with the {w} {other}" for w, other in words.items() if why[w]]
    lines = [f"not counted again: {', '.join(parts)}"] if parts else []
    silent = dict.fromkeys(c.id for c in checks if c.why == WHY["telling"])
    if silent:
        lines.append(f"tell nothing about the drug, {WHY['telling']}: {', '.join(silent)}")
    return lines


def _by_hypothesis(checks: Sequence[Check]) -> list[str]:
    """Return what each hypothesis passes of its own tests, in one line."""
    found: dict[str, list[Check]] = {c.hypothesis: [] for c in checks if c.hypothesis != ANY}
    for c in _tests(checks):
        if c.hypothesis != ANY and c.kind == "observation":
            found[c.hypothesis].append(c)
    parts = [f"{h} {_passed(of)}" for h, of in found.items() if of]
    return [f"free observations of its own: {', '.join(parts)}"] if parts else []


def comparisons(checks: Sequence[Check]) -> list[ChiSquare]:
    """Return chi-square over the rows that all hypotheses share, and over those that all share that
    let the drug act, which are more; without sums of fewer than two hypotheses or over no row.
    """
    every = chi_square(checks)
    acting = chi_square(checks, [h for h in every.hypotheses if h != NULL])
    found = [every] + ([acting] if len(acting.rows) > len(every.rows) else [])
    return [c for c in found if len(c.hypotheses) > 1 and c.rows]


def _sums(checks: Sequence[Check]) -> list[str]:
    """Return the table of chi-square, smallest first, with the rows it is over."""
    lines = []
    for found in comparisons(checks):
        marked = [f"{n} (SD assumed)" if n in found.assumed else n for n in found.rows]
        lines.append(
            f"chi-square of {len(found.hypotheses)} hypotheses over the same {len(found.rows)} rows"
            f" ({found.numbers} published numbers): {', '.join(marked)}"
        )
        for h in found.ranking():
            used = found.used(h)
            part = sum(found.parts(h)[n] for n in used)
            told = f", {part:.3g} of it from {len(used)} rows fitted or set" if used else ""
            lines.append(f"  {h} {found.total(h):.4g}{told}")
    return [*lines, CAUTION] if lines else []
