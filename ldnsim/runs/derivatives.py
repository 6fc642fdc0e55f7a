"""Local sensitivities of one run: how its summaries follow every parameter.

For each parameter two copies of the patient are simulated, with the parameter 1 % higher and 1 %
lower (on the log scale), each from its own untreated orbit. Copies share their steps with the
unshifted patient (:mod:`ldnsim.engine.rhythm.shifted`), so the central difference is the
derivative of a smooth map. The two one-sided slopes agree where the summary is locally linear;
where they do not, near the point at which a patient tips, the derivative says nothing and is
flagged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ldnsim.arrays import Codes, Flags, Floats
from ldnsim.config.study import StudyConfig
from ldnsim.engine.rhythm.orbit import daily_means
from ldnsim.engine.rhythm.shifted import beside, rows, shifted_orbits
from ldnsim.engine.solve.status import Status
from ldnsim.errors import UserError
from ldnsim.influence import SWITCH, reaching
from ldnsim.measure import Summary
from ldnsim.mechanisms.record import ASSUMED, Parameter
from ldnsim.patients.rows import Rows
from ldnsim.patients.untreated import untreated_days
from ldnsim.patients.vectors import Patients, grades
from ldnsim.runs.accuracy import DIFFERENTIATED
from ldnsim.runs.dosing import Dosing
from ldnsim.runs.grid import Dim, Runs
from ldnsim.runs.job import Job
from ldnsim.runs.plan import Plan
from ldnsim.runs.reference import Untreated, reference_day
from ldnsim.runs.task import solve_task
from ldnsim.runs.watch import refuse

SHIFT = 0.01
"""Shift of a parameter to either side, on the natural-log scale."""
ASYMMETRY = 0.1
"""Slopes to the two sides that differ by more than this share of their sum are not linear."""
NOISE = 1e-4
"""Slopes below this share of the size of a summary are the solver's noise, and count as zero."""
MINOR = 0.01
"""Share of the variance below which a parameter's asymmetry does not matter."""
MOST_BENT = 0.1
"""Share of the variance on bent parameters above which a summary is not locally linear."""


@dataclass(frozen=True)
class Sensitivities:
    """Derivatives of the summaries of one run.

    Attributes:
        run: number of the run in its plan.
        summaries: what was differentiated, in order.
        parameters: with respect to what, in order.
        value: parameter values of the run, (parameters,).
        grades: evidence grade of each value.
        sd: spread of each parameter on the natural-log scale at its value, (parameters,).
        unshifted: the summaries themselves, (summaries,).
        derivative: d summary / d ln(parameter), (summaries, parameters).
        asymmetry: difference of the one-sided slopes over their sum, (summaries, parameters); NaN
            where they cancel.
        left_out: parameters without a derivative, with the reason.
    """

    run: int
    summaries: tuple[Summary, ...]
    parameters: tuple[str, ...]
    value: Floats
    grades: tuple[str, ...]
    sd: Floats
    unshifted: Floats
    derivative: Floats
    asymmetry: Floats
    left_out: dict[str, str]

    @cached_property
    def effect(self) -> Floats:
        """Change of each summary by one sd of each parameter, (summaries, parameters)."""
        return self.derivative * self.sd

    @cached_property
    def share(self) -> Floats:
        """Share of each parameter in the linear variance of each summary; NaN when there is none.

        Shape (summaries, parameters); parameters are taken to vary independently.
        """
        variance = self.effect**2
        total = variance.sum(axis=1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(total > 0.0, variance / total, np.nan))

    @property
    def assumed_share(self) -> Floats:
        """Share of the linear variance carried by assumed numbers, (summaries,)."""
        assumed = np.array([g == ASSUMED for g in self.grades])
        share: Floats = np.where(assumed, self.share, 0.0).sum(axis=1)
        return np.where(np.isnan(self.share).any(axis=1), np.nan, share)

    @property
    def locally_linear(self) -> Flags:
        """Whether a derivative describes the summary near this run, (summaries,)."""
        bent = (self.asymmetry > ASYMMETRY) & (self.share > MINOR)
        carried = np.where(bent, self.share, 0.0).sum(axis=1)
        fine = np.isfinite(self.derivative).all(axis=1) & np.isfinite(self.unshifted)
        return np.asarray(fine & (carried <= MOST_BENT))


def reference_run(plan: Plan, status: Sequence[int] | Codes) -> int | None:
    """The run that stands for a study: a treated one that ended well, else any that ended well.

    It is the first along axes of names (regimens, hypotheses) and the one nearest to the middle of
    axes of numbers, where a sweep of doses has its interest.

    Args:
        plan: the study laid out.
        status: outcome of every run, (runs,).
    """
    at = np.unravel_index(np.arange(len(plan)), plan.shape) if plan.dims else ()
    away = np.zeros(len(plan))
    first = np.zeros(len(plan))
    for dim, place in zip(plan.dims, at, strict=True):
        if dim.coordinates[0].numeric:
            away += np.abs(place - dim.size // 2) / dim.size
        else:
            first = first * dim.size + place
    order = [i for i in np.lexsort((away, first)).tolist() if status[i] == 0]
    treated = (i for i in order if plan.dosing.has_drug(i))
    return next(treated, order[0] if order else None)


def of_job(job: Job, status: Codes) -> Sensitivities | None:
    """Differentiate the run that stands for a finished job; None when there is nothing to say.

    That is so when no run ended well, or the one that did not at the looser tolerance.
    """
    run = reference_run(job.plan, status)
    if run is None:
        return None
    y0 = job.untreated.y0[job.patients.of_run[run]]
    try:
        return sensitivities(job.plan, job.patients, run, job.threads, y0)
    except UserError:
        return None


def sensitivities(
    plan: Plan,
    patients: Patients,
    run: int,
    threads: int | None = None,
    untreated: Floats | None = None,
) -> Sensitivities:
    """Differentiate all summaries of one run with respect to all parameters.

    Args:
        plan: the study laid out.
        patients: of its runs.
        run: number of the run.
        threads: threads to use.
        untreated: the patient's untreated state at midnight, when it is known already, (states,).

    Raises:
        UserError: the patient has no untreated state, the run itself failed, or its doses hang on
            what becomes of the patient.
    """
    refuse(plan.watch, "sensitivities")
    patient, known = patients.one(run), plan.edition.model.parameters
    own = patient.params[0]
    y0 = _untreated(patient, threads) if untreated is None else untreated
    chosen, left_out = _choose(plan, own)
    index = plan.edition.model.parameter_index
    live = _reaching(plan, own)
    moving = [n for n in chosen if n in live]
    copies = _copies(own, [index[n] for n in moving])
    values, unshifted, mean = _summaries(plan, run, patient, y0, copies, threads)
    derivative = np.zeros((len(differentiated(plan)), len(chosen)))
    asymmetry = np.zeros_like(derivative)
    at = [chosen.index(n) for n in moving]
    up, down = values[0::2].T, values[1::2].T
    floor = NOISE * _sizes(plan, unshifted, mean)[:, None]
    heard = ~(np.maximum(np.abs(up), np.abs(down)) < SHIFT * floor)
    derivative[:, at] = np.where(heard, (up - down) / (2.0 * SHIFT), 0.0)
    asymmetry[:, at] = np.where(heard, _asymmetry(up, down), 0.0)
    held = own[[index[n] for n in chosen]]
    graded = grades(plan.runs[run])
    return Sensitivities(
        run, differentiated(plan), tuple(chosen), held, tuple(graded[n] for n in chosen),
        np.array([log_sd(known[n], v) for n, v in zip(chosen, held, strict=True)]),
        unshifted, derivative, asymmetry, left_out,
    )  # fmt: skip


def differentiated(plan: Plan) -> tuple[Summary, ...]:
    """Return the summaries of a plan that are smooth numbers of the run: all but functions."""
    return tuple(s for s in plan.summaries if s.function is None)


def not_differentiated(plan: Plan) -> dict[str, str]:
    """Return the names of the other summaries, with the reason why they have no derivative."""
    return {s.name: "a Python function, which may jump" for s in plan.summaries if s.function}


def log_sd(parameter: Parameter, value: float) -> float:
    """Spread of a parameter on the natural-log scale at a value; for a fraction ``sd (1 - p)``."""
    spread = parameter.spread
    if spread.kind == "logitnormal":
        return spread.sd * max(1.0 - value, 0.0)
    return spread.sd if spread.kind == "lognormal" else 0.0


def _untreated(patient: Patients, threads: int | None) -> Floats:
    """State at midnight of one patient."""
    found = untreated_days(patient, threads)
    if found.status[0] != Status.OK:
        raise UserError(f"no sensitivities of this run: {Status(int(found.status[0])).advice}")
    return np.asarray(found.y0[0], dtype=np.float64)


def _choose(plan: Plan, own: Floats) -> tuple[list[str], dict[str, str]]:
    """Parameters to shift, and those left out with the reason."""
    held = dict(zip(plan.edition.model.parameters, own.tolist(), strict=True))
    left_out = {n: "zero in this run: no relative change" for n, v in held.items() if v == 0.0}
    left_out |= {n: "a switch" for n in held if n.startswith(SWITCH)}
    return [n for n in held if n not in left_out], {n: left_out[n] for n in held if n in left_out}


def _reaching(plan: Plan, own: Floats) -> set[str]:
    """Parameters that some summary depends on, from the equations; the rest have derivative 0."""
    model = plan.edition.model
    off = [n for n, v in zip(model.parameters, own, strict=True)
           if n.startswith(SWITCH) and v == 0.0 and not plan.study.changes]  # fmt: skip
    wanted = [m.variable for s in differentiated(plan) for m in (s, s.weighed) if m is not None]
    return reaching(model, wanted, off)


def _copies(own: Floats, columns: Sequence[int]) -> Floats:
    """Parameter vectors, each shifted up, then down, one after the other: (2 n, parameters)."""
    copies = np.repeat(own[None], 2 * len(columns), axis=0)
    for k, column in enumerate(columns):
        copies[2 * k, column] *= np.exp(SHIFT)
        copies[2 * k + 1, column] *= np.exp(-SHIFT)
    return copies


def _sizes(plan: Plan, unshifted: Floats, mean: Floats) -> Floats:
    """Size of each summary: of what it is a change of, else its own, (summaries,)."""
    index = plan.edition.model.observable_index
    sizes = [
        {**dict.fromkeys(("change", "fall"), abs(float(mean[index[s.variable]]))),
         "percent": 100.0, "": abs(float(v))}
        for s, v in zip(differentiated(plan), unshifted, strict=True)
    ]  # fmt: skip
    of = zip(sizes, differentiated(plan), strict=True)
    return np.array([size["" if s.step else s.against] for size, s in of])


def _asymmetry(up: Floats, down: Floats) -> Floats:
    """Difference of the one-sided slopes over their sum; 0 where nothing moves.

    NaN where both directions move the summary by the same: the slopes cancel, and nothing finite
    says how bent that is.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.abs(up + down) / np.abs(up - down)
    return np.asarray(np.select([(up == 0.0) & (down == 0.0), up == down], [0.0, np.nan], ratio))


def _summaries(
    plan: Plan, run: int, patient: Patients, y0: Floats, copies: Floats, threads: int | None
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """Summaries of every copy minus those of its patient, the patient's, and untreated means."""
    model, own = patient.model, patient.params[0]
    laid = beside(own, copies)
    orbits, closed = shifted_orbits(model, own, y0, copies, threads)
    n = len(laid)
    each = np.arange(n, dtype=np.int64)
    lanes, inflamed = _lanes(plan, run, n), np.full(n, patient.inflamed[0])
    patients = Patients(model, laid, each, np.empty(0, np.int64), inflamed, each)
    mean = daily_means(model, laid, orbits, threads, together=True)
    start = Rows.of(orbits)
    day = reference_day(lanes, patients, start, threads, together=True)
    state = Untreated(start, mean, np.zeros(n), np.zeros(n, np.int8), *day)
    job = Job(lanes, threads, patients, state)
    task = replace(job.task(0, n), together=True)
    done = job.finish(task, solve_task(task, threads))
    values = np.where(closed[:, None], done.summaries, np.nan)
    if done.status[0] != 0:
        raise UserError(f"no sensitivities of this run: {Status(int(done.status[0])).advice}")
    at, lead = rows(len(copies))
    return values[at] - values[lead], values[0], mean[0]


def _lanes(plan: Plan, run: int, n: int) -> Plan:
    """Plan of the copies: the same run over and over, with its nights, summaries only."""
    runs = Runs(plan.runs[run], (Dim("copy", (), ((),) * n),))
    return Plan(
        _thrifty(plan.study), (), runs, Dosing(runs), plan.end,
        plan.night_start[[run] * n], plan.last_night[[run] * n],
    )  # fmt: skip


def _thrifty(study: StudyConfig) -> StudyConfig:
    """The study as it is solved for differences: nothing but summaries, a loose tolerance."""
    wanted = study.output.summaries
    if not isinstance(wanted, str):  # a function is of what is stored, and nothing is
        wanted = tuple(s for s in wanted if getattr(s, "function", None) is None)
    kept = {
        "trajectories": False, "variables": ("pain",), "dtype": "float64", "summaries": wanted,
        "attribution": False,
    }  # fmt: skip
    return study.model_copy(
        update={
            "output": study.output.model_copy(update=kept),
            "solver": study.solver.model_copy(
                # copies have to share their errors: a copy solved again would not
                update={"rtol": max(study.solver.rtol, DIFFERENTIATED), "refine": False}
            ),
        }
    )
