"""Immune cells outside the brain: NK activity, the autoimmune balance, mast cells.

Opioid peptides modulate them: natural-killer activity by at most about 30 %, effector cells down,
regulatory cells up. Naltrexone itself has no term here; it acts through what it does to the tone.
"""

from __future__ import annotations

from ldnsim.mechanisms.forms import falling, rising
from ldnsim.mechanisms.record import ASSUMED, IN_VITRO, Mechanism, logitnormal, lognormal

M = Mechanism("immunity", "NK cells, autoimmune balance and mast cells")
P = M.parameter
P("nk_gain", 0.30, "1", "largest change of NK activity by opioid peptides", IN_VITRO,
  "mathews1983_nk", spread=logitnormal(0.4), high=1.0,
  note="+27 to +30 % in human cells; 7 of 15 donors answer; enkephalins did nothing in rats")
P("t_nk", 48.0, "h", "time constant of NK activity", ASSUMED, spread=lognormal(0.3), low=0.1)
P("autoimmunity", 1.0, "1", "autoimmune drive of the patient, healthy = 1", ASSUMED,
  spread=lognormal(0.4))
P("effector_il6", 0.15, "1", "effector cells raised per fold of IL-6", ASSUMED,
  spread=lognormal(0.4))
P("effector_tone", 0.8, "1", "strength of opioid tone against effector cells", ASSUMED,
  spread=lognormal(0.4))
P("effector_regulation", 1.0, "1", "strength of regulatory against effector cells", ASSUMED,
  spread=lognormal(0.4))
P("regulatory_gain", 0.5, "1", "largest change of regulatory cells by opioid tone", ASSUMED,
  spread=logitnormal(0.4), high=0.95)
P("t_effector", 240.0, "h", "time constant of effector cells", ASSUMED, spread=lognormal(0.3),
  low=0.1)
P("t_regulatory", 336.0, "h", "time constant of regulatory cells", ASSUMED,
  spread=lognormal(0.3), low=0.1)
P("mast_drive", 1.0, "1", "mast-cell drive of the patient, healthy = 1", ASSUMED,
  spread=lognormal(0.4))
P("mast_driver_gain", 2.0, "1", "mast-cell activation by an outside driver", ASSUMED,
  spread=lognormal(0.5))
P("mast_tone", 0.3, "1", "strength of opioid tone against mast cells", ASSUMED,
  spread=lognormal(0.5))
P("t_mast", 24.0, "h", "time constant of mast-cell activation", ASSUMED, spread=lognormal(0.3),
  low=0.1)


@M.state("1", "natural-killer cell activity, fold of healthy", start=1.0)
def nk_activity(nk_activity: float, peripheral_tone: float, nk_gain: float, t_nk: float) -> float:
    """Follows opioid tone within ``1 - nk_gain`` and ``1 + nk_gain``."""
    return (1.0 + nk_gain * (rising(peripheral_tone, 1.0) - 1.0) - nk_activity) / t_nk


@M.state("1", "autoimmune effector cells, fold of healthy", start=1.0)
def effector_cells(
    effector_cells: float,
    regulatory_cells: float,
    il6: float,
    peripheral_tone: float,
    autoimmunity: float,
    effector_il6: float,
    effector_tone: float,
    effector_regulation: float,
    t_effector: float,
) -> float:
    """Driven by autoimmunity and IL-6, held by opioid tone and regulatory cells."""
    drive = autoimmunity * (1.0 + effector_il6 * (il6 - 1.0))
    held = falling(peripheral_tone, effector_tone) * falling(regulatory_cells, effector_regulation)
    return (drive * held - effector_cells) / t_effector


@M.state("1", "regulatory cells, fold of healthy", start=1.0)
def regulatory_cells(
    regulatory_cells: float, peripheral_tone: float, regulatory_gain: float, t_regulatory: float
) -> float:
    """Follow opioid tone within ``1 - regulatory_gain`` and ``1 + regulatory_gain``."""
    target = 1.0 + regulatory_gain * (rising(peripheral_tone, 1.0) - 1.0)
    return (target - regulatory_cells) / t_regulatory


@M.quantity("1", "autoimmune balance, effector over regulatory cells, healthy = 1")
def autoimmune_balance(effector_cells: float, regulatory_cells: float) -> float:
    """Above 1: effectors prevail."""
    return effector_cells / regulatory_cells


@M.state("1", "mast-cell activation, fold of healthy", start=1.0)
def mast_activation(
    mast_activation: float,
    driver: float,
    peripheral_tone: float,
    mast_drive: float,
    mast_driver_gain: float,
    mast_tone: float,
    factor_mast: float,
    t_mast: float,
) -> float:
    """Patient's own drive and the outside driver, held by opioid tone and by stabilisers."""
    drive = factor_mast * (mast_drive + mast_driver_gain * driver)
    return (drive * falling(peripheral_tone, mast_tone) - mast_activation) / t_mast


M.reads("fold of healthy", "nk_activity", better="higher")
M.reads("fold of healthy", "effector_cells", "regulatory_cells", "autoimmune_balance")
M.reads("fold of healthy", "mast_activation", better="lower")
M.called(nk_activity="NK-cell activity", mast_activation="mast-cell activation")
