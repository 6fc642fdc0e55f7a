"""What can be read at a visit: words of a clinic, and variables of the model by their own names."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from ldnsim.errors import UserError, nearest
from ldnsim.regimen.condition import MASS, SHARE, TIME, Condition
from ldnsim.regimen.guided import adjuncts, least_mg

if TYPE_CHECKING:
    from ldnsim.edition import Edition
    from ldnsim.regimen import Phase

PAIN = "pain"
CLINIC = {
    "pain": "pain", "dreams": "vivid_dreams", "burden": "adverse_burden",
    "function": "physical_function", "sleep": "sleep_quality", "fog": "brain_fog",
}  # fmt: skip
"""What a clinician asks for, and the variable that it is the mean of since some days."""
RELIEF = "relief"
DERIVED = {
    RELIEF: "share by which reported pain has fallen since before treatment",
    "dose": "dose of one intake, mg",
    "weeks": "weeks since the phase began",
    "weeks_at_dose": "weeks since the dose last changed",
    "downs": "how often the dose has been lowered",
}
"""What follows from other readings and from the course of treatment."""
_KINDS = {"dose": MASS, "weeks": TIME, "weeks_at_dose": TIME, RELIEF: SHARE}
_EXPECTED = {
    "": "write a plain number, such as '{name} < 2'", MASS: "write '{name} < 3 mg'",
    TIME: "write '{name} >= 12' or '{name} >= 12 wk'", SHARE: "write '{name} > 30 %'",
}  # fmt: skip
_OF_SCALE = {"0–10": (0.0, 10.0), "fraction": (0.0, 1.0)}
_MOST_TRIED = 4096


def variable_of(name: str) -> str:
    """Return the variable of the model that a reading is the mean of; empty for derived ones."""
    if name in DERIVED:
        return PAIN if name == RELIEF else ""
    return CLINIC.get(name, name)


def check_reads(names: Iterable[str], edition: Edition, where: str) -> None:
    """Refuse what cannot be read.

    Args:
        names: of readings.
        edition: whose variables there are.
        where: opens the message.

    Raises:
        UserError: naming the nearest that can.
    """
    known = edition.model.observables
    for name in names:
        if name not in DERIVED and variable_of(name) not in known:
            near = nearest(name, [*CLINIC, *DERIVED, *known])
            raise UserError(
                f"{where}: nothing called {name!r} can be read{near}; a visit reads"
                f" {', '.join([*CLINIC, 'mood', 'fatigue', 'insomnia', *DERIVED])}, or a variable"
                " of the model"
            )


def check_phase(phase: Phase, edition: Edition) -> None:
    """Refuse rules of a phase that this model cannot follow.

    Raises:
        UserError: a reading or an adjunct that is none, or a rule that no patient can meet.
    """
    for number, rule in enumerate(phase.rules, start=1):
        where = f"rule {number}, '{rule}'"
        if rule.when is not None:
            check_reads(rule.when.names, edition, where)
            _check_units(rule.when, edition, where)
            _check_possible(rule.when, phase, edition, where)
    for name in adjuncts(phase):
        if name not in edition.adjuncts:
            raise UserError(
                f"rules: there is no adjunct {name!r}{nearest(name, edition.adjuncts)}; valid:"
                f" {', '.join(edition.adjuncts)}"
            )


def _check_units(when: Condition, edition: Edition, where: str) -> None:
    """Refuse a unit that a reading does not have; a number without one is always taken as it is."""
    for name, kind in when.kinds:
        own = _KINDS.get(name, "")
        if not own and name not in DERIVED:
            scale = edition.model.observables[variable_of(name)].scale_word
            own = SHARE if scale == "fraction" or scale.startswith("share") else ""
        if kind != own:
            raise UserError(
                f"{where}: {name} has no unit of {kind}; {_EXPECTED[own].format(name=name)}"
            )


def _check_possible(when: Condition, phase: Phase, edition: Edition, where: str) -> None:
    """Refuse a condition that holds for no value that its readings can have.

    What it says changes only where a reading passes a number of the condition. Values on either
    side of each are tried together, unless there are too many.
    """
    if not when.is_plain:
        return
    tried = [list(_values(name, when, phase, edition)) for name in when.names]
    if math.prod(map(len, tried)) > _MOST_TRIED:
        return
    grid = np.array(list(itertools.product(*tried)), dtype=np.float64)
    holds = when.holds({name: grid[:, i] for i, name in enumerate(when.names)})
    if not holds.any():
        raise UserError(
            f"{where} can never act: no {' and '.join(when.names)} that there can be meets its"
            " condition"
        )


def _values(name: str, when: Condition, phase: Phase, edition: Edition) -> Iterator[float]:
    """Yield values of a reading: its ends, and some on either side of each number."""
    low, high = _range(name, phase, edition)
    ends = [max(low, -1e6), min(high, 1e6)]
    near = [x + d for x in when.numbers for d in (-1e-6 * (1 + abs(x)), 0.0, 1e-6 * (1 + abs(x)))]
    yield from dict.fromkeys([*ends, *(x for x in near if low <= x <= high)])


def _range(name: str, phase: Phase, edition: Edition) -> tuple[float, float]:
    """Return the smallest and largest value that a reading can have."""
    if name == "dose":
        return float(least_mg(phase)), float(phase.target or 0.0)
    if name in ("weeks", "weeks_at_dose"):
        return 0.0, (phase.length or 0) / 60 / 168
    if name == "downs":
        return 0.0, math.inf
    if name == RELIEF:
        return -math.inf, 1.0
    found = edition.model.observables[variable_of(name)]
    return _OF_SCALE.get(found.scale_word, found.span)
