"""The biology: one file per mechanism, each equation written once as plain scalar Python."""

from ldnsim.mechanisms import (
    cytokines,
    daily_life,
    endogenous,
    immunity,
    microglia,
    modifiers,
    neuroendocrine,
    neurons,
    periphery,
    pharmacokinetics,
    receptors,
    symptoms,
    tlr4,
    tolerability,
)

MECHANISMS = tuple(
    module.M
    for module in (
        pharmacokinetics,
        receptors,
        endogenous,
        periphery,
        neuroendocrine,
        tlr4,
        microglia,
        cytokines,
        immunity,
        neurons,
        symptoms,
        daily_life,
        tolerability,
        modifiers,
    )
)
"""Every mechanism, in the order of the causal chain."""
