"""A regimen: what is taken, when, from day 0 to its end, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import (
    GetJsonSchemaHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ldnsim.errors import UserError, unknown
from ldnsim.regimen.adherence import Adherence
from ldnsim.regimen.base import Frozen, user_error
from ldnsim.regimen.clauses import Fields
from ldnsim.regimen.doses import DoseTable, Rung, count_doses, expand, rungs
from ldnsim.regimen.fields import changed, field_name
from ldnsim.regimen.grammar import read_regimen
from ldnsim.regimen.ledger import Ledger, make_ledger
from ldnsim.regimen.phase import DEFAULT_HOLD_H, Phase
from ldnsim.regimen.protocols import protocol_fields
from ldnsim.regimen.text import regimen_html, regimen_text
from ldnsim.regimen.weekdays import EXAMPLE, StartDay, day_name


class Regimen(Frozen):
    """Phases in sequence, with an optional label.

    Two regimens are equal when their phases and start day are: the label (name, title,
    description, sources) says where a regimen comes from, not what is taken. Prescription text,
    the name of a shipped protocol, and the fields of a single phase all validate as a regimen.

    Attributes:
        start_day: day of the week of day 0, 0 for Monday; matters where days are named.
        phases: at least one phase; only the last may leave its length open, which then is 12 wk
            at the target.
        name: short label for legends.
        title: one line for tables.
        description: what the regimen is and where it comes from.
        sources: citations as text.
        steps_assumed: whether the source leaves the exact steps open, so that they were chosen.
    """

    start_day: StartDay = 0
    phases: tuple[Phase, ...]
    name: str = ""
    title: str = ""
    description: str = ""
    sources: tuple[str, ...] = ()
    steps_assumed: bool = False

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, data: Any) -> Any:
        return _as_fields(data, protocol_fields())

    @field_validator("phases")
    @classmethod
    def _closed(cls, phases: tuple[Phase, ...], info: ValidationInfo) -> tuple[Phase, ...]:
        if not phases:
            raise UserError("a regimen needs at least one phase, such as '4.5 mg nightly at 22:00'")
        for index, phase in enumerate(phases[:-1]):
            if phase.length is None:
                raise UserError(
                    f"phase {index + 1} ('{phase}') has no duration; only the last phase may be "
                    "left open: add 'for 12 wk', or 'hold 12 wk' to stay that long at the target"
                )
        last = phases[-1]
        if last.length is None:
            field = "hold" if last.has_ladder else "duration"
            last = last.model_copy(update={field: DEFAULT_HOLD_H})
        phases = (*phases[:-1], last)
        start_day = info.data.get("start_day", 0)
        if start_day and all(phase.days is None for phase in phases):
            raise UserError(
                f"start_day = '{day_name(start_day)}' matters for named days only, and none are; "
                f"add 'on {EXAMPLE[1:]}, or leave it out"
            )
        count_doses(phases, start_day)  # refuses a phase that cannot hold a dose
        return phases

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Tell editors that text, the fields of one phase, or phases in full are accepted."""
        whole = handler(core)
        words = {"type": "string", "examples": ["standard", "4.5 mg nightly at 22:00, for 12 wk"]}
        return {"anyOf": [words, handler(Phase.__pydantic_core_schema__), whole]}

    @classmethod
    def parse(
        cls,
        source: str | Mapping[str, Any] | Regimen,
        protocols: Mapping[str, Regimen] | None = None,
    ) -> Regimen:
        """Read prescription text, a protocol's name, or structured fields.

        Args:
            source: what the user wrote, or a regimen, which is returned.
            protocols: the regimens that have names; the shipped ones when None.

        Raises:
            UserError: with the words or fields that could not be understood, and the remedy.
        """
        try:
            if protocols is not None:
                source = _as_fields(source, {n: _fields_of(r) for n, r in protocols.items()})
            return cls.model_validate(source)
        except ValidationError as error:
            raise user_error(error) from None

    @property
    def duration_h(self) -> float:
        """Hours from day 0 to the end of the last phase."""
        return sum(phase.length or 0 for phase in self.phases) / 60

    @property
    def is_guided(self) -> bool:
        """Whether rules decide on any of its doses."""
        return any(phase.is_guided for phase in self.phases)

    @property
    def reaches_target(self) -> bool:
        """Whether every ladder is long enough to give its target dose."""
        return all(p.ladder.reached < (p.length or 0) for p in self.phases if p.has_ladder)

    def doses(self) -> DoseTable:
        """Return every planned dose in time order (cached; read-only arrays)."""
        return expand(self.phases, self.start_day)

    def rungs(self) -> tuple[Rung, ...]:
        """Return the stretches of constant dose, for tables and step plots."""
        return rungs(self.phases)

    def ledger(self, adherence: Adherence | None = None, subject: int = 0) -> Ledger:
        """Return planned and taken doses for one subject; without ``adherence`` all are taken."""
        return make_ledger(self.doses(), self.duration_h, adherence, subject)

    def with_field(self, path: str, value: Any) -> Regimen:
        """Return a regimen with one field changed and everything checked again.

        A bare field (``"target"``, also spelled ``"dose"``) applies to the first phase that has it:
        a ladder for ``step``, ``factor``, ``interval`` and ``first_hold``; doses for ``start``,
        ``target``, ``hold`` and ``formulation``; any schedule for ``every``, ``at`` and ``days``;
        the first phase for ``duration``. ``start_day`` belongs to the whole.
        ``"phases.1.duration"`` names the phase (from 0). In a phase without a ladder start and
        target move together; a relative ladder stays relative. Setting the duration replaces a
        hold, and the other way round. Where the regimen has a name, the change is added to it;
        title, description and sources go, since they describe the original.

        Raises:
            UserError: unknown field, no phase that has it, or a value that contradicts the rest.
        """
        return self.with_fields({field_name(path): value})

    def with_fields(self, values: Mapping[str, Any]) -> Regimen:
        """Return a regimen with several fields changed, and only then everything checked again.

        So a start and a target can be set that are valid together, though neither is with the
        other's old value. The fields are those of `with_field`.

        Raises:
            UserError: as `with_field`, or two values for one field.
        """
        made = Regimen.parse(changed(self.phases, self.start_day, values))
        words = [f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in values.items()]
        name = ", ".join([self.name, *words]) if self.name else ""
        return made.model_copy(update={"name": name})

    def __str__(self) -> str:
        """Return canonical prescription text; ``Regimen.parse`` reads it back as an equal value."""
        return regimen_text(self.phases, self.start_day)

    def __repr__(self) -> str:
        """Return code that makes an equal regimen."""
        return f"Regimen.parse({str(self)!r})"

    def _repr_html_(self) -> str:
        return regimen_html(self.phases, self.start_day, self.title or self.name or "Regimen")

    def __eq__(self, other: object) -> bool:
        """Compare what is taken; labels do not count."""
        return (
            isinstance(other, Regimen)
            and self.phases == other.phases
            and self.start_day == other.start_day
        )

    def __hash__(self) -> int:
        """Hash what is taken."""
        return hash((self.phases, self.start_day))


def _as_fields(data: Any, protocols: Mapping[str, Fields]) -> Any:
    """Return text, a protocol's name, or the fields of one phase as the fields of a regimen."""
    if isinstance(data, str):
        return read_regimen(data, protocols)
    if isinstance(data, Mapping) and "phases" not in data:
        own = {k: v for k, v in data.items() if k in Regimen.model_fields}
        phase = {k: v for k, v in data.items() if k not in Regimen.model_fields}
        for key in phase:
            if key not in Phase.model_fields:
                raise unknown("regimen field", str(key), [*own, *Phase.model_fields, "phases"])
        return {**own, "phases": [phase]}
    if isinstance(data, Mapping):
        for key in data:
            if key not in Regimen.model_fields:
                raise unknown("regimen field", str(key), Regimen.model_fields)
        if isinstance(data["phases"], str):
            return _with_text(data, read_regimen(data["phases"], protocols))
    return data


def _fields_of(regimen: Regimen) -> Fields:
    """Return a regimen as validation input; the day of day 0 only where one is named."""
    found = {name: getattr(regimen, name) for name in Regimen.model_fields if name != "start_day"}
    return found | ({"start_day": day_name(regimen.start_day)} if regimen.start_day else {})


def _with_text(data: Mapping[str, Any], read: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a regimen whose phases are one text, with the start day it names."""
    found = {**data, "phases": read["phases"]}
    if "start_day" in read and "start_day" in data:
        raise UserError(
            f"start_day = {data['start_day']!r} is given twice: the text says "
            f"'starting on {read['start_day']}'"
        )
    return found | {k: v for k, v in read.items() if k == "start_day"}
