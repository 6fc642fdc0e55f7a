"""Concentrations of the drug as mass or as substance: which molar mass turns one into the other."""

from __future__ import annotations

from ldnsim.errors import UserError
from ldnsim.mechanisms.pharmacokinetics import MW_NALTREXOL, MW_NALTREXONE
from ldnsim.units import find_unit, to_unit

MASS, MOLAR = (1, 0, 0, -1), (0, 0, 1, -1)
"""Dimensions of the two kinds of concentration; see :mod:`ldnsim.units`."""
MOLAR_MASS = {
    **dict.fromkeys(("c_plasma", "naltrexone_plasma", "ntx_brain"), MW_NALTREXONE),
    **dict.fromkeys(("c_naltrexol", "naltrexol_plasma", "naltrexol_brain"), MW_NALTREXOL),
}
"""Molar mass of what a variable is a concentration of, as free base (g/mol)."""


def reading(text: object, name: str, unit: str) -> tuple[float, str]:
    """Return by what a quantity is multiplied once it is read, and in which unit it is read.

    Args:
        text: such as ``"2 nmol/L"``; what is no text, or of another kind, is read as it is.
        name: of the variable it is a value of.
        unit: of the variable.
    """
    own = find_unit(unit)
    if not isinstance(text, str) or own is None or name not in MOLAR_MASS:
        return 1.0, unit
    molar = own.dimension == MOLAR
    given, kind = ("ng/mL", "nmol/L") if molar else ("nmol/L", "ng/mL")
    try:
        to_unit(text, given)
    except UserError:
        return 1.0, unit
    # ng/mL is ug/L, and g/mol is ug/umol: mass over molar mass is umol/L
    factor = MOLAR_MASS[name] / 1e3
    return (1 / factor if molar else factor) * to_unit(f"1 {kind}", unit), given
