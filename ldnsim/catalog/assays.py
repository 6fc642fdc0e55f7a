"""What can be measured in a patient, and with what error (``data/assays.toml``)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ldnsim.arrays import Floats
from ldnsim.catalog.read import TableEntry, Text, entries
from ldnsim.errors import UserError
from ldnsim.mechanisms.record import GRADES
from ldnsim.model import Model

SCALES = ("ratio", "difference")
FIELDS = (
    "title", "variable", "scale", "floor", "between_sd", "assay_sd", "baseline", "daily", "grade",
    "note",
)  # fmt: skip


@dataclass(frozen=True)
class Assay:
    """One measurable quantity and its error.

    Attributes:
        title: name for tables and pictures.
        variable: the model's variable that stands for it.
        scale: ``"ratio"``, log of the ratio to the untreated value, or ``"difference"`` from it.
        floor: added to both values of a ratio.
        between_sd: SD between people of the change, on the scale.
        assay_sd: SD of one measurement, on the scale.
        baseline: whether the untreated value is measured too.
        daily: whether it is a mean over the day.
        grade: evidence grade of the two numbers.
        note: where they come from.
    """

    title: str
    variable: str
    scale: str
    floor: float
    between_sd: float
    assay_sd: float
    baseline: bool
    daily: bool
    grade: str
    note: str

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


def read_assays(text: Text, file: str, model: Model) -> dict[str, Assay]:
    """Read assays of a model by name.

    Raises:
        UserError: no assay, or one with a wrong key, value or variable.
    """
    found = {name: _assay(e, model) for name, e in entries(text, file, FIELDS)}
    if not found:
        raise UserError(f"{file}: no assay in it; each is a table such as [tnf]")
    return found


def _assay(entry: TableEntry, model: Model) -> Assay:
    variable = entry.text("variable")
    entry.check("variable", [variable], model.observables, "a variable")
    floor, between, assay = (
        _size(entry, k, required=k != "floor") for k in ("floor", "between_sd", "assay_sd")
    )
    if between == 0.0 and assay == 0.0:
        raise entry.error("", "between_sd and assay_sd are both 0; nothing is exact")
    return Assay(
        entry.text("title"), variable, entry.choice("scale", SCALES), floor, between, assay,
        entry.flag("baseline", True), entry.flag("daily", False), entry.choice("grade", GRADES),
        entry.text("note"),
    )  # fmt: skip


def _size(entry: TableEntry, key: str, required: bool) -> float:
    """Return a number of 0 or more; 0 where it may be left out."""
    value = entry.number(key) if required or key in entry.data else 0.0
    if value < 0.0:
        raise entry.error(key, f"{value:g}: expected a number of 0 or more")
    return value
