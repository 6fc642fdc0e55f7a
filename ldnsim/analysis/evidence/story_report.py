"""What a search for defaults found: as plain values, as words, and as an extension."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ldnsim.analysis.evidence.own_report import parameter_lines, plain
from ldnsim.analysis.evidence.story import Row, Story
from ldnsim.analysis.evidence.story_batch import followers
from ldnsim.analysis.evidence.story_search import Found, called, missed
from ldnsim.catalog.observations import Observation
from ldnsim.catalog.story import Constraint, Freed
from ldnsim.config.toml import quoted
from ldnsim.edition.tables import set_by

HEAD = "# Written by ldnsim calibrate --story; run it again to replace this file."
"""First line of a set of parameters."""
DIGITS = 6
"""Significant digits of a set."""


def candidates(found: Found) -> list[str]:
    """Return what the candidates of the parts are called, in their order."""
    return [*(called(s.start) for s in found.solutions), "without the search", "prior"]


def totals(found: Found) -> list[dict[str, Any]]:
    """Return the terms of the objective of every candidate."""
    p, story = found.parts, found.story
    known = {called(s.start): s for s in found.solutions}
    rows = []
    for i, name in enumerate(candidates(found)):
        s = known.get(name)
        rows.append({
            "candidate": name,
            "total": plain(float(p.total[i])), "prior": plain(float(p.prior[i])),
            "chi2": float(p.chi2[i]), "violations": float(p.penalty[i]),
            "missed": list(missed(story, p, i)),
            "before_polish": s.before if s else None,
            "same_as": None if s is None or s.same_as is None else called(s.same_as),
            "parameters": {
                f.key: float(v) for f, v in zip(story.free, _values(found, i), strict=True)
            },
        })  # fmt: skip
    return rows


def _values(found: Found, at: int) -> list[float]:
    story, ends = found.story, len(found.solutions)
    if at == ends:  # as it is, not as far as the bounds go
        return [story.shipped_value(f) for f in story.free]
    points = story.points(found.parts.departure[at][None, :])
    return [float(points[f.key][0]) for f in story.free]


def parameters(found: Found) -> list[dict[str, Any]]:
    """Return every free parameter: without the search, at its prior, found, and departures."""
    p, story = found.parts, found.story
    plain_at, best = len(found.solutions), _values(found, 0)
    known = story.edition.model.parameters
    return [
        {
            "name": f.key, "unit": known[f.name].unit, "shipped": story.shipped_value(f),
            "prior": f.prior, "prior_sd": f.prior_sd, "scale": f.scale, "found": value,
            "departure": float(p.departure[0, j]),
            "departure_shipped": plain(float(p.departure[plain_at, j])),
            "runners_up": [float(p.departure[k, j]) for k in range(1, plain_at)],
            "bounds": [f.low, f.high],
            "at_bound": bool(math.isclose(value, f.low) or math.isclose(value, f.high)),
            "note": f.note,
        }
        for j, (f, value) in enumerate(zip(story.free, best, strict=True))
    ]  # fmt: skip


def constraints(found: Found) -> list[dict[str, Any]]:
    """Return every constraint: its number, its bounds, whether it is met."""
    p, plain_at, rows = found.parts, len(found.solutions), []
    for i, row in enumerate(found.story.constraints):
        c = _constraint(row)
        gone = p.lost[0, i] > 0.0 or not np.isfinite(p.values[0, i])
        rows.append({
            "name": c.name, "behaviour": c.behaviour, "title": c.title,
            "hypothesis": row.hypothesis, "value": plain(float(p.values[0, i])),
            "shipped": plain(float(p.values[plain_at, i])), "low": c.low, "high": c.high,
            "expected": c.expected(), "unit": c.unit, "scale": c.scale,
            "distance": plain(float(c.distance(p.values[:1, i])[0])),
            "lost": float(p.lost[0, i]),
            "verdict": "met" if not p.missed[0, i] else "no number" if gone else "missed",
            "evidence": c.evidence, "note": c.note,
        })  # fmt: skip
    return rows


def observations(found: Found) -> list[dict[str, Any]]:
    """Return every observation: its number, what was published, its chi-square."""
    p, first, rows = found.parts, len(found.story.constraints), []
    for i, row in enumerate(found.story.observed):
        o = row.of
        assert isinstance(o, Observation)
        value, before = (float(p.values[k, first + i]) for k in (0, len(found.solutions)))
        rows.append({
            "name": o.name, "hypothesis": row.hypothesis, "value": plain(value),
            "published": o.expected(), "unit": o.unit,
            "chi2": plain(sum(r * r for r in o.residuals(value))),
            "chi2_shipped": plain(sum(r * r for r in o.residuals(before))),
        })  # fmt: skip
    return rows


def _constraint(row: Row) -> Constraint:
    assert isinstance(row.of, Constraint)
    return row.of


def as_dict(found: Found) -> dict[str, Any]:
    """Return all that a search found as plain values; what is no number is null."""
    how = found.options
    return {
        "story": found.story.file.name,
        "hypotheses": list(found.story.hypotheses),
        "status": status(found),
        "seed": how.seed, "starts": how.starts, "evaluations": found.evaluations,
        "weight": found.story.file.weight, "missing": found.story.file.missing,
        "parameters": parameters(found), "constraints": constraints(found),
        "observations": observations(found), "candidates": totals(found),
        "without": [
            {"name": w.name, "here": w.here, "best": w.best, "missed": list(w.missed)}
            for w in found.without
        ],
        "set": {h: sorted(found.story.constrained(h)) for h in found.story.hypotheses},
        "history": [list(h) for h in found.history],
    }  # fmt: skip


def status(found: Found) -> str:
    """Return ``met``, or how many rows of constraints no set found meets."""
    n = len(found.missed)
    return "met" if not n else f"{n} of {len(found.story.constraints)} missed"


def remarks(found: Found) -> Iterator[str]:
    """Yield what else there is to say: how the search went, and what stands in the way."""
    p, how, n = found.parts, found.options, len(found.story.constraints)
    yield (
        f"objective {p.total[0]:.4g} = departure {p.prior[0]:.4g} + chi-square {p.chi2[0]:.4g} +"
        f" violations {p.penalty[0]:.4g}; without the search {p.total[len(found.solutions)]:.4g}"
    )
    ends = ", ".join(
        f"{s.total:.4g}" + ("" if s.same_as is None else f" (as {called(s.same_as)})")
        for s in found.solutions
    )
    yield f"starts ended at {ends} (seed {how.seed}); {found.evaluations} sets, each of" \
          f" {found.story.batches.runs} runs"  # fmt: skip
    edge = [row["name"] for row in parameters(found) if row["at_bound"]]
    if edge:
        yield f"at a bound, where the search could go no further: {', '.join(edge)}"
    if not found.missed:
        yield f"all {n} constraints are met" if n else "no constraint was asked"
        return
    yield f"no set found meets all: {len(found.missed)} of {n} constraints missed," \
          f" {', '.join(found.missed)}"  # fmt: skip
    for w in found.without:
        still = f"still missed then: {', '.join(w.missed)}" if w.missed else "all others are met"
        yield f"  without {w.name}: {w.here:.4g} here, {w.best:.4g} one step away; {still}"
    best = found.without[0]
    yield (
        f"nearest remedy: {best.name} stands most in the way; drop it, widen its bound with a"
        " source, or free another parameter; more --evaluations or --starts may help too"
    )


def parameter_set(found: Found) -> str:
    """Return the best set as an extension (TOML): named with ``extend``, its values are defaults.

    What hypotheses and phenotypes have of their own comes as new ones, called NAME_story.
    """
    story, best = found.story, dict(zip(found.story.free, _values(found, 0), strict=True))
    lines = [HEAD, *(f"# {line}" for line in remarks(found))]
    by = set_by(e.source for e in story.edition.extensions)
    for f, value in best.items():
        if not f.owner:
            for name, factor in followers(story.file, f):
                lines += parameter_lines(name, _rounded(factor * value), _note(found, f), by)
    for owner in dict.fromkeys((f.owner, f.of_phenotype) for f in best if f.owner):
        own = {
            name: (factor * v, _note(found, f))
            for f, v in best.items() if (f.owner, f.of_phenotype) == owner
            for name, factor in followers(story.file, f)
        }  # fmt: skip
        lines += _owner(story, owner[0], owner[1], own)
    return "\n".join(lines) + "\n"


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _note(found: Found, f: Freed) -> str:
    j = found.story.free.index(f)
    tied = "" if f.scale != "normal" else " (normal scale)"
    return (
        f"found by a search subject to behaviours: {found.parts.departure[0, j]:+.2f} SD of its"
        f" prior from {f.prior:g}{tied}; status of the search: {status(found)}"
    )


def _owner(
    story: Story, name: str, of_phenotype: bool, own: Mapping[str, tuple[float, str]]
) -> list[str]:
    """Return a hypothesis or phenotype with found values in place of its own."""
    block = "phenotypes" if of_phenotype else "hypotheses"
    home = f"{block}.{name}_story"
    if of_phenotype:
        p = story.edition.phenotypes[name]
        words = quoted(f"As {name}, with numbers of a search.")
        lines = ["", f"[{home}]", f"title = {quoted(p.title)}", f"basin = {quoted(p.basin)}",
                 "evidence = []", f"assumed = [{words}]"]  # fmt: skip
        values, reasons = p.overrides, p.reasons
    else:
        h = story.edition.hypotheses[name]
        lines = ["", f"[{home}]", f"title = {quoted(h.title)}",
                 f"statement = {quoted(h.statement)}"]  # fmt: skip
        values, reasons = h.overrides, h.reasons
    for key in dict.fromkeys([*values, *own]):
        if key in own:
            value, grade, note = _rounded(own[key][0]), "assumed", own[key][1]
        else:
            value, grade, note = values[key], reasons[key].grade, reasons[key].note
        lines += ["", f"[{home}.overrides.{key}]", f"value = {value!r}",
                  f"grade = {quoted(grade)}", f"note = {quoted(note)}"]  # fmt: skip
    return lines
