"""Rules on who is treated: covariates against parameters, and populations."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from ldnsim.config.blocks import Patient
from ldnsim.config.run import checked_level, covariate_fields
from ldnsim.errors import UserError, nearest

if TYPE_CHECKING:
    from ldnsim.config.study import StudyConfig

ROOM = "patient."


def check_name(key: str, what: str, word: str, choices: Collection[str]) -> Iterator[str]:
    """Complain of a name that is not among those there are."""
    if word not in choices:
        yield f"{key} = {word!r}: no such {what}{nearest(word, choices)}"


def _set_covariates(study: StudyConfig) -> dict[str, str]:
    """Return each covariate that the study sets or varies, with where it does."""
    known = study.edition.covariates
    found = {k: f"patient.{k}" for k in study.patient.covariates() if k in known}
    for i, axis in enumerate(study.axes, start=1):
        name = axis.field.removeprefix(ROOM)
        if axis.field.startswith(ROOM) and name in known:
            found[name] = f"axes[{i}] ({axis.field})"
    if study.population and study.population.oprm1_g_frequency is not None:
        found.setdefault("oprm1", "population.oprm1_g_frequency")
    return found


def covariates_leave_parameters_alone(study: StudyConfig) -> Iterator[str]:
    """A parameter is given by a covariate or outright, not both."""
    given = {k: f"patient.parameters.{k}" for k in study.patient.parameters}
    for i, axis in enumerate(study.axes, start=1):
        if axis.field.startswith("parameters."):
            given[axis.field.partition(".")[2]] = f"axes[{i}] ({axis.field})"
    claimed = _claim(study)
    for name, where in _set_covariates(study).items():
        level = study.patient.covariates().get(name)
        for target in study.edition.covariates[name].targets(claimed.get(name, ""), level):
            if target in given:
                yield (
                    f"{where} and {given[target]} both give the parameter {target}; keep one of"
                    " them"
                )


def _claim(study: StudyConfig) -> dict[str, str]:
    """Return the claim made on each covariate, also by an axis."""
    found: dict[str, str] = {"oprm1": study.patient.oprm1_claim or ""}
    for axis in study.axes:
        if axis.field == "patient.oprm1_claim":
            found["oprm1"] = next((str(v) for v in axis.values or () if v != "none"), "")
    return found


def covariate_axes_differ(study: StudyConfig) -> Iterator[str]:
    """A covariate is set, varied or drawn, only one of them."""
    fixed = study.patient.covariates()
    drawn = study.population is not None and study.population.oprm1_g_frequency is not None
    for i, axis in enumerate(study.axes, start=1):
        name = axis.field.removeprefix(ROOM)
        if axis.field.startswith(ROOM) and name in fixed:
            yield (
                f"axes[{i}].field = {axis.field!r}: [patient] also sets {name} = {fixed[name]!r};"
                " remove one of them"
            )
        if axis.field == "patient.oprm1" and drawn:
            yield f"axes[{i}].field = {axis.field!r}: the population draws the genotype; keep one"
    if drawn and study.patient.oprm1 is not None:
        yield (
            f"patient.oprm1 = {study.patient.oprm1!r} and population.oprm1_g_frequency both give"
            " the genotype; keep one of them"
        )


def other_covariates_are_known(study: StudyConfig) -> Iterator[str]:
    """Covariates of extensions exist, and have levels that they know."""
    fields = covariate_fields(study.edition)
    own = [f.removeprefix(ROOM) for f in fields if f.removeprefix(ROOM) not in Patient.model_fields]
    for name, level in study.patient.other.items():
        if name not in own:
            what = "a key of [patient] itself" if name in Patient.model_fields else "no covariate"
            yield f"patient.other.{name} = {level!r}: {what}{nearest(name, own)}"
            continue
        try:
            checked_level(study.edition, ROOM + name, level)
        except UserError as error:
            yield str(error)


def population_varies_what_has_a_spread(study: StudyConfig) -> Iterator[str]:
    """Parameters a population varies or excludes exist, and those it varies have a spread."""
    if study.population is None:
        return
    known = study.edition.model.parameters
    spread = [n for n, p in known.items() if p.spread.kind != "fixed"]
    for key in ("vary", "exclude"):
        names = getattr(study.population, key)
        for name in names if not isinstance(names, str) else ():
            if name not in known:
                yield from check_name(f"population.{key}", "parameter", name, spread)
            elif key == "vary" and name not in spread:
                yield (
                    f"population.vary = {name!r}: no spread is recorded for it (switches, factors"
                    " and clock times are the same in all patients)"
                )


def population_limits_known(study: StudyConfig) -> Iterator[str]:
    """Plausible limits are on variables of the model."""
    known = study.edition.model.observables
    for name in study.population.plausible if study.population else ():
        yield from check_name("population.plausible", "variable", name, known)


def population_is_published(study: StudyConfig) -> Iterator[str]:
    """The population whose baseline is to be matched exists."""
    if study.population is not None and study.population.match is not None:
        known = study.edition.populations
        yield from check_name("population.match", "population", study.population.match, known)


def population_correlations_can_be(study: StudyConfig) -> Iterator[str]:
    """Parameters that go together are drawn, and can go together like that."""
    from ldnsim.config import correlations

    people = study.population
    if people is None or not people.correlations:
        return
    known = study.edition.model.parameters
    drawn = [
        n for n, p in known.items()
        if p.spread.kind != "fixed"
        and (people.vary == "all" or n in people.vary) and n not in people.exclude
    ]  # fmt: skip
    yield from correlations.refusals(people.correlations, drawn, known)


def population_owns_its_subjects(study: StudyConfig) -> Iterator[str]:
    """Patients of a population are subjects of their own, along a dimension of their own."""
    for i, axis in enumerate(study.axes, start=1):
        if study.population is not None and axis.field == "subject":
            yield f"axes[{i}].field = 'subject': the population has its own subjects; remove one"


RULES = (
    covariates_leave_parameters_alone,
    covariate_axes_differ,
    other_covariates_are_known,
    population_varies_what_has_a_spread,
    population_limits_known,
    population_is_published,
    population_correlations_can_be,
    population_owns_its_subjects,
)
