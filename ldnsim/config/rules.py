"""Rules between the blocks of a study, one small function each.

Every rule returns its complaints as text; all of them are shown at once. A message shows the
values involved and the remedy.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ldnsim.catalog import BASINS
from ldnsim.config import (
    attribution,
    budget,
    optimise_rules,
    people,
    recordings,
    times,
    visits,
)
from ldnsim.config.axis import refuse_repeats
from ldnsim.config.fields import points
from ldnsim.config.people import check_name
from ldnsim.edition import shipped
from ldnsim.errors import UserError, nearest, unknown

if TYPE_CHECKING:
    from ldnsim.config.study import StudyConfig
    from ldnsim.edition import Edition

Rule = Callable[["StudyConfig"], Iterator[str]]
RESERVED = (
    "time", "night_time", "day", "night_start", "prescribed_dose",
    "status", "status_advice", "target_reached", "steps", "rejected", "method", "accuracy",
    "orbit_residual",
    "ledger_row", "ledger_run", "ledger_planned_time", "ledger_given_time", "ledger_planned_dose",
    "ledger_visit", "visit", "visit_day", "visit_decision", "visit_rule", "visit_dose",
    "visit_rule_list",
    "stopped_at", "stopped_for",
    "ledger_given_dose", "ledger_status", "ledger_formulation", "ledger_phase", "ledger_step",
    "parameter", "summary", "sensitivity", "sensitivity_asymmetry", "assumed_share",
    "locally_linear", "parameter_grade", "parameter_mechanism", "parameter_source", "parameter_sd",
    "parameter_value", "summary_units", "summary_value", "summary_long_name", "summary_scale",
    "summary_short_name", *attribution.OF_RESULTS,
)  # fmt: skip
"""What every result holds besides variables and summaries."""
OF_A_POPULATION = (
    "patient", "candidate", "drawn", "drawn_unit", "patient_parameters", "patient_oprm1",
    "weight",
)  # fmt: skip
"""What the result of a population holds besides."""

# of the values of a regimen axis, and of the meetings of several; a longer grid is tried in full
# when it is laid out
MOST_TRIED = 500


def name_of(regimen: Any) -> str:
    """Return the name of a regimen, or its prescription when it has none."""
    return str(getattr(regimen, "name", None) or regimen)


def check(study: StudyConfig) -> None:
    """Apply every rule and raise what they found.

    Raises:
        UserError: with one line per broken rule; a study over the budget is told alone.
    """
    budget.check_grid(study)  # first: the rules look at every value of every axis
    budget.check_lengths(study)
    found: list[str] = []
    for rule in RULES:
        found += rule(study)
    if found:
        raise UserError("\n".join(dict.fromkeys(found)))


def one_regimen_source(study: StudyConfig) -> Iterator[str]:
    """Either one regimen or a list of them, or an axis of them."""
    swept = any(a.field == "regimen" for a in study.axes)
    if study.regimen and study.regimens:
        yield "regimen and regimens are both given: [regimen] is for one, [[regimens]] for several"
    elif study.regimens and swept:
        yield "an axis varies the field regimen and [[regimens]] lists several: keep one of them"
    elif not study.regimen and not study.regimens and not swept:
        yield (
            'regimen: nothing to simulate; add regimen = "4.5 mg nightly at 22:00, for 26 wk" or'
            " a [[regimens]] list"
        )


def regimen_names_differ(study: StudyConfig) -> Iterator[str]:
    """Regimens are told apart by name in the result."""
    for name, n in Counter(name_of(r) for r in study.regimens).items():
        if n > 1:
            yield f"regimens: {n} of them are called {name!r}; give each its own name"


def names_are_known(study: StudyConfig) -> Iterator[str]:
    """The hypothesis, the phenotype, and the parameters of the patient and of changes exist."""
    edition = study.edition
    yield from check_name("hypothesis", "hypothesis", study.hypothesis, edition.hypotheses)
    phenotype, known = study.patient.phenotype, edition.model.parameters
    yield from check_name("patient.phenotype", "phenotype", phenotype, edition.phenotypes)
    for name in study.patient.parameters:
        yield from check_name("patient.parameters", "parameter", name, known)
    for i, change in enumerate(study.changes, start=1):
        yield from check_name(f"changes[{i}].parameter", "parameter", change.parameter, known)


def parameters_in_range(study: StudyConfig) -> Iterator[str]:
    """Parameters lie within the bounds in which the equations make sense."""
    for name, value in study.patient.parameters.items():
        yield from _range(study, f"patient.parameters.{name}", name, value)
    for name in ("exercise", "stress"):
        level = getattr(study.modifiers, name)
        if level is not None:
            yield from _range(study, f"modifiers.{name}", name, level)
    for i, change in enumerate(study.changes, start=1):
        if change.value is not None:
            yield from _range(study, f"changes[{i}].value", change.parameter, change.value)


def _range(study: StudyConfig, key: str, name: str, value: float) -> Iterator[str]:
    parameter = study.edition.model.parameters.get(name)
    if parameter is None:
        return
    low, high = parameter.low, parameter.high
    if (low is not None and value < low) or (high is not None and value > high):
        lo = "no lower bound" if low is None else f"{low:g}"
        hi = "no upper bound" if high is None else f"{high:g}"
        unit = "" if parameter.unit == "1" else f" {parameter.unit}"
        yield f"{key} = {value:g}{unit}: outside the allowed range of {name}, {lo} to {hi}"


def known_adjuncts(study: StudyConfig) -> Iterator[str]:
    """Adjuncts exist."""
    known = study.edition.adjuncts
    for i, adjunct in enumerate(study.modifiers.adjuncts, start=1):
        yield from check_name(f"modifiers.adjuncts[{i}]", "adjunct", adjunct.name, known)


def adjuncts_given_once(study: StudyConfig) -> Iterator[str]:
    """No adjunct counts twice, and an axis over adjuncts does not drop those of the study."""
    adjuncts = study.modifiers.adjuncts
    for name, n in Counter(a.name for a in adjuncts).items():
        spans = sorted((a.start, a.stop) for a in adjuncts if a.name == name and a.stop is not None)
        open_ended = sum(a.name == name and a.stop is None for a in adjuncts)
        apart = open_ended == 0 and all(b[0] >= a[1] for a, b in itertools.pairwise(spans))
        if n > 1 and not apart:
            yield f"modifiers.adjuncts: {name!r} is listed {n} times at once; list it once"
    swept = [a.name for a in study.axes if a.field == "modifiers"]
    if swept and adjuncts:
        names = ", ".join(a.name for a in adjuncts)
        yield (
            f"axes: {swept[0]!r} varies the adjuncts and modifiers.adjuncts lists {names}: put them"
            " into the values of the axis, such as 'ketotifen+ketosis'"
        )


def known_outputs(study: StudyConfig) -> Iterator[str]:
    """Stored variables and summaries exist."""
    from ldnsim.config import own_summary

    wanted, known = study.output, study.edition.model.observables
    if not isinstance(wanted.variables, str):
        for name in wanted.variables:
            yield from check_name("output.variables", "variable", name, known)
    yield from own_summary.check(study, names_taken(study.edition))
    yield from attribution.check(study)


def names_taken(edition: Edition) -> set[str]:
    """Return every name a result may hold, whatever the study keeps."""
    from ldnsim.config.summaries import SUMMARIES

    known = edition.model.observables
    parts = (f"{before}{name}" for before in ("", "night_", "baseline_") for name in known)
    beside = (f"{b}{name}" for b in attribution.OF_VALUES for name in (*known, *SUMMARIES))
    return {*RESERVED, *SUMMARIES, *parts, *beside}


def variables_of_extensions_have_free_names(study: StudyConfig) -> Iterator[str]:
    """What an extension adds is not called like something that every result holds."""
    edition = study.edition
    if edition.extensions:
        others = names_taken(shipped()) - set(shipped().model.observables)
        for name in edition.model.observables:
            if name in others:
                yield f"model.extend: {name!r}: every result has something of that name"


def axis_names_differ(study: StudyConfig) -> Iterator[str]:
    """Axes have their own names, none of them taken by the result itself."""
    for name, n in Counter(a.name for a in study.axes).items():
        if n > 1:
            yield f"axes: {n} axes are called {name!r}; each is a dimension and needs its own name"
    taken = names_taken(study.edition)
    if study.regimens:
        taken.add("regimen")
    if study.population:
        taken.update(OF_A_POPULATION)
    for i, axis in enumerate(study.axes, start=1):
        if axis.name in taken:
            yield (
                f"axes[{i}].name = {axis.name!r}: the result has something of that name; choose"
                f" another, such as '{axis.name}_axis'"
            )


def axis_fields_differ(study: StudyConfig) -> Iterator[str]:
    """No field is varied twice, or both set for the patient and varied."""
    for field, n in Counter(a.field for a in study.axes).items():
        if n > 1:
            names = [a.name for a in study.axes if a.field == field]
            yield f"axes {names}: all of them vary {field!r}; keep one"
    for i, axis in enumerate(study.axes, start=1):
        name = axis.field.removeprefix("parameters.")
        if name != axis.field and name in study.patient.parameters:
            yield (
                f"axes[{i}].field = {axis.field!r}: [patient.parameters] also sets"
                f" {name} = {study.patient.parameters[name]:g}; remove one of them"
            )


def axis_values_apply(study: StudyConfig) -> Iterator[str]:
    """Every value of every axis fits its field, tried on each regimen.

    Several axes over fields of the regimen are tried together, by the rule after this one. Values
    differ, except those of an axis that advances with another and is a coordinate beside it.
    """
    beside = {name for group in study.zip for name in group[1:]}
    together = len(_regimen_axes(study)) > 1
    for i, axis in enumerate(study.axes, start=1):
        where = f"{_axis(i, axis)}, {axis.field}"
        try:
            found = points(axis, study.edition, where)
            if axis.name not in beside:
                refuse_repeats(axis, found, where)
        except UserError as error:
            yield str(error)
            continue
        if axis.field.startswith(("parameters.", "modifiers.")):
            for v in found.apply:
                yield from _range(study, _axis(i, axis), axis.field.partition(".")[2], v)
        elif not (together and axis.field.startswith("regimen.")):
            try:
                _try(study, axis.field, found.apply)
            except UserError as error:
                yield f"{where}: {error}"


def _axis(number: int, axis: Any) -> str:
    return f"axis {axis.name!r} (axes[{number}])"


def _regimen_axes(study: StudyConfig) -> list[Any]:
    return [a for a in study.axes if a.field.startswith("regimen.")]


def regimen_axes_fit(study: StudyConfig) -> Iterator[str]:
    """Axes over fields of the regimen fit each other, at every point where they meet."""
    axes = _regimen_axes(study)
    if len(axes) < 2:
        return
    try:
        bases = _bases(study)
        for pairs in _meetings(study, axes):
            for base in bases:
                try:
                    base.with_values([(a.field, v) for a, v in pairs])
                except UserError as error:
                    where = ", ".join(f"{a.name} = {v}" for a, v in pairs)
                    yield f"axes at {where}: {error}"
                    return
    except (UserError, KeyError):
        return  # an axis that cannot be read is told by another rule


def _meetings(study: StudyConfig, axes: list[Any]) -> Iterator[list[tuple[Any, Any]]]:
    """Yield what axes set at every point of their grid; zipped ones advance together."""
    group_of = {name: group for group in study.zip for name in group}
    dims: dict[tuple[str, ...], list[Any]] = {}
    for axis in axes:
        dims.setdefault(group_of.get(axis.name, (axis.name,)), []).append(axis)
    steps = [
        [
            list(zip(dim, values, strict=True))
            for values in zip(*(points(a, study.edition).apply for a in dim), strict=False)
        ]
        for dim in dims.values()
    ]
    for chosen in itertools.islice(itertools.product(*steps), MOST_TRIED):
        yield [pair for part in chosen for pair in part]


def _try(study: StudyConfig, field: str, values: tuple[Any, ...]) -> None:
    """Apply values one by one to the base study; let refusals through."""
    edition = study.edition
    known: dict[str, Collection[str]] = {
        "hypothesis": edition.hypotheses,
        "patient.phenotype": edition.phenotypes,
        "patient.basin": BASINS,
    }
    bases = _bases(study)
    if field.startswith("regimen.") and len(values) > MOST_TRIED:
        values = values[: MOST_TRIED // 2] + values[-MOST_TRIED // 2 :]
    for value in values:
        if field in known and value not in known[field]:
            raise unknown(field, str(value), known[field])
        for base in bases:
            run = base.with_value(field, value)
            for adjunct in run.modifiers.adjuncts:
                if adjunct.name not in edition.adjuncts:
                    raise unknown("adjunct", adjunct.name, edition.adjuncts)


def _bases(study: StudyConfig) -> list[Any]:
    """One run per regimen of the study; with an axis of regimens, one per value of it."""
    if study.regimen or study.regimens:
        base = study.base_run()
        return [replace(base, regimen=r) for r in study.named_regimens().values()]
    from ldnsim.config.entries import as_single

    axis = next((a for a in study.axes if a.field == "regimen"), None)
    if axis is None:
        return []
    with study.edition.in_force():
        listed = tuple(as_single(v) for v in points(axis, study.edition).apply)
    filled = study.model_copy(update={"regimens": listed})
    return _bases(filled)


def zip_groups_fit(study: StudyConfig) -> Iterator[str]:
    """Zipped axes exist, are in one group only and have the same length."""
    by_name = {a.name: a for a in study.axes}
    for name, n in Counter(n for group in study.zip for n in group).items():
        if n > 1:
            yield f"zip: axis {name!r} is in more than one place; an axis advances with one group"
        if name not in by_name:
            yield f"zip: there is no axis {name!r}{nearest(name, by_name)}"
    for group in study.zip:
        if len(group) < 2:
            yield f"zip: the group {list(group)} needs at least two axes"
        lengths = {}
        for name in group:
            try:
                lengths[name] = len(points(by_name[name], study.edition).apply)
            except (KeyError, UserError):
                return
        if len(set(lengths.values())) > 1:
            shown = ", ".join(f"{k} has {v}" for k, v in lengths.items())
            yield f"zip: axes that advance together need equally many values, but {shown}"


def horizon_holds_the_study(study: StudyConfig) -> Iterator[str]:
    """Output fits the horizon, and nothing is planned after it."""
    horizon = study.horizon
    if horizon is None:
        return
    if horizon < 24.0:
        yield f"horizon = '{horizon:g} h': shorter than one day; effects take weeks, try '12 wk'"
    if study.output.every > horizon:
        yield (
            f"output.every = '{study.output.every:g} h' is longer than the horizon,"
            f" '{horizon:g} h'; make one of them fit"
        )
    for i, change in enumerate(study.changes, start=1):
        if change.at >= horizon:
            yield (
                f"changes[{i}].at = '{change.at:g} h' is not before the end of the study,"
                f" horizon = '{horizon:g} h'"
            )


RULES: tuple[Rule, ...] = (
    one_regimen_source,
    regimen_names_differ,
    names_are_known,
    parameters_in_range,
    known_adjuncts,
    adjuncts_given_once,
    known_outputs,
    variables_of_extensions_have_free_names,
    axis_names_differ,
    axis_fields_differ,
    axis_values_apply,
    regimen_axes_fit,
    zip_groups_fit,
    horizon_holds_the_study,
    *people.RULES,
    *recordings.RULES,
    *times.RULES,
    *visits.RULES,
    *optimise_rules.RULES,
)
