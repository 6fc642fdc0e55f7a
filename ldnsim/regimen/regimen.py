"""A regimen: what is taken, when, from day 0 to its end, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

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
from ldnsim.regimen import text
from ldnsim.regimen.base import Frozen, user_error
from ldnsim.regimen.doses import DoseTable, Rung, count_doses, expand, rungs
from ldnsim.regimen.phase import DEFAULT_HOLD_H, Phase
from ldnsim.regimen.weekdays import EXAMPLE, StartDay, day_name

if TYPE_CHECKING:
    from ldnsim.regimen.adherence import Adherence
    from ldnsim.regimen.ledger import Ledger


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
        if isinstance(data, str):
            from ldnsim.regimen.grammar import read_regimen

            return read_regimen(data)
        if isinstance(data, Mapping) and "phases" not in data:
            own = {k: v for k, v in data.items() if k in cls.model_fields}
            phase = {k: v for k, v in data.items() if k not in cls.model_fields}
            for key in phase:
                if key not in Phase.model_fields:
                    raise unknown("regimen field", str(key), [*own, *Phase.model_fields, "phases"])
            return {**own, "phases": [phase]}
        if isinstance(data, Mapping):
            for key in data:
                if key not in cls.model_fields:
                    raise unknown("regimen field", str(key), cls.model_fields)
            if isinstance(data["phases"], str):
                from ldnsim.regimen.grammar import read_regimen

                return _with_text(data, read_regimen(data["phases"]))
        return data

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
    def parse(cls, source: str | Mapping[str, Any] | Regimen) -> Regimen:
        """Read prescription text, a protocol's name, or structured fields.

        Raises:
            UserError: with the words or fields that could not be understood, and the remedy.
        """
        try:
            return cls.model_validate(source)
        except ValidationError as error:
            raise user_error(error) from None

    @property
    def duration_h(self) -> float:
        """Hours from day 0 to the end of the last phase."""
        return sum(phase.length or 0 for phase in self.phases) / 60

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
        from ldnsim.regimen.ledger import make_ledger

        return make_ledger(self.doses(), self.duration_h, adherence, subject)

    def with_field(self, path: str, value: Any) -> Regimen:
        """Return a regimen with one field changed; see `ldnsim.regimen.fields.with_field`."""
        from ldnsim.regimen.fields import with_field

        return with_field(self, path, value)

    def with_fields(self, values: Mapping[str, Any]) -> Regimen:
        """Return a regimen with several fields changed, checked together at the end."""
        from ldnsim.regimen.fields import with_fields

        return with_fields(self, values)

    def __str__(self) -> str:
        """Return canonical prescription text; ``Regimen.parse`` reads it back as an equal value."""
        return text.regimen_text(self.phases, self.start_day)

    def __repr__(self) -> str:
        """Return code that makes an equal regimen."""
        return f"Regimen.parse({str(self)!r})"

    def _repr_html_(self) -> str:
        return text.regimen_html(self)

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


def _with_text(data: Mapping[str, Any], read: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a regimen whose phases are one text, with the start day it names."""
    found = {**data, "phases": read["phases"]}
    if "start_day" in read and "start_day" in data:
        raise UserError(
            f"start_day = {data['start_day']!r} is given twice: the text says "
            f"'starting on {read['start_day']}'"
        )
    return found | {k: v for k, v in read.items() if k == "start_day"}
