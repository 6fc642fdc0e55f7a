"""What a design gives to whom: groups of patients, each a sequence of regimens, and their regimens.

Two ways to lay a design over the simulator were sketched. In one, a trial is a population of its
own, solved anew for every repetition: no pool stands between the model and the trial, and a
thousand trials of a hundred patients are a hundred thousand patients to solve. In the other, which
is here, a design says which sequences of regimens it needs, a pool of patients is simulated once
under every one of them, and trials are drawn from it: patients by weight, then allocation, placebo
response, diary and stopping anew for each trial. It was chosen since a trial costs a
thousandth of a simulated one, since all designs and hypotheses share the same patients, and since
what it loses, the sampling error of the pool, can be computed and is reported.

Whatever a patient goes through is simulated in one piece, so carry-over from period to period is
the model's own and not put together from single periods.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from ldnsim.config.designs import (
    WEEK,
    Crossover,
    Design,
    Enriched,
    NOf1,
    UpAndDown,
    Withdrawal,
)
from ldnsim.errors import UserError, unknown


@dataclass(frozen=True)
class Part:
    """A stretch of one regimen.

    Attributes:
        regimen: its name.
        weeks: its length.
    """

    regimen: str
    weeks: int


@dataclass(frozen=True)
class Group:
    """Patients who are treated alike.

    Attributes:
        label: what the group is called in a report.
        parts: what they get, in order; no two neighbours are of one regimen.
    """

    label: str
    parts: tuple[Part, ...]

    @property
    def arm(self) -> str:
        """Name of the arm of the pool: that of the only regimen, or all of them with weeks."""
        if len(self.parts) == 1:
            return self.parts[0].regimen
        return ", ".join(f"{p.regimen} {p.weeks} wk" for p in self.parts)

    @property
    def weeks(self) -> int:
        """Length of all parts."""
        return sum(p.weeks for p in self.parts)


@dataclass(frozen=True)
class Names:
    """Regimens of a trial by their part in it.

    Attributes:
        control: what the others are compared with.
        treatments: the others, in order.
        nothing: the regimen without drug, which is given in washouts.
    """

    control: str
    treatments: tuple[str, ...]
    nothing: str

    def only(self, design: Design, why: str) -> str:
        """Return the one treatment of a design that has no place for several.

        Raises:
            UserError: there are several.
        """
        if len(self.treatments) > 1:
            raise UserError(
                f"trial {design.title!r}: {why}, and there are {', '.join(self.treatments)}; choose"
                f" one with treatments = {self.treatments[0]!r}"
            )
        return self.treatments[0]


def names_of(design: Design, regimens: Mapping[str, Any]) -> Names:
    """Find the regimens that a design compares among those of a study.

    Args:
        design: the design.
        regimens: of the study by name, one of them at least without drug.

    Raises:
        UserError: a name that is not there, nothing to compare, or more groups than patients.
    """
    for name in (design.control, *design.treatments, *_named_otherwise(design)):
        if name and name not in regimens:
            raise unknown(f"trial {design.title!r}: the regimen", name, regimens)
    nothing = next(n for n, r in regimens.items() if is_nothing(r))
    control = design.control or nothing
    if isinstance(design, Crossover) and design.sequences:
        others = dict.fromkeys(n for s in design.sequences for n in s if n != control)
    else:
        others = dict.fromkeys(design.treatments or [n for n in regimens if n != control])
    if not others or (control in others and len(others) == 1):
        raise UserError(
            f"trial {design.title!r}: {control!r} has no comparator; add another regimen to the"
            " study, such as '4.5 mg nightly at 22:00, for 12 wk'"
        )
    if isinstance(design, UpAndDown):
        others = {n: None for n in others if not is_nothing(regimens[n])}
    return Names(control, tuple(n for n in others if n != control), nothing)


def _named_otherwise(design: Design) -> Iterable[str]:
    if isinstance(design, Crossover):
        return [n for s in design.sequences for n in s]
    return [design.start] if isinstance(design, UpAndDown) else []


def is_nothing(regimen: Any) -> bool:
    """Whether a regimen is without drug."""
    return not regimen.doses().amount_mg.any()


def groups_of(design: Design, names: Names) -> tuple[Group, ...]:
    """Return the groups of a design; where there is a control group, it is the first.

    Raises:
        UserError: treatments that the design has no place for, or more groups than patients.
    """
    found = tuple(Group(label, _merged(parts)) for label, parts in _groups(design, names))
    fewest, least = min(design.patients), len(found)
    if fewest < least:
        raise UserError(
            f"trial {design.title!r}: patients = {fewest} for {least} groups"
            f" ({', '.join(g.label for g in found)}); it takes at least one patient each, and two"
            " to tell their spread"
        )
    return found


@singledispatch
def _groups(design: Design, names: Names) -> list[tuple[str, list[Part]]]:
    """Groups side by side, each with one regimen."""
    weeks = design.weeks_in_all
    return [(n, [Part(n, weeks)]) for n in (names.control, *names.treatments)]


@_groups.register
def _(design: UpAndDown, names: Names) -> list[tuple[str, list[Part]]]:
    return [(n, [Part(n, design.weeks_in_all)]) for n in names.treatments]


@_groups.register
def _(design: Crossover, names: Names) -> list[tuple[str, list[Part]]]:
    sequences = design.sequences
    if not sequences:
        drug = names.only(design, "of more than two regimens the sequences have to be given")
        sequences = ((drug, names.control), (names.control, drug))
    return [_in_periods(design, sequence, names.nothing) for sequence in sequences]


@_groups.register
def _(design: NOf1, names: Names) -> list[tuple[str, list[Part]]]:
    pair = (names.only(design, "a pair is of drug and control"), names.control)
    # the order turns from pair to pair, so that a trend over time does not count as an effect
    first = [n for k in range(design.pairs) for n in (pair if k % 2 == 0 else pair[::-1])]
    second = [pair[1 - pair.index(n)] for n in first]
    return [_in_periods(design, s, names.nothing) for s in (first, second)]


@_groups.register
def _(design: Withdrawal, names: Names) -> list[tuple[str, list[Part]]]:
    drug = names.only(design, "one regimen is given and withdrawn")
    begin = [Part(drug, round(design.run_in / WEEK))]
    if isinstance(design, Enriched):
        begin.append(Part(names.nothing, round(design.washout / WEEK)))
    then = round(design.weeks / WEEK)
    return [(n, [*begin, Part(n, then)]) for n in (names.control, drug)]


def _in_periods(design: Any, sequence: Iterable[str], nothing: str) -> tuple[str, list[Part]]:
    """Lay out one order of regimens, with what lies between the periods."""
    order, parts = list(sequence), []
    for i, name in enumerate(order):
        if i:
            parts.append(Part(nothing, round(design.washout / WEEK)))
        parts.append(Part(name, round(design.period / WEEK)))
    return " - ".join(order), parts


def _merged(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Join neighbours of one regimen: it goes on and does not begin anew."""
    found: list[Part] = []
    for part in parts:
        if not part.weeks:
            continue
        if found and found[-1].regimen == part.regimen:
            part = Part(part.regimen, found.pop().weeks + part.weeks)
        found.append(part)
    return tuple(found)
