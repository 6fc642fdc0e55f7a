"""The block ``[optimise]``: what may be chosen, what is wanted of it, and of whom it has to hold.

What is chosen among are *candidates*: every free field at one of its values. What a candidate is
worth is a weighted sum of summaries that a run has anyway, and of what its prescription alone says
(:data:`OF_THE_PRESCRIPTION`).
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from ldnsim.config.axis import Scalar, plain_values
from ldnsim.config.base import Config
from ldnsim.config.quantities import Fraction, Number, Whole
from ldnsim.errors import UserError

CAPSULES = ("0.5 mg", "1.5 mg", "3 mg", "4.5 mg")
"""Strengths that doses are made of when a study does not say. Two compounding pharmacies list them:
1.5, 3 and 4.5 mg (https://wellsrx.com/product/naltrexone-ldn) and 0.5 mg (https://bayviewrx.com,
"Naltrexone HCl 0.5 mg Capsules"); both make others to order, so that there are only these is
assumed."""
AT_ONCE = 3
"""Capsules swallowed for one dose, at most (assumed)."""
MADE_TO_MEASURE = "any"
"""Instead of strengths: every dose can be had, as from a solution."""
LARGEST_GRID = 400
"""Candidates that are all run; of more, some are, chosen as the search goes on."""
OF_THE_PRESCRIPTION: dict[str, tuple[str, str, str]] = {
    "steps": ("1", "changes of the dose", "lower"),
    "weeks_to_target": ("wk", "weeks until the highest dose", "lower"),
    "highest_dose": ("mg", "highest single dose", ""),
}
"""What a prescription says by itself: unit, words, and which way is better."""
ROOMS = ("regimen", "adherence", "modifiers")
"""First words of the fields that somebody decides; others are of the patient or of the world."""


class Free(Config):
    """A field that may be chosen, with the values it may take."""

    model_config = ConfigDict(serialize_by_alias=True)

    field: str
    """What is chosen, as the field of an axis: ``regimen``, ``regimen.<field>``,
    ``adherence.<field>``, ``modifiers``, ``modifiers.exercise``, ``modifiers.stress``."""
    name: str = Field(default="", pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")
    """What it is called in the result; the last word of the field when left out."""
    values: tuple[Scalar | tuple[str, ...], ...] | None = None
    """The values, as a list; quantities as text with their unit. Or:"""
    begin: Number | str | None = Field(default=None, alias="from")
    """the lowest"""
    to: Number | str | None = None
    """and the highest value, with their unit,"""
    step: Number | str | None = None
    """and the distance between two. Left out, a dose may be all that capsules make, and any other
    quantity anything in between."""
    unit: str | None = None
    """Unit of the coordinate, and of bare numbers."""

    _plain_values = field_validator("values", mode="before")(plain_values)

    @model_validator(mode="after")
    def _values_or_a_range(self) -> Self:
        ends = [k for k, v in (("from", self.begin), ("to", self.to)) if v is not None]
        if self.values is not None and (ends or self.step is not None):
            raise UserError(f"free field {self.field!r}: give either values, or from and to")
        if self.values is None and len(ends) < 2:
            raise UserError(
                f"free field {self.field!r}: give values = [...], or from and to such as"
                " from = '7 d', to = '28 d'"
            )
        if self.values is not None and not self.values:
            raise UserError(f"free field {self.field!r}: values is empty; list at least two")
        return self

    @property
    def called(self) -> str:
        """What it is called: its name, or one made of the field."""
        last = self.field.partition(".")[2] or self.field
        return self.name or last.replace(".", "_")


class Constraint(Config):
    """A limit that a candidate has to keep at every point of the axes: under every hypothesis."""

    summary: str
    """Name of a summary, or of what the prescription says."""
    least: Number | str | None = None
    """Lowest value allowed, in the unit of the summary or as text with another; or:"""
    most: Number | str | None = None
    """highest value allowed."""
    of: Literal["mean", "worst tenth"] = "mean"
    """Of whom: the mean of the patients, or the mean of the tenth in whom it is worst."""

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if (self.least is None) == (self.most is None):
            raise UserError(f"constraint on {self.summary!r}: give one of least and most")
        return self


class Optimise(Config):
    """What `ldnsim optimise` chooses, by what, and how."""

    free: tuple[Free, ...]
    """The fields that may be chosen."""
    utility: dict[str, Number]
    """What a candidate is worth: a weight for each summary, per unit of it; negative where less is
    better. The sum is maximised."""
    robust: Literal["mean", "worst tenth", "regret"] = "mean"
    """Over patients and axes: the mean, the mean of the worst tenth, or the smallest largest
    regret, which is how far the mean falls behind the best of each point of the axes."""
    constraints: tuple[Constraint, ...] = ()
    """Limits that a candidate has to keep."""
    capsules: tuple[str, ...] | Literal["any"] | None = None
    """Strengths that every dose is made of; ``"any"`` where doses are made to measure. Left out,
    capsules of 0.5, 1.5, 3 and 4.5 mg."""
    most_capsules: Whole = Field(default=AT_ONCE, ge=1, le=10)
    """Capsules for one dose, at most."""
    pareto: tuple[str, ...] = ()
    """What is weighed against each other in the front: the terms of the utility when left out."""
    ask: tuple[str, ...] = ()
    """What could be asked of a patient before choosing: axes of the study, parameters that the
    population draws, ``oprm1``. All axes when left out."""
    groups: Whole = Field(default=3, ge=2, le=10)
    """Groups of equal size that the answer puts patients into, of a drawn parameter."""
    flat: Fraction = 0.05
    """Candidates within this share of the range of all are called as good."""
    search: Literal["auto", "exhaustive", "optuna", "evolution"] = "auto"
    """All candidates are run (``exhaustive``), or some: optuna's estimator of densities, or scipy's
    differential evolution. Chosen by number and kind of candidates when left out."""
    evaluations: Whole = Field(default=200, ge=8, le=5_000)
    """Candidates that a search runs, at most."""
    batch: Whole = Field(default=16, ge=2, le=1000)
    """Candidates that it runs at once, as one sweep."""
    seed: Whole | None = Field(default=None, ge=0)
    """Seed of the search, of the folds and of resampled patients; the study's when left out."""

    @property
    def strengths(self) -> tuple[str, ...] | None:
        """Capsules in use; None where doses are made to measure."""
        return None if self.capsules == MADE_TO_MEASURE else tuple(self.capsules or CAPSULES)

    @property
    def terms(self) -> tuple[str, ...]:
        """Every summary that is looked at, in order: of the utility, the limits and the front."""
        limits = (c.summary for c in self.constraints)
        return tuple(dict.fromkeys([*self.utility, *limits, *self.pareto]))
