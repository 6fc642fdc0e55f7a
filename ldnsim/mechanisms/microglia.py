"""Microglia: resting, pro-inflammatory and resolving cells that sum to one.

Autocrine TNF with a steep response makes the switch bistable in part of parameter space: the same
patient can rest in a resolved or in an inflamed state with no driver left. Opioid tone and IL-10
oppose activation, opioid tone also helps resolution.
"""

from __future__ import annotations

from ldnsim.mechanisms.forms import falling, hill4
from ldnsim.mechanisms.record import ASSUMED, Mechanism, Switch, lognormal

M = Mechanism("microglia", "Microglial switch between resting, inflamed and resolving")
P = M.parameter
P("k_activation", 0.012, "1/h", "activation of resting microglia at full TLR4 signal", ASSUMED,
  spread=lognormal(0.3))
P("k_autocrine", 0.09, "1/h", "activation by the cells' own TNF, when saturated", ASSUMED,
  spread=lognormal(0.2))
P("tnf_autocrine50", 9.95, "1", "TNF (fold) of half-maximal autocrine activation", ASSUMED,
  spread=lognormal(0.15), low=1e-3, note="above it the patient counts as inflamed")
P("tone_activation", 5.0, "1", "strength of opioid tone against activation", ASSUMED,
  spread=lognormal(0.4))
P("il10_activation", 0.06, "1", "strength of IL-10 (fold) against activation", ASSUMED,
  spread=lognormal(0.4))
P("k_resolving", 0.009, "1/h", "turn of inflamed cells to resolving ones", ASSUMED,
  spread=lognormal(0.3), note="published: 0.00025 (Hao 2016) to 0.2 /h (Chamberland 2024)")
P("il10_resolving", 0.12, "1", "strength of IL-10 (fold) for resolution", ASSUMED,
  spread=lognormal(0.4))
P("tone_resolving", 0.8, "1", "share of resolution that follows opioid tone", ASSUMED,
  spread=lognormal(0.4), high=1.0)
P("k_deactivation", 0.007, "1/h", "return of inflamed cells to rest", ASSUMED,
  spread=lognormal(0.3))
P("k_rest", 0.02, "1/h", "return of resolving cells to rest", ASSUMED, spread=lognormal(0.3))
# the autocrine loop is on: half of its half-maximal concentration is where a response of Hill
# coefficient 4 leaves its floor (6 % of its maximum)
M.inflamed = Switch("tnf", "tnf_autocrine50", 0.5)


@M.quantity("1", "resting microglia")
def microglia_m0(microglia_m1: float, microglia_m2: float) -> float:
    """What is neither inflamed nor resolving."""
    return 1.0 - microglia_m1 - microglia_m2


@M.quantity("1/h", "activation rate constant of resting microglia")
def activation(
    tlr4_trif: float,
    tlr4_myd88: float,
    tnf: float,
    il10: float,
    opioid_tone: float,
    k_activation: float,
    k_autocrine: float,
    tnf_autocrine50: float,
    tone_activation: float,
    il10_activation: float,
    factor_microglia: float,
) -> float:
    """TLR4 signal plus autocrine TNF, opposed by opioid tone and IL-10."""
    signal = k_activation * 0.5 * (tlr4_trif + tlr4_myd88)
    autocrine = k_autocrine * hill4(tnf, tnf_autocrine50)
    brake = falling(opioid_tone, tone_activation) / (1.0 + il10_activation * il10)
    return factor_microglia * (signal + autocrine) * brake


@M.quantity("1/h", "resolution rate constant of inflamed microglia")
def resolution(
    il10: float,
    opioid_tone: float,
    k_resolving: float,
    il10_resolving: float,
    tone_resolving: float,
) -> float:
    """Helped by IL-10 and by opioid tone."""
    tone = 1.0 - tone_resolving + tone_resolving * opioid_tone
    return k_resolving * (1.0 + il10_resolving * il10) * tone


@M.state("1", "pro-inflammatory microglia (M1-like)", scale=0.01, upper=1.0, start=0.02,
         start_inflamed=0.4)
def microglia_m1(
    microglia_m1: float,
    microglia_m0: float,
    activation: float,
    resolution: float,
    k_deactivation: float,
) -> float:
    """Activated from rest, lost to resolution and return."""
    return activation * microglia_m0 - (resolution + k_deactivation) * microglia_m1


@M.state("1", "resolving microglia (M2-like)", scale=0.01, upper=1.0, start=0.01,
         start_inflamed=0.3)
def microglia_m2(
    microglia_m2: float, microglia_m1: float, resolution: float, k_rest: float
) -> float:
    """Fed by resolution, returning to rest."""
    return resolution * microglia_m1 - k_rest * microglia_m2


M.reads("fraction", "microglia_m1", better="lower")
M.reads("fraction", "microglia_m2", better="higher")
M.reads("fraction", "microglia_m0")
M.called(
    microglia_m1="inflammatory microglia", microglia_m2="resolving microglia",
    microglia_m0="resting microglia", activation="activation of microglia",
    resolution="resolution of microglia",
)  # fmt: skip
