"""TRPM3 on natural-killer cells: an own mechanism, kept outside the package.

Ion channels of the type TRPM3 let calcium into natural-killer (NK) cells, which they need to kill.
Active mu receptors inhibit the channel through beta-gamma subunits of their G protein, so that a
current is the lower the more agonist the receptors hold, and naltrexone, which takes their place,
restores it [cabanas2019, cabanas2021]. Beta-gamma acts within the membrane, at once compared with
the hours of NK activity: the current is an algebraic quantity here and adds no state.

The direction is contested: in a dish opioid peptides raise NK activity by 27-30 % [mathews1983_nk],
as the equation of the package says. Both stand in the equation here; with ``coupling_trpm3`` at 0
it is that of the package, to the last bit.
"""

from __future__ import annotations

from ldnsim.mechanisms.forms import falling, tone_of
from ldnsim.mechanisms.immunity import nk_activity as nk_activity_by_tone
from ldnsim.mechanisms.record import ASSUMED, Mechanism, logitnormal, lognormal

M = Mechanism("trpm3", "TRPM3 channels of natural-killer cells")
P = M.parameter
# fmt: off
P("coupling_trpm3", 0.0, "1", "switch: NK activity follows the TRPM3 current (0 = not at all)",
  ASSUMED, high=1.0, note="off, so that nothing changes but under a hypothesis that turns it on")
P("nk_mor", 1.0, "1", "mu receptors at work on NK cells, healthy = 1", ASSUMED,
  spread=lognormal(0.4), high=20.0,
  note="never counted; more of them, or more agonist, would explain a low current in patients")
P("trpm3_inhibition", 1.0, "1", "strength of active mu receptors against TRPM3", ASSUMED,
  spread=lognormal(0.5), high=20.0,
  note="at 1 a full block doubles the current of a healthy cell; thrice the receptors halve it")
P("nk_trpm3", 0.3, "1", "share of NK activity that follows the TRPM3 current", ASSUMED,
  spread=logitnormal(0.4), high=0.5, note="never measured; up to 0.5 NK activity stays above 0")


@M.quantity("1", "mu tone on natural-killer cells, healthy rest = 1")
def nk_mu_tone(
    peripheral_occupancy: float, beta_endorphin: float, bound_mor: float, oprm1_potency: float,
    nk_mor: float,
) -> float:
    """Beta-endorphin at the mu receptors of the cell that the drug in plasma leaves free."""
    held = tone_of(beta_endorphin, bound_mor, oprm1_potency)
    return nk_mor * (1.0 - peripheral_occupancy) * held


@M.quantity("1", "TRPM3 current of natural-killer cells, fold of healthy")
def trpm3_current(nk_mu_tone: float, trpm3_inhibition: float) -> float:
    """1 in a healthy cell at rest, ``1 + trpm3_inhibition`` with all mu receptors blocked."""
    return falling(nk_mu_tone, trpm3_inhibition)


@M.replaces
def nk_activity(
    nk_activity: float, peripheral_tone: float, nk_gain: float, t_nk: float,
    trpm3_current: float, nk_trpm3: float, coupling_trpm3: float,
) -> float:
    """The equation of the package, and what the current adds to where NK activity tends."""
    by_tone = nk_activity_by_tone(nk_activity, peripheral_tone, nk_gain, t_nk)
    return by_tone + coupling_trpm3 * nk_trpm3 * (trpm3_current - 1.0) / t_nk


M.reads("relative to healthy rest", "nk_mu_tone")
M.reads("fold of healthy", "trpm3_current", better="higher")
M.called(nk_mu_tone="mu tone of NK cells", trpm3_current="TRPM3 current")
