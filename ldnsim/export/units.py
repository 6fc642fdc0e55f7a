"""Units of the model as SBML and Antimony declare them; time is in hours throughout."""

from __future__ import annotations

from dataclasses import dataclass

HOUR = 3600.0
"""Seconds in the unit of time."""


@dataclass(frozen=True)
class Base:
    """One factor ``(multiplier 10^scale kind)^exponent`` of a unit, as SBML has it."""

    kind: str
    exponent: int = 1
    scale: int = 0
    multiplier: float = 1.0


_NMOL = Base("mole", scale=-9)
_PER_LITRE = Base("litre", -1)
_PER_HOUR = Base("second", -1, multiplier=HOUR)

DEFINED: dict[str, tuple[Base, ...]] = {
    "hour": (Base("second", multiplier=HOUR),),
    "per_hour": (_PER_HOUR,),
    "nmol": (_NMOL,),
    "nmol_per_litre": (_NMOL, _PER_LITRE),
    "nmol_per_hour": (_NMOL, _PER_HOUR),
    "litre_per_hour": (Base("litre"), _PER_HOUR),
    "ng_per_mL": (Base("gram", scale=-9), Base("litre", -1, scale=-3)),
}
"""Units to define, by identifier."""

_NAMES = {
    "1": "dimensionless",
    "h": "hour",
    "1/h": "per_hour",
    "L": "litre",
    "L/h": "litre_per_hour",
    "nmol": "nmol",
    "nmol/L": "nmol_per_litre",
    "nmol/h": "nmol_per_hour",
    "ng/mL": "ng_per_mL",
}


def unit_id(unit: str) -> str:
    """Return the identifier of a unit of the model.

    Raises:
        ValueError: a unit that has no definition here yet.
    """
    if unit not in _NAMES:
        raise ValueError(f"unit {unit!r} has no SBML definition; add it to {__name__}")
    return _NAMES[unit]
