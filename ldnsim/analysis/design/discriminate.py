"""Which observation would tell rival hypotheses apart: every candidate ranked by information.

A candidate is an analyte at a clock time of a week on one regimen of a study. Each hypothesis
predicts its mean change; the error of a group's mean comes from the assay file, and what is not
known within a hypothesis from an ensemble of parameter values. The ranking holds under the model:
an analyte that the model gets wrong is ranked wrongly.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ldnsim.analysis.design.assays import Assay
from ldnsim.analysis.design.information import greedy, information, separations
from ldnsim.arrays import Floats
from ldnsim.config.run import RunSpec
from ldnsim.errors import UserError, check_known
from ldnsim.runs.accuracy import TOLD_APART
from ldnsim.runs.watch import refuse

if TYPE_CHECKING:
    from ldnsim.runs.plan import Plan
    from ldnsim.sweep.study import Study

WEEK, DAY = 168.0, 24.0
WEEKS = (1, 2, 4, 8, 12)
CLOCK = (2.0, 8.0, 14.0, 20.0)
APART = 2.0
"""Standard deviations beyond which a pair of hypotheses counts as separated."""


@dataclass(frozen=True)
class Candidate:
    """One observation that could be made, and what it would tell.

    Attributes:
        assay: name of the assay.
        regimen: the point of the study, as its axes name it.
        week: counted from 1; measured on its last day.
        clock: h after midnight, None for a mean over the day.
        mean: predicted change under each hypothesis, (hypotheses,).
        sd: error of the group's mean under each, (hypotheses,).
        bits: mutual information with the hypothesis.
        apart: standard deviations between each pair, (pairs,).
    """

    assay: str
    regimen: str
    week: int
    clock: float | None
    mean: Floats
    sd: Floats
    bits: float
    apart: Floats


@dataclass(frozen=True)
class Ranking:
    """Candidates, most informative first.

    Attributes:
        hypotheses: names in order.
        regimens: in the order of the study.
        candidates: ranked.
        best: the best set of up to three observations of different assays, in order of choice.
        best_bits: bits known after each of them.
        participants: in each group.
        members: parameter sets within each hypothesis; 0 for none.
        assays: by name.
        failed: runs that gave no result.
        dropped: candidates that some hypothesis gave no value for.
    """

    hypotheses: tuple[str, ...]
    regimens: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    best: tuple[Candidate, ...]
    best_bits: tuple[float, ...]
    participants: int
    members: int
    assays: Mapping[str, Assay]
    failed: int
    dropped: int

    @property
    def pairs(self) -> tuple[str, ...]:
        """Names of the pairs of hypotheses, such as ``glial/null``."""
        return tuple("/".join(p) for p in itertools.combinations(self.hypotheses, 2))

    def separated(self, candidate: Candidate) -> list[str]:
        """Return the pairs that an observation sets more than two standard deviations apart."""
        return [p for p, z in zip(self.pairs, candidate.apart, strict=True) if z > APART]

    def never(self) -> list[str]:
        """Return the pairs that no candidate separates."""
        if not self.candidates:
            return list(self.pairs)
        most = np.max([c.apart for c in self.candidates], axis=0)
        return [p for p, z in zip(self.pairs, most, strict=True) if z <= APART]


def discriminate(
    study: Study,
    assays: Mapping[str, Assay],
    hypotheses: Sequence[str] = (),
    *,
    weeks: Sequence[int] = WEEKS,
    clock: Sequence[float] = CLOCK,
    participants: int = 12,
    members: int = 0,
    seed: int = 0,
    threads: int | None = None,
) -> Ranking:
    """Rank what could be measured by how well it separates hypotheses.

    Args:
        study: its regimens and axes are the candidates' regimens; an axis of hypotheses names the
            rivals.
        assays: what can be measured.
        hypotheses: the rivals; those of the study's axis, or all, when empty.
        weeks: weeks of measurement.
        clock: clock times of measurement, h.
        participants: in each group.
        members: parameter sets drawn within each hypothesis from the recorded spreads; the same
            draws for every hypothesis and regimen.
        seed: of the draws.
        threads: threads of the engine; the study's setting when None.

    Raises:
        UserError: fewer than two hypotheses, an unknown one, a week after the end, or a study
            with a population.
    """
    plan = _one_patient(study)
    names = _rivals(plan, hypotheses)
    labels, specs = _regimens(plan)
    _within(weeks, plan.end)
    variables = list(dict.fromkeys(a.variable for a in assays.values()))
    shape = (len(specs), len(names), max(members, 1))
    under = [replace(s, hypothesis=h) for s in specs for h in names]
    runs = [m for spec in under for m in _members(spec, members, seed)]
    hours = [(7 * w - 1) * DAY + c for w in weeks for c in clock]
    solver = (min(TOLD_APART, study.solver.rtol), plan.threads if threads is None else threads)
    treated, failed = _values(runs, variables, hours, *solver)
    rests = [replace(r, regimen=RunSpec.of().regimen) for r in runs]
    before, _ = _values(rests, variables, list(clock), *solver)
    treated = treated.reshape(*shape, len(variables), len(weeks), len(clock))
    before = before.reshape(*shape, len(variables), 1, len(clock))
    found, dropped = [], 0
    for key, assay in assays.items():
        v = variables.index(assay.variable)
        effect = _effect(assay, treated[:, :, :, v], before[:, :, :, v])
        some, lost = _candidates(key, assay, effect, labels, weeks, clock, participants)
        found += some
        dropped += lost
    ranked = sorted(found, key=_rank)  # at equal rank, the order of the assay file
    best, bits = _best(ranked)
    return Ranking(
        names, tuple(labels), tuple(ranked), best, bits, participants, members, assays, failed,
        dropped,
    )  # fmt: skip


def _one_patient(study: Study) -> Plan:
    """Lay out a study; refuse patients, who would be ranked as regimens are, and decided doses."""
    if study.population is not None:
        raise UserError(
            "[population]: a ranking is made for the one patient of the study; take the block out,"
            " and say with members (--members 20) that parameters vary within a hypothesis"
        )
    plan = study.plan()
    refuse(plan.watch, "a ranking")
    return plan


def _within(weeks: Sequence[int], end: float) -> None:
    """Refuse weeks that are not in a study of ``end`` hours."""
    if max(weeks) * WEEK > end + DAY or min(weeks) < 1:
        raise UserError(f"weeks {list(weeks)}: expected 1 to {int(end // WEEK)}, in the study")


def _rivals(plan: Plan, wanted: Sequence[str]) -> tuple[str, ...]:
    known = plan.edition.hypotheses
    check_known("hypothesis", wanted, known)
    own = tuple(dict.fromkeys(r.hypothesis for r in plan.runs))
    names = tuple(dict.fromkeys(wanted)) or (own if len(own) > 1 else tuple(known))
    if len(names) < 2:
        raise UserError("two hypotheses at least are needed; name more with --hypothesis")
    return names


def _regimens(plan: Plan) -> tuple[list[str], list[RunSpec]]:
    """The distinct runs of a plan but for their hypothesis, with what to call each."""
    from ldnsim.plots.selection import names_of

    found: dict[RunSpec, str] = {}
    for i, run in enumerate(plan.runs):
        words = []
        for dim, k in zip(plan.dims, np.unravel_index(i, plan.shape), strict=True):
            first = dim.coordinates[0]
            if first.field != "hypothesis":
                text = names_of(first.values, first.unit)[int(k)]
                words.append(text if first.unit or not first.numeric else f"{first.name} {text}")
        found.setdefault(replace(run, hypothesis=""), ", ".join(words) or str(run.regimen))
    return list(found.values()), list(found)


def _members(spec: RunSpec, members: int, seed: int) -> list[RunSpec]:
    """The run itself, or copies of it whose parameters are drawn from the recorded spreads."""
    from ldnsim.patients import draws
    from ldnsim.patients.vectors import own_parameters

    if not members:
        return [spec]
    own = own_parameters(spec)
    columns: dict[str, Floats] = {}
    for p, value in zip(spec.edition.model.parameters.values(), own, strict=True):
        if p.spread.kind != "fixed":
            quantile = draws.sobol(seed, p.name, members)
            centre = np.full(members, value)
            drawn = draws.spread_out(p.spread.kind, p.spread.sd, centre, quantile)
            columns[p.name] = np.clip(drawn, p.low, p.high)
    given = dict(spec.parameters)
    people = [{**given, **{n: float(c[k]) for n, c in columns.items()}} for k in range(members)]
    return [replace(spec, parameters=tuple(sorted(values.items()))) for values in people]


def _values(
    runs: Sequence[RunSpec],
    variables: Sequence[str],
    hours: Sequence[float],
    rtol: float,
    threads: int | None,
) -> tuple[Floats, int]:
    """Values of variables at times, (runs, variables, times), and how many runs failed."""
    from ldnsim.runs.few import run_specs

    order = np.argsort(hours, kind="stable")
    times = np.asarray(hours)[order]
    done = run_specs(runs, float(times[-1] + 1.0) / WEEK, [], list(times), variables, rtol, threads)
    back = np.argsort(order, kind="stable")
    return np.asarray(done.at[:, :, back], dtype=np.float64), int(np.sum(done.status != 0))


def _effect(assay: Assay, treated: Floats, before: Floats) -> Floats:
    """Change on the assay's scale, (regimens, hypotheses, members, weeks, clock times or 1)."""
    if assay.daily:
        treated, before = treated.mean(axis=-1, keepdims=True), before.mean(axis=-1, keepdims=True)
    return assay.effect(treated, before)


def _candidates(
    key: str, assay: Assay, effect: Floats, labels: Sequence[str], weeks: Sequence[int],
    clock: Sequence[float], participants: int,
) -> tuple[list[Candidate], int]:  # fmt: skip
    """Every candidate of one assay, and how many lack a value under some hypothesis."""
    good = np.isfinite(effect)
    count = good.sum(axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(good, effect, 0.0).sum(axis=2) / count
        spread = np.where(good, (effect - mean[:, :, None]) ** 2, 0.0).sum(axis=2)
    within = spread / np.maximum(count - 1, 1)
    variance = np.moveaxis(within + assay.variance(participants), 1, -1)
    mean, enough = np.moveaxis(mean, 1, -1), (count > 0).all(axis=1)
    bits = np.full(enough.shape, np.nan)
    bits[enough] = information(mean[enough][..., None], np.sqrt(variance[enough])[..., None])
    apart = separations(mean, variance)
    found = [
        Candidate(
            key, labels[r], weeks[w], None if assay.daily else clock[c],
            mean[r, w, c], np.sqrt(variance[r, w, c]), float(bits[r, w, c]), apart[r, w, c],
        )
        for r, w, c in np.argwhere(enough)
    ]  # fmt: skip
    return found, int((~enough).sum())


def _rank(candidate: Candidate) -> tuple[float, int, int]:
    """More bits first, then more pairs apart, then earlier in the study."""
    return -round(candidate.bits, 3), -int(np.sum(candidate.apart > APART)), candidate.week


def _best(ranked: Sequence[Candidate]) -> tuple[tuple[Candidate, ...], tuple[float, ...]]:
    if not ranked:
        return (), ()
    mean, sd = np.array([c.mean for c in ranked]), np.array([c.sd for c in ranked])
    chosen, bits = greedy(mean, sd, [c.assay for c in ranked])
    return tuple(ranked[i] for i in chosen), tuple(bits)
