"""Which doses help: a verdict from numbers alone, and what it says in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from common import TNF_FALL, Floats, percent, responds

Kind = Literal["none", "everywhere", "no upper limit", "no lower limit", "window", "scattered"]


@dataclass(frozen=True)
class Verdict:
    """Which of the doses help.

    Attributes:
        kind: where the helpful doses lie among those tried.
        low: lowest dose that helps (mg), NaN when none does.
        high: highest dose that helps (mg).
        below: next lower dose tried, which does not help.
        above: next higher dose tried, which does not help.
        top: highest dose tried.
        top_tnf: change of TNF there, percent.
        above_tnf: change of TNF at ``above``, percent.
    """

    kind: Kind
    low: float
    high: float
    below: float
    above: float
    top: float
    top_tnf: float
    above_tnf: float = np.nan

    @property
    def reversed(self) -> bool:
        """Whether the highest dose leaves TNF above that of the untreated patient."""
        return self.top_tnf > 1.0


def judge(dose: Floats, tnf_percent: Floats, pain_percent: Floats) -> Verdict:
    """Say whether the doses that help form a window. Failed runs (NaN) are left out."""
    kept = np.isfinite(tnf_percent) & np.isfinite(pain_percent)
    dose, tnf = np.asarray(dose)[kept], np.asarray(tnf_percent)[kept]
    good = responds(tnf, np.asarray(pain_percent)[kept])
    top, top_tnf = (float(dose[-1]), float(tnf[-1])) if len(dose) else (np.nan, np.nan)
    if not good.any():
        return Verdict("none", np.nan, np.nan, np.nan, np.nan, top, top_tnf)
    first, last = int(np.argmax(good)), len(good) - 1 - int(np.argmax(good[::-1]))
    open_low, open_high = first == 0, last == len(good) - 1
    kind: Kind = {
        (True, True): "everywhere",
        (False, True): "no upper limit",
        (True, False): "no lower limit",
        (False, False): "window",
    }[open_low, open_high]  # type: ignore[assignment]
    below = np.nan if open_low else float(dose[first - 1])
    above = np.nan if open_high else float(dose[last + 1])
    shape: Kind = kind if good[first : last + 1].all() else "scattered"
    after = np.nan if open_high else float(tnf[last + 1])
    return Verdict(shape, float(dose[first]), float(dose[last]), below, above, top, top_tnf, after)


def verdict_sentence(v: Verdict) -> str:
    """Say in words what a verdict means."""
    if v.kind == "none":
        return "no dose tried helps" + (
            f", and {v.top:g} mg makes it worse (TNF {percent(v.top_tnf)})" if v.reversed else ""
        )
    if v.kind == "scattered":
        return f"doses between {v.low:g} and {v.high:g} mg help, but not all of them"
    low = "already the lowest dose tried helps" if np.isnan(v.below) else (
        f"benefit begins between {v.below:g} and {v.low:g} mg"
    )  # fmt: skip
    if np.isnan(v.above):
        return f"{low} and is still there at {v.top:g} mg, the highest dose tried"
    end = "reversed" if v.reversed else "gone"
    limit = (
        f" by the limit chosen for pain (TNF is still {percent(v.above_tnf)} there)"
        if v.above_tnf <= -TNF_FALL else ""
    )  # fmt: skip
    return (
        f"{low} and is lost between {v.high:g} and {v.above:g} mg{limit}; at {v.top:g} mg it is "
        f"{end} (TNF {percent(v.top_tnf)})"
    )


def headline_of(v: Verdict) -> str:
    """Answer the question in one sentence."""
    opening = {
        "window": "Yes, with the default parameters there is a dose window",
        "none": "No, with the default parameters there is no dose window",
        "everywhere": "No, with the default parameters there is no dose window",
        "no upper limit": "No: there is a threshold but no upper limit",
        "no lower limit": "Half: there is an upper limit but no threshold among the doses tried",
        "scattered": "Not a clean one",
    }[v.kind]
    return f"{opening}: {verdict_sentence(v)}."
