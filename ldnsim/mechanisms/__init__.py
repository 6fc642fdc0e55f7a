"""The biology: one file per mechanism, each equation written once as plain scalar Python."""

from ldnsim.mechanisms import (
    cytokines,
    endogenous,
    immunity,
    microglia,
    modifiers,
    neuroendocrine,
    neurons,
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
        neuroendocrine,
        tlr4,
        microglia,
        cytokines,
        immunity,
        neurons,
        symptoms,
        tolerability,
        modifiers,
    )
)
"""Every mechanism, in the order of the causal chain."""
