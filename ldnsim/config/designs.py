"""The block ``[trial]``, or several as ``[[trial]]``: the design of a trial, as a frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from ldnsim.config.base import Config
from ldnsim.config.quantities import Fraction, Hours, Pure, Whole, time_text
from ldnsim.errors import UserError, short, unknown

WEEK = 168.0
Estimand = Literal["hypothetical", "while_on_treatment", "treatment_policy", "responder"]


def _listed(value: Any) -> Any:
    """Take one value for a list of it."""
    return (value,) if isinstance(value, str | int | float) else value


def _whole_weeks(value: float) -> float:
    if value % WEEK:
        raise UserError(
            f"value = '{time_text(value)}': pain is reported by the week, so expected whole weeks,"
            " such as '12 wk'"
        )
    return value


def _either(schema: dict[str, Any]) -> None:
    """In the schema, one of a kind or a list of them."""
    whole = {k: schema.pop(k) for k in ("items", "type", "minItems") if k in schema}
    schema["anyOf"] = [whole["items"], whole]


Weeks = Annotated[Hours, AfterValidator(_whole_weeks)]
"""A time of whole weeks, in hours."""
_ONE = (BeforeValidator(_listed), Field(json_schema_extra=_either))
Names = Annotated[tuple[str, ...], *_ONE]
Numbers = Annotated[
    tuple[Annotated[Whole, Field(ge=1, le=100_000)], ...], Field(min_length=1), *_ONE
]
Estimands = Annotated[tuple[Estimand, ...], Field(min_length=1), *_ONE]


def _length(weeks: int) -> Any:
    """Return a field whose default is a number of weeks, written as users write it."""
    return Field(default=f"{weeks} wk", gt=0.0)


class Design(Config):
    """What all designs have: who is compared, how many, how often, and what is asked."""

    name: str = ""
    """Name in tables and results; that of the design when left out."""
    control: str = ""
    """Regimen that the others are compared with; the one without drug when left out, which is added
    where the study has none."""
    treatments: Names = ()
    """Names of the regimens compared with the control; all others of the study when left out."""
    patients: Numbers = (100,)
    """Patients randomised in all, one number or several: power is told over them."""
    trials: Whole = Field(default=1000, ge=1, le=1_000_000)
    """How often the trial is repeated with patients, responses and errors drawn anew."""
    alpha: Pure = Field(default=0.05, gt=0.0, lt=1.0)
    """Two-sided level of the test."""
    power: Pure = Field(default=0.8, gt=0.0, lt=1.0)
    """Power for which the number of patients is looked for."""
    estimands: Estimands = ("hypothetical",)
    """What is asked where patients stop: as if nobody had; the last value before stopping; whatever
    they did; response, with stopping as failure."""
    average: Whole = Field(default=1, ge=1)
    """How many of the last weeks make the outcome."""
    response: Fraction = 0.3
    """Fall of reported pain, as a share of its start, that counts as a response."""
    placebo: str = "final2024"
    """Account of the placebo response."""
    lost: Pure = Field(default=0.0, ge=0.0, lt=1.0)
    """Share of patients lost at random in a week (assumed; it has no source)."""

    @property
    def title(self) -> str:
        """What it is called."""
        return self.name or str(getattr(self, "design", "trial"))

    @property
    def weeks_in_all(self) -> int:
        """How many weeks one patient is in the trial."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _sense(self) -> Self:
        if min(self.patients) < 2:
            raise UserError("patients = 1: a trial compares patients, so it has two or more")
        for key in ("patients", "estimands", "treatments"):
            given = getattr(self, key)
            twice = [v for i, v in enumerate(given) if v in given[:i]]
            if twice:
                raise UserError(f"{key}: {twice[0]!r} is listed twice; keep one")
        if self.control and self.control in self.treatments:
            raise UserError(
                f"treatments: {self.control!r} is the control; a trial compares it with others"
            )
        return self


class Parallel(Design):
    """Groups side by side; each patient gets one regimen, fixed or titrated."""

    design: Literal["parallel"] = "parallel"
    weeks: Weeks = _length(12)
    """Length of treatment."""
    analysis: Literal["ancova", "welch", "repeated"] = "ancova"
    """Change with the baseline as covariate, Welch's test of changes, or repeated measures, in
    which what comes after stopping is missing."""
    visits: Weeks = _length(4)
    """Interval of the visits of repeated measures, back from the end."""

    @property
    def weeks_in_all(self) -> int:
        """How many weeks one patient is in the trial."""
        return round(self.weeks / WEEK)

    @model_validator(mode="after")
    def _asks_what_it_answers(self) -> Self:
        if self.analysis == "repeated" and "while_on_treatment" in self.estimands:
            raise UserError(
                "estimands = 'while_on_treatment': repeated measures leave out what comes after"
                " stopping and answer 'hypothetical'; set analysis = 'ancova'"
            )
        if self.analysis == "repeated" and self.average > 1:
            raise UserError("average: repeated measures take single visits; leave it out")
        return self


class DoseResponse(Design):
    """Several doses side by side with a control; tested for a trend over dose."""

    design: Literal["dose_response"] = "dose_response"
    weeks: Weeks = _length(12)
    """Length of treatment."""

    @property
    def weeks_in_all(self) -> int:
        """How many weeks one patient is in the trial."""
        return round(self.weeks / WEEK)


class Adaptive(Design):
    """Several arms side by side; at an interim arms are dropped, or the trial stops in vain."""

    design: Literal["adaptive"] = "adaptive"
    weeks: Weeks = _length(12)
    """Length of treatment."""
    interim: Pure = Field(default=0.5, gt=0.0)
    """Share of the patients whose outcomes are looked at."""
    futility: Pure = Field(default=0.1, ge=0.0, lt=1.0)
    """An arm whose conditional power under its trend so far is below this is dropped; the trial
    stops when none is left."""
    keep: Whole | None = Field(default=None, ge=1)
    """How many arms go on at most, the best ones; all that are not dropped when left out."""

    @property
    def weeks_in_all(self) -> int:
        """How many weeks one patient is in the trial."""
        return round(self.weeks / WEEK)

    @model_validator(mode="after")
    def _looks_before_the_end(self) -> Self:
        if self.interim >= 1.0:
            raise UserError(
                f"interim = {self.interim:g}: it has to come before the end, so expected a share of"
                " the patients below 1, such as 0.5"
            )
        return self


class _InPeriods(Design):
    """Patients are their own controls, period after period."""

    period: Weeks = _length(4)
    """Length of each period."""
    washout: Weeks = 0.0
    """Weeks without drug between two periods."""
    discard: Weeks = 0.0
    """Weeks at the start of each period that are not analysed."""

    @property
    def count(self) -> int:
        """How many periods there are."""
        raise NotImplementedError

    @property
    def weeks_in_all(self) -> int:
        """How many weeks one patient is in the trial."""
        return round((self.count * self.period + (self.count - 1) * self.washout) / WEEK)

    @model_validator(mode="after")
    def _something_is_left(self) -> Self:
        left = round((self.period - self.discard) / WEEK)
        if left < 1:
            raise UserError(
                f"discard = '{time_text(self.discard)}' leaves nothing of a period of"
                f" '{time_text(self.period)}'; make the period longer"
            )
        if self.average > left:
            raise UserError(f"average = {self.average}: {left} weeks of a period are analysed")
        if self.washout > 2.0 * self.period:
            raise UserError(
                f"washout = '{time_text(self.washout)}' is more than twice the period of"
                f" '{time_text(self.period)}': patients would be mostly between periods; make the"
                " period longer, or the washout shorter"
            )
        return self


class Crossover(_InPeriods):
    """Every patient gets the regimens one after the other, in one of several orders."""

    design: Literal["crossover"] = "crossover"
    sequences: tuple[tuple[str, ...], ...] = ()
    """Orders of regimens by name; of two regimens both orders when left out."""

    @property
    def count(self) -> int:
        """How many periods there are."""
        return len(self.sequences[0]) if self.sequences else 2

    @model_validator(mode="after")
    def _as_many_periods(self) -> Self:
        if self.sequences and len({len(s) for s in self.sequences}) > 1:
            raise UserError("sequences: each needs as many periods as the others")
        if self.sequences and self.count < 2:
            raise UserError(f"sequences = {self.sequences!r}: a crossover has two periods or more")
        if self.sequences and len(set(self.sequences)) < 2:
            raise UserError(
                "sequences: with one order alone, period and regimen cannot be told apart; add the"
                " reverse"
            )
        return self


class NOf1(_InPeriods):
    """Each patient is a trial: pairs of periods, with and without drug, again and again."""

    design: Literal["n_of_1"] = "n_of_1"
    pairs: Whole = Field(default=3, ge=2, le=26)
    """Pairs of periods, each with drug and control in either order."""
    period: Weeks = _length(2)
    """Length of each period."""

    analysis: Literal["means", "mixed"] = "means"
    """Each patient's mean difference with the order told apart, or a mixed model of the pairs."""

    @property
    def count(self) -> int:
        """How many periods there are."""
        return 2 * self.pairs


class Withdrawal(Design):
    """Everybody gets the drug; then part of them loses it."""

    design: Literal["withdrawal"] = "withdrawal"
    run_in: Weeks = _length(8)
    """Length of the open part with drug."""
    weeks: Weeks = _length(6)
    """Length of the part after randomisation."""

    @property
    def weeks_in_all(self) -> int:
        """How many weeks one patient is in the trial."""
        return round((self.run_in + self.weeks) / WEEK)


class Enriched(Withdrawal):
    """Everybody gets the drug; only those whom it helped, or who bore it, are randomised."""

    design: Literal["enriched"] = "enriched"  # type: ignore[assignment]
    run_in: Weeks = _length(4)
    """Length of the open part with drug."""
    weeks: Weeks = _length(8)
    """Length of the part after randomisation."""
    washout: Weeks = 0.0
    """Weeks without drug before randomised treatment begins."""
    select: Literal["responders", "tolerators", "both"] = "responders"
    """Who is randomised: whose reported pain fell by ``response``; who had no week of burden above
    ``burden``; or who meets both."""
    burden: Pure = Field(default=1.0, gt=0.0)
    """Weekly mean of the adverse burden that tolerators stay below (assumed)."""

    @property
    def weeks_in_all(self) -> int:
        """How many weeks one patient is in the trial."""
        return round((self.run_in + self.washout + self.weeks) / WEEK)


class UpAndDown(Design):
    """The next patient gets a higher dose after a failure, a lower one after a response."""

    design: Literal["up_and_down"] = "up_and_down"
    weeks: Weeks = _length(2)
    """When each patient's response is read."""
    start: str = ""
    """Regimen of the first patient; the middle of ``treatments`` when left out."""
    patients: Numbers = (25,)
    """Patients one after the other, one number or several."""

    @property
    def weeks_in_all(self) -> int:
        """How many weeks one patient is in the trial."""
        return round(self.weeks / WEEK)

    @model_validator(mode="after")
    def _begins_at_a_dose(self) -> Self:
        if self.start and self.treatments and self.start not in self.treatments:
            raise unknown("start", self.start, self.treatments)
        return self


DESIGNS: dict[str, type[Design]] = {
    str(d.model_fields["design"].default): d
    for d in (
        Parallel, Crossover, NOf1, Withdrawal, Enriched, UpAndDown, DoseResponse, Adaptive
    )
}  # fmt: skip
"""Every design by its name in a study file."""


def _form(value: Any) -> str:
    kind = value.get("design") if isinstance(value, Mapping) else getattr(value, "design", "")
    return f"({kind})"


def _designs(value: Any) -> Any:
    """Take one table for a list of it, and refuse a design that there is none of."""
    if isinstance(value, Mapping | Design):
        value = (value,)
    if not isinstance(value, list | tuple):
        raise UserError(f"trial = {short(value)}: expected a table, or several as [[trial]]")
    for i, one in enumerate(value, start=1):
        where = "trial" if len(value) == 1 else f"trial[{i}]"
        if not isinstance(one, Mapping | Design):
            raise UserError(f"{where} = {short(one)}: expected a table")
        if isinstance(one, Mapping) and "design" not in one:
            raise UserError(f"{where}.design is missing; one of {', '.join(DESIGNS)}")
        if isinstance(one, Mapping) and one["design"] not in DESIGNS:
            raise unknown(f"{where}: the design", str(one["design"]), DESIGNS)
    return value


def _names_differ(designs: tuple[Design, ...]) -> tuple[Design, ...]:
    """Refuse two trials of one name."""
    titles = [d.title for d in designs]
    for i, title in enumerate(titles):
        if title in titles[:i]:
            raise UserError(f"trial[{i + 1}]: two trials are called {title!r}; give each a name")
    return designs


AnyDesign = Annotated[
    Annotated[Parallel, Tag("(parallel)")]
    | Annotated[Crossover, Tag("(crossover)")]
    | Annotated[NOf1, Tag("(n_of_1)")]
    | Annotated[Withdrawal, Tag("(withdrawal)")]
    | Annotated[Enriched, Tag("(enriched)")]
    | Annotated[UpAndDown, Tag("(up_and_down)")]
    | Annotated[DoseResponse, Tag("(dose_response)")]
    | Annotated[Adaptive, Tag("(adaptive)")],
    Discriminator(_form),
]
Designs = Annotated[
    tuple[AnyDesign, ...],
    BeforeValidator(_designs),
    AfterValidator(_names_differ),
    Field(json_schema_extra=_either),
]
"""``trial``: one design or several."""
