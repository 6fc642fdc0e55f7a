"""Immunity outside the brain: NK cells, the autoimmune balance and its activity, mast cells, blood.

Opioid peptides modulate these cells: natural-killer activity by at most about 30 %, effector cells
down, regulatory cells up. Naltrexone itself has no term here; it acts through what it does to the
tone. Effector cells that outnumber regulatory ones drive disease activity; they, mast cells and
the brain feed the cytokines of blood, which reach the brain again. Neuronal health and cortisol
hold immunity: the circle through brain and blood closes here. A steroid suppresses where tone
modulates.
"""

from __future__ import annotations

from ldnsim.mechanisms.forms import brake_by, falling, positive_part, rising
from ldnsim.mechanisms.record import ASSUMED, IN_VITRO, Mechanism, logitnormal, lognormal

M = Mechanism("immunity", "NK cells, autoimmunity, mast cells and cytokines of blood")
P = M.parameter
W = lognormal(0.4)
P("nk_gain", 0.30, "1", "largest change of NK activity by opioid peptides", IN_VITRO,
  "mathews1983_nk", spread=logitnormal(0.4), high=1.0,
  note="+27 to +30 % in human cells; 7 of 15 donors answer; enkephalins did nothing in rats")
P("t_nk", 48.0, "h", "time constant of NK activity", ASSUMED, spread=lognormal(0.3), low=0.1)
P("autoimmunity", 1.0, "1", "autoimmune drive of the patient, healthy = 1", ASSUMED, spread=W)
P("effector_blood", 0.15, "1", "effector cells raised per fold of cytokines of blood", ASSUMED,
  spread=W)
P("effector_brake", 0.6, "1", "largest share of what drives effector cells that tone holds back",
  ASSUMED, "refojo2002", spread=logitnormal(0.4), high=1.0, note="direction read: mice without "
  "beta-endorphin have more proliferation and IL-2; enkephalins raise lymphocyte "
  "proliferation in other hands (Kowalski 1997)")
P("effector_brake50", 1.2, "1", "opioid tone that holds back half of it", ASSUMED,
  spread=lognormal(0.15), low=0.1, note="as in the brain: a surplus of tone does more than a lack, "
  "since 50 mg for months makes nobody ill")
P("effector_regulation", 1.0, "1", "strength of regulatory against effector cells", ASSUMED,
  spread=W)
P("regulatory_gain", 0.3, "1", "largest change of regulatory cells by opioid tone", ASSUMED,
  spread=logitnormal(0.4), high=0.95)
P("health_usual", 0.92, "1", "neuronal health of a healthy person", ASSUMED, high=1.0,
  note="the reference from which lost health counts: what the healthy phenotype rests at")
P("health_on_regulation", 0.3, "1", "regulatory cells lost with all neuronal health", ASSUMED,
  "refojo2002", spread=logitnormal(0.4), high=1.0, note="the arm from brain to immunity; size "
  "assumed; 0 cuts the arrow. Stimulating the vagus lowers no TNF in people (Schiweck 2024)")
P("t_effector", 240.0, "h", "time constant of effector cells", ASSUMED, spread=lognormal(0.3),
  low=0.1)
P("t_regulatory", 336.0, "h", "time constant of regulatory cells", ASSUMED,
  spread=lognormal(0.3), low=0.1)
P("activity50", 1.5, "1", "surplus of effector over regulatory cells that gives half activity",
  ASSUMED, spread=lognormal(0.3), low=0.01)
P("healing_tone", 0.5, "1", "strength of opioid tone in healing what effectors hurt", ASSUMED,
  "lie2018", spread=W, note="bowel disease improved with cytokines unchanged, wound healing up")
P("t_activity", 720.0, "h", "time constant of disease activity", ASSUMED, "smith2013",
  spread=lognormal(0.3), low=1.0, note="-37 % (derived) in eight weeks in children with Crohn's")
P("remission50", 0.15, "1", "disease activity at which half count as in remission", ASSUMED,
  spread=lognormal(0.3), low=0.01, note="no source was read for the limit")
P("mast_drive", 1.0, "1", "mast-cell drive of the patient, healthy = 1", ASSUMED, spread=W)
P("mast_driver_gain", 2.0, "1", "mast-cell activation by an outside driver", ASSUMED,
  spread=lognormal(0.5))
P("mast_trigger_gain", 3.0, "1", "mast-cell activation by a strong trigger, of the patient's own "
  "drive", ASSUMED, spread=lognormal(0.5))
P("mast_tone", 0.3, "1", "strength of opioid tone against mast cells", ASSUMED,
  spread=lognormal(0.5))
P("t_mast", 24.0, "h", "time constant of mast-cell activation", ASSUMED, spread=lognormal(0.3),
  low=0.1)
P("blood_effector", 0.5, "1", "cytokines of blood added per fold of effector cells", ASSUMED,
  spread=W)
P("blood_mast", 0.06, "1", "cytokines of blood added per fold of mast-cell activation", ASSUMED,
  spread=W)
P("blood_brain", 0.1, "1", "cytokines of blood added per fold of TNF in the brain", ASSUMED,
  "omahony2021", spread=W, note="blood of patients with fibromyalgia differs by a fraction of a SD")
P("blood_brake", 0.5, "1", "strength of glucocorticoid against cytokines of blood", ASSUMED,
  "dekruif2007 vanderpoll1996", spread=W, note="direction and dependence on dose read, not a size")
P("steroid_on_effector", 0.3, "1", "strength of a steroid against effector cells, per daily mean "
  "of cortisol", ASSUMED, "dekruif2007", spread=W, note="granzyme B falls already at 3 mg")
P("steroid_on_regulatory", 0.15, "1", "strength of a steroid against regulatory cells, per daily "
  "mean of cortisol", ASSUMED, spread=W, note="the claim; no source was read, and nothing "
  "published that a price could be measured from")
P("steroid_on_nk", 0.2, "1", "strength of a steroid against killing by NK cells, per daily mean "
  "of cortisol", ASSUMED, "holbrook1983", spread=W, note="up to -90 % in vitro at a physiological "
  "level, of which an assumed fraction is taken; unchanged per mL of blood in people",
  alternatives={"nk_steroid_invivo": 0.0})


@M.quantity("1", "cytokines of blood, fold of healthy")
def blood_cytokines(
    effector_cells: float, mast_activation: float, tnf: float, cortisol_action: float,
    steroid: float, blood_effector: float, blood_mast: float, blood_brain: float,
    blood_brake: float, coupling_cortisol: float, factor_blood: float,
) -> float:
    """What effector and mast cells and the brain add to a healthy level, under glucocorticoid.

    Lost within the hour, so that it follows its sources.
    """
    cells = blood_effector * (effector_cells - 1.0) + blood_mast * (mast_activation - 1.0)
    added = positive_part(1.0 + cells + blood_brain * (tnf - 1.0), 0.05)
    braked = falling(cortisol_action + steroid, blood_brake) - 1.0
    return factor_blood * added * (1.0 + coupling_cortisol * braked)


@M.state("1", "natural-killer cell activity, fold of healthy", start=1.0)
def nk_activity(nk_activity: float, peripheral_tone: float, nk_gain: float, t_nk: float) -> float:
    """Follows opioid tone within ``1 - nk_gain`` and ``1 + nk_gain``."""
    return (1.0 + nk_gain * (rising(peripheral_tone, 1.0) - 1.0) - nk_activity) / t_nk


@M.state("1", "autoimmune effector cells, fold of healthy", start=1.0)
def effector_cells(
    effector_cells: float,
    regulatory_cells: float,
    blood_cytokines: float,
    peripheral_tone: float,
    steroid: float,
    autoimmunity: float,
    effector_blood: float,
    effector_brake: float,
    effector_brake50: float,
    effector_regulation: float,
    steroid_on_effector: float,
    t_effector: float,
) -> float:
    """Driven beyond a healthy number by autoimmunity and blood; tone and regulation hold that back.

    Neither takes a healthy person's cells; a steroid takes them all alike.
    """
    drive = autoimmunity * (1.0 + effector_blood * (blood_cytokines - 1.0))
    by_tone = brake_by(peripheral_tone, effector_brake, effector_brake50)
    held = by_tone * falling(regulatory_cells, effector_regulation)
    target = 1.0 + positive_part(drive * held - 1.0, 0.05) - 0.025
    return (target / (1.0 + steroid_on_effector * steroid) - effector_cells) / t_effector


@M.state("1", "regulatory cells, fold of healthy", start=1.0)
def regulatory_cells(
    regulatory_cells: float,
    peripheral_tone: float,
    neuronal_health: float,
    steroid: float,
    regulatory_gain: float,
    health_usual: float,
    health_on_regulation: float,
    steroid_on_regulatory: float,
    t_regulatory: float,
) -> float:
    """Follow opioid tone within bounds; fewer with damaged neurons, and on a steroid."""
    by_tone = 1.0 + regulatory_gain * (rising(peripheral_tone, 1.0) - 1.0)
    by_brain = 1.0 + health_on_regulation * (neuronal_health - health_usual)
    target = by_tone * by_brain / (1.0 + steroid_on_regulatory * steroid)
    return (target - regulatory_cells) / t_regulatory


@M.quantity("1", "autoimmune balance, effector over regulatory cells, healthy = 1")
def autoimmune_balance(effector_cells: float, regulatory_cells: float) -> float:
    """Above 1: effectors prevail."""
    return effector_cells / regulatory_cells


@M.state("1", "disease activity, share of the worst", scale=0.1, upper=1.0)
def disease_activity(
    disease_activity: float,
    autoimmune_balance: float,
    peripheral_tone: float,
    activity50: float,
    healing_tone: float,
    t_activity: float,
) -> float:
    """Steep in the surplus of effector cells, against healing under opioid tone, over weeks."""
    surplus = positive_part(autoimmune_balance - 1.0, 0.05) / activity50
    odds = surplus**4 * falling(peripheral_tone, healing_tone)
    return (odds / (1.0 + odds) - disease_activity) / t_activity


@M.quantity("1", "remission, 0 to 1")
def remission(disease_activity: float, remission50: float) -> float:
    """1 without activity, one half at the limit of indices of disease."""
    return 1.0 / (1.0 + (disease_activity / remission50) ** 4)


@M.quantity("1", "killing by NK cells per mL of blood, fold of healthy")
def nk_killing(nk_activity: float, steroid: float, steroid_on_nk: float) -> float:
    """Activity as opioid tone sets it, less what a steroid takes."""
    return nk_activity / (1.0 + steroid_on_nk * steroid)


@M.quantity("1", "surveillance, proxy from NK and effector cells, healthy = 1")
def surveillance(nk_killing: float, steroid: float, steroid_on_effector: float) -> float:
    """Mean of killing by NK cells and of a healthy number of effector cells; there is no tumour."""
    return 0.5 * (nk_killing + 1.0 / (1.0 + steroid_on_effector * steroid))


@M.state("1", "mast-cell activation, fold of healthy", start=1.0)
def mast_activation(
    mast_activation: float,
    driver: float,
    trigger: float,
    peripheral_tone: float,
    mast_drive: float,
    mast_driver_gain: float,
    mast_trigger_gain: float,
    mast_tone: float,
    factor_mast: float,
    t_mast: float,
) -> float:
    """Patient's own drive, triggers and outside driver, held by opioid tone and by stabilisers."""
    own = mast_drive * (1.0 + mast_trigger_gain * trigger)
    drive = factor_mast * (own + mast_driver_gain * driver)
    return (drive * falling(peripheral_tone, mast_tone) - mast_activation) / t_mast


M.reads("fold of healthy", "nk_activity", "nk_killing", "surveillance", better="higher")
M.reads("fold of healthy", "effector_cells", "regulatory_cells", "autoimmune_balance")
M.reads("fold of healthy", "mast_activation", "blood_cytokines", better="lower")
M.reads("share of the worst", "disease_activity", better="lower")
M.reads("fraction", "remission", better="higher")
M.called(
    nk_activity="NK-cell activity", nk_killing="NK-cell killing",
    mast_activation="mast-cell activation", blood_cytokines="cytokines of blood",
)  # fmt: skip
