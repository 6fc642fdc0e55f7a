"""Units of the model as SBML and Antimony declare them; time is in hours throughout."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ldnsim.errors import UserError
from ldnsim.units import find_unit

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
"""Units that every file defines, by identifier."""
_BASES = (
    Base("gram", scale=-3), Base("second", multiplier=60.0), Base("mole", scale=-9), Base("litre"),
)  # fmt: skip
"""What `ldnsim.units` counts mass, time, substance and volume in: mg, min, nmol and L."""

_NAMES = {
    "": "dimensionless",
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
    """Return the identifier of a unit of the model; one that has no name here spells it."""
    text = unit.replace("%", "percent").replace("/", " per ").replace("µ", "u").split()
    return _NAMES.get(unit) or re.sub(r"\W", "_", "_".join(w for w in text if w != "1"))


def definitions(units: Iterable[str]) -> dict[str, tuple[Base, ...]]:
    """Return what a file has to define by identifier: :data:`DEFINED`, and other units of a model.

    Raises:
        UserError: a unit that `ldnsim.units` does not read.
    """
    others = [u for u in dict.fromkeys(units) if u not in _NAMES]
    return DEFINED | {unit_id(u): tuple(_factors(u)) for u in others}


def _factors(unit: str) -> Iterator[Base]:
    whole, under = find_unit(unit), find_unit(unit.partition("/")[2] or "1")
    if whole is None or under is None:
        raise UserError(f"unit {unit!r} cannot be written: it is none that is read in a study file")
    if not any(whole.dimension):
        yield Base("dimensionless", multiplier=float(whole.size))
    for exponent, base in zip(whole.dimension, _BASES, strict=True):
        if exponent:
            size = float(whole.size * under.size if exponent > 0 else under.size)
            yield Base(base.kind, exponent, base.scale, base.multiplier * size)
