"""TNF, IL-1b, IL-6 and IL-10 in the brain, as folds of the level without activated microglia.

Turnover is that of the central nervous system (efflux 0.011 /min measured in rats), not the
18-minute half-life of blood. TNF follows mostly the TRIF and MyD88 branches of inflamed cells,
IL-1b the MyD88 branch alone, IL-6 the other two, IL-10 the resolving cells.
"""

from __future__ import annotations

from ldnsim.mechanisms.record import ANIMAL, ASSUMED, HUMAN_PK, Mechanism, lognormal

M = Mechanism("cytokines", "Pro- and anti-inflammatory cytokines")
P = M.parameter
P("k_tnf", 0.674, "1/h", "loss of TNF from the brain", ANIMAL, "banks1998_efflux",
  spread=lognormal(0.25), note="0.01123 /min, rat; 18 min half-life is the blood's",
  alternatives={"blood": 2.3})
P("k_il1b", 0.674, "1/h", "loss of IL-1b from the brain", ASSUMED, spread=lognormal(0.4),
  note="taken as for TNF and IL-6")
P("k_il6", 0.674, "1/h", "loss of IL-6 from the brain", ANIMAL, "banks1998_efflux",
  spread=lognormal(0.25))
P("k_il10", 0.20, "1/h", "loss of IL-10", HUMAN_PK, "huhn1997", spread=lognormal(0.3),
  note="plasma half-life 2.7-4.5 h after subcutaneous dosing, taken for the brain")
P("tnf_from_m1", 14.2, "1", "TNF made by inflamed microglia (fold), at full signal", ASSUMED,
  spread=lognormal(0.3), note="LPS raises TNF 16-fold in BV-2 cells")
P("tnf_basal_signal", 1.5, "1", "TNF production by inflamed microglia without TRIF signal",
  ASSUMED, spread=lognormal(0.3))
P("il1b_from_m1", 20.0, "1", "IL-1b made by inflamed microglia (fold), at full signal", ASSUMED,
  spread=lognormal(0.3), note="LPS raises IL-1b 8-fold in BV-2 cells")
P("il1b_basal_signal", 0.5, "1", "IL-1b production by inflamed microglia without MyD88 signal",
  ASSUMED, spread=lognormal(0.3))
P("il6_from_cytokines", 1.0, "1", "IL-6 made in answer to TNF and IL-1b", ASSUMED,
  spread=lognormal(0.3))
P("il10_on_il6", 0.05, "1", "strength of IL-10 (fold) against IL-6", ASSUMED,
  spread=lognormal(0.4))
P("il10_from_m2", 20.0, "1", "IL-10 made by resolving microglia (fold)", ASSUMED,
  spread=lognormal(0.3))
P("il10_from_m1", 3.0, "1", "IL-10 made by inflamed microglia (fold)", ASSUMED,
  spread=lognormal(0.3))


@M.state("1", "TNF in the brain, fold of healthy", start=1.0, start_inflamed=9.0)
def tnf(
    tnf: float,
    microglia_m1: float,
    tlr4_trif: float,
    k_tnf: float,
    tnf_from_m1: float,
    tnf_basal_signal: float,
    cortisol_brake: float,
    factor_tnf: float,
) -> float:
    """Constitutive level plus inflamed cells, more with TRIF signal, braked by cortisol."""
    made = 1.0 + cortisol_brake * tnf_from_m1 * microglia_m1 * (tnf_basal_signal + tlr4_trif)
    return k_tnf * (factor_tnf * made - tnf)


@M.state("1", "IL-1b in the brain, fold of healthy", start=1.0, start_inflamed=6.0)
def il1b(
    il1b: float,
    microglia_m1: float,
    tlr4_myd88: float,
    k_il1b: float,
    il1b_from_m1: float,
    il1b_basal_signal: float,
    factor_il1b: float,
) -> float:
    """Constitutive level plus inflamed cells, more with MyD88 signal."""
    made = 1.0 + il1b_from_m1 * microglia_m1 * (il1b_basal_signal + tlr4_myd88)
    return k_il1b * (factor_il1b * made - il1b)


@M.state("1", "IL-6 in the brain, fold of healthy", start=1.0, start_inflamed=5.0)
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
    """Made in answer to TNF and IL-1b above their healthy level, opposed by IL-10."""
    excess = il6_from_cytokines * 0.5 * (tnf + il1b - 2.0)
    return k_il6 * (factor_il6 * (1.0 + excess / (1.0 + il10_on_il6 * il10)) - il6)


@M.state("1", "IL-10 in the brain, fold of healthy", start=1.0, start_inflamed=4.0)
def il10(
    il10: float,
    microglia_m1: float,
    microglia_m2: float,
    k_il10: float,
    il10_from_m1: float,
    il10_from_m2: float,
) -> float:
    """Made by resolving and, less, by inflamed cells: it falls when inflammation resolves."""
    made = 1.0 + il10_from_m2 * microglia_m2 + il10_from_m1 * microglia_m1
    return k_il10 * (made - il10)


M.reads("fold of healthy", "tnf", "il1b", "il6", better="lower")
M.reads("fold of healthy", "il10")
M.called(tnf="TNF", il1b="IL-1β", il6="IL-6", il10="IL-10")
