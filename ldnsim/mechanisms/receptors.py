"""Kinetic binding of naltrexone and 6-beta-naltrexol at mu, delta, kappa and OGF receptors.

Both compounds compete with each other and with the endogenous agonist, whose own binding is fast
and taken at equilibrium on what the antagonists leave free. The mu receptor is the sensor of the
feedback; the OGF receptor, whose affinity nobody measured, and the delta receptor,
which binds it far less, carry most of the effect on immune cells. Sensor and effectors being
different pools is what makes a dose window possible.

The drug occupies receptors under every hypothesis that lets it into the brain: the switch
``coupling_opioid`` cuts what an occupied receptor no longer does, not the binding that PET sees.
"""

from __future__ import annotations

from ldnsim.mechanisms import record
from ldnsim.mechanisms.forms import agonist_ratio, agonist_tone, regulation, tone_of
from ldnsim.mechanisms.record import ANIMAL, ASSUMED, DERIVED, IN_VITRO, logitnormal, lognormal

M = record.Mechanism("receptors", "Opioid receptors: occupancy, agonist tone, density")
P = M.parameter
KD = lognormal(0.5)
KOFF = lognormal(0.7)
P("kd_mor", 1.15, "nmol/L", "dissociation constant of naltrexone at the mu receptor", IN_VITRO,
  "majumdar_ki", spread=KD, low=1e-6, note="0.3-2.7 nM by radioligand and laboratory",
  alternatives={"nathan2011": 0.5, "majumdar_ibnala": 2.71})
P("kd_dor", 90.8, "nmol/L", "dissociation constant of naltrexone at the delta receptor", DERIVED,
  "majumdar_ki trostheim2022", spread=KD, low=1e-6,
  note="79 times the mu value, as the dose ratio assumed by the planner of Trostheim 2022")
P("kd_kor", 2.3, "nmol/L", "dissociation constant of naltrexone at the kappa receptor", DERIVED,
  "majumdar_ki trostheim2022", spread=KD, low=1e-6, note="twice the mu value; about ten times it "
  "in the monkey", alternatives={"ko_monkey": 25.0})
P("kd_ogfr", 0.7384, "nmol/L", "dissociation constant of naltrexone at the OGF receptor", ASSUMED,
  spread=lognormal(1.2), low=1e-6, note="no measured affinity was found in any source")
P("kd_mor_naltrexol", 2.12, "nmol/L", "dissociation constant of 6-beta-naltrexol, mu", IN_VITRO,
  "naltrexol_ki", spread=KD, low=1e-6, alternatives={"nathan2011": 1.4})
P("kd_dor_naltrexol", 213.0, "nmol/L", "dissociation constant of 6-beta-naltrexol, delta",
  IN_VITRO, "naltrexol_ki", spread=KD, low=1e-6)
P("kd_kor_naltrexol", 7.24, "nmol/L", "dissociation constant of 6-beta-naltrexol, kappa",
  IN_VITRO, "naltrexol_ki", spread=KD, low=1e-6, alternatives={"nathan2011": 2.0})
P("kd_ogfr_naltrexol", 60.0, "nmol/L", "dissociation constant of 6-beta-naltrexol, OGF receptor",
  ASSUMED, spread=lognormal(1.2), low=1e-6)
P("k_off_mor", 0.7, "1/h", "dissociation rate constant at mu", ASSUMED, spread=KOFF, low=1e-6,
  note="not measured; 0.0064-0.0096 /h if binding alone explained the washout over 72-108 h that "
  "a detector probe saw",
  alternatives={"persistent": 0.00983})
P("k_off_dor", 10.0, "1/h", "dissociation rate constant at delta", ASSUMED, spread=KOFF, low=1e-6)
P("k_off_kor", 0.7, "1/h", "dissociation rate constant at kappa", ASSUMED, spread=KOFF, low=1e-6)
P("k_off_ogfr", 4.0, "1/h", "dissociation rate constant at OGF receptor", ASSUMED, spread=KOFF,
  low=1e-6)
P("bound_mor", 0.20, "1", "share of mu receptors held by beta-endorphin at rest", ASSUMED,
  spread=logitnormal(0.4), high=0.95)
P("bound_dor", 0.10, "1", "share of delta receptors held by enkephalin at rest", ASSUMED,
  spread=logitnormal(0.4), high=0.95)
P("bound_kor", 0.15, "1", "share of kappa receptors held by dynorphin at rest", ASSUMED,
  spread=logitnormal(0.4), high=0.95)
P("bound_ogfr", 0.10, "1", "share of OGF receptors held by met-enkephalin at rest", DERIVED,
  "zagon1989_ogfr clement_jones", spread=logitnormal(0.6), high=0.95,
  note="5-33 % from plasma, 2-9 % from CSF levels at Kd 0.49 nM")
P("coupling_opioid", 1.0, "1", "switch: the block of opioid receptors has effects", high=1.0)
P("oprm1_potency", 1.0, "1", "potency of beta-endorphin at the patient's mu receptor (A118G)",
  IN_VITRO, "bond1998", spread=lognormal(0.1), low=0.01,
  note="Bond 1998 found 3 for 118G; Befort 2001 and Beyer 2004 did not",
  alternatives={"bond1998_118G": 3.0})
P("t_half_density", 81.0, "h", "half-life of receptor turnover", ANIMAL,
  "zernig_clocinnamox burke_clocinnamox", spread=lognormal(0.2), low=0.1,
  note="mice: DAMGO binding ex vivo came back with 65-101 h after an irreversible antagonist")
P("density_gain_mor", 0.85, "1", "largest gain in mu density under lasting block", DERIVED,
  "yoburn1988 lesscher2003", spread=lognormal(0.3),
  note="mice, pellet: mu1 +81, mu2 +67 %, mu +80 %; a ceiling, taken a little above them")
P("density_gain_dor", 0.35, "1", "largest gain in delta density under lasting block", ANIMAL,
  "yoburn1988 lesscher2003", spread=lognormal(0.4))
P("density_gain_ogfr", 0.30, "1", "largest gain in OGF receptor density under lasting block",
  ASSUMED, spread=lognormal(0.5), note="raised in tumours after short and lasting block alike")
P("density_block50", 0.75, "1", "occupancy that gives half of the largest gain", ASSUMED,
  spread=logitnormal(0.3), high=1.0, low=0.01,
  note="a small pellet that still blocked morphine did not up-regulate (Yoburn 1986)")
P("weight_tone_mor", 0.15, "1", "share of mu in the tone on immune and glial cells", ASSUMED,
  spread=logitnormal(0.4), high=1.0, note="on microglia: found by Reiss 2022, not by Corder 2017")
P("weight_tone_dor", 0.1, "1", "share of delta in the tone on immune and glial cells", ASSUMED,
  spread=logitnormal(0.4), high=1.0, note="the rest of the tone is carried by the OGF receptor")
P("weight_analgesia_dor", 0.2, "1", "share of delta in analgesic tone; mu carries the rest",
  ASSUMED, spread=logitnormal(0.4), high=1.0)


@M.quantity("nmol/L", "naltrexone acting in the brain")
def ntx_acting(ntx_brain: float, coupling_drug: float, coupling_brain: float) -> float:
    """Effect-site concentration, or nothing when the hypothesis switches it off."""
    return coupling_drug * coupling_brain * ntx_brain


@M.quantity("nmol/L", "6-beta-naltrexol acting in the brain")
def naltrexol_acting(naltrexol_brain: float, coupling_drug: float, coupling_brain: float) -> float:
    """Effect-site concentration, or nothing when the hypothesis switches it off."""
    return coupling_drug * coupling_brain * naltrexol_brain


@M.quantity("1", "mu receptors open to an antagonist")
def mor_available(
    mor_occupancy: float, bound_mor: float, beta_endorphin: float, oprm1_potency: float
) -> float:
    """Free of antagonist and not held by beta-endorphin."""
    ratio = agonist_ratio(bound_mor, oprm1_potency * beta_endorphin)
    return (1.0 - mor_occupancy) / (1.0 + ratio)


@M.quantity("1", "delta receptors open to an antagonist")
def dor_available(dor_occupancy: float, bound_dor: float, met_enkephalin: float) -> float:
    """Free of antagonist and not held by enkephalin."""
    return (1.0 - dor_occupancy) / (1.0 + agonist_ratio(bound_dor, met_enkephalin))


@M.quantity("1", "kappa receptors open to an antagonist")
def kor_available(kor_occupancy: float, bound_kor: float) -> float:
    """Free of antagonist and not held by dynorphin, whose level is taken as constant."""
    return (1.0 - kor_occupancy) * (1.0 - bound_kor)


@M.quantity("1", "OGF receptors open to an antagonist")
def ogfr_available(ogfr_occupancy: float, bound_ogfr: float, met_enkephalin: float) -> float:
    """Free of antagonist and not held by met-enkephalin."""
    return (1.0 - ogfr_occupancy) / (1.0 + agonist_ratio(bound_ogfr, met_enkephalin))


FRACTION = {"lower": 0.0, "upper": 1.0, "scale": 0.01}


@M.state("1", "mu receptor occupancy by antagonist", **FRACTION)
def mor_occupancy(
    mor_occupancy: float,
    ntx_acting: float,
    naltrexol_acting: float,
    kd_mor: float,
    kd_mor_naltrexol: float,
    k_off_mor: float,
    mor_available: float,
) -> float:
    """Association of either antagonist minus dissociation, which is as slow for both."""
    ratio = ntx_acting / kd_mor + naltrexol_acting / kd_mor_naltrexol
    return k_off_mor * (ratio * mor_available - mor_occupancy)


@M.state("1", "delta receptor occupancy by antagonist", **FRACTION)
def dor_occupancy(
    dor_occupancy: float,
    ntx_acting: float,
    naltrexol_acting: float,
    kd_dor: float,
    kd_dor_naltrexol: float,
    k_off_dor: float,
    dor_available: float,
) -> float:
    """Association of either antagonist minus dissociation, which is as slow for both."""
    ratio = ntx_acting / kd_dor + naltrexol_acting / kd_dor_naltrexol
    return k_off_dor * (ratio * dor_available - dor_occupancy)


@M.state("1", "kappa receptor occupancy by antagonist", **FRACTION)
def kor_occupancy(
    kor_occupancy: float,
    ntx_acting: float,
    naltrexol_acting: float,
    kd_kor: float,
    kd_kor_naltrexol: float,
    k_off_kor: float,
    kor_available: float,
) -> float:
    """Association of either antagonist minus dissociation, which is as slow for both."""
    ratio = ntx_acting / kd_kor + naltrexol_acting / kd_kor_naltrexol
    return k_off_kor * (ratio * kor_available - kor_occupancy)


@M.state("1", "OGF receptor occupancy by antagonist", **FRACTION)
def ogfr_occupancy(
    ogfr_occupancy: float,
    ntx_acting: float,
    naltrexol_acting: float,
    kd_ogfr: float,
    kd_ogfr_naltrexol: float,
    k_off_ogfr: float,
    ogfr_available: float,
) -> float:
    """Association of either antagonist minus dissociation, which is as slow for both."""
    ratio = ntx_acting / kd_ogfr + naltrexol_acting / kd_ogfr_naltrexol
    return k_off_ogfr * (ratio * ogfr_available - ogfr_occupancy)


@M.quantity("1", "mu receptor block that has effects")
def mor_block(mor_occupancy: float, coupling_opioid: float) -> float:
    """The occupancy, or nothing when the hypothesis lets it change nothing."""
    return coupling_opioid * mor_occupancy


@M.quantity("1", "delta receptor block that has effects")
def dor_block(dor_occupancy: float, coupling_opioid: float) -> float:
    """The occupancy, or nothing when the hypothesis lets it change nothing."""
    return coupling_opioid * dor_occupancy


@M.quantity("1", "kappa receptor block that has effects")
def kor_block(kor_occupancy: float, coupling_opioid: float) -> float:
    """The occupancy, or nothing when the hypothesis lets it change nothing."""
    return coupling_opioid * kor_occupancy


@M.quantity("1", "OGF receptor block that has effects")
def ogfr_block(ogfr_occupancy: float, coupling_opioid: float) -> float:
    """The occupancy, or nothing when the hypothesis lets it change nothing."""
    return coupling_opioid * ogfr_occupancy


@M.state("1", "mu receptor density, fold of baseline", start=1.0)
def mor_density(
    mor_density: float, density_gain_mor: float, mor_block: float, density_block50: float,
    t_half_density: float,
) -> float:
    """Antagonist-stabilised receptors are lost more slowly."""
    return regulation(mor_density, density_gain_mor, mor_block, density_block50, t_half_density)


@M.state("1", "delta receptor density, fold of baseline", start=1.0)
def dor_density(
    dor_density: float, density_gain_dor: float, mor_block: float, density_block50: float,
    t_half_density: float,
) -> float:
    """Follows the block of the mu receptor, as seen in mice."""
    return regulation(dor_density, density_gain_dor, mor_block, density_block50, t_half_density)


@M.state("1", "OGF receptor density, fold of baseline", start=1.0)
def ogfr_density(
    ogfr_density: float, density_gain_ogfr: float, ogfr_block: float, density_block50: float,
    t_half_density: float,
) -> float:
    """Rises with its own block."""
    return regulation(ogfr_density, density_gain_ogfr, ogfr_block, density_block50, t_half_density)


@M.quantity("1", "agonist tone at mu receptors, relative to rest")
def mor_tone(
    mor_block: float, mor_density: float, bound_mor: float, beta_endorphin: float,
    oprm1_potency: float,
) -> float:
    """Beta-endorphin on what the antagonists leave free, times density."""
    free = mor_density * (1.0 - mor_block)
    return free * tone_of(beta_endorphin, bound_mor, oprm1_potency)


@M.quantity("1", "agonist tone at delta receptors, relative to rest")
def dor_tone(
    dor_block: float, dor_density: float, bound_dor: float, met_enkephalin: float
) -> float:
    """Enkephalin on what the antagonists leave free, times density."""
    return agonist_tone(dor_density * (1.0 - dor_block), bound_dor, met_enkephalin)


@M.quantity("1", "agonist tone at kappa receptors, relative to rest")
def kor_tone(kor_block: float) -> float:
    """Constant dynorphin on what the antagonists leave free."""
    return 1.0 - kor_block


@M.quantity("1", "agonist tone at OGF receptors, relative to rest")
def ogfr_tone(
    ogfr_block: float, ogfr_density: float, bound_ogfr: float, met_enkephalin: float
) -> float:
    """Met-enkephalin on what the antagonists leave free, times density."""
    return agonist_tone(ogfr_density * (1.0 - ogfr_block), bound_ogfr, met_enkephalin)


@M.quantity("1", "opioid tone on glial cells, relative to rest")
def opioid_tone(
    mor_tone: float,
    dor_tone: float,
    ogfr_tone: float,
    weight_tone_mor: float,
    weight_tone_dor: float,
) -> float:
    """Weighted tone at the receptors that calm glia."""
    rest = 1.0 - weight_tone_mor - weight_tone_dor
    return weight_tone_mor * mor_tone + weight_tone_dor * dor_tone + rest * ogfr_tone


@M.quantity("1", "analgesic opioid tone, relative to rest")
def analgesic_tone(mor_tone: float, dor_tone: float, weight_analgesia_dor: float) -> float:
    """Descending inhibition of pain, mostly through mu receptors."""
    return (1.0 - weight_analgesia_dor) * mor_tone + weight_analgesia_dor * dor_tone


for what in ("occupancy", "available", "block"):
    M.reads("fraction", *(f"{receptor}_{what}" for receptor in ("mor", "dor", "kor", "ogfr")))
M.reads("fold of baseline", "mor_density", "dor_density", "ogfr_density")
M.reads("relative to rest", "mor_tone", "dor_tone", "kor_tone", "ogfr_tone")
M.reads("relative to rest", "opioid_tone", "analgesic_tone", better="higher")
for own, word in (("mor_", "mu "), ("dor_", "delta "), ("kor_", "kappa "), ("ogfr_", "OGFr ")):
    M.called(**{n: n.replace(own, word) for n in M.variables if n.startswith(own)})
M.called(opioid_tone="effector tone")
