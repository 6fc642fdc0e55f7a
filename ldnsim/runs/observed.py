"""Observations of an event table in the terms of the model: which variable, in its own unit.

The file says what it observed and in which unit; here both are checked against the model, and what
no fit and no picture could use is refused by its row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.config.molar import reading
from ldnsim.errors import UserError, nearest, short
from ldnsim.mechanisms.pharmacokinetics import M
from ldnsim.mechanisms.record import Variable
from ldnsim.model import Model
from ldnsim.regimen import Recorded
from ldnsim.regimen.event_observations import LEFT_OUT, Measured
from ldnsim.units import to_unit

if TYPE_CHECKING:
    from ldnsim.config.study import StudyConfig
    from ldnsim.runs.plan import Plan


@dataclass(frozen=True)
class Observation:
    """One measured value.

    Attributes:
        subject: ID.
        variable: name of the model's variable.
        time_h: hours from the midnight at which the run begins.
        value: in the unit of the variable; the limit of quantification where it was below that.
        below: whether it was below the limit.
        row: of the file, the header being row 1.
    """

    subject: str
    variable: str
    time_h: float
    value: float
    below: bool
    row: int


def says_nothing(m: Measured) -> bool:
    """Whether a row names no variable: numbers are those of other programs."""
    return not m.what or m.what.isdigit()


def observations(
    recorded: Recorded, model: Model, only_named: bool = False
) -> tuple[Observation, ...]:
    """Return what was measured of one subject, in order of time.

    Args:
        recorded: the subject.
        model: whose variables these are.
        only_named: leave out rows that name no variable, instead of refusing them.

    Raises:
        UserError: an observation that names no variable of the model, without unit or with one of
            another kind, one that the variable never has, of the drug before
            its first dose, or a second one of the same variable at the same time.
    """
    found: list[Observation] = []
    for m in recorded.observations:
        if only_named and says_nothing(m):
            continue
        one = _observation(m, recorded, model)
        twin = next((o for o in found if (o.time_h, o.variable) == (one.time_h, one.variable)), one)
        if twin is not one:
            raise _error(
                m, recorded, f"TIME = {m.time_h:g}",
                f"{one.variable} of ID {m.subject} is observed at this time in row {twin.row} too;"
                " keep one of them, such as the mean",
            )  # fmt: skip
        found.append(one)
    return tuple(found)


def _observation(m: Measured, recorded: Recorded, model: Model) -> Observation:
    variable = _variable(m, recorded, model)
    value = _in_own_unit(m, variable, recorded)
    low, high = variable.span
    if not low <= value <= high:
        beyond = f"above {high:g}" if value > high else f"below {low:g}" if low else "negative"
        unit = f" {variable.unit}".removesuffix(" 1") if value > high or low else ""
        problem = f"{variable.name} is never {beyond}{unit}"
        raise _error(m, recorded, f"DV = {m.value:g}", problem)
    origin, doses = recorded.doses().origin_h, recorded.doses().time_h
    first = float(doses[0]) if len(doses) else np.inf
    if variable.mechanism == M.name and origin + m.time_h <= first:
        raise _error(
            m, recorded, f"TIME = {m.time_h:g}",
            f"before the first dose there is no drug, and nothing to learn from {variable.name};"
            " remove the row, or set MDV = 1",
        )  # fmt: skip
    return Observation(m.subject, variable.name, origin + m.time_h, value, m.below, m.row)


def _variable(m: Measured, recorded: Recorded, model: Model) -> Variable:
    known = model.observables
    if m.what in known:
        return known[m.what]
    if says_nothing(m):
        said = f"{m.what}=naltrexone_plasma" if m.what else "naltrexone_plasma"
        raise _error(
            m, recorded, f"DVID or CMT = {m.what!r}",
            f"which variable is observed? Write its name into DVID, or say observe {said};"
            f" {LEFT_OUT}",
        )  # fmt: skip
    raise _error(
        m, recorded, f"DVID = {short(m.what)}",
        f"no variable of the model is called so{nearest(m.what, known)}; {LEFT_OUT}",
    )  # fmt: skip


def _in_own_unit(m: Measured, variable: Variable, recorded: Recorded) -> float:
    """Return the value in the unit of the variable; nothing is taken to have a unit."""
    if not m.unit:
        if variable.unit == "1":
            return m.value
        raise _error(
            m, recorded, f"DV = {m.value:g}",
            f"in which unit? {variable.name} is in {variable.unit}: head the column"
            f" 'DV ({variable.unit})', add a column UNIT, or say dv_unit",
        )  # fmt: skip
    key = f"{_where(m, recorded)}: DV"
    text = f"{m.value!r} {m.unit}" if m.unit != "1" else repr(m.value)
    factor, unit = reading(text, variable.name, variable.unit)
    return factor * to_unit(text, unit, key=key)


def _where(m: Measured, recorded: Recorded) -> str:
    file = recorded.table.file
    return f"event table{f' {file!r}' if file else ''}, row {m.row}"


def _error(m: Measured, recorded: Recorded, cell: str, problem: str) -> UserError:
    return UserError(f"{_where(m, recorded)}: {cell}: {problem}")


def variables(study: StudyConfig) -> tuple[str, ...]:
    """Return the variables that the event tables of a study observed."""
    known = study.edition.model.observables
    named = (
        m.what
        for r in study.named_regimens().values()
        if isinstance(r, Recorded)
        for m in r.observations
    )
    return tuple(dict.fromkeys(n for n in named if n in known))


def labelled(plan: Plan) -> dict[str, tuple[str, NDArray[Any], Mapping[str, Any]]]:
    """Return the observations of a plan's event tables, for its result; empty without any.

    One entry for each observation up to the end of the runs, along ``observation``:
    ``observed_regimen`` says to which regimen (or ID) it belongs, ``observed_time`` when it was,
    ``observed_below`` whether it was below the limit of quantification (its value is then that
    limit), and ``observed_VARIABLE`` has the value, NaN where another variable was observed.
    """
    model = plan.edition.model
    rows = [
        (name, o)
        for name, r in plan.study.named_regimens().items()
        if isinstance(r, Recorded)
        for o in observations(r, model, only_named=True)
        if o.time_h <= plan.end
    ]
    if not rows:
        return {}
    dim, seen = "observation", [o for _, o in rows]
    found: dict[str, tuple[str, NDArray[Any], Mapping[str, Any]]] = {
        "observed_regimen": (
            dim, np.array([n for n, _ in rows], dtype=str),
            {"long_name": "regimen or ID of the observation"},
        ),
        "observed_time": (
            dim, np.array([o.time_h for o in seen]),
            {"units": "h", "long_name": "time of the observation"},
        ),
        "observed_below": (
            dim, np.array([o.below for o in seen]),
            {"long_name": "below the limit of quantification, which is given as the value"},
        ),
    }  # fmt: skip
    for name in dict.fromkeys(o.variable for o in seen):
        values = np.array([o.value if o.variable == name else np.nan for o in seen])
        v = model.observables[name]
        words = {"units": v.unit, "long_name": f"observed {v.long_name}"}
        found[f"observed_{name}"] = (dim, values, words)
    return found
