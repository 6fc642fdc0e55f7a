"""Microglia: inflamed cells, what they release, a fast brake on it and a slow priming.

Two memories decide the course. *Tolerance* of the cells that make cytokines (A20, TGF-beta) follows
what they are driven to within hours to a day and brakes their release: a lasting stimulus fades.
*Priming* follows the share of inflamed cells over weeks, steeply, and keeps them active without a
stimulus: the same patient can rest resolved or inflamed. The fast loop is negative and the slow one
positive, so that nothing rings. The healthy person is the reference: at ``m1_healthy`` and
``signal_healthy`` every equation here stands still by construction.
"""

from __future__ import annotations

from ldnsim.mechanisms.forms import LN2, brake_by, hill, positive_part
from ldnsim.mechanisms.record import (
    ASSUMED,
    Mechanism,
    Switch,
    logitnormal,
    lognormal,
)

M = Mechanism("microglia", "Microglia: activation, fast tolerance, slow priming")
P = M.parameter
P("m1_healthy", 0.06, "1", "share of inflamed microglia in a healthy person", ASSUMED,
  spread=logitnormal(0.2), low=1e-3, high=0.5, note="the reference from which activation counts")
P("signal_healthy", 0.0874, "1", "TLR4 signal of a healthy person", ASSUMED,
  spread=logitnormal(0.2), high=0.5, note="what the healthy phenotype's driver gives")
P("activation_signal", 0.3302, "1", "activation of microglia by full TLR4 signal, odds", ASSUMED,
  spread=lognormal(0.3))
P("activation_priming", 0.84, "1", "activation of microglia by full priming, odds", ASSUMED,
  spread=lognormal(0.2))
P("priming50", 0.2953, "1", "share of inflamed cells that primes half", ASSUMED,
  spread=lognormal(0.15), low=1e-3, high=1.0)
P("priming_trif", 0.2303, "1", "share of the action of priming that runs through the TRIF branch",
  ASSUMED, spread=logitnormal(0.5), high=1.0)
P("tone_brake", 0.9075, "1", "largest share of activation that opioid tone can hold back", ASSUMED,
  spread=logitnormal(0.4), high=1.0)
P("tone_brake50", 1.277, "1", "opioid tone that holds back half of it", ASSUMED,
  spread=lognormal(0.15), low=0.1,
  note="above 1: the brake grows faster with a surplus of tone than it is lost with a lack")
P("blood_to_brain", 0.03, "1", "signal to microglia per fold of cytokines of blood", ASSUMED,
  "skelly2013 qin2007", spread=lognormal(0.5), note="TNF and IL-1 of blood reach the mouse brain, "
  "IL-6 hardly; size assumed; 0 cuts the arrow")
P("t_half_m1", 2.683, "h", "half-life of the inflamed state of a microglial cell", ASSUMED,
  spread=lognormal(0.3), low=0.1)
P("t_half_priming", 359.5, "h", "half-life of priming", ASSUMED, spread=lognormal(0.4), low=0.1,
  note="mouse brain keeps an imprint for at least six months (Wendeln 2018)",
  alternatives={"wendeln2018_mouse": 4380.0})
P("t_half_tolerance", 13.62, "h", "half-life of tolerance", ASSUMED, spread=lognormal(0.4),
  low=0.1, note="blood cells: greatest at 6 h, gone by 12 h (Dillingh 2014)")
P("tolerance50", 0.03215, "1", "drive at which full tolerance halves the release", ASSUMED,
  spread=lognormal(0.3), low=1e-4)
P("release_priming", 0.1293, "1", "release that full priming drives, relative to full signal",
  ASSUMED, spread=lognormal(0.4))
P("tspo_gain", 0.5927, "1", "glial PET signal added by inflamed cells, at all cells", ASSUMED,
  spread=lognormal(0.4))

# half primed is where the slow positive feedback has taken hold
M.inflamed = Switch("microglia_m1", "priming50", 0.6, memory="priming")


def released(drive: float, tolerance: float, tolerance50: float) -> float:
    """What cells driven to release do release under tolerance."""
    return drive / (1.0 + tolerance / tolerance50)


@M.quantity("1", "TLR4 signal, mean of both branches")
def tlr4_signal(tlr4_trif: float, tlr4_myd88: float) -> float:
    """Both branches count alike."""
    return 0.5 * (tlr4_trif + tlr4_myd88)


@M.quantity("1", "signal to microglia from the blood, in units of full TLR4 signal")
def blood_signal(blood_cytokines: float, blood_to_brain: float) -> float:
    """What cytokines of blood add beyond a healthy level; not through TLR4."""
    return blood_to_brain * (blood_cytokines - 1.0)


@M.quantity("1", "priming that acts")
def acting_priming(priming: float, priming_trif: float, trif_uninhibited: float) -> float:
    """A share of what priming does runs through the branch that naltrexone reaches."""
    return priming * (1.0 - priming_trif + priming_trif * trif_uninhibited)


@M.quantity("1", "brake of opioid tone on activation, 1 at rest")
def tone_brake_left(opioid_tone: float, tone_brake: float, tone_brake50: float) -> float:
    """What tone leaves of activation: saturating and steeper above rest than below."""
    return brake_by(opioid_tone, tone_brake, tone_brake50)


@M.quantity("1", "activation of microglia, odds of being inflamed")
def activation(
    acting_priming: float,
    tlr4_signal: float,
    blood_signal: float,
    tone_brake_left: float,
    cortisol_brake: float,
    m1_healthy: float,
    signal_healthy: float,
    activation_signal: float,
    activation_priming: float,
    priming50: float,
    factor_microglia: float,
) -> float:
    """A healthy person's odds, plus what priming, TLR4 and blood add, under tone and cortisol."""
    primed = activation_priming * (acting_priming - hill(m1_healthy, priming50, 4))
    signalled = activation_signal * (tlr4_signal + blood_signal - signal_healthy)
    odds = m1_healthy / (1.0 - m1_healthy) + primed + signalled
    return factor_microglia * positive_part(odds, 0.001) * tone_brake_left * cortisol_brake


@M.state("1", "inflamed microglia, share of all", scale=0.01, upper=1.0, start=0.06,
         start_inflamed=0.4)
def microglia_m1(microglia_m1: float, activation: float, t_half_m1: float) -> float:
    """Follows the share that belongs to the odds."""
    return LN2 / t_half_m1 * (activation / (1.0 + activation) - microglia_m1)


@M.state("1", "priming of microglia", scale=0.01, upper=1.0, start=0.002,
         start_inflamed=0.77)
def priming(
    priming: float, microglia_m1: float, priming50: float, t_half_priming: float
) -> float:
    """Follows the share of inflamed cells slowly and steeply."""
    return LN2 / t_half_priming * (hill(microglia_m1, priming50, 4) - priming)


@M.quantity("1", "drive on inflamed cells to release cytokines")
def cytokine_drive(
    microglia_m1: float, priming: float, tlr4_signal: float, blood_signal: float,
    release_priming: float,
) -> float:
    """Cells times what drives each of them."""
    return microglia_m1 * (release_priming * priming + tlr4_signal + blood_signal)


@M.state("1", "tolerance of the cells that make cytokines", scale=0.01, start=0.005,
         start_inflamed=0.1)
def tolerance(tolerance: float, cytokine_drive: float, t_half_tolerance: float) -> float:
    """Follows the drive within hours to a day, whatever is released."""
    return LN2 / t_half_tolerance * (cytokine_drive - tolerance)


@M.quantity("1", "drive on a healthy person's cells to release cytokines")
def healthy_drive(
    m1_healthy: float, signal_healthy: float, priming50: float, release_priming: float
) -> float:
    """The reference of all folds."""
    return m1_healthy * (release_priming * hill(m1_healthy, priming50, 4) + signal_healthy)


@M.quantity("1", "glial PET signal (TSPO), fold of healthy")
def tspo_signal(microglia_m1: float, m1_healthy: float, tspo_gain: float) -> float:
    """Inflamed cells bind more than resting ones."""
    return 1.0 + tspo_gain * (microglia_m1 - m1_healthy)


M.reads("fraction", "microglia_m1", "priming", "acting_priming", better="lower")
M.reads("fraction", "tlr4_signal", better="lower")
M.reads("relative to full signal", "blood_signal")
M.reads("relative to full signal", "cytokine_drive", "tolerance", "healthy_drive")
M.reads("relative to rest", "tone_brake_left")
M.reads("odds", "activation")
M.reads("fold of healthy", "tspo_signal", better="lower")
M.called(
    microglia_m1="inflammatory microglia", activation="activation of microglia",
    priming="microglial priming", tolerance="cytokine tolerance",
    acting_priming="acting priming", tlr4_signal="TLR4 signal",
    cytokine_drive="drive on cytokines", healthy_drive="healthy drive on cytokines",
    tone_brake_left="activation left by tone", tspo_signal="TSPO signal",
)  # fmt: skip
