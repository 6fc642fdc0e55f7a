"""What can be measured in a patient, and with what error: the file ``assays.toml``, checked."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ldnsim.config import toml
from ldnsim.edition import Edition, shipped
from ldnsim.errors import UserError, unknown
from ldnsim.mechanisms.record import GRADES
from ldnsim.model import Model

Floats = NDArray[np.float64]
FILE = "assays.toml"


class Assay(BaseModel):
    """One measurable quantity and its error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    """Name for tables and pictures."""
    variable: str
    """The model's variable that stands for it."""
    scale: Literal["ratio", "difference"]
    """Log of the ratio to the untreated value, or the difference from it."""
    floor: float = Field(default=0.0, ge=0.0)
    """Added to both values of a ratio."""
    between_sd: float = Field(ge=0.0)
    """SD between people of the change, on the scale."""
    assay_sd: float = Field(ge=0.0)
    """SD of one measurement, on the scale."""
    baseline: bool = True
    """Whether the untreated value is measured too."""
    daily: bool = False
    """Whether it is a mean over the day."""
    grade: str
    """Evidence grade of the two numbers."""
    note: str
    """Where they come from."""

    def effect(self, treated: Floats, untreated: Floats) -> Floats:
        """Return the change on the assay's scale; shapes broadcast."""
        if self.scale == "difference":
            return np.asarray(treated - untreated, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.log((treated + self.floor) / (untreated + self.floor)))

    def variance(self, participants: int) -> float:
        """Return the variance of the mean change of a group."""
        one = self.between_sd**2 + (2.0 if self.baseline else 1.0) * self.assay_sd**2
        return one / participants


def read_assays(path: Path | None = None, edition: Edition | None = None) -> dict[str, Assay]:
    """Read assays by name; those that come with the package when no file is named.

    Args:
        path: the file.
        edition: the model whose variables are measured; the shipped one when None.

    Raises:
        UserError: the file cannot be read, or an entry has a wrong key, value or variable.
    """
    if path is None:
        text, source = (files("ldnsim") / "data" / FILE).read_text(encoding="utf-8"), FILE
    else:
        text, source = toml.read(path), str(path)
    return parse_assays(text, source, (edition or shipped()).model)


def parse_assays(text: str, source: str, model: Model) -> dict[str, Assay]:
    """Read assays by name.

    Args:
        text: TOML, one table for each.
        source: name that errors give it.
        model: whose variables are measured.

    Raises:
        UserError: an entry has a wrong key, value or variable, or there is none.
    """
    data = toml.parse(text, source)
    if not data:
        raise UserError(f"{source}: no assay in it; each is a table such as [tnf]")
    return {name: _assay(source, name, entry, model) for name, entry in data.items()}


def _assay(source: str, name: str, entry: object, model: Model) -> Assay:
    try:
        assay = Assay.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join([name, *(str(part) for part in first["loc"])])
        raise UserError(f"{source}: {key}: {first['msg'].lower()}") from None
    if assay.variable not in model.observables:
        hint = unknown("variable", assay.variable, model.observables)
        raise UserError(f"{source}: {name}.variable: {hint}")
    if assay.grade not in GRADES:
        raise UserError(f"{source}: {name}.grade: {unknown('grade', assay.grade, GRADES)}")
    if assay.between_sd == 0.0 and assay.assay_sd == 0.0:
        raise UserError(f"{source}: {name}: between_sd and assay_sd are both 0; nothing is exact")
    return assay
