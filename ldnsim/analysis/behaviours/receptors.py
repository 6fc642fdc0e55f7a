"""Behaviours of receptors and peptides: occupancy, washout, rebound, duration, tiny doses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ldnsim.analysis.behaviours.record import TWO_WAYS, Behaviour
from ldnsim.analysis.judged.doses import nightly
from ldnsim.analysis.judged.nights import after_block
from ldnsim.analysis.judged.record import Found, Setting, attempt
from ldnsim.arrays import Floats
from ldnsim.config.run import RunSpec
from ldnsim.runs.few import Measure, week

SCANS = {2.0: (0.27,), 5.0: (0.43, 0.46, 0.58), 15.0: (0.61,), 50.0: (0.92, 0.98)}
"""Mu occupancy by PET after one oral dose [rabiner2011, trostheim2022]."""
SCAN_ERROR = 0.152
"""Two standard deviations of a published value about the dose curve (0.076 each)."""
MORNING = 9.0
HALVES, AT_TWO_DAYS = (72.0, 108.0), (0.7, 0.8)
"""Hours in which the block of 50 mg halves [lee1988]; what is left at 48 h [swiss_label]."""
FOLLOWED = 240
"""Hours for which it is followed."""
BIND = ("dual_pathway", "rebound", "glial", "tonic", "persistent", "ogfr")
"""Hypotheses under which the drug acts in the brain. That it occupies receptors there is a fact of
the drug, also where the hypothesis gives that no part in what follows."""
TINY = (1e-6, 1e-5, 1e-4, 1e-3)


def once(dose: float) -> str:
    """Write a single morning dose."""
    return f"{dose!r} mg daily at 09:00, for 1 d"


def highest(settings: Sequence[Setting], doses: Iterable[float], hours: float) -> Floats:
    """Return the highest mu occupancy of a healthy volunteer after one dose, (settings, doses)."""
    runs = [RunSpec.of(once(d), phenotype="healthy") for d in doses]
    top = Measure("mor_occupancy", "max", MORNING, MORNING + hours)
    return attempt(settings, runs, 2.0 / 7.0, [top]).values[:, :, 0]


def scans(settings: Sequence[Setting]) -> Iterable[Found]:
    """Highest mu occupancy within 8 h of one dose, against each published value."""
    for occupancy in highest(settings, SCANS, 8.0):
        pairs = list(zip(SCANS.items(), occupancy, strict=True))
        off = max(abs(x - value) for (_, seen), x in pairs for value in seen)
        text = ", ".join(f"{d:g} mg {x:.0%}" for (d, _), x in pairs)
        note = f"largest distance from a published value {100 * off:.0f} points"
        yield Found(off <= SCAN_ERROR, text, note)


def washout(settings: Sequence[Setting]) -> Iterable[Found]:
    """How the mu block of 50 mg passes: when it has halved, what is left at 48 h."""
    run, hours = RunSpec.of(once(50.0), phenotype="healthy"), np.arange(FOLLOWED + 1.0)
    out = attempt(settings, [run], 11.0 / 7.0, [], MORNING + hours, ("mor_occupancy",))
    for block in out.at[:, 0, 0]:
        half, late = halved(hours, block), block[48]
        when = f"halves in {half:.0f} h" if np.isfinite(half) else f"not halved in {FOLLOWED} h"
        blocked = bool(block.max() > 0.8)  # without a block there is nothing to wash out
        parts = [f"{block.max():.0%} at most", *([when] if blocked else []), f"{late:.0%} at 48 h"]
        inside = [low <= x <= high for x, (low, high) in ((half, HALVES), (late, AT_TWO_DAYS))]
        shown = bool(np.isfinite(block).all()) and blocked and all(inside)
        yield Found(shown, ", ".join(parts), "", late)


def halved(hours: Floats, block: Floats) -> float:
    """Return how long after its peak a block has fallen to half of that for good; inf if never."""
    if not np.isfinite(block).all():
        return np.nan
    top, half = int(block.argmax()), 0.5 * block.max()
    last = int(np.flatnonzero(block >= half)[-1])
    if last == len(block) - 1:
        return np.inf
    share = (block[last] - half) / (block[last] - block[last + 1])
    return float(hours[last] + share * (hours[last + 1] - hours[last]) - hours[top])


def rebounds(settings: Sequence[Setting]) -> Iterable[Found]:
    """Peptides above baseline once the block has cleared, and not above 1.6-fold on average."""
    for b in after_block(settings):
        text = (
            f"occupancy {b.occupancy.max():.0%} to {b.occupancy.min():.0%}; after the block "
            f"endorphin x{b.rise[0]:.2f}, enkephalin x{b.rise[1]:.2f}; 24 h mean x{b.mean[0]:.2f}, "
            f"x{b.mean[1]:.2f}"
        )
        note = f"{b.hours_clear:g} h below 15 % occupancy a day"
        yield Found(b.rebounds and bool((b.mean < 1.6).all()), text, note, b.mean[1])


def duration(settings: Sequence[Setting]) -> Iterable[Found]:
    """The same daily dose once, and in four parts: sign of the response at the OGF receptor."""
    totals = (1.5, 4.5)
    texts = [(nightly(d, 12), f"{d / 4!r} mg every 6 h at 04:00, for 12 wk") for d in totals]
    runs = [RunSpec.of(text) for pair in texts for text in pair]
    out = attempt(settings, runs, 12, [week("ogfr_tone", 12), week("effector_cells", 12)])
    tones, cells = (
        out.percent(i, n).reshape(-1, 2, 2) for i, n in enumerate(("ogfr_tone", "effector_cells"))
    )
    note = "in mice the same total helped once, harmed in four"
    for tone, cell in zip(tones, cells, strict=True):
        words = [
            f"{d:g} mg: tone {t[0]:+.1f}% once, {t[1]:+.1f}% in four; effector cells "
            f"{c[0]:+.1f}%, {c[1]:+.1f}%"
            for d, t, c in zip(totals, tone, cell, strict=True)
        ]
        shown = bool((tone[:, 0] > 0.0).all() and (tone[:, 1] < 0.0).all())
        yield Found(shown, "; ".join(words), note)


def tiny(settings: Sequence[Setting]) -> Iterable[Found]:
    """Occupancy after nanograms and micrograms, in proportion to the dose."""
    for occupancy in highest(settings, TINY, 14.0):
        per = occupancy / np.array(TINY) / 1e3  # occupancy per microgram
        even = bool(np.allclose(per, per[-1], rtol=0.05)) and bool(1e-4 < per[-1] < 3e-4)
        text = f"1 ug occupies {per[-1]:.3%}; proportional down to 1 ng: {even}"
        yield Found(even, text)


BEHAVIOURS = (
    Behaviour(
        "E1", "mu occupancy after one dose of 2, 5, 15 and 50 mg",
        "within 15 points (2 SD) of each value: 27; 43, 46, 58; 61; 92, 98 %",
        BIND, scans, "rabiner2011 trostheim2022", ("pet_2mg", "pet_5mg", "pet_15mg", "pet_50mg"),
    ),
    Behaviour(
        "E2", "mu block after 50 mg passes as slowly as seen in people",
        "halves in 72-108 h; 70-80 % at 48 h",
        BIND, washout, "lee1988 swiss_label", ("block_half_time", "block_48h"),
    ),
    Behaviour(
        "E3", "4.5 mg nightly: peptides rise after the block clears, moderately",
        "at least 6 h a day below 15 % occupancy, then peptides over x1.05; mean under x1.6",
        TWO_WAYS, rebounds, "kosten1986 gordon2017",
    ),
    Behaviour(
        "E7", "same daily dose once or every six hours: sign of the OGFr response",
        "tone at the OGF receptor up once daily, down every six hours",
        ("ogfr",), duration, "zagon1984_timing", ("ogfr_once_daily", "ogfr_every_6h"),
    ),
    Behaviour(
        "E13", "nanograms and micrograms occupy in proportion",
        "proportional within 5 %; 1 ug 0.01-0.03 %",
        BIND, tiny, "trostheim2022",
    ),
)  # fmt: skip
