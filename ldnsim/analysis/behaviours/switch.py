"""Behaviours of the microglial switch: two states, threshold, persistence, window, cytokines."""

from __future__ import annotations

import numpy as np

from ldnsim.analysis.behaviours.record import (
    DOSES,
    OFF,
    ON,
    TIPPED,
    Behaviour,
    Found,
    nightly,
    series,
)
from ldnsim.catalog import hypotheses
from ldnsim.model import default_model
from ldnsim.patients.untreated import untreated
from ldnsim.runs.few import Case, run_cases, week

DRIVERS = (0.0, 0.02, 0.05, 0.2, 0.5)
HELPED = (1.5, 3.0, 4.5, 6.0)
DRIVEN = (0.07, 0.08, 0.1, 0.2)
"""Drivers above the range in which the resolved state exists by itself (``ldnsim states``)."""
TWO_WAYS = ("dual_pathway", "rebound")


def two_states(hypothesis: str) -> Found:
    """Both untreated states over a range of drivers, and a loop: up and down differ."""
    model = default_model()
    own = hypotheses()[hypothesis].overrides
    params = np.array([model.parameter_vector({**own, "driver": d}) for d in DRIVERS])
    flags = np.array([False, True])
    both = np.repeat(params, 2, axis=0)
    found = untreated(model, both, np.tile(flags, len(DRIVERS)))
    ok = (found.status == 0).reshape(-1, 2)
    m1 = found.mean[:, model.observable_index["microglia_m1"]].reshape(-1, 2)
    shared = ok.all(axis=1)
    apart = bool((m1[shared, 1] > 2.0 * m1[shared, 0]).all()) if shared.any() else False
    shown = bool(ok[0].all() and ok[-1, 1] and not ok[-1, 0] and apart)
    held = ", ".join(f"{d:g}" for d, s in zip(DRIVERS, shared, strict=True) if s) or "no driver"
    text = f"both states at {held}; inflamed M1 {m1[1, 1]:.0%}, resolved {m1[1, 0]:.1%}"
    note = "of the untreated patient, whatever the drug does; fold points: ldnsim states"
    return Found(shown, text, note)


def persistence(hypothesis: str) -> Found:
    """A threshold dose tips the patient, the benefit lasts; with a lasting driver it does not."""
    table = series(hypothesis)
    tips = [d for d in DOSES[1:] if table.tipped(d, ON)]
    holds = bool(tips) and all(table.tipped(d, ON + OFF) for d in tips if d <= 6.0)
    if not tips:
        return Found(False, "no dose up to 50 mg tips the patient")
    responds, lasts = driven(hypothesis)
    shown = bool(0.1 < min(tips) <= 6.0 and holds and not lasts)
    lost = ", ".join(f"{d:g}" for d in responds if d not in lasts) or "none"
    text = (
        f"tips from {min(tips):g} mg; {OFF} weeks after stopping {'holds' if holds else 'lost'}; "
        f"with a lasting driver: responds to 6 mg and relapses at {lost}, holds at "
        f"{', '.join(f'{d:g}' for d in lasts) or 'none'} of {', '.join(f'{d:g}' for d in DRIVEN)}"
    )
    return Found(shown, text, value=min(tips))


def driven(hypothesis: str) -> tuple[list[float], list[float]]:
    """Return the lasting drivers at which 6 mg works, and those at which the benefit holds."""
    cases = [Case(nightly(6.0), hypothesis, parameters={"driver": d}) for d in DRIVEN]
    found = run_cases(cases, ON + OFF, [week("tnf", ON), week("tnf", ON + OFF)])
    tipped = found.values < TIPPED * found.baseline("tnf")[:, None]
    on, off = ([d for d, t in zip(DRIVEN, column, strict=True) if t] for column in tipped.T)
    return on, off


def window(hypothesis: str) -> Found:
    """Benefit from 1.5 to 6 mg, lost or reversed at 50 mg, and what closes the window."""
    t = series(hypothesis)
    change = {d: 100.0 * (t.at("tnf", d, ON) / t.rest["tnf"] - 1.0) for d in (*HELPED, 50.0)}
    pain = {d: t.at("pain", d, ON) - t.rest["pain"] for d in (4.5, 50.0)}
    helped = all(change[d] < -30.0 for d in HELPED) and pain[4.5] < -0.5
    closed = change[50.0] > -5.0 and pain[50.0] > -0.1
    tone = {d: t.at("opioid_tone", d, 2) for d in (4.5, 50.0)}
    reason = tone[4.5] > 1.0 > tone[50.0]
    text = (
        f"TNF {change[1.5]:+.0f} % at 1.5, {change[4.5]:+.0f} % at 4.5, {change[50.0]:+.0f} % at "
        f"50 mg; pain {pain[4.5]:+.2f}, {pain[50.0]:+.2f} points"
    )
    note = (
        f"tone on glia {tone[4.5]:.2f} against {tone[50.0]:.2f} of rest, OGF receptors blocked "
        f"{t.at('ogfr_occupancy', 4.5, 2):.0%} against {t.at('ogfr_occupancy', 50.0, 2):.0%}"
    )
    return Found(bool(helped and closed and reason), text, note)


def cytokines(hypothesis: str) -> Found:
    """With a response all cytokines fall, IL-10 too."""
    t = series(hypothesis)
    names = ("tnf", "il1b", "il6", "il10")
    change = {n: 100.0 * (t.at(n, 4.5, ON) / t.rest[n] - 1.0) for n in names}
    text = ", ".join(f"{n} {c:+.0f} %" for n, c in change.items())
    return Found(bool(all(c < -10.0 for c in change.values())), text)


BEHAVIOURS = (
    Behaviour(
        "E4", "one patient, two stable states; a hysteresis loop in the driver",
        "both states without driver, only the inflamed one at a strong driver",
        ("dual_pathway",), two_states, "hammer2015",
    ),
    Behaviour(
        "E5", "a threshold dose tips a stuck patient; benefit outlasts it unless a driver persists",
        "tips at 6 mg or less, not at 0.1 mg; holds 26 weeks after; with a lasting "
        "driver above the resolved state's range nothing holds",
        (*TWO_WAYS, "glial"), persistence, "smith2007",
    ),
    Behaviour(
        "E6", "dose window: benefit at 1.5-6 mg, none or harm at 50 mg",
        "TNF down 30 % and pain 0.5 points; at 50 mg neither; effector tone up, then down",
        ("dual_pathway",), window, "zagon1983",
    ),
    Behaviour(
        "E11", "all measured cytokines fall with response, IL-10 included",
        "TNF, IL-1b, IL-6 and IL-10 down by over 10 % at 4.5 mg",
        (*TWO_WAYS, "glial"), cytokines, "parkitny2017",
    ),
)  # fmt: skip
