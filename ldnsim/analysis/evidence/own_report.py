"""What a fit to data of one's own says: as plain values, as words, and as a set of parameters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ldnsim.analysis.evidence.estimate import Estimate
from ldnsim.analysis.evidence.own_data import AGREE, DataFit
from ldnsim.config.toml import quoted
from ldnsim.edition.tables import set_by
from ldnsim.regimen import Recorded
from ldnsim.runs.observed import Observation

HEAD = "# Written by ldnsim calibrate --data; run it again to replace this file."
"""First line of a set of parameters."""
FEW = 3
"""Values for each parameter and size below which the most likely size of an error is low."""
HEADERS = (
    "id", "time", "variable", "unit", "measured", "below_limit", "fitted", "residual", "row",
)  # fmt: skip
"""Columns of the table of observations; ``time`` is TIME of the file, h."""


def table_of(fit: DataFit) -> Recorded:
    """Return the first subject: what it says of the file holds for all."""
    return fit.problem.subjects[0]


def file_of(fit: DataFit) -> str:
    """Return what the data are called."""
    return table_of(fit).table.file or "a table"


def rows(fit: DataFit) -> list[list[str]]:
    """Return one row of :data:`HEADERS` for each observation."""
    return [
        [
            o.subject, f"{time_of(fit, o):g}", o.variable, unit_of(fit, o.variable),
            f"{o.value:.6g}", str(int(o.below)), f"{f:.6g}", f"{r:.4f}", str(o.row),
        ]
        for o, f, r in zip(fit.problem.seen, fit.simulated, fit.residuals, strict=True)
    ]  # fmt: skip


def time_of(fit: DataFit, o: Observation) -> float:
    """Return TIME of an observation as the file counts it (h)."""
    return round(o.time_h - table_of(fit).doses().origin_h, 9)


def unit_of(fit: DataFit, variable: str) -> str:
    """Return the unit of a variable."""
    return fit.problem.edition.model.observables[variable].unit


def remarks(fit: DataFit) -> Iterator[str]:
    """Yield what else there is to say: data, error, priors, quality, what goes together."""
    own, bent, best = fit.problem, fit.curvature, fit.fit
    options, n = own.options, len(own.seen)
    below = f", {int(own.below.sum())} of them below the limit" if own.below.any() else ""
    yield (
        f"{file_of(fit)} (SHA-256 {table_of(fit).table.sha256[:12]}): {n} observations of"
        f" {_many(len(own.subjects), 'subject')}{below}; under the hypothesis"
        f" {options.hypothesis}, phenotype {options.phenotype}"
    )
    if options.parameters:
        units = {n: own.edition.model.parameters[n].unit for n in options.parameters}
        yield "  held: " + ", ".join(
            f"{n} = {v:g} {units[n]}".removesuffix(" 1") for n, v in options.parameters.items()
        )
    for name, error in fit.errors.items():
        at = own.of(name)
        tests = "" if error.given else ", so it tests nothing"
        yield (
            f"  error of {name}: {error.text(unit_of(fit, name))}{tests}; chi-square"
            f" {np.sum(fit.residuals[at] ** 2):.4g} for {int(at.sum())} values"
        )
    held = [f.name for f in own.free if f.prior is not None]
    yield "  priors: " + (
        f"lognormal (fractions: logit-normal) about the value without the fit, as wide as the"
        f" recorded spread, on {', '.join(held)}" if held else "none"
    )  # fmt: skip
    for name, error in fit.errors.items():
        known, q = int(np.sum(~own.below[own.of(name)])), len(own.reaching(name))
        if not error.given and known < FEW * (q + len(error.sizes)):
            yield (
                f"  {known} values of {name}, {_many(q, 'parameter')}: the size of the error, and"
                " with it the standard errors, come out low"
            )
        if error.proportional > 1.0 and not error.given:
            yield f"  the error of {name} is larger than its values: is the unit of DV right?"
    same = sum(c - best.chi2 < AGREE for c in best.reached)
    yield (
        f"  {same} of {len(best.reached)} starts agree (seed {options.seed});"
        f" {best.evaluations} evaluations"
    )
    if not fit.settled:
        yield "  the size of the error has not settled: take the estimates with care"
    yield f"  condition {bent.condition:.3g}, rank {bent.rank} of {len(fit.estimates)}" + (
        f"; not determined together: {', '.join(bent.open)}" if bent.open else ""
    )
    for i, a in enumerate(fit.estimates):
        for j, b in enumerate(fit.estimates[:i]):
            if abs(r := bent.correlation[i, j]) > 0.7:
                yield f"  {b.name} and {a.name} go together: correlation {r:.2f}"


def _many(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def as_dict(fit: DataFit) -> dict[str, Any]:
    """Return a fit as plain values; what is infinite or not a number is null."""
    own, best, bent = fit.problem, fit.fit, fit.curvature
    return {
        "data": {
            "file": file_of(fit), "sha256": table_of(fit).table.sha256,
            "subjects": [r.id for r in own.subjects],
        },
        "hypothesis": own.options.hypothesis,
        "phenotype": own.options.phenotype,
        "parameters": dict(own.options.parameters),
        "errors": {
            n: {"kind": e.kind, **{size: getattr(e, size) for size in e.sizes}, "given": e.given}
            for n, e in fit.errors.items()
        },
        "priors": [f.name for f in own.free if f.prior is not None],
        "chi2": plain(float(np.sum(fit.residuals**2))),
        "objective": plain(best.chi2),
        "reached": [plain(c) for c in best.reached],
        "seed": own.options.seed,
        "evaluations": best.evaluations,
        "condition": plain(bent.condition),
        "rank": bent.rank,
        "open": list(bent.open),
        "correlation": [[plain(c) for c in row] for row in bent.correlation],
        "estimates": [
            {
                "name": e.name, "value": plain(e.value), "se": plain(e.se), "low": plain(e.low),
                "high": plain(e.high), "shipped": e.shipped, "price": plain(e.price),
                "bounds": list(e.bounds), "unit": e.unit, "verdict": e.verdict,
            }
            for e in fit.estimates
        ],
        "observations": [
            {
                "id": o.subject, "time": time_of(fit, o), "variable": o.variable,
                "unit": unit_of(fit, o.variable), "measured": o.value, "below_limit": o.below,
                "fitted": plain(float(f)), "residual": plain(float(r)), "row": o.row,
            }
            for o, f, r in zip(own.seen, fit.simulated, fit.residuals, strict=True)
        ],
        "profiles": [
            {
                "name": p.name, "value": [f.value(float(x)) for x in p.x],
                "rise": [plain(r) for r in p.rise],
            }
            for p, f in zip(fit.profiles, own.free, strict=False)
        ],
        "curves": [
            {
                "id": c.subject, "variable": c.variable, "unit": unit_of(fit, c.variable),
                "long_name": own.edition.model.observables[c.variable].long_name,
                "time": (c.time_h - table_of(fit).doses().origin_h).tolist(),
                "fitted": [plain(float(v)) for v in c.fitted],
                "shipped": [plain(float(v)) for v in c.shipped],
            }
            for c in fit.curves()
        ],
    }  # fmt: skip


def plain(x: float | None) -> float | None:
    """Return a number as JSON has it."""
    return None if x is None or not math.isfinite(x) else float(x)


def parameter_set(fit: DataFit) -> str:
    """Return what was fitted and held as an extension (TOML): a study runs it as defaults.

    Their grade is ``assumed``, whatever the verdict: the file does not say what was measured in
    whom. Whoever knows names the source and the grade.
    """
    options = fit.problem.options
    lines = [HEAD, *(f"# {line}" for line in remarks(fit))]
    lines.append(
        f'# What was fitted comes out under hypothesis = "{options.hypothesis}", phenotype ='
        f' "{options.phenotype}": a study names them.'
    )
    by = set_by(e.source for e in fit.problem.edition.extensions)
    fitted = [(e.name, float(f"{e.value:.6g}"), _note(fit, e)) for e in fit.estimates]
    held = [(n, float(v), _held_note(fit, n)) for n, v in options.parameters.items()]
    for name, value, note in (*fitted, *held):
        lines += parameter_lines(name, value, note, by)
    return "\n".join(lines) + "\n"


def parameter_lines(name: str, value: float, note: str, by: Mapping[str, str]) -> list[str]:
    """Return a parameter of an extension (TOML); ``by`` names the file that sets it already."""
    return [
        "", f"[parameters.{name}]", f"value = {value!r}", 'grade = "assumed"', "source = []",
        f"note = {quoted(note)}",
        *([f"replaces = {quoted(by[name])}"] if name in by else []),
    ]  # fmt: skip


def _held_note(fit: DataFit, name: str) -> str:
    own = fit.problem.edition.model.parameters[name]
    return f"held at the command line (--set) in a fit to {_data(fit)}; without it {own.value:g}"


def _data(fit: DataFit) -> str:
    file = file_of(fit).replace("[", "(").replace("]", ")")  # brackets would cite
    return f"{file} (SHA-256 {table_of(fit).table.sha256})"


def _note(fit: DataFit, e: Estimate) -> str:
    se = f"SE {e.se:.2g} {e.unit}" if math.isfinite(e.se) else "SE open"
    return (
        f"fitted to {_data(fit)}, {len(fit.problem.seen)} observations of"
        f" {_many(len(fit.problem.subjects), 'subject')}: {se}, {e.verdict}; without the fit"
        f" {e.shipped:g}"
    )
