"""The TLR4 potency a hypothesis uses, next to the one that was measured."""

from __future__ import annotations

from collections.abc import Mapping

from ldnsim.model import Model
from ldnsim.parameters import plain

IC50 = "ic50_trif"
MEASURED = "superoxide_naloxone"
"""Name of the lowest glial constant measured, among the alternatives of :data:`IC50`."""
_PATH = ("coupling_tlr4", "coupling_drug", "coupling_brain")
"""Switches that all have to be on for naltrexone to reach TLR4."""


def potency(model: Model, overrides: Mapping[str, float]) -> tuple[str, str, str]:
    """Potency used, potency measured, and how many times weaker the measured one is.

    Args:
        model: whose default values count.
        overrides: parameter values of a hypothesis.

    Returns:
        numbers as text; ``off`` and no ratio when the drug does not reach TLR4.
    """
    known = model.parameters
    measured = known[IC50].alternatives[MEASURED]
    if any(overrides.get(name, known[name].value) == 0.0 for name in _PATH):
        return "off", f"{measured:g}", ""
    used = overrides.get(IC50, known[IC50].value)
    return f"{used:g}", f"{measured:g}", plain(measured / used)
