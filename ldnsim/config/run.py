"""One run of a study: what remains when every axis has taken one value."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ldnsim.catalog import CLAIM, check_level
from ldnsim.config.blocks import Adjunct, Change, Modifiers
from ldnsim.config.entries import as_single
from ldnsim.edition import Edition, shipped
from ldnsim.errors import UserError, unknown

if TYPE_CHECKING:
    from ldnsim.regimen import Adherence, Recorded, Regimen

NO_DRUG = "placebo nightly at 22:00, for 1 wk"
LABEL = "label"
"""Field of an axis that changes nothing: it gives the places of zipped axes their names."""


@dataclass(frozen=True)
class RunSpec:
    """Everything that sets one simulated patient on one regimen.

    Attributes:
        hypothesis: name of the hypothesis.
        phenotype: name of the phenotype.
        basin: starting basin, or None for the phenotype's own.
        parameters: overrides on top of hypothesis and phenotype.
        regimen: the doses planned, or as recorded.
        adherence: how they are taken; None for all of them, in time.
        subject: number of the virtual subject; keys its random draws.
        modifiers: adjuncts, exercise, stress.
        changes: parameters that change during the run.
        seed: of the study; that of an adherence model which only an axis asks for.
        covariates: what is known of the patient, with claims, by name.
        patient: place in the population; None for the patient as described.
        edition: the model it is a run of.
    """

    hypothesis: str
    phenotype: str
    basin: str | None
    parameters: tuple[tuple[str, float], ...]
    regimen: Regimen | Recorded
    adherence: Adherence | None
    subject: int
    modifiers: Modifiers
    changes: tuple[Change, ...]
    seed: int = 0
    covariates: tuple[tuple[str, Any], ...] = ()
    patient: int | None = None
    edition: Edition = dataclasses.field(default_factory=shipped, repr=False)

    @classmethod
    def of(
        cls,
        regimen: str = NO_DRUG,
        hypothesis: str = "dual_pathway",
        phenotype: str = "default",
        *,
        basin: str | None = None,
        parameters: Mapping[str, float] | None = None,
        adjuncts: Sequence[str] = (),
        exercise: float | None = None,
        stress: float | None = None,
        changes: Sequence[tuple[float, str, float]] = (),
        edition: Edition | None = None,
    ) -> RunSpec:
        """Return one run in few words; every dose is taken in time.

        Args:
            regimen: a prescription, or the name of a protocol.
            hypothesis: name of the hypothesis.
            phenotype: name of the phenotype.
            basin: the state it starts in; the phenotype's own when None.
            parameters: the patient's own, over hypothesis and phenotype.
            adjuncts: names of adjuncts taken throughout.
            exercise: level from the start on; the patient's own when None.
            stress: the same.
            changes: parameters that change: ``(hours, name, value)``.
            edition: the model it is a run of; the shipped one when None.

        Raises:
            UserError: for a prescription that cannot be read.
        """
        home = edition or shipped()
        with home.in_force():
            changed = [
                Change.model_validate({"at": f"{float(t)!r} h", "parameter": p, "value": v})
                for t, p, v in changes
            ]
            return cls(
                hypothesis=hypothesis,
                phenotype=phenotype,
                basin=basin,
                parameters=tuple(sorted((parameters or {}).items())),
                regimen=as_single(regimen),
                adherence=None,
                subject=0,
                modifiers=_with_adjuncts(Modifiers(exercise=exercise, stress=stress), adjuncts),
                changes=tuple(changed),
                edition=home,
            )

    def with_value(self, field: str, value: Any) -> RunSpec:
        """Return this run with one field set.

        Raises:
            UserError: when the field is unknown or refuses the value.
        """
        room, _, rest = field.partition(".")
        if field == LABEL:
            return self
        if field in ("hypothesis", "patient.phenotype", "patient.basin", "subject"):
            return replace(self, **{rest or room: value})
        if field in covariate_fields(self.edition):
            merged = {**dict(self.covariates), rest: checked_level(self.edition, field, value)}
            return replace(self, covariates=tuple(sorted(merged.items())))
        if field == "patient":
            return replace(self, patient=value, subject=self.subject + value)
        if field == "regimen":
            with self.edition.in_force():
                return replace(self, regimen=as_single(value))
        if room == "regimen":
            return replace(self, regimen=self.regimen.with_field(rest, value))
        if room == "parameters":
            return replace(
                self, parameters=tuple(sorted({**dict(self.parameters), rest: value}.items()))
            )
        if field == "modifiers":
            return replace(self, modifiers=_with_adjuncts(self.modifiers, value))
        if room == "modifiers" and rest in ("exercise", "stress"):
            return replace(self, modifiers=self.modifiers.model_copy(update={rest: value}))
        if room == "adherence":
            from ldnsim.regimen import Adherence

            base = self.adherence or Adherence(seed=self.seed)
            return replace(self, adherence=_with_adherence(base, rest, value))
        raise unknown("field", field, fixed_fields(self.edition))

    def with_values(self, pairs: Sequence[tuple[str, Any]]) -> RunSpec:
        """Return this run with several fields set, coarse ones first.

        Fields of the regimen are set together and checked once, so that a start and a target can
        advance together.

        Raises:
            UserError: when a field is unknown or refuses its value.
        """
        run = self
        parts = {k.partition(".")[2]: v for k, v in pairs if k.startswith("regimen.")}
        rest = [p for p in pairs if not p[0].startswith("regimen.")]
        for field, value in sorted(rest, key=lambda p: p[0].count(".")):
            run = run.with_value(field, value)
        return replace(run, regimen=run.regimen.with_fields(parts)) if parts else run


def _with_adjuncts(modifiers: Modifiers, value: Any) -> Modifiers:
    """Replace the adjuncts; ``"none"`` or an empty list takes them away, ``"a+b"`` is two."""
    if isinstance(value, str):
        names = [] if value == "none" else [v.strip() for v in value.split("+")]
    else:
        names = [v for v in value if v != "none"]
    return modifiers.model_copy(update={"adjuncts": tuple(Adjunct(name=n) for n in names)})


def _with_adherence(base: Adherence, key: str, value: Any) -> Adherence:
    """Set one field of the adherence model."""
    from ldnsim.regimen import Adherence

    if key not in Adherence.model_fields:
        raise unknown(
            "field", f"adherence.{key}", [f"adherence.{k}" for k in Adherence.model_fields]
        )
    try:
        return Adherence.model_validate({**base.model_dump(), key: value})
    except ValidationError as error:
        raise UserError(f"adherence.{key} = {value!r}: {error.errors()[0]['msg']}") from None


def checked_level(edition: Edition, field: str, value: Any) -> Any:
    """Check a level of a covariate, or the name of a claim; ``"none"`` takes a claim back.

    Raises:
        UserError: naming what is valid.
    """
    name, known = field.partition(".")[2], edition.covariates
    if name in known:
        check_level(known[name], value)
        return value
    claims = known[name.removesuffix(CLAIM)].claims
    if value not in (*claims, "none"):
        raise UserError(f"{field} = {value!r}: valid: {', '.join((*claims, 'none'))}")
    return value


def covariate_fields(edition: Edition) -> dict[str, str]:
    """Fields of covariates and of claims on them, with the kind of value each takes."""
    found: dict[str, str] = {}
    for name, c in edition.covariates.items():
        found[f"patient.{name}"] = c.kind
        if c.claims:
            found[f"patient.{name}{CLAIM}"] = "choice"
    return found


def fixed_fields(edition: Edition) -> list[str]:
    """Fields an axis can vary, besides ``parameters.<name>`` and ``regimen.<field>``."""
    from ldnsim.regimen import Adherence

    return [
        "hypothesis",
        "patient.phenotype",
        "patient.basin",
        *covariate_fields(edition),
        "regimen",
        "regimen.start",
        "regimen.step",
        "regimen.interval",
        "regimen.target",
        "modifiers",
        "modifiers.exercise",
        "modifiers.stress",
        "subject",
        LABEL,
        *(f"adherence.{k}" for k in Adherence.model_fields),
    ]
