"""Beta-endorphin and met-enkephalin: sensed at once, remembered for weeks, paid from a reserve.

When mu tone at the hypothalamic sensor falls, release answers within the hour and draws on a store.
What lasts beyond the block is expression: both opioid genes follow the loss of the last days
slowly and scale what is released at rest. How far they can follow is the endorphin reserve; it
learns under demand, wears under demand beyond what it can meet, and settles over months. Demand
that expression has not met goes on draining the stores: that is the flare of a patient whose start
was too fast. The sensor forgives its own empty store: exhaustion does not feed itself.
Only beta-endorphin follows the clock.
"""

from __future__ import annotations

from ldnsim.mechanisms.forms import (
    LN2,
    OMEGA,
    cos,
    of_clock,
    positive_part,
    sin,
    softly_least,
    tone_of,
)
from ldnsim.mechanisms.record import (
    ASSUMED,
    HUMAN_PK,
    Mechanism,
    lognormal,
)

M = Mechanism("endogenous_opioids", "Rebound of beta-endorphin and met-enkephalin")
P = M.parameter
P("demand_gain", 0.7824, "1", "largest extra demand for peptide when mu tone is lost", ASSUMED,
  spread=lognormal(0.4), note="direction from Gordon 2017 (CSF beta-endorphin rises at 50 mg); "
  "plasma 1.6-fold in Kosten 1986 bounds the mean rise")
P("demand50", 0.15, "1", "lost mu tone that raises demand by half of its gain", ASSUMED,
  spread=lognormal(0.4), low=0.03)
P("takeover50", 0.05, "1", "extra expression wanted, and met, that takes over half of the fast "
  "demand", ASSUMED, spread=lognormal(0.4), low=1e-3)
P("t_delay_pomc", 0.75, "h", "delay from lost tone to beta-endorphin release", ASSUMED,
  spread=lognormal(0.4), low=0.05,
  note="after naloxone ACTH, of the same precursor, peaks at 30 min and cortisol at 45 min")
P("t_delay_penk", 0.75, "h", "delay from lost tone to enkephalin release", ASSUMED,
  spread=lognormal(0.4), low=0.05, note="as for beta-endorphin")
P("lost_tone_soft", 0.05, "1", "lost mu tone below which the sensor answers weakly", ASSUMED,
  spread=lognormal(0.4), low=1e-3)
P("t_strain", 23.23, "h", "half-life with which lost tone is averaged for expression", ASSUMED,
  spread=lognormal(0.4), low=0.1)
P("expression_gain", 0.9362, "1", "largest extra expression that lost tone can call up", ASSUMED,
  spread=lognormal(0.4), note="rat hypothalamus +19 % under eight days of lasting block, striatum "
  "twelve-fold (Tempel 1990); nothing is known under a block once a day")
P("strain50", 0.02791, "1", "lasting lost tone that calls up half of it", ASSUMED,
  spread=lognormal(0.4), low=1e-3)
P("expression_ceiling", 1.004, "1", "extra expression that a healthy reserve can give", ASSUMED,
  spread=lognormal(0.3), low=0.01)
P("t_half_expression_pomc", 168.0, "h", "half-life with which POMC expression follows", ASSUMED,
  spread=lognormal(0.4), low=0.1, note="rat pituitary after adrenalectomy: rises for 18 d, back in "
  "5 d; nothing in the arcuate nucleus after 48 h of lasting block")
P("t_half_expression_penk", 168.0, "h", "half-life with which PENK expression follows", ASSUMED,
  spread=lognormal(0.4), low=0.1, note="rat, lasting block: visible by 24 h")
P("k_pool", 0.004948, "1/h", "turnover of a healthy precursor store", ASSUMED,
  spread=lognormal(0.5), low=1e-5)
P("pool50", 0.2834, "1", "filling of the store at which release is supply-limited", ASSUMED,
  spread=lognormal(0.4), low=0.01)
P("pool_least", 0.1, "1", "size of a store without any reserve, healthy = 1", ASSUMED,
  spread=lognormal(0.4), low=1e-3, note="a small store fills and empties faster")
P("release_share", 0.6, "1", "share of what the store loses at rest that is released", ASSUMED,
  low=0.01, high=1.0, note="the rest is broken down in it")
P("synthesis_gain", 1.5, "1", "synthesis of precursor added per unit of expression", ASSUMED,
  spread=lognormal(0.2), note="above the release it feeds: or the store would empty as it rises")
P("synthesis50", 0.03136, "1", "reserve at which synthesis at rest is halved", ASSUMED,
  spread=lognormal(0.5), note="resting levels were found low (Panerai 2002, Bidari 2016: 0.74 of "
  "healthy in serum), normal and high (Baraniuk 2004)")
P("unmet_drain", 5.131, "1", "drain on the store per unit of unmet demand", ASSUMED,
  spread=lognormal(0.4))
P("reserve", 1.0, "1", "endorphin reserve at which the patient settles, healthy = 1", ASSUMED,
  spread=lognormal(0.25), low=0.01,
  note="the prescribers' functional-capacity score maps to it; no measurement of it exists")
P("t_reserve", 3655.0, "h", "time constant with which the reserve settles by itself", ASSUMED,
  spread=lognormal(0.5), low=1.0,
  note="rats: what running trained was gone in two to four days (CSF beta-endorphin)")
P("reserve_learning", 0.0006549, "1/h", "growth of the reserve per unit of expression asked of it",
  ASSUMED, spread=lognormal(0.4))
P("reserve_wear", 0.005877, "1/h", "loss of the reserve at wholly unmet demand", ASSUMED,
  spread=lognormal(0.4))
P("reserve_most", 1.18, "1", "reserve that training can reach", ASSUMED, spread=lognormal(0.1))
P("coupling_rebound", 1.0, "1", "switch: lost tone raises demand", high=1.0)
P("t_half_beta_endorphin", 1.55, "h", "half-life of beta-endorphin in cerebrospinal fluid",
  HUMAN_PK, "foley1979", spread=lognormal(0.3), low=0.01,
  note="93 min in one patient; 37-46 min in plasma", alternatives={"plasma": 0.62})
P("t_half_met_enkephalin", 0.17, "h", "half-life of met-enkephalin", ASSUMED,
  spread=lognormal(0.6), low=0.01, note="'very short' in print, minutes; no number found")
P("circadian_amplitude", 0.23, "1", "relative daily swing of beta-endorphin release", HUMAN_PK,
  "iranmanesh1989", spread=lognormal(0.3), high=0.95)
P("circadian_acrophase", 10.72, "h", "clock time of the daily peak of beta-endorphin", HUMAN_PK,
  "iranmanesh1989", high=24.0, note="10:43; lowest 22:00-03:30 (Dent): no surge at 2-4 AM")


def supply(pool: float, pool50: float) -> float:
    """Share of the wanted release that the store can supply: 1 when full, saturating."""
    return pool * (1.0 + pool50) / (pool + pool50)


@M.quantity("1", "beta-endorphin the clock leads the sensor to expect")
def expected_endorphin(
    clock_cos: float, clock_sin: float, circadian_amplitude: float, circadian_acrophase: float
) -> float:
    """The level's own daily rhythm, as measured: mean 1, peak at the acrophase."""
    return 1.0 + circadian_amplitude * of_clock(clock_cos, clock_sin, circadian_acrophase)


@M.quantity("1", "lost mu tone at the sensor")
def lost_tone(
    mor_tone: float,
    expected_endorphin: float,
    endorphin_pool: float,
    pool50: float,
    bound_mor: float,
    oprm1_potency: float,
    exercise: float,
    lost_tone_soft: float,
) -> float:
    """How far mu tone lies below what clock, store and habit lead this patient's sensor to expect.

    A surplus counts as nothing; a small loss counts little. What regular exercise releases is
    expected: or it would hide from the sensor what a block takes.
    """
    soft, corner = lost_tone_soft, 0.005
    usual = expected_endorphin * supply(endorphin_pool, pool50) * (1.0 + exercise)
    loss = positive_part(1.0 - mor_tone / tone_of(usual, bound_mor, oprm1_potency), corner)
    at_rest = 0.5 * corner
    return loss**2 / (soft + loss) - at_rest**2 / (soft + at_rest)


# not bounded by zero: smoothing leaves lost tone, and what follows it, a hair below it at rest
@M.state("1", "lost mu tone, mean of the last days", scale=0.01, lower=None)
def strain(strain: float, lost_tone: float, t_strain: float) -> float:
    """Running mean."""
    return LN2 / t_strain * (lost_tone - strain)


@M.quantity("1", "extra expression that strain calls for")
def expression_wanted(
    strain: float, expression_gain: float, strain50: float, coupling_rebound: float
) -> float:
    """Saturating with the strain."""
    asked = positive_part(strain, 1e-4)
    return coupling_rebound * expression_gain * asked / (strain50 + asked)


@M.quantity("1", "extra expression that the reserve can give")
def expression_possible(reserve_level: float, expression_ceiling: float) -> float:
    """In proportion to the reserve."""
    return expression_ceiling * reserve_level


@M.quantity("1", "extra expression on the way")
def expression_granted(expression_wanted: float, expression_possible: float) -> float:
    """The lesser of what is called for and what can be given, smoothly."""
    return softly_least(expression_wanted, expression_possible)


@M.state("1", "extra expression of POMC", scale=0.01)
def pomc_expression(
    pomc_expression: float, expression_granted: float, t_half_expression_pomc: float
) -> float:
    """Follows what is granted slowly."""
    return LN2 / t_half_expression_pomc * (expression_granted - pomc_expression)


@M.state("1", "extra expression of PENK", scale=0.01)
def penk_expression(
    penk_expression: float, expression_granted: float, t_half_expression_penk: float
) -> float:
    """Follows what is granted slowly."""
    return LN2 / t_half_expression_penk * (expression_granted - penk_expression)


@M.quantity("1", "demand that expression does not meet")
def unmet_demand(expression_wanted: float, pomc_expression: float) -> float:
    """What strain calls for beyond what POMC expression gives by now."""
    return positive_part(expression_wanted - pomc_expression, 0.005) - 0.0025


@M.state("1", "endorphin reserve, healthy = 1", scale=0.1, start=1.0, lower=1e-3)
def reserve_level(
    reserve_level: float,
    expression_wanted: float,
    expression_possible: float,
    reserve: float,
    t_reserve: float,
    reserve_learning: float,
    reserve_wear: float,
    reserve_most: float,
) -> float:
    """Settles by itself, learns under demand, wears under demand beyond what it can give.

    It learns under demand that it cannot meet as well: if it learnt by what it gives alone, to
    wear would be to learn less, and it would collapse between two doses a twelfth apart.
    """
    beyond = positive_part(expression_wanted - expression_possible, 0.002)
    overdrawn = beyond / (expression_wanted + expression_possible)
    learns = reserve_learning * expression_wanted * (reserve_most - reserve_level)
    return (reserve - reserve_level) / t_reserve + learns - reserve_wear * overdrawn * reserve_level


@M.quantity("1", "demand for opioid peptide, relative to rest")
def demand(
    lost_tone: float,
    unmet_demand: float,
    expression_wanted: float,
    demand_gain: float,
    demand50: float,
    takeover50: float,
    coupling_rebound: float,
) -> float:
    """Derepression by lost mu tone, as far as expression has not yet taken it over."""
    fast = demand_gain * lost_tone / (demand50 + lost_tone)
    left = (unmet_demand + takeover50) / (expression_wanted + takeover50)
    return 1.0 + coupling_rebound * fast * left


@M.quantity("1", "daily rhythm of beta-endorphin release")
def circadian(
    expected_endorphin: float,
    clock_cos: float,
    clock_sin: float,
    circadian_amplitude: float,
    circadian_acrophase: float,
    t_half_beta_endorphin: float,
) -> float:
    """The release that gives the level its rhythm: it leads, since the peptide is lost slowly."""
    behind = clock_cos * sin(OMEGA * circadian_acrophase)
    ahead = clock_sin * cos(OMEGA * circadian_acrophase)
    slope = circadian_amplitude * OMEGA * (behind - ahead)
    return expected_endorphin + slope * t_half_beta_endorphin / LN2


@M.state("1", "demand on beta-endorphin release", start=1.0)
def pomc_drive(pomc_drive: float, demand: float, t_delay_pomc: float) -> float:
    """First-order delay."""
    return (demand - pomc_drive) / t_delay_pomc


@M.state("1", "demand on enkephalin release", start=1.0)
def penk_drive(penk_drive: float, demand: float, t_delay_penk: float) -> float:
    """First-order delay."""
    return (demand - penk_drive) / t_delay_penk


@M.quantity("1", "beta-endorphin released, relative to a healthy rest")
def endorphin_release(
    endorphin_pool: float,
    pomc_drive: float,
    pomc_expression: float,
    circadian: float,
    exercise: float,
    pool50: float,
) -> float:
    """What the store supplies, times drive, expression, clock and exercise."""
    wanted = pomc_drive * (1.0 + pomc_expression) * circadian * (1.0 + exercise)
    return supply(endorphin_pool, pool50) * wanted


@M.quantity("1", "met-enkephalin released, relative to a healthy rest")
def enkephalin_release(
    enkephalin_pool: float, penk_drive: float, penk_expression: float, pool50: float
) -> float:
    """What the store supplies, times drive and expression."""
    return supply(enkephalin_pool, pool50) * penk_drive * (1.0 + penk_expression)


@M.quantity("1", "synthesis of precursor at rest, relative to a healthy reserve")
def rest_synthesis(reserve_level: float, synthesis50: float) -> float:
    """Falls with the reserve, so that a depleted patient's levels at rest are lower."""
    return (1.0 + synthesis50) * reserve_level / (synthesis50 + reserve_level)


@M.quantity("1", "extra drain on the stores")
def drain(unmet_demand: float, unmet_drain: float, stress: float, stress_drain: float) -> float:
    """Demand that expression does not meet, and stress."""
    return unmet_drain * unmet_demand + stress_drain * stress


def refill(
    pool: float, made: float, release: float, drain: float, share: float, turnover: float
) -> float:
    """Synthesis minus release, break-down and drain; a small store fills and empties faster."""
    return turnover * (made - share * release - (1.0 - share + drain) * pool)


@M.state("1", "store of beta-endorphin, share of full", start=1.0)
def endorphin_pool(
    endorphin_pool: float,
    rest_synthesis: float,
    pomc_expression: float,
    exercise: float,
    endorphin_release: float,
    drain: float,
    synthesis_gain: float,
    release_share: float,
    k_pool: float,
    pool_least: float,
    reserve_level: float,
) -> float:
    """Synthesis, which expression and exercise raise, minus release, break-down and drain."""
    made = rest_synthesis * (1.0 + synthesis_gain * pomc_expression + release_share * exercise)
    return refill(
        endorphin_pool, made, endorphin_release, drain, release_share,
        k_pool / (reserve_level + pool_least),
    )  # fmt: skip


@M.state("1", "store of met-enkephalin, share of full", start=1.0)
def enkephalin_pool(
    enkephalin_pool: float,
    rest_synthesis: float,
    penk_expression: float,
    enkephalin_release: float,
    drain: float,
    synthesis_gain: float,
    release_share: float,
    k_pool: float,
    pool_least: float,
    reserve_level: float,
) -> float:
    """As for beta-endorphin, without clock."""
    made = rest_synthesis * (1.0 + synthesis_gain * penk_expression)
    return refill(
        enkephalin_pool, made, enkephalin_release, drain, release_share,
        k_pool / (reserve_level + pool_least),
    )  # fmt: skip


@M.state("1", "beta-endorphin in the brain, fold of healthy", start=1.0)
def beta_endorphin(
    beta_endorphin: float, endorphin_release: float, t_half_beta_endorphin: float
) -> float:
    """Release minus loss."""
    return LN2 / t_half_beta_endorphin * (endorphin_release - beta_endorphin)


@M.state("1", "met-enkephalin in the brain, fold of healthy", start=1.0)
def met_enkephalin(
    met_enkephalin: float, enkephalin_release: float, t_half_met_enkephalin: float
) -> float:
    """Release minus loss."""
    return LN2 / t_half_met_enkephalin * (enkephalin_release - met_enkephalin)


M.reads("relative to rest", "pomc_drive", "penk_drive", "demand", "rest_synthesis")
M.reads("relative to rest", "endorphin_release", "enkephalin_release")
M.reads("fold of the daily mean", "expected_endorphin", "circadian")
M.reads("of expression at rest", "pomc_expression", "penk_expression", "expression_wanted")
M.reads("of expression at rest", "expression_possible", "expression_granted", "unmet_demand")
M.reads("share of full", "endorphin_pool", "enkephalin_pool")
M.reads("of turnover", "drain")
M.reads("fold of healthy", "beta_endorphin", "met_enkephalin")
M.reads("healthy = 1", "reserve_level", better="higher")
M.reads("fraction", "lost_tone", "strain")
M.called(
    beta_endorphin="β-endorphin", met_enkephalin="met-enkephalin", pomc_drive="POMC drive",
    penk_drive="PENK drive", pomc_expression="POMC expression", penk_expression="PENK expression",
    endorphin_pool="β-endorphin pool", enkephalin_pool="met-enkephalin pool",
    endorphin_release="β-endorphin release", enkephalin_release="met-enkephalin release",
    expected_endorphin="expected β-endorphin", circadian="rhythm of β-endorphin",
    demand="demand for peptide", lost_tone="lost mu tone", strain="strain on the sensor",
    reserve_level="endorphin reserve", unmet_demand="unmet demand",
    expression_wanted="expression wanted", expression_possible="expression possible",
    expression_granted="expression granted", rest_synthesis="synthesis at rest",
    drain="drain on the stores",
)  # fmt: skip
