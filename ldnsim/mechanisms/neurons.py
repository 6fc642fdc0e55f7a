"""Neuronal health: damage by inflammation, repair under trophic support, danger signals.

At least half of the damage comes from TNF and IL-1b. What is damaged releases DAMPs that feed TLR4:
the circle that can run either way.
"""

from __future__ import annotations

from ldnsim.mechanisms.record import ASSUMED, DERIVED, Mechanism, logitnormal, lognormal

M = Mechanism("neurons", "Neuronal health, repair and danger signals")
P = M.parameter
P("k_damage", 1.0e-4, "1/h", "damage rate per fold of cytokine", ASSUMED, spread=lognormal(0.4))
P("cytokine_share", 0.6, "1", "share of damage that TNF and IL-1b cause", DERIVED,
  "devbrainres2002_lps", spread=logitnormal(0.3), high=1.0, note="at least one half in culture")
P("m1_toxicity", 12.0, "1", "damage by inflamed cells other than by TNF and IL-1b", ASSUMED,
  spread=lognormal(0.4))
P("immune_attack", 0.0, "1", "damage that full disease activity adds, in units of k_damage",
  ASSUMED, note="0 unless the disease attacks neurons, as multiple sclerosis does")
P("k_repair", 1.0e-3, "1/h", "repair rate", ASSUMED, spread=lognormal(0.4))
P("tone_repair", 0.5, "1", "share of trophic support that follows opioid tone", ASSUMED,
  spread=logitnormal(0.4), high=1.0)
P("lesion", 0.0, "1", "damage that no repair reaches (refractory neuropathy), share", ASSUMED,
  high=0.95)
P("t_damps", 24.0, "h", "time constant of released danger signals", ASSUMED,
  spread=lognormal(0.3), low=0.1)


@M.quantity("1/h", "rate constant of neuronal damage")
def damage(
    tnf: float,
    il1b: float,
    microglia_m1: float,
    k_damage: float,
    cytokine_share: float,
    m1_toxicity: float,
    disease_activity: float,
    immune_attack: float,
    factor_damage: float,
) -> float:
    """Cytokine part, the rest of inflamed cells, and what autoimmune disease adds."""
    cytokine = cytokine_share * 0.5 * (tnf + il1b)
    other = (1.0 - cytokine_share) * m1_toxicity * microglia_m1
    attack = immune_attack * disease_activity
    return factor_damage * k_damage * (cytokine + other + attack)


@M.state("1", "neuronal health, 1 = intact", scale=0.1, upper=1.0, start=0.92,
         start_inflamed=0.78)
def neuronal_health(
    neuronal_health: float,
    damage: float,
    opioid_tone: float,
    k_repair: float,
    tone_repair: float,
    lesion: float,
    factor_repair: float,
) -> float:
    """Repair of what can be repaired, with trophic support from opioid tone, minus damage."""
    support = factor_repair * (1.0 - tone_repair + tone_repair * opioid_tone)
    return k_repair * support * (1.0 - lesion - neuronal_health) - damage * neuronal_health


@M.state("1", "danger signals from damaged neurons", scale=0.1, start=0.08,
         start_inflamed=0.22)
def damps(damps: float, neuronal_health: float, t_damps: float) -> float:
    """Follow the damaged share."""
    return (1.0 - neuronal_health - damps) / t_damps


M.reads("fraction", "neuronal_health", better="higher")
M.reads("fraction", "damps", better="lower")
M.reads("", "damage", better="lower")
M.called(damps="DAMPs", damage="neuronal damage")
