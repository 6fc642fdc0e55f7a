"""Opioid peptides and tone outside the brain: blood, gut and leucocytes.

The drug of plasma blocks mu and OGF receptors of immune and gut cells. Their peptides are their
own: beta-endorphin comes from the pituitary along with ACTH, and from leucocytes; met-enkephalin
from adrenals and leucocytes. Lasting block calls up their expression, whether it is the brain that
is blocked as well or not, so that a short block can leave more tone than it takes, and a long one
less. Beta-endorphin of the blood does not pass into the brain.
"""

from __future__ import annotations

from ldnsim.mechanisms.endogenous import supply
from ldnsim.mechanisms.forms import LN2, agonist_tone, tone_of
from ldnsim.mechanisms.record import ASSUMED, HUMAN_PK, Mechanism, logitnormal, lognormal

M = Mechanism("periphery", "Opioid peptides and tone of blood, gut and leucocytes")
P = M.parameter
W = lognormal(0.4)
P("weight_peripheral_mor", 0.05, "1", "share of mu in the tone on peripheral immune cells",
  ASSUMED, spread=logitnormal(0.4), high=1.0)
P("pituitary_share", 0.8, "1", "share of the blood's beta-endorphin that the pituitary releases "
  "along with ACTH", ASSUMED, spread=logitnormal(0.4), high=1.0,
  note="the rest is that of leucocytes, in whose RNA one study found next to no precursor")
P("t_half_blood_endorphin", 0.69, "h", "half-life of beta-endorphin in blood", HUMAN_PK,
  "foley1979", spread=lognormal(0.2), low=0.05, note="37-46 min in plasma")
P("leucocyte_inflammation", 0.2, "1", "beta-endorphin of leucocytes added per fold of blood "
  "cytokines", ASSUMED, "gironi2000", spread=W,
  note="higher in relapse than in stable multiple sclerosis; size assumed")
P("peripheral_gain", 1.0, "1", "largest extra expression that block of peripheral receptors calls "
  "up", ASSUMED, "ludwig2017", spread=lognormal(0.5),
  note="serum met-enkephalin is restored on low-dose naltrexone; direction only")
P("peripheral_block50", 0.1, "1", "block of peripheral tone that calls up half of it", ASSUMED,
  spread=W, low=1e-3)
P("t_half_peripheral_expression", 120.0, "h", "half-life with which expression in adrenals and "
  "leucocytes follows", ASSUMED, spread=W, low=1.0)
P("activity_on_enkephalin", 0.3, "1", "strength of autoimmune activity against met-enkephalin of "
  "blood", ASSUMED, "ludwig2017", spread=W, note="serum met-enkephalin is low in multiple "
  "sclerosis and falls in its mouse model; size assumed")


@M.quantity("1", "peripheral mu receptor occupancy by antagonist")
def peripheral_occupancy(
    c_plasma: float, c_naltrexol: float, f_unbound: float, coupling_drug: float, kd_mor: float,
    kd_mor_naltrexol: float, bound_mor: float,
) -> float:
    """Gut and immune receptors, in equilibrium with unbound plasma and resting agonist."""
    parent = f_unbound * c_plasma / kd_mor
    metabolite = f_unbound * c_naltrexol / kd_mor_naltrexol
    blocked = coupling_drug * (parent + metabolite) * (1.0 - bound_mor)
    return blocked / (1.0 + blocked)


@M.quantity("1", "peripheral OGF receptor occupancy by antagonist")
def peripheral_ogfr(
    c_plasma: float, c_naltrexol: float, f_unbound: float, coupling_drug: float, kd_ogfr: float,
    kd_ogfr_naltrexol: float, bound_ogfr: float,
) -> float:
    """Blood-side OGF receptors, in equilibrium with unbound plasma and resting agonist."""
    bound = f_unbound * (c_plasma / kd_ogfr + c_naltrexol / kd_ogfr_naltrexol)
    blocked = coupling_drug * bound * (1.0 - bound_ogfr)
    return blocked / (1.0 + blocked)


@M.quantity("1", "share of peripheral tone that the drug blocks")
def peripheral_block(
    peripheral_occupancy: float, peripheral_ogfr: float, weight_peripheral_mor: float,
    coupling_opioid: float,
) -> float:
    """Both receptors by their weight, or nothing when the hypothesis lets block change nothing."""
    mu = weight_peripheral_mor * peripheral_occupancy
    return coupling_opioid * (mu + (1.0 - weight_peripheral_mor) * peripheral_ogfr)


@M.state("1", "extra expression of opioid peptide in adrenals and leucocytes", scale=0.01)
def peripheral_expression(
    peripheral_expression: float, peripheral_block: float, reserve_level: float,
    peripheral_gain: float, peripheral_block50: float, t_half_peripheral_expression: float,
) -> float:
    """Follows block slowly, in proportion to the reserve.

    Block, not tone: in mice a daily agonist did not keep an antagonist from raising receptors.
    """
    asked = peripheral_gain * peripheral_block / (peripheral_block50 + peripheral_block)
    return LN2 / t_half_peripheral_expression * (reserve_level * asked - peripheral_expression)


@M.quantity("1", "beta-endorphin released into the blood, fold of healthy")
def blood_release(
    acth: float, endorphin_pool: float, rest_synthesis: float, peripheral_expression: float,
    blood_cytokines: float, exercise: float, pool50: float, pituitary_share: float,
    leucocyte_inflammation: float,
) -> float:
    """The pituitary's with ACTH, as its store allows; leucocytes', which inflammation raises."""
    pituitary = acth * supply(endorphin_pool, pool50) * (1.0 + exercise)
    inflamed = 1.0 + leucocyte_inflammation * (blood_cytokines - 1.0)
    leucocytes = rest_synthesis * (1.0 + peripheral_expression) * inflamed
    return pituitary_share * pituitary + (1.0 - pituitary_share) * leucocytes


@M.state("1", "beta-endorphin in blood, fold of healthy", start=1.0)
def blood_endorphin(
    blood_endorphin: float, blood_release: float, t_half_blood_endorphin: float
) -> float:
    """Release minus loss."""
    return LN2 / t_half_blood_endorphin * (blood_release - blood_endorphin)


@M.quantity("1", "met-enkephalin in blood, fold of healthy")
def blood_enkephalin(
    rest_synthesis: float, peripheral_expression: float, disease_activity: float,
    activity_on_enkephalin: float,
) -> float:
    """Of adrenals and leucocytes; lost within minutes, so that it follows its source."""
    made = rest_synthesis * (1.0 + peripheral_expression)
    return made / (1.0 + activity_on_enkephalin * disease_activity)


@M.quantity("1", "opioid tone on peripheral immune cells, relative to rest")
def peripheral_tone(
    peripheral_occupancy: float, peripheral_ogfr: float, bound_mor: float, bound_ogfr: float,
    blood_endorphin: float, blood_enkephalin: float, oprm1_potency: float,
    weight_peripheral_mor: float, coupling_opioid: float,
) -> float:
    """Beta-endorphin at mu and met-enkephalin at OGF receptors that plasma drug leaves free."""
    free_mu = 1.0 - coupling_opioid * peripheral_occupancy
    free_ogfr = 1.0 - coupling_opioid * peripheral_ogfr
    mu = free_mu * tone_of(blood_endorphin, bound_mor, oprm1_potency)
    ogfr = agonist_tone(free_ogfr, bound_ogfr, blood_enkephalin)
    return weight_peripheral_mor * mu + (1.0 - weight_peripheral_mor) * ogfr


M.reads("fraction", "peripheral_occupancy", "peripheral_ogfr", "peripheral_block")
M.reads("of expression at rest", "peripheral_expression")
M.reads("fold of healthy", "blood_release", "blood_endorphin", "blood_enkephalin")
M.reads("relative to rest", "peripheral_tone", better="higher")
M.called(
    blood_endorphin="β-endorphin of blood", blood_enkephalin="met-enkephalin of blood",
    blood_release="β-endorphin released into blood", peripheral_ogfr="peripheral OGFr occupancy",
    peripheral_expression="peripheral expression", peripheral_block="peripheral block",
)  # fmt: skip
