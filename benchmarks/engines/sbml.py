"""Simulators of SBML on the model as ldnsim exports it, loaded once, from dose to dose.

The document is the export of a run without doses; each run sets its patient's parameters and
states. Loading is not timed. What depends on parameters alone is an assignment rule in SBML.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from benchmarks.engines.base import Engine, FloatArray
from benchmarks.engines.problem import GUT, MODEL, STATES, Problem, absolute, dose_to_dose


def document() -> str:
    """The shipped model as SBML, without doses."""
    from ldnsim.export.content import content
    from ldnsim.export.sbml_file import text
    from ldnsim.sweep.study import Study

    study = Study.build({"regimen": "1 mg nightly at 22:00, for 2 d"}, "peers")
    return text(dataclasses.replace(content(study, 0), events=()))


class RoadRunner(Engine):
    """libRoadRunner: SBML compiled by LLVM, CVODE."""

    label = "libRoadRunner CVODE"
    needs = ("roadrunner", "ldnsim.export")
    packages = ("libroadrunner",)
    method = "BDF on exported SBML, compiled"
    most = 32
    runner: Any
    where: list[int]

    def prepare(self, problem: Problem) -> None:
        """Load the document and find where parameters and states are."""
        import roadrunner

        roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
        self.runner = roadrunner.RoadRunner(document())
        self.runner.integrator.maximum_num_steps = 1_000_000
        self.runner.timeCourseSelections = list(STATES)
        names = list(self.runner.model.getGlobalParameterIds())
        self.where = [names.index(n) for n in (*MODEL.parameters, *STATES)]
        self.solve(problem.take(0, 1), 1e-2, 1)

    def solve(self, problem: Problem, rtol: float, threads: int) -> FloatArray:
        """One run after the other."""
        runner, model = self.runner, self.runner.model
        runner.integrator.relative_tolerance = rtol
        for name, size in zip(STATES, absolute(rtol).tolist(), strict=True):
            runner.integrator.setIndividualTolerance(name, size)
        gut = [self.where[len(MODEL.parameters) + GUT]]
        out = np.full((len(problem), len(STATES), len(problem.outputs)), np.nan)
        for run in range(len(problem)):
            runner.reset()
            given = np.concatenate([problem.params[run], problem.y0[run]])
            model.setGlobalParameterValues(self.where, given)

            def step(t0: float, t1: float, y: FloatArray, at: FloatArray) -> FloatArray:
                model.setGlobalParameterValues(gut, [y[GUT]])
                found = np.asarray(runner.simulate(times=np.unique([t0, *at, t1]).tolist()))
                return np.vstack([found[1 : len(at) + 1], found[-1]])

            try:
                out[run] = dose_to_dose(problem, run, step)
            except RuntimeError:
                continue
        return out


class Copasi(Engine):
    """COPASI: SBML interpreted, LSODA."""

    label = "COPASI LSODA"
    needs = ("COPASI", "basico", "ldnsim.export")
    packages = ("python-copasi", "copasi-basico")
    method = "LSODA on exported SBML, one absolute tolerance, that of the smallest state"
    most = 16
    task: Any
    model: Any

    def prepare(self, problem: Problem) -> None:
        """Load the document and set up the time course."""
        import basico
        import COPASI

        loaded = basico.load_model_from_string(document())
        self.model = loaded.getModel()
        self.task = loaded.getTask("Time-Course")
        self.task.setMethodType(COPASI.CTaskEnum.Method_deterministic)
        self.task.setUpdateModel(True)
        self.task.getProblem().setTimeSeriesRequested(True)
        self.task.getProblem().setUseValues(True)
        self.task.getMethod().getParameter("Max Internal Steps").setValue(1_000_000)
        values = [self.model.getModelValue(i) for i in range(self.model.getNumModelValues())]
        named = {v.getSBMLId(): v for v in values}
        self.values = [named[n] for n in (*MODEL.parameters, *STATES)]
        self.columns: list[int] = []
        self.solve(problem.take(0, 1), 1e-2, 1)

    def solve(self, problem: Problem, rtol: float, threads: int) -> FloatArray:
        """One run after the other."""
        method = self.task.getMethod()
        method.getParameter("Relative Tolerance").setValue(rtol)
        method.getParameter("Absolute Tolerance").setValue(float(absolute(rtol).min()))
        out = np.full((len(problem), len(STATES), len(problem.outputs)), np.nan)
        for run in range(len(problem)):
            given = np.concatenate([problem.params[run], problem.y0[run]])
            for value, number in zip(self.values, given.tolist(), strict=True):
                value.setInitialValue(number)
            self.model.setInitialTime(0.0)
            self.model.applyInitialValues()
            try:
                out[run] = dose_to_dose(problem, run, self._step)
            except RuntimeError:
                continue
        return out

    def _step(self, t0: float, t1: float, y: FloatArray, at: FloatArray) -> FloatArray:
        gut = self.values[len(MODEL.parameters) + GUT]
        gut.setInitialValue(float(y[GUT]))
        self.model.updateInitialValues(gut.getInitialValueReference())
        stops = np.unique([t0, *at, t1]).tolist()
        self.task.getProblem().setValues(" ".join(map(repr, stops)))
        self.task.getProblem().setDuration(t1 - t0)
        if not self.task.process(True):
            raise RuntimeError("COPASI gave up")
        series = self.task.getTimeSeries()
        if not self.columns:
            titles = [series.getTitle(j) for j in range(series.getNumVariables())]
            states = self.values[len(MODEL.parameters) :]
            self.columns = [titles.index(f"Values[{v.getObjectName()}]") for v in states]
        rows = [*range(1, len(at) + 1), len(stops) - 1]
        return np.array([[series.getConcentrationData(i, j) for j in self.columns] for i in rows])
