"""What a result says of visits: readings, decisions and why, doses from then on, who stopped."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.arrays import Flags
from ldnsim.config.readings import CLINIC, DERIVED, PAIN, RELIEF
from ldnsim.regimen import DoseStatus
from ldnsim.regimen.guided import UNITS, Decision, Guide
from ldnsim.results.columns import Column, Labelled, Values, flags, variable_attributes
from ldnsim.runs.block import Block
from ldnsim.runs.decided import LEDGER, Stopped
from ldnsim.runs.plan import Plan

DIM = "visit"
_OF_LEDGER: dict[str, tuple[str, dict[str, Any]]] = {
    "planned_time": ("float64", {"units": "h", "long_name": "planned time"}),
    "given_time": ("float64", {"units": "h", "long_name": "time taken"}),
    "planned_dose": ("float64", {"units": "mg", "long_name": "planned dose"}),
    "given_dose": ("float64", {"units": "mg", "long_name": "dose taken"}),
    "status": ("int8", flags("what became of the dose", DoseStatus)),
    "formulation": ("int8", {
        "flag_values": np.array([0, 1], np.int8), "flag_meanings": "IR SR",
        "long_name": "formulation",
    }),
    "phase": ("int64", {"long_name": "phase of the regimen, from 0"}),
    "step": ("int64", {"long_name": "position on the titration ladder, from 0; with rules, how"
                       " often the dose had changed"}),
    "visit": ("int64", {"long_name": "visit that the dose follows from, by its place along"
                        " visit; -1 before the first"}),
}  # fmt: skip


def coordinates(plan: Plan) -> dict[str, Labelled]:
    """Return when visits are; nothing where nobody looks."""
    if plan.watch is None:
        return {}
    times = plan.watch.times
    return {
        DIM: (DIM, times, {"units": "h", "long_name": "time of the visit"}),
        "visit_day": (DIM, times / 24.0, {"units": "d", "long_name": "day of the visit"}),
    }


def columns(plan: Plan) -> list[Column]:
    """List what there is of every run at every visit, and of who stopped."""
    if plan.watch is None:
        return []
    decision = flags("what came of the visit", Decision)
    rule = {"long_name": "rule that acted, from 1; 0 where none did", "rules": rules_text(plan)}
    which = {"long_name": "which of the lists of rules in visit_rule.attrs['rules'] is the run's"}
    dose = {"units": "mg", "long_name": "dose of one intake from the visit on"}
    found = [
        _visit("visit_decision", "int8", decision, lambda b: b.decision),
        _visit("visit_rule", "int16", rule, lambda b: b.rule),
        _visit("visit_dose", "float64", dose, lambda b: b.dose),
    ]
    for j, name in enumerate(plan.watch.kept):
        found.append(_visit(f"visit_{name}", "float32", _words(plan, name), _reading(j)))
    at = {"units": "h", "long_name": "when the patient stopped for good; NaN for who did not"}
    why = flags("why the patient stopped", Stopped)
    return [
        *found,
        Column("visit_rule_list", "", np.dtype("int64"), which, lambda b: kinds(plan, b)),
        Column("stopped_at", "", np.dtype("float64"), at, lambda b: b.stopped_at),
        Column("stopped_for", "", np.dtype("int8"), why, lambda b: b.stopped_for),
    ]


def target_reached(plan: Plan) -> Column:
    """Describe whether the largest dose of a regimen was planned, or with rules given."""
    words = {
        "long_name": "whether the titration ladder is long enough to give its target dose",
        "flag_values": np.array([0, 1], dtype=np.int8),
        "flag_meanings": "no yes",
    }
    dtype = np.dtype(np.int8)
    return Column("target_reached", "", dtype, words, lambda b: reached(plan, b))


def _visit(name: str, dtype: str, attrs: dict[str, Any], values: Values) -> Column:
    return Column(name, DIM, np.dtype(dtype), attrs, values)


def _reading(j: int) -> Values:
    return lambda block: block.readings[:, j]


def _words(plan: Plan, name: str) -> dict[str, Any]:
    """Return what a reading is."""
    assert plan.watch is not None
    days = plan.watch.visits.recall / 24.0
    if name == RELIEF:
        words = DERIVED[RELIEF]
        return {"units": "1", "long_name": words, "scale": words, "better": "higher"}
    attrs = variable_attributes(plan.edition.model, CLINIC.get(name, name))
    told = ", as reported" if name == PAIN else ""
    attrs["long_name"] = f"{attrs['long_name']}{told}, mean of the last {days:g} d"
    return attrs


def rules_text(plan: Plan) -> str:
    """Return the rules of every kind of regimen as JSON: a list of lists of text.

    The rules of all guided phases of a regimen are one list, and counted through.
    """
    return json.dumps([
        [text for p in getattr(r, "phases", ()) if p.is_guided for text in Guide(p).told]
        for r in plan.dosing.examples
    ])  # fmt: skip


def kinds(plan: Plan, block: Block) -> NDArray[np.int64]:
    """Return which list of rules is that of each run, (runs,)."""
    return plan.dosing.kinds(block.rows)


def reached(plan: Plan, block: Block) -> Flags:
    """Whether the largest dose of each guided phase was given, or its ladder is long enough."""
    found = plan.dosing.reaches_target(block.rows).astype(bool)
    if plan.watch is None:
        return found
    ordered, which = plan.dosing.alike(block.rows)
    highest = np.nanmax(np.nan_to_num(block.dose), axis=1)
    for j, one in enumerate(ordered):
        guides = [Guide(p) for p in getattr(one.regimen, "phases", ()) if p.is_guided]
        if guides:
            most = max(g.most for g in guides)
            begins = max(round(g.phase.start_mg * UNITS) for g in guides)
            rows = which == j
            found[rows] = (begins >= most) | (np.rint(highest[rows] * UNITS) >= most)
    return found


def ledger(whole: Block) -> dict[str, Labelled]:
    """Return one row per planned dose of every run; ``ledger_run`` counts runs in C order.

    Args:
        whole: the runs, with their ledgers.
    """
    there = np.isfinite(whole.ledger[:, LEDGER.index("planned_time")])
    run = np.repeat(np.arange(len(there)), there.sum(axis=1))
    words = {"long_name": "number of the run, in C order of the dimensions"}
    found: dict[str, Labelled] = {"ledger_run": ("ledger_row", run, words)}
    for j, name in enumerate(LEDGER):
        dtype, attrs = _OF_LEDGER[name]
        values: NDArray[Any] = whole.ledger[:, j][there]
        found[f"ledger_{name}"] = ("ledger_row", values.astype(dtype), attrs)
    return found
