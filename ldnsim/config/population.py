"""The block ``[population]``: virtual patients who differ as the recorded spreads say."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from ldnsim.config.base import Config
from ldnsim.config.correlations import Correlation
from ldnsim.config.quantities import Fraction, Number, Whole
from ldnsim.errors import UserError


class Population(Config):
    """Many virtual patients, the same ones in every regimen and under every hypothesis."""

    size: Whole = Field(ge=2, le=1_000_000)
    """Number of patients; the dimension ``patient`` of the result."""
    method: Literal["sobol", "latin_hypercube"] = "sobol"
    """How quantiles are drawn: ``sobol`` (a larger population begins with the smaller one) or
    ``latin_hypercube`` (strata of this size)."""
    seed: Whole | None = Field(default=None, ge=0)
    """Seed of the draws; the study's when left out."""
    vary: tuple[str, ...] | Literal["all"] = "all"
    """Parameters that differ between patients, or ``"all"`` that have a recorded spread."""
    exclude: tuple[str, ...] = ()
    """Parameters that are the same in all patients."""
    scale: Number = Field(default=1.0, ge=0.0, le=3.0)
    """Multiplier on all recorded spreads."""
    pk_scale: Number = Field(default=1.0, ge=0.0, le=3.0)
    """Further multiplier on the spreads of pharmacokinetics."""
    oprm1_g_frequency: Fraction | None = None
    """Frequency of the G allele of OPRM1 A118G: genotypes are drawn in Hardy-Weinberg shares."""
    plausible: dict[str, tuple[Number, Number]] = Field(default_factory=dict)
    """Lowest and highest untreated 24 h mean of a variable that a patient may have, such as
    ``pain = [3, 9]``; other draws are rejected and counted."""
    correlations: tuple[Correlation, ...] = ()
    """Parameters that go together; all others are drawn independently of each other."""
    match: str | None = None
    """A published population (``ldnsim population``) to whose baseline the patients are weighted;
    all count the same when left out."""
    least_effective: Number | None = Field(default=None, ge=1.0)
    """Fewest patients, by Kish's effective sample size, that weights may leave; a tenth of them but
    at least 12, and at most half, when left out."""

    @model_validator(mode="after")
    def _nothing_contradicts(self) -> Self:
        for name, (low, high) in self.plausible.items():
            if low >= high:
                raise UserError(
                    f"plausible.{name} = [{low:g}, {high:g}]: the lower limit comes first"
                )
        if self.least_effective is not None and self.match is None:
            raise UserError("least_effective is of weights: add match, or leave it out")
        if self.least_effective is not None and self.least_effective > self.size:
            raise UserError(
                f"least_effective = {self.least_effective:g}: there are only size = {self.size}"
            )
        both = [n for n in self.exclude if self.vary != "all" and n in self.vary]
        if both:
            raise UserError(f"vary and exclude both name {both[0]!r}; keep one of them")
        return self
