"""What is attributed to the two pathways of the drug: names chosen by a study, and checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ldnsim.config.own_summary import chosen
from ldnsim.errors import UserError, nearest
from ldnsim.influence import reached

if TYPE_CHECKING:
    from ldnsim.config.blocks import Output
    from ldnsim.config.study import StudyConfig
    from ldnsim.measure import Summary
    from ldnsim.model import Model

SWITCHES = {"tone": "coupling_opioid", "tlr4": "coupling_tlr4"}
"""The pathways, each with the parameter that switches it off at 0."""
VARIABLES = ("pain", "tnf", "microglia_m1")
"""Variables that are attributed over time where the study names none."""
OF_VALUES = ("through_", "interaction_")
"""What the names of attributed values begin with."""
OF_RESULTS = ("pathway", "pathways_status")
"""What else a result with an attribution holds."""


def variables(output: Output, model: Model) -> tuple[str, ...]:
    """Return the names of the variables that are attributed over time, in order."""
    wanted = output.attribution
    if wanted is False or not output.trajectories:
        return ()
    known = model.observables
    return tuple(n for n in (VARIABLES if wanted is True else wanted) if n in known)


def summaries(output: Output, model: Model) -> tuple[int, ...]:
    """Return which of the summaries of a study are attributed, by their place among them.

    Where the study names none these are all that follow a variable which a pathway reaches: what
    is of the drug's concentration alone comes through neither.
    """
    wanted = output.attribution
    if wanted is False:
        return ()
    every = enumerate(chosen(output, model))
    if wanted is not True:
        return tuple(j for j, s in every if s.name in wanted)
    open_ = reached(model, SWITCHES.values())
    return tuple(j for j, s in every if _open(s, s.name, open_))


def check(study: StudyConfig) -> Iterator[str]:
    """Yield what is wrong with the names to attribute, and with names that they would need."""
    output, model = study.output, study.edition.model
    wanted = output.attribution
    if wanted is False or not _can_be_switched(model):
        if wanted is not False:
            yield "output.attribution: the model has no switches " + ", ".join(SWITCHES.values())
        return
    try:
        own = {s.name: s for s in chosen(output, model)}
    except UserError:
        return  # told by the rule of summaries
    open_ = reached(model, SWITCHES.values())
    for name in () if wanted is True else wanted:
        yield from _one(name, own, open_, output, model)
    for name in own:
        if any(name == before + other for before in OF_VALUES for other in own if other != name):
            yield (
                f"output.summaries: {name!r} is what the attribution of another summary is called;"
                " rename it"
            )


def _one(
    name: str, own: dict[str, Summary], open_: set[str], output: Output, model: Model
) -> Iterator[str]:
    """Yield what is wrong with one name."""
    key = "output.attribution"
    if name not in model.observables and name not in own:
        known = [*own, *model.observables]
        yield (
            f"{key}: {name!r} is no variable of the model and no summary of this study"
            f"{nearest(name, known)}"
        )
    elif name not in own and not output.trajectories:
        yield (
            f"{key}: {name!r} is a variable, and this study keeps none over time"
            " (output.trajectories = false): name summaries, such as 'pain_change'"
        )
    elif not _open(own.get(name), name, open_):
        yield (
            f"{key}: {name!r} depends neither on the binding of opioid receptors nor on TLR4, so"
            " nothing of it comes through them: leave it out"
        )


def _can_be_switched(model: Model) -> bool:
    return set(SWITCHES.values()) <= set(model.parameters)


def _open(summary: Summary | None, name: str, reached_ones: set[str]) -> bool:
    """Whether a pathway reaches what a name is of; nobody knows what a function reads."""
    if summary is None:
        return name in reached_ones
    return summary.function is not None or summary.variable in reached_ones
