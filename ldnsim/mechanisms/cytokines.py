"""TNF, IL-1b, IL-6 and IL-10 in the brain, as folds of a healthy person's mean.

Turnover is that of the central nervous system (efflux 0.011 /min measured in rats), not the
18-minute half-life of blood. TNF follows both branches of TLR4, IL-1b the MyD88 branch alone, IL-6
the other two; cortisol brakes both. IL-10 follows tolerance, so that it comes later and stays while
a stimulus lasts.
"""

from __future__ import annotations

from ldnsim.mechanisms.microglia import released
from ldnsim.mechanisms.record import ANIMAL, ASSUMED, Mechanism, lognormal

M = Mechanism("cytokines", "Pro- and anti-inflammatory cytokines")
P = M.parameter
P("k_tnf", 0.674, "1/h", "loss of TNF from the brain", ANIMAL, "banks1998_efflux",
  spread=lognormal(0.25), note="0.01123 /min, rat; 18 min half-life is the blood's",
  alternatives={"blood": 2.3})
P("k_il1b", 0.674, "1/h", "loss of IL-1b from the brain", ASSUMED, spread=lognormal(0.4),
  note="taken as for TNF and IL-6")
P("k_il6", 0.674, "1/h", "loss of IL-6 from the brain", ANIMAL, "banks1998_efflux",
  spread=lognormal(0.25))
P("k_il10", 0.20, "1/h", "loss of IL-10", ASSUMED, spread=lognormal(0.3),
  note="plasma half-life 2.7-4.5 h after subcutaneous dosing of recombinant IL-10; that the brain "
  "loses it as fast is assumed")
P("tnf_from_m1", 49.96, "1", "TNF above a healthy person's mean per unit of release", ASSUMED,
  spread=lognormal(0.3))
P("il1b_from_m1", 13.05, "1", "IL-1b above a healthy person's mean per unit of release", ASSUMED,
  spread=lognormal(0.3), note="less than TNF: IL-1b of cerebrospinal fluid is not raised in "
  "fibromyalgia (Kadetoff 2012)")
P("il6_from_cytokines", 1.0, "1", "IL-6 made in answer to TNF and IL-1b", ASSUMED,
  spread=lognormal(0.3))
P("il10_on_il6", 0.05, "1", "strength of IL-10 (fold) against IL-6", ASSUMED,
  spread=lognormal(0.4))
P("il10_from_m1", 8.918, "1", "IL-10 above a healthy person's mean per unit of tolerance", ASSUMED,
  spread=lognormal(0.3))


@M.state("1", "TNF in the brain, fold of healthy", start=1.0,
         start_inflamed=1.85)
def tnf(
    tnf: float,
    cytokine_drive: float,
    tolerance: float,
    healthy_drive: float,
    cortisol_brake: float,
    tolerance50: float,
    k_tnf: float,
    tnf_from_m1: float,
    factor_tnf: float,
) -> float:
    """Constitutive level plus what inflamed cells release above a healthy person's."""
    more = cortisol_brake * released(cytokine_drive, tolerance, tolerance50)
    usual = released(healthy_drive, healthy_drive, tolerance50)
    return k_tnf * (factor_tnf * (1.0 + tnf_from_m1 * (more - usual)) - tnf)


@M.state("1", "IL-1b in the brain, fold of healthy", start=1.0,
         start_inflamed=1.25)
def il1b(
    il1b: float,
    microglia_m1: float,
    priming: float,
    tlr4_myd88: float,
    blood_signal: float,
    tolerance: float,
    healthy_drive: float,
    cortisol_brake: float,
    release_priming: float,
    tolerance50: float,
    k_il1b: float,
    il1b_from_m1: float,
    factor_il1b: float,
) -> float:
    """As TNF, with the MyD88 branch alone: naltrexone does not reach it directly."""
    drive = microglia_m1 * (release_priming * priming + tlr4_myd88 + blood_signal)
    more = cortisol_brake * released(drive, tolerance, tolerance50)
    usual = released(healthy_drive, healthy_drive, tolerance50)
    return k_il1b * (factor_il1b * (1.0 + il1b_from_m1 * (more - usual)) - il1b)


@M.state("1", "IL-6 in the brain, fold of healthy", start=1.0, start_inflamed=1.5)
def il6(
    il6: float,
    tnf: float,
    il1b: float,
    il10: float,
    k_il6: float,
    il6_from_cytokines: float,
    il10_on_il6: float,
    factor_il6: float,
) -> float:
    """Made in answer to TNF and IL-1b above a healthy person's, opposed by IL-10."""
    excess = il6_from_cytokines * 0.5 * (tnf + il1b - 2.0)
    return k_il6 * (factor_il6 * (1.0 + excess / (1.0 + il10_on_il6 * il10)) - il6)


@M.state("1", "IL-10 in the brain, fold of healthy", start=1.0,
         start_inflamed=1.9)
def il10(
    il10: float, tolerance: float, healthy_drive: float, k_il10: float, il10_from_m1: float
) -> float:
    """Made along with tolerance: later than TNF, and it falls when inflammation resolves."""
    made = 1.0 + il10_from_m1 * (tolerance - healthy_drive)
    return k_il10 * (made - il10)


M.reads("fold of healthy", "tnf", "il1b", "il6", better="lower")
M.reads("fold of healthy", "il10")
M.called(tnf="TNF", il1b="IL-1β", il6="IL-6", il10="IL-10")
