"""Beta-endorphin and met-enkephalin: feedback, delay, a finite precursor pool, the daily rhythm.

When mu tone at the hypothalamic sensor falls, the demand for peptide rises. Release answers within
hours and draws on a store; synthesis follows over weeks, and only up to a ceiling. How large the
store is and how much extra synthesis can be called up is the endorphin reserve: at rest it does not
show, under demand a small one is empty before synthesis has caught up. Only beta-endorphin follows
the clock.
"""

from __future__ import annotations

from ldnsim.mechanisms.forms import LN2, OMEGA, cos, positive_part, sin, tone_of
from ldnsim.mechanisms.record import (
    ASSUMED,
    HUMAN_PK,
    Mechanism,
    lognormal,
)

M = Mechanism("endogenous_opioids", "Rebound of beta-endorphin and met-enkephalin")
P = M.parameter
P("demand_gain", 3.0, "1", "largest extra demand for peptide when mu tone is lost", ASSUMED,
  spread=lognormal(0.4), note="direction from Gordon 2017 (CSF beta-endorphin rises at 50 mg); "
  "plasma 1.6-fold in Kosten 1986 bounds the mean rise: met by any gain to far above this one, so "
  "that in `ldnsim calibrate` the prior decides")
P("demand50", 0.15, "1", "lost mu tone that raises demand by half of its gain", ASSUMED,
  spread=lognormal(0.4), low=0.03)
P("t_delay_pomc", 8.0, "h", "delay from lost tone to beta-endorphin release", ASSUMED,
  spread=lognormal(0.4), low=0.05)
P("t_delay_penk", 8.0, "h", "delay from lost tone to enkephalin release", ASSUMED,
  spread=lognormal(0.4), low=0.05)
P("k_pool", 0.006, "1/h", "turnover of a healthy precursor store", ASSUMED,
  spread=lognormal(0.5), low=1e-5)
P("pool50", 0.3, "1", "filling of the store at which release is supply-limited", ASSUMED,
  spread=lognormal(0.4), low=0.01)
P("synthesis_gain", 0.6, "1", "largest extra synthesis of precursor that demand can call up",
  ASSUMED, spread=lognormal(0.4),
  note="release rises while the precursor stays flat in Gordon 2017: release leads synthesis")
P("t_half_synthesis", 336.0, "h", "half-life with which synthesis follows demand", ASSUMED,
  spread=lognormal(0.4), low=0.1, note="days to weeks; receptor turnover is 2-3 d")
P("synthesis50", 0.25, "1", "extra demand that calls up half of the extra synthesis", ASSUMED,
  spread=lognormal(0.4), low=0.05)
P("reserve", 1.0, "1", "endorphin reserve: size of the store and of the extra synthesis that "
  "demand can call up, healthy = 1", ASSUMED, spread=lognormal(0.25), low=0.01,
  note="the prescribers' functional-capacity score maps to it; resting levels do not depend on it, "
  "since they were found low (Panerai 2002), normal and high (Baraniuk 2004)")
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


@M.quantity("1", "beta-endorphin the clock leads the sensor to expect")
def expected_endorphin(
    clock_cos: float, clock_sin: float, circadian_amplitude: float, circadian_acrophase: float
) -> float:
    """The level's own daily rhythm, as measured: mean 1, peak at the acrophase."""
    toward = clock_cos * cos(OMEGA * circadian_acrophase)
    along = clock_sin * sin(OMEGA * circadian_acrophase)
    return 1.0 + circadian_amplitude * (toward + along)


@M.quantity("1", "mu tone lost at the sensor")
def lost_tone(
    mor_tone: float, expected_endorphin: float, bound_mor: float, oprm1_potency: float
) -> float:
    """How far mu tone lies below what the clock leads this patient's sensor to expect.

    A surplus counts as nothing; a small loss counts little (quadratic up to ``soft``).
    """
    soft, corner = 0.05, 0.005
    expected = tone_of(expected_endorphin, bound_mor, oprm1_potency)
    loss = positive_part(1.0 - mor_tone / expected, corner)
    at_rest = 0.5 * corner
    return loss**2 / (soft + loss) - at_rest**2 / (soft + at_rest)


@M.quantity("1", "demand for opioid peptide, relative to rest")
def demand(
    lost_tone: float, demand_gain: float, demand50: float, coupling_rebound: float
) -> float:
    """Derepression by lost mu tone; 1 at rest, saturating with the loss.

    At rest the sensor already holds synthesis at its floor, so a surplus of tone does not lower
    demand: this asymmetry is what lets a nightly block raise the daily mean.
    """
    return 1.0 + coupling_rebound * demand_gain * lost_tone / (demand50 + lost_tone)


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


@M.state("1", "delayed demand on beta-endorphin release", start=1.0)
def pomc_drive(pomc_drive: float, demand: float, t_delay_pomc: float) -> float:
    """First-order delay."""
    return (demand - pomc_drive) / t_delay_pomc


@M.state("1", "delayed demand on enkephalin release", start=1.0)
def penk_drive(penk_drive: float, demand: float, t_delay_penk: float) -> float:
    """First-order delay."""
    return (demand - penk_drive) / t_delay_penk


def supply(pool: float, pool50: float) -> float:
    """Share of the wanted release that the store can supply: 1 when full, saturating."""
    return pool * (1.0 + pool50) / (pool + pool50)


def extra_synthesis(drive: float, gain: float, half: float) -> float:
    """Synthesis above rest that a demand calls up, to a ceiling; of a healthy reserve."""
    asked = drive - 1.0
    return gain * asked / (half + positive_part(asked, 0.02))


@M.quantity("1", "beta-endorphin released, relative to a healthy rest")
def endorphin_release(
    endorphin_pool: float, pomc_drive: float, circadian: float, exercise: float, pool50: float
) -> float:
    """What the store supplies, times drive, clock and exercise."""
    return supply(endorphin_pool, pool50) * pomc_drive * circadian * (1.0 + exercise)


@M.quantity("1", "met-enkephalin released, relative to a healthy rest")
def enkephalin_release(enkephalin_pool: float, penk_drive: float, pool50: float) -> float:
    """What the store supplies, times drive."""
    return supply(enkephalin_pool, pool50) * penk_drive


# not bounded by zero: at rest smoothing leaves demand, and so extra synthesis, a hair below it
@M.state(
    "1", "extra synthesis of beta-endorphin precursor, of a healthy reserve", scale=0.01, lower=None
)
def pomc_synthesis(
    pomc_synthesis: float,
    pomc_drive: float,
    exercise: float,
    synthesis_gain: float,
    synthesis50: float,
    t_half_synthesis: float,
) -> float:
    """Follows demand slowly."""
    wanted = extra_synthesis(pomc_drive * (1.0 + exercise), synthesis_gain, synthesis50)
    return LN2 / t_half_synthesis * (wanted - pomc_synthesis)


@M.state(
    "1", "extra synthesis of enkephalin precursor, of a healthy reserve", scale=0.01, lower=None
)
def penk_synthesis(
    penk_synthesis: float,
    penk_drive: float,
    synthesis_gain: float,
    synthesis50: float,
    t_half_synthesis: float,
) -> float:
    """Follows demand slowly."""
    wanted = extra_synthesis(penk_drive, synthesis_gain, synthesis50)
    return LN2 / t_half_synthesis * (wanted - penk_synthesis)


def refill(
    pool: float, extra: float, release: float, drain: float, k_pool: float, reserve: float
) -> float:
    """Synthesis minus release and drain; a small store fills and empties faster."""
    return k_pool / reserve * (1.0 + reserve * extra - release - drain * pool)


@M.state("1", "store of beta-endorphin, share of full", start=1.0)
def endorphin_pool(
    endorphin_pool: float,
    pomc_synthesis: float,
    endorphin_release: float,
    k_pool: float,
    reserve: float,
    stress: float,
    stress_drain: float,
) -> float:
    """Synthesis limited by the reserve, minus release and the drain of stress."""
    drain = stress * stress_drain
    return refill(endorphin_pool, pomc_synthesis, endorphin_release, drain, k_pool, reserve)


@M.state("1", "store of met-enkephalin, share of full", start=1.0)
def enkephalin_pool(
    enkephalin_pool: float,
    penk_synthesis: float,
    enkephalin_release: float,
    k_pool: float,
    reserve: float,
    stress: float,
    stress_drain: float,
) -> float:
    """As for beta-endorphin, without clock."""
    drain = stress * stress_drain
    return refill(enkephalin_pool, penk_synthesis, enkephalin_release, drain, k_pool, reserve)


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


M.reads("relative to rest", "pomc_drive", "penk_drive", "demand")
M.reads("relative to rest", "endorphin_release", "enkephalin_release")
M.reads("fold of the daily mean", "expected_endorphin", "circadian")
M.reads("share of a healthy reserve", "pomc_synthesis", "penk_synthesis")
M.reads("share of full", "endorphin_pool", "enkephalin_pool")
M.reads("fold of healthy", "beta_endorphin", "met_enkephalin")
M.reads("fraction", "lost_tone")
M.called(
    beta_endorphin="β-endorphin", met_enkephalin="met-enkephalin", pomc_drive="POMC drive",
    penk_drive="PENK drive", pomc_synthesis="POMC synthesis", penk_synthesis="PENK synthesis",
    endorphin_pool="β-endorphin pool", enkephalin_pool="met-enkephalin pool",
    endorphin_release="β-endorphin release", enkephalin_release="met-enkephalin release",
    expected_endorphin="expected β-endorphin", circadian="rhythm of β-endorphin",
    demand="demand for peptide", lost_tone="lost mu tone",
)  # fmt: skip
