"""Behaviours of the microglial switch: two states, threshold, persistence, window, cytokines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ldnsim.analysis.behaviours.record import TWO_WAYS, Behaviour
from ldnsim.analysis.judged.doses import (
    CELLS,
    DOSES,
    OFF,
    ON,
    TIPPED,
    YEAR,
    Series,
    nightly,
    series,
)
from ldnsim.analysis.judged.record import Found, Setting, attempt
from ldnsim.analysis.judged.response import LESS_TNF
from ldnsim.config.run import RunSpec
from ldnsim.runs.few import week

DRIVERS = (0.0, 0.02, 0.05, 0.2, 0.5)
HELPED = (3.0, 4.5, 6.0)
DRIVEN = (0.0705, 0.08, 0.1, 0.2)
"""Drivers above the range in which the resolved state exists by itself (``ldnsim states``), by a
tenth and more: nearer to its end a patient relapses, but takes more than a year."""
EXCESS = 1.0 / 3.0
"""Share of what a cytokine is above a healthy person's level that has to go."""


def two_states(settings: Sequence[Setting]) -> Iterable[Found]:
    """Both untreated states over a range of drivers, and a loop: up and down differ."""
    runs = [
        RunSpec.of(basin=basin, parameters={"driver": d})
        for d in DRIVERS for basin in ("resolved", "inflamed")
    ]  # fmt: skip
    out, shape = attempt(settings, runs, 1.0 / 7.0, []), (len(settings), len(DRIVERS), 2)
    there = (out.results.status == 0).reshape(shape)
    note = "of the untreated patient, whatever the drug does; fold points: ldnsim states"
    for ok, m1 in zip(there, out.rest("microglia_m1").reshape(shape), strict=True):
        both = ok.all(axis=1)
        apart = both.any() and (m1[both, 1] > 2.0 * m1[both, 0]).all()
        held = ", ".join(f"{d:g}" for d, b in zip(DRIVERS, both, strict=True) if b) or "no driver"
        text = f"both states at {held}; inflamed M1 {m1[1, 1]:.0%}, resolved {m1[1, 0]:.1%}"
        yield Found(both[0] and ok[-1, 1] and not ok[-1, 0] and apart, text, note)


def persistence(settings: Sequence[Setting]) -> Iterable[Found]:
    """A threshold dose tips the patient, the benefit lasts; with a lasting driver it does not."""
    rows = zip(series(settings), driven(settings), strict=True)
    return [_persistence(table, responds, lasts) for table, (responds, lasts) in rows]


def _persistence(table: Series, responds: Sequence[float], lasts: Sequence[float]) -> Found:
    tips = [d for d in DOSES[1:] if table.tipped(d, ON)]
    if not tips:
        return Found(False, f"no dose up to {DOSES[-1]:g} mg tips the patient")
    holds = all(table.tipped(d, ON + OFF) for d in tips if d <= 6.0)
    lost = ", ".join(f"{d:g}" for d in responds if d not in lasts) or "none"
    text = (
        f"tips from {min(tips):g} mg; {OFF} weeks after stopping {'holds' if holds else 'lost'}; "
        f"with a lasting driver: responds to a year of 6 mg, then relapses at {lost}, holds at "
        f"{', '.join(f'{d:g}' for d in lasts) or 'none'} of {', '.join(f'{d:g}' for d in DRIVEN)}"
    )
    return Found(0.1 < min(tips) <= 6.0 and holds and not lasts, text, value=min(tips))


def driven(settings: Sequence[Setting]) -> list[tuple[list[float], list[float]]]:
    """Return the lasting drivers at which a year of 6 mg works, and those at which that holds."""
    runs = [RunSpec.of(nightly(6.0, YEAR), parameters={"driver": d}) for d in DRIVEN]
    out = attempt(settings, runs, 2 * YEAR, [week(CELLS, YEAR), week(CELLS, 2 * YEAR)])
    tipped = out.values < TIPPED * out.rest(CELLS)[:, :, None]

    def held(there: Sequence[bool]) -> list[float]:
        return [d for d, t in zip(DRIVEN, there, strict=True) if t]

    return [(held(t[:, 0]), held(t[:, 1])) for t in tipped]


def window(settings: Sequence[Setting]) -> Iterable[Found]:
    """Benefit from 1.5 to 6 mg, lost or reversed at 50 mg, and what closes the window."""
    return [_window(t) for t in series(settings)]


def _window(t: Series) -> Found:
    tnf = {d: t.percent("tnf", d) for d in (*HELPED, 50.0)}
    pain = {d: t.at("pain", d, ON) - t.rest["pain"] for d in (*HELPED, 50.0)}
    helped = all(tnf[d] < LESS_TNF and pain[d] < -0.5 for d in HELPED)
    closed = tnf[50.0] > -10.0 and pain[50.0] > -0.1
    tone = {d: t.at("opioid_tone", d, ON) for d in (4.5, 50.0)}
    text = (
        f"TNF {tnf[3.0]:+.0f} % at 3, {tnf[4.5]:+.0f} % at 4.5, {tnf[50.0]:+.0f} % at "
        f"50 mg; pain {pain[3.0]:+.2f}, {pain[4.5]:+.2f}, {pain[50.0]:+.2f} points"
    )
    note = (
        f"tone on glia {tone[4.5]:.2f} against {tone[50.0]:.2f} of rest, OGF receptors blocked "
        f"{t.at('ogfr_occupancy', 4.5, 2):.0%} against {t.at('ogfr_occupancy', 50.0, 2):.0%}"
    )
    return Found(helped and closed and tone[4.5] > 1.0 > tone[50.0], text, note)


def cytokines(settings: Sequence[Setting]) -> Iterable[Found]:
    """With a response all cytokines fall toward a healthy person's (1), IL-10 too."""
    for t in series(settings):
        names = ("tnf", "il1b", "il6", "il10")
        lost = {n: (t.rest[n] - t.at(n, 4.5, ON)) / (t.rest[n] - 1.0) for n in names}
        text = ", ".join(f"{n} {t.percent(n, 4.5):+.0f} % ({lost[n]:.0%} of excess)" for n in names)
        yield Found(all(t.rest[n] > 1.0 and lost[n] > EXCESS for n in names), text)


BEHAVIOURS = (
    Behaviour(
        "E4", "one patient, two stable states; a hysteresis loop in the driver",
        "both states without driver, only the inflamed one at a strong driver",
        ("dual_pathway",), two_states, "hammer2015",
    ),
    Behaviour(
        "E5", "a threshold dose tips a stuck patient; benefit outlasts it unless a driver persists",
        "tips at 6 mg or less, not at 0.1 mg; holds 26 weeks after; with a lasting "
        "driver above the resolved state's range nothing holds for a year",
        (*TWO_WAYS, "glial"), persistence, "smith2007",
    ),
    Behaviour(
        "E6", "dose window: benefit at 3-6 mg, none or harm at 50 mg from the first day",
        "TNF down 15 % and pain 0.5 points; at 50 mg neither; effector tone up, then down",
        ("dual_pathway",), window, "zagon1983",
    ),
    Behaviour(
        "E11", "all measured cytokines fall with response, IL-10 included",
        "TNF, IL-1b, IL-6 and IL-10 each lose over a third of their excess over healthy at 4.5 mg",
        (*TWO_WAYS, "glial"), cytokines, "parkitny2017",
    ),
)  # fmt: skip
