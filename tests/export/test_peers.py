"""Other simulators, given the exported text, follow the trajectories that ldnsim computes.

Each comes with its own reader, its own compiler or interpreter of formulas and its own solver:
CVODE in libRoadRunner, LSODA in COPASI. Agreement is 1e-5 of the range of each state.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ldnsim import export
from ldnsim.export.content import content
from ldnsim.export.sbml_file import text
from tests.export.cases import NAMES, STATES, ours, sbml, study, worst

AGREED = 1e-5
RTOL, ATOL = 1e-11, 1e-15
NEEDS = "needs pip install 'ldnsim[sbml]'"


def in_roadrunner(model: str, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """States at given times in libRoadRunner, shape (states, times)."""
    roadrunner: Any = pytest.importorskip("roadrunner", reason=NEEDS)
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
    runner = roadrunner.RoadRunner(model)
    runner.integrator.relative_tolerance = RTOL
    runner.integrator.absolute_tolerance = ATOL
    runner.integrator.maximum_num_steps = 1_000_000
    runner.timeCourseSelections = ["time", *STATES]
    return np.asarray(runner.simulate(times=[0.0, *times]))[1:, 1:].T


def in_copasi(document: str, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """States at given times in COPASI, shape (states, times)."""
    basico: Any = pytest.importorskip("basico", reason=NEEDS)
    model = basico.load_model_from_string(document)
    try:
        found = basico.run_time_course_with_output(
            [f"Values[{s}]" for s in STATES], values=[0.0, *times], start_time=0.0,
            method="deterministic", r_tol=RTOL, a_tol=ATOL, max_steps=1_000_000, model=model,
        )  # fmt: skip
    finally:
        basico.remove_datamodel(model)
    return np.asarray(found.values[1:], dtype=np.float64).T


READ_TWICE = ("slow release, depleted", "50 mg nightly", "adjunct", "a parameter changes",
              "doses missed and late")  # fmt: skip
"""One of each kind of event; the doses and hypotheses of the others are other numbers only."""
READ = (*READ_TWICE, "1 ng nightly", "ladder from 1 ug", "1 mg every 6 h", "4.5 mg, resolved",
        "placebo", "other parameters")  # fmt: skip


def some(quick: tuple[str, ...]) -> list[Any]:
    """All cases, of which those not in ``quick`` are for soaking."""
    return [n if n in quick else pytest.param(n, marks=pytest.mark.soak) for n in NAMES]


@pytest.mark.parametrize("name", some(READ))
def test_libroadrunner_follows(name: str) -> None:
    error, state = worst(name, in_roadrunner(sbml(name), ours(name)[0]))
    assert error < AGREED, state


@pytest.mark.parametrize("name", some(READ_TWICE))
def test_copasi_follows(name: str) -> None:
    error, state = worst(name, in_copasi(sbml(name), ours(name)[0]))
    assert error < AGREED, state


@pytest.mark.parametrize("name", ["ladder to 4.5 mg", "adjunct", "slow release"])
def test_antimony_says_the_same(name: str) -> None:
    antimony: Any = pytest.importorskip("antimony", reason=NEEDS)
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(export.antimony(study(name))) != -1, antimony.getLastError()
    read = antimony.getSBMLString("ldnsim")
    error, state = worst(name, in_roadrunner(read, ours(name)[0]))
    assert error < AGREED, state


def test_two_doses_at_the_same_time_both_count() -> None:
    once = content(study("slow release"))
    again = tuple(replace(e, id=f"{e.id}_again") for e in once.events)
    twice = replace(once, events=once.events + again)
    slow, times = STATES.index("gut_slow"), np.array([30.0])
    for simulate in (in_roadrunner, in_copasi):
        single, double = (simulate(text(c), times)[slow, 0] for c in (once, twice))
        assert double == pytest.approx(2.0 * single, rel=1e-6)
