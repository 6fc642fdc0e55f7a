"""The small blocks of a study file: patient, modifiers, changes, output and solver."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from ldnsim.config.axis import Scalar
from ldnsim.config.base import Config, shorthand
from ldnsim.config.own_summary import Summaries
from ldnsim.config.quantities import (
    Flag,
    Fraction,
    Hours,
    Number,
    OfParameter,
    Pure,
    Whole,
    parameter_value,
)
from ldnsim.engine.methods import ways
from ldnsim.errors import UserError

if TYPE_CHECKING:
    MethodName = str
else:
    MethodName = Literal[tuple(ways())]


class ModelBlock(Config):
    """The model that the study is of: that of the package, with extensions named here."""

    extend: tuple[str, ...] = ()
    """Mechanisms in Python (``.py``) and data (``.toml``), as paths relative to the study file, and
    names of extensions of installed packages."""


class Patient(Config):
    """Who is treated: a phenotype, the state the patient rests in, and single parameters."""

    phenotype: str = "default"
    """A named phenotype (a set of parameter values with its evidence)."""
    basin: Literal["inflamed", "resolved"] | None = None
    """Which of the two stable microglial states the patient starts in; the phenotype's own when
    left out."""
    parameters: dict[str, OfParameter] = Field(default_factory=dict)
    """Single parameters of this patient, in the units of ``ldnsim parameters`` or as text with
    another, such as ``"90 L/h"``."""
    functional_capacity: Pure | None = Field(default=None, ge=0.0, le=10.0)
    """Functional capacity, 10 healthy to 0 depleted: sets the endorphin reserve."""
    oprm1: Literal["AA", "AG", "GG"] | None = None
    """OPRM1 A118G genotype; without effect unless a claim is made."""
    oprm1_claim: Literal["bond1998"] | None = None
    """The claim on the genotype that shall count; none when left out."""
    smoker: Flag | None = None
    """Whether the patient smokes: higher clearance."""
    cirrhosis: Literal["none", "severe"] | None = None
    """Cirrhosis of the liver: less first pass and clearance."""
    bioavailability: Pure | None = Field(default=None, ge=0.05, le=0.40)
    """Oral bioavailability, the strength of first pass."""
    sex: Literal["man", "woman"] | None = None
    """Sex: women answer lost mu tone with more ACTH; between the two when left out."""
    adversity: Literal["low", "high"] | None = None
    """Adversity in childhood: a high one blunts that answer."""
    post_traumatic_stress: Pure | None = Field(default=None, ge=0.0, le=1.0)
    """Post-traumatic stress, 0 none to 1 severe: more burden from the same adverse effects."""
    other: dict[str, Scalar] = Field(default_factory=dict)
    """Covariates that extensions of the model add, and claims on them (``NAME_claim``), by name."""

    @field_validator("parameters", mode="before")
    @classmethod
    def _with_units(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        key = "patient.parameters"
        return {
            k: parameter_value(k, v, key=f"{key}.{k}") if isinstance(v, str) else v
            for k, v in value.items()
        }

    def covariates(self) -> dict[str, Any]:
        """Return the covariates that are set, and the claims made on them."""
        named = ("phenotype", "basin", "parameters", "other")
        own = {
            k: v for k in type(self).model_fields
            if k not in named and (v := getattr(self, k)) is not None
        }  # fmt: skip
        return own | self.other


class Adjunct(Config):
    """One adjunct taken for part of the study."""

    model_config = ConfigDict(
        json_schema_extra=shorthand({"type": "string", "description": "Name of the adjunct."})
    )

    name: str
    """Name of the adjunct."""
    start: Hours = 0.0
    """When it starts; before that the patient is without it."""
    stop: Hours | None = None
    """When it stops; never when left out."""

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _stops_after_start(self) -> Adjunct:
        if self.stop is not None and self.stop <= self.start:
            raise UserError(
                f"{self.name} stops at {self.stop:g} h, not after its start at {self.start:g} h"
            )
        return self


class Modifiers(Config):
    """What is done besides naltrexone: adjuncts, exercise, stress."""

    adjuncts: tuple[Adjunct, ...] = ()
    """Adjuncts, by name or as tables with start and stop."""
    exercise: Pure | None = Field(default=None, ge=0.0)
    """Exercise level from the start of the study on; the patient's own level when left out."""
    stress: Pure | None = Field(default=None, ge=0.0)
    """Chronic stress level from the start of the study on; the patient's own when left out."""


class Change(Config):
    """A parameter that takes another value during the study (the driver is treated at week 8)."""

    at: Hours
    """When it happens."""
    parameter: str
    """Which parameter."""
    value: OfParameter | None = None
    """The new value, in the parameter's own unit or as text with another; or:"""
    factor: Pure | None = Field(default=None, ge=0.0)
    """a factor on the value the patient started with."""

    @field_validator("value", mode="before")
    @classmethod
    def _with_unit(cls, value: Any, info: ValidationInfo) -> Any:
        name = info.data.get("parameter")  # None where that is wrong itself
        return parameter_value(name, value) if name and isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_of_value_and_factor(self) -> Change:
        if (self.value is None) == (self.factor is None):
            raise UserError(
                f"a change of {self.parameter!r} needs either value or factor, not both"
            )
        return self


class Output(Config):
    """What is kept and how it is stored."""

    every: Hours = Field(
        default=6.0, gt=0.0, validate_default=False, json_schema_extra={"default": "6 h"}
    )
    """Interval of the stored trajectories; it never steers the solver."""
    variables: tuple[str, ...] | Literal["default", "all"] = "default"
    """Names of the variables to keep, or ``"default"``, or ``"all"``."""
    trajectories: Flag = True
    """Whether the variables are kept over time, or only the summaries (large sweeps)."""
    night: Literal["last", False] | Whole = "last"
    """The close-up: 24 h from the bedtime dose, of the last treated day, of a numbered day, or
    none."""
    night_every: Hours = Field(
        default=0.25, gt=0.0, validate_default=False, json_schema_extra={"default": "15 min"}
    )
    """Interval of the stored close-up."""
    ledger: Flag = True
    """Whether every planned dose is stored with what became of it."""
    summaries: Summaries = "default"
    """Names of the summaries to compute, or ``"default"``, or ``"all"``; tables define others."""
    occupancy_threshold: Fraction = 0.2
    """Mu-receptor occupancy above which an hour counts as blocked."""
    rebound_threshold: Pure = Field(default=1.05, gt=0.0)
    """Beta-endorphin, as a multiple of that of the untreated patient at the same clock time, above
    which an hour counts as rebound."""
    response_fraction: Fraction = 0.3
    """Fall of pain, as a share of the untreated mean, that counts as a response."""
    sensitivity: Flag = False
    """Whether the result says how its summaries follow every parameter, for one treated run: that
    of the first name and the middle number of each axis."""
    attribution: Flag | tuple[str, ...] = False
    """Whether the result says how much of each change came through opioid tone and how much through
    TLR4: of pain, TNF and inflamed microglia over time and of every summary, or of those named
    here. Each run is then accompanied by up to three others."""
    store: Literal["zarr", "netcdf"] = "zarr"
    """Format of the store."""
    dtype: Literal["float32", "float64"] = "float32"
    """Precision of the stored trajectories; summaries are always float64."""

    @field_validator("night", mode="before")
    @classmethod
    def _night_is_a_day(cls, value: Any) -> Any:
        number = isinstance(value, Integral) and not isinstance(value, bool)
        if value is False or value == "last" or (number and value >= 0):
            return value
        what = "; true names no day" if value is True else ""
        raise UserError(
            f"value = {value!r}: expected 'last', the number of a day (from 0), or false{what}"
        )


class Solver(Config):
    """Accuracy and effort. Threads and block never change a single bit of the result."""

    rtol: Number = Field(default=1e-4, ge=1e-11, lt=1e-2)
    """Largest error wanted of a value, relative to its state's range."""
    atol: Number | None = Field(default=None, ge=1e-15, lt=1e-2)
    """What of each state's usual size need not be resolved, of states of the drug a tenth of that;
    a hundredth of rtol when left out."""
    method: MethodName = "auto"
    """auto: collocation, and Rodas5P for runs in which that fails; or one of them for all."""
    refine: Flag = True
    """Whether a run in which errors grow (its microglia tip) is solved again at a tenth of rtol,
    and of that, until two solutions agree; ``accuracy`` of the result says which were."""
    threads: Whole | None = Field(default=None, ge=1, le=4096)
    """Number of threads; all cores when left out."""
    block: Whole | None = Field(default=None, ge=8, le=5_000_000)
    """Runs per block: what is finished and saved at once; a multiple of 8. Chosen from the size of
    the study and the number of threads when left out."""

    @property
    def floor(self) -> float:
        """Absolute tolerance in use, as a share of usual size; states of the drug have a tenth."""
        return 1e-2 * self.rtol if self.atol is None else self.atol

    @model_validator(mode="after")
    def _block_fills_lanes(self) -> Solver:
        if self.block is not None and self.block % 8:
            raise UserError(
                f"block = {self.block}: runs are solved 8 at a time, so a block is a multiple of"
                f" 8; try {-(-self.block // 8) * 8}"
            )
        return self
