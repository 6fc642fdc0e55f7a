"""A run is the same run whoever asks for it, and an untreated patient is solved for once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from ldnsim.config.blocks import Solver
from ldnsim.config.run import RunSpec
from ldnsim.edition import Edition
from ldnsim.engine.rhythm import orbit
from ldnsim.engine.solve import batch
from ldnsim.errors import UserError
from ldnsim.influence import drug_states
from ldnsim.model import default_model
from ldnsim.patients import accept
from ldnsim.patients import untreated as days
from ldnsim.patients.untreated import untreated
from ldnsim.runs import accuracy
from ldnsim.runs.few import Results, run_specs, week
from ldnsim.runs.plan import enrol
from ldnsim.runs.task import UNSOLVED, Events, Task, solve_task
from ldnsim.sweep.study import Study

NAMES = ("pain", "tnf", "mor_density")
DATA = {
    "title": "both doors",
    "regimen": "1.5 mg nightly at 22:00, +1.5 mg every 3 d to 4.5 mg, for 8 d, then stop for 6 d",
    "modifiers": {"adjuncts": [{"name": "minocycline", "start": "3 d", "stop": "9 d"}]},
    "changes": [{"at": "5 d", "parameter": "driver", "factor": 1.5}],
    "horizon": "2 wk",
    "output": {
        "variables": list(NAMES),
        "every": "7 h",
        "dtype": "float64",
        "summaries": ["tnf_change"],
    },
    # few runs are asked for more exactly, and not refined
    "solver": {"rtol": accuracy.COMPARED, "block": 8, "refine": False},
}
AXES = [
    {"name": "hypothesis", "field": "hypothesis", "values": ["dual_pathway", "tonic", "null"]},
    {"name": "who", "field": "patient.phenotype", "values": ["default", "fibromyalgia", "healthy"]},
]
PEOPLE = {"size": 5, "scale": 0.5, "oprm1_g_frequency": 0.4}


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(days, "_SOLVED", {})
    yield


@pytest.fixture(name="solved")
def solved_(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many patients each search for orbits was for."""
    found: list[int] = []
    find = orbit.find_orbits

    def counted(model: object, params: np.ndarray, *rest: object) -> orbit.Orbits:
        found.append(len(params))
        return find(model, params, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(orbit, "find_orbits", counted)
    return found


def study(**more: object) -> Study:
    return Study.build({**DATA, **more}, "x")


def run(specs: list[RunSpec], one: Study, people: object = None) -> Results:
    time = one.plan().time
    return run_specs(specs, 2, [week("tnf", 2)], time, NAMES, people=people)  # type: ignore[arg-type]


def assert_same(one: Study, found: Results) -> None:
    """A study and few runs gave the same numbers, to the last bit."""
    ds = one.run()
    shape = (len(found.status), -1)
    assert (ds["status"].values.reshape(-1) == found.status).all()
    for j, name in enumerate(NAMES):
        assert np.isfinite(found.at).any()
        own = ds[name].values.reshape(shape)
        assert own.tobytes() == found.at[:, j].tobytes(), name
        base = ds[f"baseline_{name}"].values.reshape(-1)
        assert base.tobytes() == found.baseline(name).tobytes(), name


def test_a_run_of_a_study_is_the_run_asked_for_alone(solved: list[int]) -> None:
    one = study(axes=AXES)
    found = run(list(one.plan().runs), one)
    moved = found.values[:, 0] / found.baseline("tnf")
    assert len(np.unique(moved)) == 9, "what is compared differs from run to run"
    assert_same(one, found)
    assert solved == [9], "untreated patients known from the one are not solved for by the other"


def test_virtual_patients_are_the_same_through_both(solved: list[int]) -> None:
    one = study(axes=AXES[:1], population=PEOPLE)
    plan = one.plan()
    people = enrol(plan).people
    assert people is not None
    drawn = len(solved)
    assert_same(one, run(list(plan.runs), one, people))
    assert len(solved) == drawn, "days solved to judge candidates stand for them, in both"


def test_what_was_asked_for_before_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    one = study(axes=AXES)
    specs = list(one.plan().runs)[:2]
    fresh = run(specs, one)
    monkeypatch.setattr(days, "_SOLVED", {})
    run(specs[1:], one)
    again = run(specs, one)
    for name in ("values", "at", "untreated"):
        assert getattr(fresh, name).tobytes() == getattr(again, name).tobytes(), name


def test_what_is_kept_has_an_end(monkeypatch: pytest.MonkeyPatch, solved: list[int]) -> None:
    monkeypatch.setattr(days, "KEPT", 2)
    model = default_model()
    for reserve, basin in ((1.0, True), (1.0, False), (1.0, True), (0.9, True), (1.0, True)):
        own = model.parameter_vector({"reserve": reserve})
        untreated(model, own[None], np.array([basin]))
    assert solved == [1, 1, 1, 1], "the oldest went first, and was solved for again"


def test_days_known_and_days_found_stand_in_their_own_places(solved: list[int]) -> None:
    model = default_model()
    params = np.array([model.parameter_vector({"reserve": r}) for r in (0.9, 0.8, 0.7, 0.9)])
    flags = np.array([True, True, True, False])
    untreated(model, params[[1, 3]], flags[[1, 3]])
    found = untreated(model, params, flags)
    assert solved == [2, 2]
    alone = orbit.find_orbits(model, params, flags)
    for name in ("y0", "mean", "status"):
        np.testing.assert_array_equal(getattr(found, name), getattr(alone, name))


def test_a_plan_of_a_population_starts_no_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "solve", lambda *_: pytest.fail("solved"))
    plan = study(population=PEOPLE).plan()
    assert "5 virtual patients" in plan.describe() and len(plan.described) == 1


def test_drawn_patients_taken_out_of_bounds_are_refused_before_they_are_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(accept, "CHUNK", 8)
    change = [{"at": "1 d", "parameter": "f_absorbed", "factor": 1.03}]
    parameters = {"parameters": {"f_absorbed": 0.96}}
    plan = study(changes=change, population={**PEOPLE, "scale": 2.0}, patient=parameters).plan()
    with pytest.raises(UserError, match=r"changes\[1\]\.factor = 1\.03 \(at patient = \d\).*f_abs"):
        enrol(plan)


def test_runs_of_two_models_are_not_mixed() -> None:
    spec = study().plan().runs[0]
    other = replace(spec, edition=Edition(default_model()))
    with pytest.raises(ValueError, match="several editions"):
        run_specs([spec, other], 1, [])


def test_one_number_sets_both_tolerances() -> None:
    model = default_model()
    scale = np.array([s.scale for s in model.states.values()])
    # traces of drug are resolved beyond their usual size
    scale[list(drug_states(model))] *= accuracy.TRACES
    np.testing.assert_allclose(accuracy.absolute(model, Solver(rtol=1e-3)), 1e-5 * scale)
    np.testing.assert_allclose(accuracy.absolute(model, Solver(atol=1e-9)), 1e-9 * scale)


def test_where_no_run_can_start_nothing_is_solved() -> None:
    model, n = default_model(), 9
    nowhere = np.full((n, len(model.states)), np.nan)
    params = model.defaults()[None].repeat(n, 0)
    pain = week("pain", 1).over(n)
    task = Task(
        Edition(model), params, nowhere, [Events.none()] * n, 168.0, Solver(), wanted=[pain],
        observables=["pain"], time=np.array([1.0, 2.0]),
    )  # fmt: skip
    found = solve_task(task)
    assert (found.method == UNSOLVED).all() and not found.steps.any() and not found.status.any()
    for values, shape in ((found.trajectory, (n, 1, 2)), (found.reductions, (n, 1))):
        assert values.shape == shape and np.isnan(values).all()
