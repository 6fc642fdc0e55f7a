"""No run may take a parameter out of its bounds, by whatever adjunct, change or axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ldnsim.catalog import adjuncts
from ldnsim.config.blocks import Modifiers
from ldnsim.config.run import RunSpec
from ldnsim.errors import UserError
from ldnsim.model import check_value, default_model
from ldnsim.runs.events import parameter_events, sets_modifiers

if TYPE_CHECKING:
    from ldnsim.runs.plan import Plan


def check_parameters(plan: Plan) -> None:
    """Check every value that modifiers and changes give a parameter in any run of a plan.

    Raises:
        UserError: naming the keys that act on the parameter and the point of the grid.
    """
    model = default_model()
    parameters = list(model.parameters.values())
    nothing = Modifiers()
    facet = plan.runs.facet(sets_modifiers)
    runs = [plan.runs[i] for i in facet.runs().tolist()]
    acting = [r.modifiers != nothing or bool(r.changes) for r in runs]
    if not any(acting):
        return
    place = facet.of(np.arange(len(plan)))
    pairs, first = np.unique(place * len(plan.patients) + plan.patients.of_run, return_index=True)
    for pair, i in sorted(zip(pairs.tolist(), first.tolist(), strict=True), key=lambda p: p[1]):
        if not acting[pair // len(plan.patients)]:
            continue
        run, who = plan.runs[i], np.array([plan.patients.of_run[i]])
        found = parameter_events(run, plan.patients.vectors(who)[0], plan.end)
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
    modifiers, known = run.modifiers, adjuncts()
    found = [
        f"modifiers.{key} = {level:g}"
        for key, level in (("exercise", modifiers.exercise), ("stress", modifiers.stress))
        if key == name and level is not None
    ]
    found += [
        f"modifiers.adjuncts: {a.name}" for a in modifiers.adjuncts if known[a.name].target == name
    ]
    for n, c in enumerate(run.changes, start=1):
        if c.parameter == name:
            what = f"value = {c.value:g}" if c.factor is None else f"factor = {c.factor:g}"
            found.append(f"changes[{n}].{what}")
    return found
