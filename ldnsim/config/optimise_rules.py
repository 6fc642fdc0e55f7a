"""Rules on the block ``[optimise]``, one small function each, told with those of the study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ldnsim.config import own_summary
from ldnsim.config.knobs import combinations, knobs, sizes_of
from ldnsim.config.optimise import (
    LARGEST_GRID,
    OF_THE_PRESCRIPTION,
    ROOMS,
    Constraint,
    Optimise,
)
from ldnsim.config.summaries import SUMMARIES
from ldnsim.errors import UserError, nearest, short
from ldnsim.measure import Summary
from ldnsim.regimen import Regimen
from ldnsim.units import in_unit

if TYPE_CHECKING:
    from ldnsim.config.study import StudyConfig

GENOTYPE = "oprm1"


def records(study: StudyConfig) -> dict[str, Summary]:
    """Return every summary that a utility may name: those of the package and the study's own."""
    output, model = study.output, study.edition.model
    own = (one for one in output.summaries if isinstance(one, own_summary.OwnSummary))
    found = dict(SUMMARIES)
    for one in own:
        made = own_summary.record(one, model)
        found[made.name] = made
    return {n: s for n, s in found.items() if not s.variable or s.variable in model.observables}


def unit_of(study: StudyConfig, name: str) -> str:
    """Return the unit of a summary, or of what the prescription says."""
    if name in OF_THE_PRESCRIPTION:
        return OF_THE_PRESCRIPTION[name][0]
    found = records(study)[name]
    known = study.edition.model.observables
    return found.unit or found.unit_in(known[found.variable].unit if found.variable else "1")


def utility_has_weights(study: StudyConfig) -> Iterator[str]:
    """A utility weighs something, and what it names is computed."""
    settings = study.optimise
    if settings is None:
        return
    example = "such as utility = { pain_change = -1.0, worst_burden = -0.25 }"
    if not settings.utility:
        yield f"optimise.utility has no weights, so no candidate beats another; {example}"
    elif not any(settings.utility.values()):
        yield f"optimise.utility: every weight is 0, so no candidate beats another; {example}"
    yield from _known(study, "optimise.utility", settings.utility)
    yield from _known(study, "optimise.constraints", [c.summary for c in settings.constraints])
    yield from _known(study, "optimise.pareto", settings.pareto)
    for name, n in Counter(settings.pareto).items():
        if n > 1:
            yield f"optimise.pareto: {name!r} is listed {n} times; keep one"
    if len(settings.pareto) == 1:
        yield "optimise.pareto: a front weighs two or more against each other; add another"


def _known(study: StudyConfig, key: str, names: object) -> Iterator[str]:
    choices = [*records(study), *OF_THE_PRESCRIPTION]
    assert isinstance(names, list | tuple | dict)
    for name in names:
        if name not in choices:
            yield (
                f"{key}: summary {short(name)} is not known{nearest(str(name), choices)}; what a"
                " prescription says by itself: " + ", ".join(OF_THE_PRESCRIPTION)
            )


def limits_have_units(study: StudyConfig) -> Iterator[str]:
    """Limits are numbers in the unit of what they limit."""
    settings = study.optimise
    choices = {*records(study), *OF_THE_PRESCRIPTION} if settings else set()
    for i, one in enumerate(settings.constraints if settings else (), start=1):
        if one.summary in choices:
            try:
                limit(study, one, f"optimise.constraints[{i}]")
            except UserError as error:
                yield str(error)


def limit(study: StudyConfig, one: Constraint, where: str = "optimise.constraints") -> float:
    """Return the limit of a constraint in the unit of its summary.

    Raises:
        UserError: another unit.
    """
    key, value = ("least", one.least) if one.least is not None else ("most", one.most)
    unit = unit_of(study, one.summary)
    return in_unit(value, unit if unit != "percent" else "1", key=f"{where}: {key}")


def free_fields_fit(study: StudyConfig) -> Iterator[str]:
    """Free fields exist, can be decided, are given once, and leave something to choose."""
    settings = study.optimise
    if settings is None:
        return
    if not settings.free:
        yield (
            "optimise.free is empty, so nothing can be chosen; such as"
            " free = [{ field = 'regimen.target', values = ['3 mg', '4.5 mg'] }]"
        )
        return
    for what, word in (("field", "field"), ("called", "name")):
        twice = Counter(getattr(f, what) for f in settings.free).most_common(1)[0]
        if twice[1] > 1:
            yield f"optimise.free: {twice[1]} of them have the {word} {twice[0]!r}; keep one"
            return
    try:
        sizes_of(settings.strengths or ())
        found = knobs(settings, study.edition)
    except UserError as error:
        yield str(error)
        return
    count = combinations(found)
    if count == 1:
        yield (
            "optimise.free: there is one candidate only, so nothing can be chosen; give a free"
            " field two values or more"
        )
    if settings.search == "exhaustive" and (count is None or count > LARGEST_GRID):
        many = "endlessly many" if count is None else f"{count:,}"
        yield (
            f"optimise.search = 'exhaustive': there are {many} candidates, and at most"
            f" {LARGEST_GRID} are all run; list fewer values, or leave the search out"
        )
    if settings.robust == "regret" and (count is None or count > LARGEST_GRID):
        yield (
            "optimise.robust = 'regret': regret is against the best of all candidates, so all have"
            f" to be run, and at most {LARGEST_GRID} are; list fewer values"
        )


def axes_are_not_decisions(study: StudyConfig) -> Iterator[str]:
    """What is chosen is a free field, and axes are what the choice has to hold over."""
    if study.optimise is None:
        return
    for i, axis in enumerate(study.axes, start=1):
        if axis.field.partition(".")[0] in ROOMS:
            yield (
                f"axes[{i}].field = {axis.field!r}: with [optimise] an axis is what the choice has"
                " to hold over (a hypothesis, the patient); what is chosen goes into optimise.free"
            )
    if study.regimens:
        yield (
            "regimens: with [optimise] there is one regimen, whose free fields are chosen; to"
            " list several: free = [{ field = 'regimen', values = ['...', '...'] }]"
        )
    elif study.regimen is not None and not isinstance(study.regimen, Regimen):
        yield "regimen: recorded doses have no fields to choose; write a prescription"


def robust_over_something(study: StudyConfig) -> Iterator[str]:
    """A worst tenth has patients or axes, a regret has an axis."""
    settings = study.optimise
    if settings is None:
        return
    places = 1
    for axis in study.axes:
        places *= max(len(axis.values or ()), axis.linspace.num if axis.linspace else 1,
                      axis.logspace.num if axis.logspace else 1)  # fmt: skip
    if settings.robust == "regret" and places == 1:
        yield (
            "optimise.robust = 'regret': there is one hypothesis and one kind of patient, so regret"
            " is what the mean says; add an axis, such as one over hypothesis"
        )
    tail = [i for i, c in enumerate(settings.constraints, 1) if c.of == "worst tenth"]
    keys = [f"optimise.constraints[{i}].of" for i in tail]
    keys += ["optimise.robust"] if settings.robust == "worst tenth" else []
    if study.population is None and keys and (places == 1 or keys[0] != "optimise.robust"):
        yield f"{keys[0]} = 'worst tenth': there is one patient; add [population], size = 32"


def questions_can_be_asked(study: StudyConfig) -> Iterator[str]:
    """What may be asked is an axis of the study, or drawn."""
    settings = study.optimise
    if settings is None:
        return
    axes, people = [a.name for a in study.axes], study.population
    model = study.edition.model.parameters
    drawn = [
        n for n, p in model.items()
        if people and p.spread.kind != "fixed"
        and (people.vary == "all" or n in people.vary) and n not in people.exclude
    ]  # fmt: skip
    if people and people.oprm1_g_frequency is not None:
        drawn.append(GENOTYPE)
    for name in settings.ask:
        if name in axes or name in drawn:
            continue
        if name in model or name == GENOTYPE:
            yield (
                f"optimise.ask: {name!r} is the same in every patient, so asking tells nothing; add"
                " [population] that draws it, or an axis over it"
            )
        else:
            yield f"optimise.ask: {short(name)} is not known{nearest(name, [*axes, *drawn])}"


RULES = (
    utility_has_weights,
    limits_have_units,
    free_fields_fit,
    axes_are_not_decisions,
    robust_over_something,
    questions_can_be_asked,
)


def settings_of(study: StudyConfig) -> Optimise:
    """Return the block of a study.

    Raises:
        UserError: it has none.
    """
    if study.optimise is None:
        raise UserError(
            "the study has no [optimise], so nothing says what may be chosen and what is wanted;"
            " begin with: ldnsim init my-study.toml --template optimise-pace"
        )
    return study.optimise
