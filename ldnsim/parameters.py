"""The parameters as text to review: tables in Markdown, one parameter in full, rows for a file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ldnsim.catalog import Reference
from ldnsim.errors import UserError, check_known
from ldnsim.mechanisms.record import GRADES, Mechanism, Parameter

if TYPE_CHECKING:
    from ldnsim.edition import Edition

NORMAL_95 = 1.96
_HEADERS = (
    "name", "value", "unit", "spread", "grade", "sources", "meaning", "note", "alternatives",
)  # fmt: skip
CSV_HEADERS = (
    "name", "value", "unit", "grade", "meaning", "source", "spread", "sd", "low95", "high95",
    "low", "high", "mechanism", "note", "alternatives", "doi", "pmid",
)  # fmt: skip
"""Columns of ``ldnsim parameters --csv``."""


def interval(p: Parameter) -> tuple[float, float] | None:
    """Central 95 % of a parameter's spread around its value; None for one without a spread."""
    reach = NORMAL_95 * p.spread.sd
    if p.spread.kind == "lognormal" and p.value > 0.0:
        return p.value * math.exp(-reach), p.value * math.exp(reach)
    if p.spread.kind == "logitnormal" and 0.0 < p.value < 1.0:
        odds = p.value / (1.0 - p.value)
        low, high = odds * math.exp(-reach), odds * math.exp(reach)
        return low / (1.0 + low), high / (1.0 + high)
    return None


def spread_in_words(p: Parameter) -> str:
    """Spread as one reads it: ``lognormal, 95 % 0.4-2.1``; ``none stated`` without one."""
    limits = interval(p)
    if limits is None:
        return "none stated"
    kind = {"logitnormal": "logit-normal"}.get(p.spread.kind, p.spread.kind)
    return f"{kind}, 95 % {plain(limits[0])}-{plain(limits[1])}"


def plain(x: float, digits: int = 2) -> str:
    """A number to so many digits and without an exponent, unless it is minute: 98,000, 0.012."""
    if abs(x) >= 10.0:
        rounded = float(f"{x:.{digits}g}")
        return f"{rounded:,.0f}" if abs(rounded) >= 1e4 else f"{rounded:.0f}"
    return f"{x:.{digits}g}"


def alternatives_in_words(p: Parameter) -> str:
    """Other published or proposed values by name: ``ko_monkey 25; other 2``."""
    return "; ".join(f"{name} {value:g}" for name, value in p.alternatives.items())


def short_citation(r: Reference) -> str:
    """A source in a few words: authors and year, else its key."""
    return f"{r.authors} {r.year or ''}".strip() if r.authors else r.key


def link(r: Reference) -> str:
    """Where to find a source on the web; empty when no address was seen."""
    if r.doi:
        return f"https://doi.org/{r.doi}"
    if r.pmid:
        return f"https://pubmed.ncbi.nlm.nih.gov/{r.pmid}/"
    return f"https://pmc.ncbi.nlm.nih.gov/articles/{r.pmcid}/" if r.pmcid else r.url


def find(
    edition: Edition,
    room: str | None = None,
    search: str | None = None,
    grade: str | None = None,
) -> list[Parameter]:
    """Parameters of a mechanism, or the one of that name, that mention a word and have a grade.

    Args:
        edition: whose parameters; its bibliography is searched as well.
        room: name of a mechanism or of a parameter; all parameters when None.
        search: word looked for in name, meaning, note, unit, sources and alternatives.
        grade: one of :data:`~ldnsim.mechanisms.record.GRADES`.

    Raises:
        UserError: unknown names, or nothing found.
    """
    every = list(edition.model.parameters.values())
    rooms = list(dict.fromkeys(p.mechanism for p in every))
    names = [p.name for p in every]
    if room is not None:
        check_known("mechanism or parameter", [room], [*rooms, *names])
    if grade is not None:
        check_known("grade", [grade], GRADES)
    word = (search or "").lower()
    found = [
        p
        for p in every
        if room in (None, p.mechanism, p.name)
        and grade in (None, p.grade)
        and word in _text(p, edition.references)
    ]
    if not found:
        what = f"no parameter graded {grade!r}" if grade else "no parameter"
        raise UserError(f"{what} mentions {search!r}; try a shorter word" if search else what)
    return found


def _text(p: Parameter, known: Mapping[str, Reference]) -> str:
    """All that is searched of a parameter, in small letters."""
    papers = " ".join(
        " ".join((k, r.authors, str(r.year or ""), r.title, r.journal, r.doi, r.pmid))
        for k, r in ((k, known.get(k)) for k in p.source)
        if r is not None
    )
    parts = (p.name, p.meaning, p.note, p.unit, papers, alternatives_in_words(p))
    return " ".join(parts).lower()


def as_markdown(edition: Edition, found: Iterable[Parameter] | None = None) -> str:
    """Tables of parameters as Markdown, one for each mechanism.

    Args:
        edition: whose mechanisms and sources.
        found: parameters to print, all by default.
    """
    from ldnsim.equations.text import extensions

    whole = edition.model
    chosen = list(whole.parameters.values()) if found is None else list(found)
    head = _HEAD.format(n=len(chosen), graded=_counts(chosen))
    parts = ["# Parameters", "", "\n\n".join(filter(None, (head, extensions(edition))))]
    for room in whole.mechanisms:
        rows = [p for p in chosen if p.mechanism == room.name]
        if rows:
            parts += ["", *_table(room, rows, edition.references)]
    return "\n".join(parts).rstrip() + "\n"


def _counts(found: list[Parameter]) -> str:
    grades = [p.grade for p in found]
    return ", ".join(f"{grades.count(g)} {g}" for g in GRADES if g in grades)


def _table(room: Mechanism, rows: list[Parameter], known: Mapping[str, Reference]) -> list[str]:
    lines = [f"## {room.title} (`{room.name}`)", "", _row(_HEADERS), _row(["---"] * len(_HEADERS))]
    return lines + [_row(_cells(p, known)) for p in rows]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"


def _cells(p: Parameter, known: Mapping[str, Reference]) -> list[str]:
    return [
        f"`{p.name}`", f"{p.value:g}", p.unit, spread_in_words(p), p.grade,
        "; ".join(_linked(known[k]) for k in p.source) or "-", p.meaning, p.note or "-",
        alternatives_in_words(p).replace("_", "\\_") or "-",
    ]  # fmt: skip


def _linked(r: Reference) -> str:
    return f"[{short_citation(r)}]({link(r)})" if link(r) else short_citation(r)


def card(edition: Edition, p: Parameter) -> str:
    """Everything about one parameter, with its references in full."""
    known = edition.references
    users = [n for n, v in edition.model.observables.items() if p.name in v.arguments]
    bounds = " to ".join("no bound" if b is None else f"{b:g}" for b in (p.low, p.high))
    lines = [
        f"name: {p.name}",
        f"meaning: {p.meaning}",
        f"value: {p.value:g} {p.unit}",
        f"spread: {spread_in_words(p)}",
        f"allowed: {bounds}",
        f"grade: {p.grade}",
        f"mechanism: {p.mechanism}",
        f"used by: {', '.join(users)}",
    ]
    if p.note:
        lines.append(f"note: {p.note}")
    lines += [f"alternative: {n} = {v:g} {p.unit}" for n, v in p.alternatives.items()]
    lines += [f"source: [{k}] {known[k]}\n  found: {known[k].finding}" for k in p.source]
    lines += [f"  reservation: {known[k].note}" for k in p.source if known[k].note]
    return "\n".join(lines if p.source else [*lines, "source: none; the number is assumed"])


def csv_row(edition: Edition, p: Parameter) -> list[str]:
    """All of a parameter as the columns :data:`CSV_HEADERS`; numbers in full."""
    limits = interval(p)
    papers = [edition.references[k] for k in p.source]
    return [
        p.name, repr(p.value), p.unit, p.grade, p.meaning, " ".join(p.source),
        p.spread.kind, repr(p.spread.sd), *(("", "") if limits is None else map(repr, limits)),
        *("" if b is None else repr(b) for b in (p.low, p.high)), p.mechanism, p.note,
        "; ".join(f"{n}={v!r}" for n, v in p.alternatives.items()),
        " ".join(r.doi for r in papers if r.doi), " ".join(r.pmid for r in papers if r.pmid),
    ]  # fmt: skip


_HEAD = (
    "Written by `ldnsim parameters --markdown` from the records in `ldnsim/mechanisms`: {n} numbers"
    " ({graded}). A grade belongs to the number, not to the idea behind it"
    " ([grades](evidence.md)); spreads are between patients or laboratories, the"
    " [range in which 95 % lie](provenance.md) if they are independent. `ldnsim parameters NAME`"
    " prints one of them with its references in full."
)
