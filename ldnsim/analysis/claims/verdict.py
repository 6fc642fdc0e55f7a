"""From what the runs showed to one line of verdict; nothing of it is written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ldnsim.analysis.judged.record import Found
from ldnsim.mechanisms.record import ASSUMED

if TYPE_CHECKING:
    from ldnsim.analysis.claims import Shaken
    from ldnsim.analysis.claims.price import Price

NULL = "null"


def verdict_of(
    found: Mapping[str, Found],
    shaken: Sequence[Shaken],
    potency: float | None,
    shook: bool,
    prices: Mapping[str, Price] | None = None,
) -> str:
    """Return the verdict on a claim.

    Args:
        found: what each hypothesis showed, the default one first.
        shaken: the numbers that were shaken.
        potency: TLR4 potency needed over the one measured, where it is asked.
        shook: whether numbers were shaken at all.
        prices: what the numbers of the hypotheses cost that show it, where that is to be said.
    """
    holds = [h for h, f in found.items() if f.shown]
    parts = (
        _where(holds, found, prices or {}),
        _takes(potency) if potency is not None else "",
        "no action of the drug is needed" if holds == [NULL] else "",
        _hangs(shaken, next(iter(found)) in holds) if shook else "",
    )
    return "; ".join(filter(None, parts))


def built_in(verdict: str, by_construction: str) -> str:
    """Return a verdict that says, where it is so, that the model was built to show the claim."""
    return f"{verdict}; by construction: {by_construction}" if by_construction else verdict


def _takes(potency: float) -> str:
    return f"takes {potency_text(potency)} the TLR4 potency measured (4.5 mg reached in two weeks)"


def _where(holds: Sequence[str], found: Mapping[str, Found], prices: Mapping[str, Price]) -> str:
    if not holds:
        return "not reproduced by any hypothesis"
    if len(holds) == len(found):
        return "holds under every hypothesis, so it tells none from another"
    names = ", ".join(f"{h} at {prices[h].sd:.1f} SD" if h in prices else h for h in holds)
    if next(iter(found)) not in holds:
        return f"not under the default hypothesis; holds under {names}"
    return f"holds under {names}" if len(holds) > 1 else f"holds only under {names}"


def _hangs(shaken: Sequence[Shaken], holds: bool) -> str:
    """Say which numbers turn the answer and how many of them are assumed."""
    if not shaken:
        return "which numbers it hangs on was not examined"
    turning = [s for s in shaken if s.changes_at]
    absent = ", ".join(f"{s.parameter} {' or '.join(s.no_patient)}" for s in shaken if s.no_patient)
    tail = f"; there is no such patient with {absent}" if absent else ""
    if not turning:
        verb = "holds" if holds else "fails"
        return (
            f"{verb} also with each of {len(shaken)} numbers at a third, three times, or as in"
            f" print{tail}"
        )
    texts = [f"{s.parameter} {' or '.join(s.changes_at)}" for s in turning]
    assumed = sum(s.grade == ASSUMED for s in turning)
    verb = "lost" if holds else "gained"
    return f"{verb} with {', '.join(texts)} ({assumed} of {len(turning)} assumed){tail}"


def factor_text(factor: float) -> str:
    """Write a factor as ``x3`` or ``/3``; nothing of what there was is ``x0``."""
    if factor == 0.0:
        return "x0"
    return f"x{factor:.3g}" if factor >= 1.0 else f"/{1.0 / factor:.3g}"


def potency_text(ratio: float) -> str:
    """Write a ratio of potencies to two digits with thousands: ``160,000 times``."""
    if ratio == float("inf"):
        return "more than any multiple of"
    return f"{float(f'{ratio:.2g}'):,.0f} times"
