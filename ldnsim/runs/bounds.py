"""No run may take a parameter out of its bounds, by whatever adjunct, change or axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ldnsim.config.run import RunSpec
from ldnsim.errors import UserError
from ldnsim.model import check_value
from ldnsim.patients.vectors import Patients
from ldnsim.runs.events import parameter_events

if TYPE_CHECKING:
    from ldnsim.runs.plan import Plan


def check_parameters(plan: Plan, patients: Patients) -> None:
    """Check every value that modifiers and changes give a parameter in any run of a plan.

    Args:
        plan: the plan.
        patients: of its runs.

    Raises:
        UserError: naming the keys that act on the parameter and the point of the grid.
    """
    model, size = patients.model, len(patients)
    parameters = list(model.parameters.values())
    facet, acting = plan.treatment.acting
    if not any(acting):
        return
    place = facet.of(np.arange(len(plan)))
    pairs, first = np.unique(place * size + patients.of_run, return_index=True)
    for pair, i in sorted(zip(pairs.tolist(), first.tolist(), strict=True), key=lambda p: p[1]):
        if acting[pair // size] is None:
            continue
        run = plan.runs[i]
        found = parameter_events(run, patients.vectors(patients.of_run[[i]])[0], plan.end)
        for target, value in zip(found.target, found.value, strict=True):
            parameter = parameters[int(target) - len(model.states)]
            try:
                check_value(parameter, float(value))
            except UserError as error:
                where = f" (at {plan.runs.point(i)})" if plan.dims else ""
                keys = " and ".join(_acting(run, parameter.name))
                raise UserError(f"{keys}{where}: {error}") from None


def _acting(run: RunSpec, name: str) -> list[str]:
    """List what acts on a parameter in a run, by key and value."""
    modifiers, known = run.modifiers, run.edition.adjuncts
    found = [
        f"modifiers.{key} = {level:g}"
        for key, level in (("exercise", modifiers.exercise), ("stress", modifiers.stress))
        if key == name and level is not None
    ]
    found += [
        f"modifiers.adjuncts: {a.name}" for a in modifiers.adjuncts if name in known[a.name].targets
    ]
    for n, c in enumerate(run.changes, start=1):
        if c.parameter == name:
            what = f"value = {c.value:g}" if c.factor is None else f"factor = {c.factor:g}"
            found.append(f"changes[{n}].{what}")
    return found
