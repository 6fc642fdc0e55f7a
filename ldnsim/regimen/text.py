"""Canonical text of a regimen, and the short table that notebooks show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from ldnsim.regimen.doses import rungs
from ldnsim.regimen.formats import (
    amount_text,
    clock_text,
    dose_text,
    interval_text,
    is_night,
    span_text,
    step_text,
)
from ldnsim.regimen.plain import PlainPhase
from ldnsim.regimen.weekdays import day_name, days_text


def phase_text(phase: PlainPhase, start_day: int = 0) -> str:
    """Return the canonical text of one phase; the first says which day of the week day 0 is."""
    clauses = [_what(phase)]
    if phase.kind != "stop":
        clauses[0] += f" {frequency_text(phase)}"
        if phase.formulation == "SR":
            clauses[0] += ", slow release"
    if start_day:
        clauses.append(f"starting on {day_name(start_day)}")
    if phase.first_hold is not None:
        clauses.append(f"hold {span_text(phase.first_hold)} first")
    if phase.interval is not None:
        clauses.append(_climb(phase))
    if phase.is_guided:
        clauses += _guided(phase)
    if phase.hold is not None:
        clauses.append(f"hold {span_text(phase.hold)}")
    if phase.duration is not None and phase.kind == "stop":
        clauses[0] += f" for {span_text(phase.duration)}"
    elif phase.duration is not None:
        clauses.append(f"for {span_text(phase.duration)}")
    return ", ".join(clauses)


def _what(phase: PlainPhase) -> str:
    return amount_text(phase.start or 0.0) if phase.kind == "doses" else phase.kind


def _climb(phase: PlainPhase) -> str:
    step = step_text(phase.step, phase.factor)
    return f"{step} every {interval_text(phase.interval or 0)} to {dose_text(phase.target or 0)}"


def _guided(phase: PlainPhase) -> list[str]:
    """Return the clauses of a guided phase; the first rule says when visits are."""
    found = (
        [] if phase.first_visit is None else [f"first visit after {span_text(phase.first_visit)}"]
    )
    words = [f"decided by {phase.decide}"] if phase.decide is not None else []
    words += [str(rule) if rule.when else f"else {rule}" for rule in phase.rules]
    found += [f"every {interval_text(phase.visits or 0)} {words[0]}", *words[1:]]
    found.append(f"to {dose_text(phase.target or 0)}")
    return found if phase.least is None else [*found, f"not below {dose_text(phase.least)}"]


def frequency_text(phase: PlainPhase) -> str:
    """Return text such as ``"nightly at 22:00"`` or ``"every 6 h at 08:00 on Mon and Thu"``."""
    often = f"every {interval_text(phase.every)}"
    if phase.every == 24:
        often = "nightly" if is_night(phase.at) else "daily"
    days = "" if phase.days is None else f" on {days_text(phase.days)}"
    return f"{often} at {clock_text(phase.at)}{days}"


def regimen_text(phases: Iterable[PlainPhase], start_day: int = 0) -> str:
    """Return the canonical text of phases in sequence."""
    first, *others = phases
    return ", then ".join([phase_text(first, start_day), *map(phase_text, others)])


def regimen_html(phases: Sequence[PlainPhase], start_day: int, title: str, most: int = 12) -> str:
    """Return the ladder as a short HTML table of at most ``most`` rows."""
    ladder = rungs(phases)
    rows = [
        f"<tr><td>{r.phase + 1}</td><td>{r.start_h / 24:g}</td><td>{r.end_h / 24:g}</td>"
        f"<td>{escape(_rung_dose(phases[r.phase], r.amount_mg))}</td></tr>"
        for r in ladder[:most]
    ]
    if len(ladder) > most:
        rows.append(f"<tr><td colspan='4'>and {len(ladder) - most} more rungs</td></tr>")
    head = "<tr><th>phase</th><th>from day</th><th>to day</th><th>dose</th></tr>"
    return (
        f"<b>{escape(title)}</b><br>{escape(regimen_text(phases, start_day))}"
        f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _rung_dose(phase: PlainPhase, mg: float) -> str:
    if phase.kind == "stop":
        return "none"
    what = "placebo" if phase.kind == "placebo" else dose_text(mg)
    release = " (slow release)" if phase.formulation == "SR" else ""
    return f"{what} {frequency_text(phase)}{release}"
