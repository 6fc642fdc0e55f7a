"""The behaviour that nothing oscillates: every phenotype, both basins, a few nightly doses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ldnsim.analysis.behaviours.record import Behaviour
from ldnsim.analysis.judged.record import Found, Setting
from ldnsim.analysis.states.damping import LEAST
from ldnsim.analysis.states.everywhere import Patient, of_runs
from ldnsim.config.run import RunSpec

FEW = (0.0, 0.1, 1.5, 4.5, 15.0, 50.0)
"""Nightly doses of the scorecard, mg, the least damped among them; ``ldnsim states --all`` takes
more."""


def oscillates(settings: Sequence[Setting]) -> Iterable[Found]:
    """No pair of multipliers of any resting orbit is damped less than the least ratio."""
    names = list(settings[0].edition.phenotypes) if settings else []
    runs = [
        s.put(RunSpec.of(phenotype=name, edition=s.edition)) for s in settings for name in names
    ]
    found = of_runs(runs, FEW) if runs else []
    for place, s in enumerate(settings):
        own = found[place * len(names) : (place + 1) * len(names)]
        yield _judged([Patient(n, s.hypothesis, d) for n, d in zip(names, own, strict=True)])


def _judged(patients: Sequence[Patient]) -> Found:
    """Judge one hypothesis by its least damped patient."""
    worst = min(patients, key=lambda p: p.ratio if p.ratio == p.ratio else 2.0)
    bad = sum(p.shown is False for p in patients)
    unknown = [p.phenotype for p in patients if p.shown is None]
    dose, basin, period = worst.where()
    text = f"least damping ratio {worst.ratio:.2f} ({worst.phenotype}, {basin}, {dose:g} mg"
    text += f", {period:.3g} d); {bad} of {len(patients)} phenotypes oscillate"
    note = f"no resting state found: {', '.join(unknown)}" if unknown else ""
    return Found(False if bad else None if unknown else True, text, note, worst.ratio)


BEHAVIOURS = (
    Behaviour(
        "E17", "no phenotype oscillates at any dose, resolved or inflamed",
        f"every pair of multipliers damped by a ratio of {LEAST:g} or more, at "
        f"{', '.join(f'{d:g}' for d in FEW)} mg nightly (a push overshoots by 5 % there; assumed)",
        (), oscillates,
    ),
)  # fmt: skip
