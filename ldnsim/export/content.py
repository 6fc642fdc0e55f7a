"""What one run consists of, before any file format: equations, numbers, events, provenance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ldnsim.arrays import Floats
from ldnsim.config.study import StudyConfig
from ldnsim.engine.solve.status import Status
from ldnsim.equations.tree import Node, equation
from ldnsim.errors import UserError, kind
from ldnsim.mechanisms.pharmacokinetics import NMOL_PER_MG
from ldnsim.model import Model
from ldnsim.patients.untreated import untreated_days
from ldnsim.patients.vectors import Patients
from ldnsim.runs.plan import Plan, enrol, make_plan
from ldnsim.runs.watch import refuse
from ldnsim.units import whole_number

if TYPE_CHECKING:
    from ldnsim.config.run import RunSpec
    from ldnsim.patients.people import People


@dataclass(frozen=True)
class Event:
    """A dose, or a parameter that takes a new value.

    Attributes:
        id: ``dose_1``, ``dose_2``, ... or ``set_1``, ``set_2``, ..., in order of time.
        name: in words.
        time: hours from midnight of the first day.
        target: name of the state added to, or of the parameter set.
        value: nmol added, or the new value.
        is_dose: which of the two.
    """

    id: str
    name: str
    time: float
    target: str
    value: float
    is_dose: bool


@dataclass(frozen=True)
class Content:
    """Everything that is exported of one run.

    Attributes:
        model: the model.
        plan: the study laid out.
        people: its virtual patients, if any.
        number: number of the run in the study.
        run: the run; what was drawn of a virtual patient is filled in.
        parameters: the patient's value of every parameter at time 0.
        start: the untreated patient's state at midnight.
        events: in order of time.
        equations: rate of every state, per hour, and value of every quantity.
    """

    model: Model
    plan: Plan
    people: People | None
    number: int
    run: RunSpec
    parameters: dict[str, float]
    start: dict[str, float]
    events: tuple[Event, ...]
    equations: dict[str, Node]

    @property
    def changing(self) -> set[str]:
        """Names of the parameters that events set."""
        return {e.target for e in self.events if not e.is_dose}

    @property
    def units(self) -> list[str]:
        """Units of all parameters and variables, as the model writes them."""
        model = self.model
        variables = [v.unit for v in model.observables.values()]
        return [*(p.unit for p in model.parameters.values()), *variables]


def content(study: StudyConfig, run: int | None = None, threads: int | None = None) -> Content:
    """Collect what is exported of one run; the untreated patient is solved for.

    Args:
        study: the study.
        run: number of the run, the last dimension of the study varying fastest; may be left out
            when there is one only.
        threads: threads of the solver; the study's setting when None.

    Raises:
        UserError: no such run, no run named where there are several, or a patient without an
            untreated state.
    """
    kind(study, StudyConfig, 'a study, such as ldnsim.load("study.toml") returns', "study")
    if threads is not None:
        whole_number(threads, key="threads", least=1)
    plan = make_plan(study, threads)
    refuse(plan.watch, "export")
    model = plan.edition.model
    number = checked_run(plan, run)
    patients = enrol(plan)
    patient, people = patients.one(number), patients.people
    params, start = patient.params[0], _start(patient, number, plan.threads)
    spec = plan.runs[number]
    return Content(
        model,
        plan,
        people,
        number,
        spec if people is None else people.of(spec),
        dict(zip(model.parameters, params.tolist(), strict=True)),
        dict(zip(model.states, start.tolist(), strict=True)),
        _events(model, plan, number, params),
        equations(model),
    )


@cache
def equations(model: Model) -> dict[str, Node]:
    """Return every equation of the model as a tree, by the name of its state or quantity."""
    return {name: equation(v) for name, v in model.observables.items()}


def checked_run(plan: Plan, run: int | None) -> int:
    """Return the number of the run meant.

    Raises:
        UserError: no such run, or none named where there are several.
    """
    last = len(plan) - 1
    if run is not None:
        run = whole_number(run, key="run")
    if run is None and last > 0:
        sizes = " x ".join(f"{d.name} ({d.size})" for d in plan.dims)
        raise UserError(
            f"the study has {len(plan)} runs, {sizes}; say which one to export: run = 0 to {last}"
        )
    if run is not None and not 0 <= run <= last:
        raise UserError(f"run = {run}: the study has the runs 0 to {last}")
    return run or 0


def _start(patient: Patients, number: int, threads: int | None) -> Floats:
    """State at midnight of the untreated patient of one run."""
    orbit = untreated_days(patient, threads)
    status = Status(int(orbit.status[0]))
    if status is not Status.OK:
        raise UserError(f"run {number} cannot be exported: {status.advice}")
    return np.asarray(orbit.y0[0])


def _events(model: Model, plan: Plan, number: int, own: Floats) -> tuple[Event, ...]:
    (found,), rows = plan.treatment.events(np.array([number]), own[None]), []
    states, parameters = list(model.states), list(model.parameters)
    count = {True: 0, False: 0}
    for time, target, value in zip(found.time, found.target, found.value, strict=True):
        dose = int(target) < len(states)
        name = states[target] if dose else parameters[target - len(states)]
        count[dose] += 1
        mark = f"{'dose' if dose else 'set'}_{count[dose]}"
        words = _words(name, float(value), dose)
        rows.append(Event(mark, words, float(time), name, float(value), dose))
    return tuple(rows)


def _words(name: str, value: float, dose: bool) -> str:
    if not dose:
        return f"{name} becomes {value:.6g}"
    kind = "slow-release capsule" if name == "gut_slow" else "immediate release"
    return f"{value / NMOL_PER_MG:.6g} mg naltrexone hydrochloride, {kind}"
