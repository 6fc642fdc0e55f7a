"""Naltrexone and 6-beta-naltrexol: gut, first pass, three compartments, brain effect site.

Amounts are nmol of free base, concentrations nmol/L. Kinetics are linear in dose (measured from
50 to 200 mg, supported at 2.4 mg, assumed below). Nearly all of an oral dose is absorbed and
most of it is turned into 6-beta-naltrexol on its first passage through the liver.
"""

from __future__ import annotations

from ldnsim.mechanisms.forms import LN2
from ldnsim.mechanisms.record import (
    ASSUMED,
    DERIVED,
    HUMAN_PK,
    Mechanism,
    logitnormal,
    lognormal,
)

M = Mechanism("pharmacokinetics", "Naltrexone and 6-beta-naltrexol in gut, plasma and brain")

MW_HCL = 377.86
"""Molar mass of naltrexone hydrochloride, g/mol (Drugs.com monograph)."""
MW_NALTREXONE = 341.41
"""Molar mass of naltrexone base, g/mol."""
MW_NALTREXOL = 343.42
"""Molar mass of 6-beta-naltrexol, g/mol."""
NMOL_PER_MG = 1.0e6 / MW_HCL
"""nmol of base in 1 mg of the labelled hydrochloride (base/salt mass factor 0.903)."""

P = M.parameter
P("ka", 0.72, "1/h", "absorption rate constant", HUMAN_PK, "licko1981", spread=lognormal(0.35),
  note="oral fast exponent 0.012/min; flip-flop with fast disposition is possible")
P("k_slow_release", 0.3, "1/h", "release rate constant of the slow-release capsule", DERIVED,
  "clustermed_er", spread=lognormal(0.4),
  note="chosen to give tmax near 2-3 h and a Cmax about a third of immediate release")
P("f_absorbed", 0.96, "1", "fraction of the dose absorbed", HUMAN_PK, "alomedika",
  spread=logitnormal(0.3), high=1.0)
P("first_pass_extraction", 0.873, "1", "fraction of absorbed drug extracted by the liver before "
  "it reaches the circulation", DERIVED, "johnson2010 dunbar2007", spread=logitnormal(0.45),
  high=1.0, note="fitted by `ldnsim calibrate` (0.849-0.899), mostly to AUC 1,954 and 1,811 "
  "pg h/mL after 2.4 mg at CL 140 L/h; labels give 0.95 and a bioavailability of 5-40 %",
  alternatives={"swiss_label": 0.95})
P("f_naltrexol", 0.664, "1", "fraction of eliminated naltrexone that becomes circulating "
  "6-beta-naltrexol", DERIVED, "swiss_label meyer1984", spread=logitnormal(0.4), high=1.0,
  note="25 % of the dose is found as free 6-beta-naltrexol in urine: a lower bound. Not fitted: "
  "with its volume free the data give a lower limit of 0.38 only")
P("cl", 140.0, "L/h", "clearance of naltrexone", HUMAN_PK, "dunbar2007", spread=lognormal(0.3),
  note="94 (Meyer 1984) and 211 L/h (Licko 1981) are also published",
  alternatives={"meyer1984": 94.0, "licko1981": 211.0})
P("v_central", 72.2, "L", "central volume of naltrexone", DERIVED, "johnson2010 swiss_label",
  spread=lognormal(0.25),
  note="fitted by `ldnsim calibrate` (15-161 L) to Cmax after 2.4 and 50 mg")
P("v_peripheral", 567.0, "L", "peripheral volume of naltrexone", DERIVED, "alomedika meyer1984",
  spread=lognormal(0.3))
P("q_peripheral", 73.0, "L/h", "flow between central and peripheral volume", DERIVED,
  "meyer1984 wall1981", spread=lognormal(0.3))
P("v_deep", 562.0, "L", "deep volume of naltrexone", DERIVED, "lee1988", spread=lognormal(0.5),
  note="carries the slow terminal phase (96 h) at an amplitude nobody published")
P("q_deep", 1.33, "L/h", "flow between central and deep volume", DERIVED, "lee1988",
  spread=lognormal(0.5))
P("cl_naltrexol", 65.1, "L/h", "clearance of 6-beta-naltrexol", HUMAN_PK, "dunbar2007",
  spread=lognormal(0.3))
P("v_naltrexol", 48.5, "L", "central volume of 6-beta-naltrexol", DERIVED, "swiss_label",
  spread=lognormal(0.3),
  note="fitted by `ldnsim calibrate` (15-120 L) to Cmax 108 ng/mL after 50 mg")
P("v_naltrexol_peripheral", 426.0, "L", "peripheral volume of 6-beta-naltrexol", DERIVED,
  "meyer1984 yancey2011 swiss_label", spread=lognormal(0.3),
  note="fitted by `ldnsim calibrate` (372-481 L) to half-lives of 11-13 h")
P("q_naltrexol", 41.0, "L/h", "flow between the volumes of 6-beta-naltrexol", DERIVED, "meyer1984",
  spread=lognormal(0.3))
P("f_unbound", 0.79, "1", "unbound fraction in plasma, either compound", HUMAN_PK, "ludden1976",
  spread=logitnormal(0.1), high=1.0)
P("kp_brain", 0.768, "1", "unbound brain-to-plasma ratio of naltrexone", DERIVED,
  "rabiner2011 trostheim2022", spread=lognormal(0.3),
  note="not measured in man; fitted by `ldnsim calibrate` to PET occupancies of single doses, at "
  "the measured affinity. Naloxone in rats suggests 1.5-2", alternatives={"naloxone_rat": 2.0})
P("t_half_brain", 0.75, "h", "half-life of naltrexone at the brain effect site", ASSUMED,
  spread=lognormal(0.4), low=0.01,
  note="naloxone leaves rat brain with 0.25 h; the slow alternative is about a day",
  alternatives={"tonic": 20.8, "naloxone_rat": 0.25})
P("kp_brain_naltrexol", 0.03, "1", "unbound brain-to-plasma ratio of 6-beta-naltrexol", DERIVED,
  "yancey2011 oberdick2016", spread=lognormal(0.5),
  note="20 mg intravenously left central analgesia untouched")
P("coupling_drug", 1.0, "1", "switch: the drug reaches its sites of action (0 = no drug effect)",
  high=1.0)
P("coupling_brain", 1.0, "1", "switch: the drug acts inside the brain", high=1.0)


@M.state("nmol", "naltrexone in the gut, immediate release", scale=100.0)
def gut_fast(gut_fast: float, gut_slow: float, ka: float, k_slow_release: float) -> float:
    """Emptied by absorption, filled by an immediate-release dose or the slow capsule."""
    return k_slow_release * gut_slow - ka * gut_fast


@M.state("nmol", "naltrexone in the slow-release capsule", scale=100.0)
def gut_slow(gut_slow: float, k_slow_release: float) -> float:
    """First-order release."""
    return -k_slow_release * gut_slow


@M.quantity("nmol/h", "naltrexone absorbed into the portal vein")
def absorption(gut_fast: float, ka: float, f_absorbed: float) -> float:
    """Flow into the liver; the unabsorbed rest leaves the body."""
    return f_absorbed * ka * gut_fast


@M.quantity("nmol/L", "naltrexone in plasma")
def c_plasma(ntx_central: float, v_central: float) -> float:
    """Total plasma concentration of naltrexone."""
    return ntx_central / v_central


@M.quantity("nmol/L", "6-beta-naltrexol in plasma")
def c_naltrexol(naltrexol_central: float, v_naltrexol: float) -> float:
    """Total plasma concentration of 6-beta-naltrexol."""
    return naltrexol_central / v_naltrexol


@M.quantity("nmol/h", "naltrexone moving from plasma to the peripheral volume")
def flow_peripheral(
    c_plasma: float, ntx_peripheral: float, q_peripheral: float, v_peripheral: float
) -> float:
    """Net exchange, positive when tissue fills."""
    return q_peripheral * (c_plasma - ntx_peripheral / v_peripheral)


@M.quantity("nmol/h", "naltrexone moving from plasma to the deep volume")
def flow_deep(c_plasma: float, ntx_deep: float, q_deep: float, v_deep: float) -> float:
    """Net exchange with the slow volume."""
    return q_deep * (c_plasma - ntx_deep / v_deep)


@M.quantity("nmol/h", "6-beta-naltrexol moving to its peripheral volume")
def flow_naltrexol(
    c_naltrexol: float,
    naltrexol_peripheral: float,
    q_naltrexol: float,
    v_naltrexol_peripheral: float,
) -> float:
    """Net exchange of the metabolite."""
    return q_naltrexol * (c_naltrexol - naltrexol_peripheral / v_naltrexol_peripheral)


@M.state("nmol", "naltrexone in the central volume", scale=10.0)
def ntx_central(
    absorption: float,
    first_pass_extraction: float,
    cl: float,
    c_plasma: float,
    flow_peripheral: float,
    flow_deep: float,
) -> float:
    """What escapes the first pass, minus clearance and exchange."""
    return (1.0 - first_pass_extraction) * absorption - cl * c_plasma - flow_peripheral - flow_deep


@M.state("nmol", "naltrexone in the peripheral volume", scale=10.0)
def ntx_peripheral(flow_peripheral: float) -> float:
    """Exchange only."""
    return flow_peripheral


@M.state("nmol", "naltrexone in the deep volume", scale=10.0)
def ntx_deep(flow_deep: float) -> float:
    """Exchange only."""
    return flow_deep


@M.state("nmol", "6-beta-naltrexol in its central volume", scale=100.0)
def naltrexol_central(
    absorption: float,
    first_pass_extraction: float,
    f_naltrexol: float,
    cl: float,
    c_plasma: float,
    cl_naltrexol: float,
    c_naltrexol: float,
    flow_naltrexol: float,
) -> float:
    """Formed on first pass and from circulating parent, cleared by the kidney."""
    formed = f_naltrexol * (first_pass_extraction * absorption + cl * c_plasma)
    return formed - cl_naltrexol * c_naltrexol - flow_naltrexol


@M.state("nmol", "6-beta-naltrexol in its peripheral volume", scale=100.0)
def naltrexol_peripheral(flow_naltrexol: float) -> float:
    """Exchange only."""
    return flow_naltrexol


@M.state("nmol/L", "unbound naltrexone at the brain effect site", scale=0.1)
def ntx_brain(
    ntx_brain: float, c_plasma: float, f_unbound: float, kp_brain: float, t_half_brain: float
) -> float:
    """Approaches ``kp_brain`` times unbound plasma with half-life ``t_half_brain``."""
    return LN2 / t_half_brain * (kp_brain * f_unbound * c_plasma - ntx_brain)


@M.state("nmol/L", "unbound 6-beta-naltrexol at the brain effect site", scale=0.1)
def naltrexol_brain(
    naltrexol_brain: float,
    c_naltrexol: float,
    f_unbound: float,
    kp_brain_naltrexol: float,
    t_half_brain: float,
) -> float:
    """As for the parent, with weak entry."""
    return LN2 / t_half_brain * (kp_brain_naltrexol * f_unbound * c_naltrexol - naltrexol_brain)


@M.quantity("ng/mL", "naltrexone in plasma")
def naltrexone_plasma(c_plasma: float) -> float:
    """Plasma concentration in the unit papers print."""
    return c_plasma * MW_NALTREXONE / 1.0e3


@M.quantity("ng/mL", "6-beta-naltrexol in plasma")
def naltrexol_plasma(c_naltrexol: float) -> float:
    """Plasma concentration in the unit papers print."""
    return c_naltrexol * MW_NALTREXOL / 1.0e3


M.called(
    gut_fast="naltrexone in the gut", gut_slow="naltrexone in the capsule",
    ntx_central="central naltrexone", ntx_peripheral="peripheral naltrexone",
    ntx_deep="deep naltrexone", ntx_brain="naltrexone in the brain",
    naltrexol_central="central 6β-naltrexol", naltrexol_peripheral="peripheral 6β-naltrexol",
    naltrexol_brain="6β-naltrexol in the brain", naltrexone_plasma="naltrexone in plasma",
    naltrexol_plasma="6β-naltrexol in plasma", c_plasma="naltrexone in plasma, molar",
    c_naltrexol="6β-naltrexol in plasma, molar", flow_peripheral="flow to peripheral volume",
    flow_deep="flow to deep volume", flow_naltrexol="flow of 6β-naltrexol",
)  # fmt: skip
