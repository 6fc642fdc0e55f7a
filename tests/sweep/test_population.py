"""Virtual patients: the same in every regimen and hypothesis, rejected ones counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from ldnsim.config.population import Population
from ldnsim.edition import shipped
from ldnsim.errors import UserError
from ldnsim.model import default_model
from ldnsim.patients import accept as population
from ldnsim.patients import people as people_module
from ldnsim.patients import untreated as untreated_module
from ldnsim.patients.accept import find_people
from ldnsim.patients.people import People, varied
from ldnsim.patients.vectors import Patients, find_patients
from ldnsim.runs import grid
from ldnsim.runs.plan import Plan
from ldnsim.sweep.study import Study, load

SIZE = 12
TEXT = f"""
seed = 4
horizon = "9 d"
[patient]
phenotype = "fibromyalgia"
oprm1_claim = "bond1998"
[[regimens]]
name = "placebo"
prescription = "placebo nightly at 22:00, for 1 wk"
[[regimens]]
name = "drug"
prescription = "4.5 mg nightly at 22:00, for 1 wk"
[adherence]
p_missed = 0.3
[[axes]]
name = "hypothesis"
field = "hypothesis"
values = ["dual_pathway", "tonic"]
[population]
size = {SIZE}
scale = 0.5
oprm1_g_frequency = 0.3
plausible = {{ pain = [6, 7.2] }}
[output]
variables = ["pain"]
every = "12 h"
night = false
"""


def people_of(text: str, threads: int | None = None) -> People:
    study = Study.loads(text)
    found = find_people(study, grid.base(study), threads)
    assert found is not None
    return found


@pytest.fixture(scope="module", autouse=True)
def _small_chunks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(population, "CHUNK", 32)
        yield


@pytest.fixture(scope="module")
def study() -> Study:
    return Study.loads(TEXT)


@pytest.fixture(scope="module")
def people() -> People:
    return people_of(TEXT, threads=1)


@pytest.fixture(scope="module")
def plan(study: Study) -> Plan:
    return study.plan()


@pytest.fixture(scope="module")
def patients(plan: Plan, people: People) -> Patients:
    return find_patients(plan.runs, people)


@pytest.fixture(scope="module")
def stored(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("population") / "people.zarr"
    study.run(path)
    return path


@pytest.fixture(scope="module")
def ds(stored: Path) -> xr.Dataset:
    from ldnsim.results.store import open_store

    return open_store(stored).load()


def assert_same(a: People, b: People, n: int) -> None:
    for name in ("candidate", "quantile", "values"):
        assert getattr(a, name)[:n].tobytes() == getattr(b, name)[:n].tobytes(), name
    assert a.genotype[:n] == b.genotype[:n]


def test_a_larger_population_begins_with_the_smaller_for_any_number_of_threads(
    people: People,
) -> None:
    assert_same(people, people_of(TEXT.replace(f"size = {SIZE}", "size = 5"), threads=2), 5)


@pytest.mark.parametrize(("threads", "chunk", "most"), [(1, 4, 4), (3, 2, 6), (2, 8, 64)])
def test_patients_do_not_depend_on_who_is_looked_at_beside_them(
    people: People, threads: int, chunk: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    look_at = population._look_at

    def look(*given: Any) -> Any:
        found = look_at(*given)
        looked.append(len(found.reason))
        return found

    monkeypatch.setattr(population, "_look_at", look)
    monkeypatch.setattr(population, "CHUNK", chunk)
    monkeypatch.setattr(population, "AT_ONCE", most)
    monkeypatch.setattr(population, "WORTH", chunk)
    found = people_of(TEXT, threads)
    assert_same(found, people, SIZE)
    assert (found.tried, found.rejected) == (people.tried, people.rejected)
    assert max(looked) <= max(chunk, most // threads)
    # drawn ahead, but no more than the share that is accepted makes likely
    assert found.tried <= sum(looked) < found.tried + 2 * max(chunk * threads, most)


def test_a_fault_in_what_looks_at_some_ends_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(*given: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(population, "_look_at", look)
    with pytest.raises(ZeroDivisionError):
        people_of(TEXT, 3)


def test_a_draw_does_not_depend_on_what_else_varies(people: People) -> None:
    alone = people_of(TEXT.replace("scale = 0.5", 'scale = 0.5\nvary = ["cl", "reserve"]'))
    assert alone.names == ("cl", "reserve")
    both = sorted({*people.candidate} & {*alone.candidate})
    assert len(both) > 3
    for j, name in enumerate(alone.names):
        a = dict(zip(people.candidate, people.values[:, people.names.index(name)], strict=True))
        b = dict(zip(alone.candidate, alone.values[:, j], strict=True))
        assert [a[k] for k in both] == [b[k] for k in both]


def test_candidates_passed_over_are_counted_with_their_reason(
    people: People, ds: xr.Dataset
) -> None:
    told = json.loads(ds.attrs["population"])
    assert told["rejected"] == people.rejected
    assert told["candidates"] == people.tried == SIZE + sum(people.rejected.values())
    assert people.candidate[-1] == people.tried - 1
    assert {"no such basin", "pain below 6"} <= set(people.rejected)
    first = ds["baseline_pain"].sel(hypothesis="dual_pathway")
    assert ((first >= 6.0) & (first <= 7.2)).all()
    assert list(ds["candidate"].values) == list(people.candidate)


def test_patients_are_the_same_in_every_regimen_and_hypothesis(
    plan: Plan, patients: Patients, people: People
) -> None:
    index = default_model().parameter_index
    params = patients.params[patients.of_run].reshape(*plan.shape, -1)
    assert (params[0] == params[1]).all()
    dual, tonic = params[0]
    plain = default_model().parameters
    other = {n: v / plain[n].value for n, v in shipped().hypotheses["tonic"].overrides.items()}
    for name, at in index.items():
        ratio = other.get(name, 1.0)
        np.testing.assert_allclose(tonic[:, at], ratio * dual[:, at], rtol=1e-12, err_msg=name)
    at = [index[n] for n in people.names]
    assert (dual[:, at] == people.values).all()
    assert len(np.unique(dual[:, index["cl"]])) == SIZE


def test_every_patient_misses_doses_of_his_or_her_own_but_the_same_in_every_arm(
    plan: Plan,
) -> None:
    taken = [tuple(np.isfinite(plan.dosing.ledger(i).given_time_h)) for i in range(len(plan))]
    by_arm = np.array(taken).reshape(2, 2, SIZE, -1)
    assert (by_arm[0] == by_arm[1]).all() and (by_arm[:, 0] == by_arm[:, 1]).all()
    assert len({tuple(row) for row in by_arm[0, 0]}) > SIZE / 2


def test_a_result_says_who_its_patients_are(ds: xr.Dataset, people: People) -> None:
    assert ds["pain"].dims == ("regimen", "hypothesis", "patient", "time")
    assert ds["patient_parameters"].dims == ("patient", "drawn")
    cl = ds["patient_parameters"].sel(drawn="cl")
    assert str(cl["drawn_unit"].item()) == "L/h"
    assert (cl.values == people.values[:, people.names.index("cl")]).all()
    assert tuple(ds["patient_oprm1"].values) == people.genotype
    assert "covariate oprm1" in json.loads(ds.attrs["sources"])
    effect = ds["pain"].sel(regimen="placebo").std("time") / ds["pain"].mean()
    assert float(effect.max()) < 1e-2, "an untreated patient stays where he or she is"


def test_untreated_days_solved_to_judge_patients_stand_for_them(patients: Patients) -> None:
    from ldnsim.engine.rhythm.orbit import find_orbits

    found = untreated_module.untreated_days(patients)
    alone = find_orbits(default_model(), patients.params, patients.inflamed)
    assert (found.status == alone.status).all() and len(alone.status) == 2 * SIZE
    np.testing.assert_allclose(found.mean, alone.mean, rtol=1e-5, atol=1e-7)


def test_a_drawn_genotype_acts_through_the_claim(people: People) -> None:
    potency = people.values[:, people.names.index("oprm1_potency")]
    u = np.asarray(people.quantile)[:, people.names.index("oprm1_potency")]
    from scipy.stats import norm

    centre = potency / np.exp(0.05 * norm.ppf(u))
    expected = [{"AA": 1.0, "AG": 2.0, "GG": 3.0}[g] for g in people.genotype]
    np.testing.assert_allclose(centre, expected, rtol=1e-12)
    assert len(set(people.genotype)) > 1


def test_a_finished_population_may_stand_for_the_study_again(study: Study, stored: Path) -> None:
    before = (stored / "zarr.json").stat().st_mtime_ns
    study.run(stored, resume=True)
    assert (stored / "zarr.json").stat().st_mtime_ns == before


def test_a_dry_run_says_how_many_without_solving(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(population, "_look_at", lambda *_: pytest.fail("solved"))
    text = study.plan().describe()
    vary = sum(p.spread.kind != "fixed" for p in default_model().parameters.values())
    assert f"{SIZE} virtual patients, sobol, {vary} parameters vary" in text
    assert "pain 6 to 7.2" in text
    assert f"runs       {4 * SIZE}" in text


def test_switches_factors_and_clock_times_never_vary() -> None:
    model = default_model()
    names = varied(model, Population(size=2))
    assert not [n for n in names if n.startswith(("coupling_", "factor_")) or "acrophase" in n]
    assert "cl" in names and "cl" not in varied(model, Population(size=2, exclude=("cl",)))


def test_a_value_beyond_its_bound_is_put_on_it_and_counted() -> None:
    model = default_model()
    centre = model.defaults()[None, :].repeat(64, axis=0)
    names = ("circadian_amplitude", "cl")
    u = np.full((64, 2), 0.5)
    u[:3, 0] = 1.0 - 1e-9
    values = people_module.vary(model, Population(size=64, scale=3.0), names, centre, u)
    clipped = people_module.on_bound(model, names, centre, values)
    assert clipped.sum(axis=0).tolist() == [3, 0]
    at = model.parameter_index["circadian_amplitude"]
    assert (values[:3, at] == 0.95).all()


def test_a_population_nobody_belongs_to_is_refused_with_the_reasons(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(population, "CHUNK", 8)
    monkeypatch.setattr(population, "MOST", 1)
    text = TEXT.replace("[6, 7.2]", "[9.5, 10]").replace('"fibromyalgia"', '"healthy"')
    with pytest.raises(UserError, match=r"only 0 of 32 candidates.*pain below 9.5.*widen"):
        people_of(text)


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("size = 12", "size = 1", ["population.size", "2"]),
        ("scale = 0.5", 'scale = 0.5\nvary = ["coupling_tlr4"]', ["coupling_tlr4", "no spread"]),
        ("scale = 0.5", 'scale = 0.5\nvary = ["cll"]', ["population.vary", "'cl'"]),
        ("scale = 0.5", 'scale = 0.5\nexclude = ["kaa"]', ["population.exclude", "'ka'"]),
        ("pain = [6, 7.2]", "pian = [6, 7.2]", ["population.plausible", "pain"]),
        ("pain = [6, 7.2]", "pain = [7.2, 6]", ["plausible.pain", "lower limit comes first"]),
        ('"sobol"', '"halton"', ["population.method", "sobol"]),
        ("[patient]", '[patient]\noprm1 = "AG"', ["patient.oprm1", "oprm1_g_frequency"]),
        ('name = "hypothesis"', 'name = "patient"', ["axes[1].name", "patient"]),
        (
            'field = "hypothesis"\nvalues = ["dual_pathway", "tonic"]',
            'field = "subject"\nvalues = [0, 1]',
            ["subject", "population has its own"],
        ),
    ],
)
def test_mistakes_name_the_key_and_the_remedy(old: str, new: str, parts: list[str]) -> None:
    text = TEXT.replace("scale = 0.5", 'scale = 0.5\nmethod = "sobol"')
    assert old in text
    with pytest.raises(UserError) as error:
        Study.loads(text.replace(old, new))
    for part in parts:
        assert part in str(error.value)


@pytest.mark.long
def test_the_shipped_trial_runs_and_keeps_the_limits_it_states() -> None:
    ds = load(Path(__file__).parents[2] / "configs" / "final_trial.toml").run()
    assert (ds["status"] == 0).all()
    assert ds.sizes["patient"] == 64
    assert float(ds["baseline_pain"].min()) >= 3.0
    assert float(ds["pain_change"].sel(regimen="placebo").max()) < 0.01


def test_patients_are_the_same_bits_however_many_are_wanted_or_looked_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(untreated_module, "_SOLVED", {})
    many = people_of(TEXT)
    monkeypatch.setattr(untreated_module, "_SOLVED", {})
    monkeypatch.setattr(population, "CHUNK", 8)
    monkeypatch.setattr(population, "AT_ONCE", 11)
    few = people_of(TEXT.replace(f"size = {SIZE}", "size = 7"), threads=1)
    np.testing.assert_array_equal(few.candidate, many.candidate[:7])
    np.testing.assert_array_equal(few.days.y0, many.days.y0[:7])
    np.testing.assert_array_equal(few.days.mean, many.days.mean[:7])
