"""What a fit to data of one's own is about: subjects, observations, free parameters.

Everything is checked here, before anything is solved.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from ldnsim.analysis.evidence.estimate import values_at, within_record
from ldnsim.analysis.evidence.fit import Batch
from ldnsim.analysis.evidence.own_error import ADDITIVE, PROPORTIONAL, Error, read_error
from ldnsim.arrays import Flags, Floats
from ldnsim.catalog.calibration import Free
from ldnsim.config.blocks import Modifiers
from ldnsim.config.run import RunSpec
from ldnsim.edition import Edition, shipped
from ldnsim.errors import UserError, check_known, listed
from ldnsim.influence import SWITCH, reaching
from ldnsim.mechanisms.record import Parameter
from ldnsim.patients.vectors import find_patients
from ldnsim.regimen import Recorded
from ldnsim.regimen.steady import lead_hours
from ldnsim.runs.accuracy import FITTED, STEADY
from ldnsim.runs.few import WEEK, run_specs
from ldnsim.runs.grid import Listed
from ldnsim.runs.observed import Observation, observations


@dataclass(frozen=True)
class Options:
    """How to fit.

    Attributes:
        free: names of the parameters to fit.
        hypothesis: under which.
        phenotype: of every subject.
        parameters: held at these values, over those of hypothesis and phenotype.
        error: kind of error, with its size if that is known, see :func:`read_error`; of one
            variable where its name comes before, such as ``pain additive=0.5``.
        priors: a prior about the patient's value, as wide as the recorded spread, on every free
            parameter that has one.
        starts: local fits.
        seed: of the starting points.
        profiles: compute profile likelihoods.
        threads: threads of the engine.
    """

    free: tuple[str, ...]
    hypothesis: str = "dual_pathway"
    phenotype: str = "default"
    parameters: Mapping[str, float] = field(default_factory=dict)
    error: tuple[str, ...] = ()
    priors: bool = True
    starts: int = 4
    seed: int = 1
    profiles: bool = False
    threads: int | None = None


@dataclass(frozen=True)
class Problem:
    """Observations of several subjects, and the parameters that are to explain them.

    Attributes:
        subjects: whose doses and observations these are, all of one table.
        seen: the observations.
        free: the parameters that the fit may move.
        options: how to fit.
        edition: the model.
        base: every parameter of a subject before the fit.
    """

    subjects: tuple[Recorded, ...]
    seen: tuple[Observation, ...]
    free: tuple[Free, ...]
    options: Options
    edition: Edition
    base: Mapping[str, float]

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """What was observed."""
        return tuple(dict.fromkeys(o.variable for o in self.seen))

    @cached_property
    def time_h(self) -> Floats:
        """Times of the observations from the start of the run, shape (observations,)."""
        return np.array([o.time_h for o in self.seen])

    @cached_property
    def value(self) -> Floats:
        """Measured values, or limits, shape (observations,)."""
        return np.array([o.value for o in self.seen])

    @cached_property
    def below(self) -> Flags:
        """Which were below the limit of quantification, shape (observations,)."""
        return np.array([o.below for o in self.seen])

    def of(self, variable: str) -> Flags:
        """Which observations are of a variable, shape (observations,)."""
        return np.array([o.variable == variable for o in self.seen])

    @property
    def off(self) -> tuple[str, ...]:
        """Switches that are at zero."""
        return tuple(n for n, v in self.base.items() if n.startswith(SWITCH) and v == 0.0)

    def reaching(self, *variables: str) -> tuple[str, ...]:
        """Return the free parameters that some of these variables depend on."""
        live = reaching(self.edition.model, variables, self.off)
        return tuple(n for n in self.options.free if n in live)

    def specs(self, own: Mapping[str, float]) -> list[RunSpec]:
        """Return the run of every subject, with some parameters of its own."""
        return [_spec(r, self.options, self.edition, own) for r in self.subjects]

    def solve(self, specs: Sequence[RunSpec], times: Floats) -> Floats:
        """Return what is observed of runs, shape (runs, variables, times)."""
        # an end after the last time, whatever its fraction of a week
        weeks = (math.floor(float(times[-1])) + 1.0) / WEEK
        threads = self.options.threads
        return run_specs(specs, weeks, [], times, self.variables, FITTED, threads).at

    def simulate(self, points: Floats) -> Floats:
        """Return what is simulated at each observation, shape (points, observations)."""
        times = np.unique(self.time_h)
        specs = [s for x in points for s in self.specs(values_at(self.free, x))]
        found = self.solve(specs, times).reshape(
            len(points), len(self.subjects), len(self.variables), len(times)
        )
        ids = [r.id for r in self.subjects]
        who = [ids.index(o.subject) for o in self.seen]
        what = [self.variables.index(o.variable) for o in self.seen]
        return np.asarray(found[:, who, what, np.searchsorted(times, self.time_h)])

    def batch(self, errors: Mapping[str, Error], weight: Floats) -> Batch:
        """Return the batch function: residuals of the observations, then those of priors.

        Args:
            errors: of each variable.
            weight: what the fit before simulated, shape (observations,).
        """
        priors = [f for f in self.free if f.prior is not None]

        def batch(points: Floats) -> Floats:
            found = np.empty((len(points), len(self.seen) + len(priors)))
            simulated = self.simulate(points)
            for name, error in errors.items():
                at = np.nonzero(self.of(name))[0]
                found[:, at] = error.residuals(
                    simulated[:, at], self.value[at], self.below[at], weight[at]
                )
            found[:, len(self.seen) :] = [self.pulls(x) for x in points]
            return found

        return batch

    def loss(
        self, errors: Mapping[str, Error], simulated: Floats, x: Floats, weight: Floats
    ) -> float:
        """Return minus the logarithm of the likelihood of a point, its priors included.

        Args:
            errors: of each variable.
            simulated: at each observation, shape (observations,).
            x: coordinates, shape (parameters,).
            weight: as for :meth:`batch`.
        """
        at = {name: self.of(name) for name in errors}
        own = (
            e.loss(simulated[at[n]], self.value[at[n]], self.below[at[n]], weight[at[n]])
            for n, e in errors.items()
        )
        return sum(own) + 0.5 * sum(r**2 for r in self.pulls(x))

    def pulls(self, x: Floats) -> list[float]:
        """Return the residuals of the priors at a point."""
        return [
            (float(v) - f.coordinate(f.prior)) / f.prior_sd
            for v, f in zip(x, self.free, strict=True)
            if f.prior is not None
        ]

    @property
    def set_elsewhere(self) -> tuple[str, ...]:
        """Parameters, free or held, that hypothesis or phenotype set: no default acts there."""
        kinds = (
            self.edition.hypotheses[self.options.hypothesis],
            self.edition.phenotypes[self.options.phenotype],
        )
        names = (*self.options.free, *self.options.parameters)
        return tuple(n for n in names if any(n in k.overrides for k in kinds))

    def estimated(self, errors: Mapping[str, Error], simulated: Floats) -> dict[str, Error]:
        """Return the errors with the sizes that are most likely where the fit is now."""
        at = {name: self.of(name) for name in errors}
        return {
            name: e.estimated(simulated[at[name]], self.value[at[name]], self.below[at[name]])
            for name, e in errors.items()
        }


def make_problem(
    subjects: Sequence[Recorded], options: Options, edition: Edition | None = None
) -> Problem:
    """Check what is to be fitted to what.

    Args:
        subjects: of one event table; those without observations play no part.
        options: how.
        edition: the model; the shipped one when None.

    Raises:
        UserError: no observation, or a parameter that is unknown, that the observations do not
            depend on, that is set as well, or that cannot be fitted.
    """
    edition = edition or shipped()
    check_known("hypothesis", [options.hypothesis], edition.hypotheses)
    check_known("phenotype", [options.phenotype], edition.phenotypes)
    check_known("parameter", (*options.free, *options.parameters), edition.model.parameters)
    if not options.free:
        raise UserError("no parameter is free: name one with --free, such as --free cl")
    with_data = tuple(r for r in subjects if r.observations)
    if not with_data:
        raise UserError(
            f"{subjects[0]}: there is no observation to fit: rows of EVID 0 with a value in DV are"
        )
    vector = find_patients(Listed([_spec(with_data[0], options, edition, {})])).params
    base = dict(zip(edition.model.parameters, vector[0].tolist(), strict=True))
    with_data = tuple(
        replace(r, lead_h=lead_hours(edition.model, vector, STEADY))
        if r.lacks_lead else r
        for r in with_data
    )  # fmt: skip
    seen = tuple(o for r in with_data for o in observations(r, edition.model))
    free = tuple(_free(edition.model.parameters[n], base[n], options.priors) for n in options.free)
    for name in options.parameters:
        if name in options.free:
            raise UserError(f"{name} is free and set; leave out --free {name} or --set {name}")
    problem = Problem(with_data, seen, free, options, edition, base)
    _check_influence(problem)
    return problem


def _check_influence(problem: Problem) -> None:
    """Refuse parameters that no observed variable depends on, by the equations."""
    live, options = problem.reaching(*problem.variables), problem.options
    for name in options.free:
        if name not in live:
            raise UserError(
                f"--free {name}: none of what was observed ({listed(problem.variables)}) depends on"
                f" it under {options.hypothesis}, so no fit can find it; leave it out"
            )


def _spec(
    recorded: Recorded, options: Options, edition: Edition, own: Mapping[str, float]
) -> RunSpec:
    return RunSpec(
        hypothesis=options.hypothesis,
        phenotype=options.phenotype,
        basin=None,
        parameters=tuple(sorted({**options.parameters, **own}.items())),
        regimen=recorded,
        adherence=None,
        subject=0,
        modifiers=Modifiers(),
        changes=(),
        edition=edition,
    )


def _free(p: Parameter, value: float, priors: bool) -> Free:
    """Return where a parameter may lie, by its record: spreads, or a factor of ten, and bounds."""
    if p.name.startswith(SWITCH):
        raise UserError(f"--free {p.name}: it is a switch, which is on or off; set it with --set")
    free = within_record(p, value)
    if not priors or p.spread.sd <= 0.0:
        return free
    return replace(free, prior=value, prior_sd=p.spread.sd)


def first_errors(problem: Problem) -> dict[str, Error]:
    """Return the error of each variable before its size is estimated.

    Raises:
        UserError: fewer values of a variable than could set what it depends on and the size of its
            error, a kind for what was not observed, or one size for several variables.
    """
    names, said = problem.variables, dict[str, str]()
    for text in problem.options.error:
        name, error = _named_error(text)
        if name in said:
            raise UserError(f"error = {text!r}: there is another of the same values; keep one")
        said[name] = error
    check_known("observed variable", filter(None, said), names)
    shared = [n for n in names if n not in said]
    if said.get("", "").startswith((f"{PROPORTIONAL}=", f"{ADDITIVE}=")) and len(shared) > 1:
        raise UserError(
            f"error = {said['']!r}: a size is in the unit of one variable, and {len(names)} were"
            f" observed; say each, such as '{names[0]} {said['']}'"
        )
    found = {}
    for n in names:
        own = problem.of(n)
        unit = problem.edition.model.observables[n].unit
        found[n] = read_error(said.get(n, said.get("", "")), unit, problem.value[own])
        known, needed = int(np.sum(~problem.below[own])), len(problem.reaching(n))
        if not found[n].given and known < needed + len(found[n].sizes):
            raise UserError(
                f"{_many(known, 'value')} of {n} cannot set {_many(needed, 'parameter')} and the"
                " size of their error;"
                f" give that size, such as --error '{n} {found[n].sizes[0]}=0.2', or free fewer"
            )
    return found


def _many(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def _named_error(text: str) -> tuple[str, str]:
    """Part ``pain additive=0.5`` into the variable, empty for all, and the error."""
    kind, equals, size = text.partition("=")
    name, _, error = kind.strip().rpartition(" ")
    return name.strip(), error + equals + size.strip()
