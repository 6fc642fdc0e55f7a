"""What is written is the model: checked without any SBML library."""

from __future__ import annotations

import numpy as np
import pytest

from ldnsim import export
from ldnsim.errors import UserError
from ldnsim.export.units import DEFINED
from ldnsim.mechanisms.pharmacokinetics import NMOL_PER_MG
from ldnsim.mechanisms.record import CLOCK
from ldnsim.model import default_model
from ldnsim.runs.job import Job
from ldnsim.runs.plan import enrol
from ldnsim.sweep.study import Study, prescribed
from tests.export.cases import NAMES, sbml, study
from tests.export.reader import S, evaluate, read

MODEL = default_model()


def test_every_state_has_a_rate_rule_and_every_quantity_an_assignment() -> None:
    found = read(sbml("ladder to 4.5 mg"))
    assert list(found.rates) == list(MODEL.states)
    assert set(found.assignments) == {*CLOCK, *MODEL.quantities, *MODEL.constants}
    assert set(found.values) == {*MODEL.parameters, *MODEL.states}


def test_rules_stand_in_an_order_in_which_they_can_be_evaluated() -> None:
    found = read(sbml("ladder to 4.5 mg"))
    seen = {*found.values, "time"}
    for name, node in found.assignments.items():
        used = {(e.text or "").strip() for e in node.iter() if e.tag.endswith("}ci")}
        assert used <= seen, name
        seen.add(name)


def test_rates_and_quantities_are_those_of_the_model_at_random_points() -> None:
    found, rng = read(sbml("ladder to 4.5 mg")), np.random.default_rng(8)
    for _ in range(5):
        t = float(rng.uniform(0.0, 48.0))
        p = MODEL.defaults() * rng.uniform(0.5, 0.95, len(MODEL.parameters)) + 0.003
        y = MODEL.start(True) * rng.uniform(0.5, 0.9, len(MODEL.states)) + 0.02
        y[MODEL.state_index["pomc_expression"]] = -0.01  # the one sign that can be negative
        given = {**dict(zip(MODEL.parameters, p, strict=True)),
                 **dict(zip(MODEL.states, y, strict=True))}  # fmt: skip
        known = found.environment(t, {n: float(v) for n, v in given.items()})
        ours = MODEL.environment(t, y, p)
        for name in found.assignments:
            assert known[name] == pytest.approx(ours[name], rel=1e-11, abs=1e-14), name
        rates = [evaluate(node, known) for node in found.rates.values()]
        assert rates == pytest.approx(list(MODEL.rates(t, y, p)), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_events_and_start_are_those_that_a_sweep_solves(name: str) -> None:
    found = read(sbml(name))
    task = Job(study(name).plan()).task(0, 8)
    assert [found.values[s] for s in MODEL.states] == task.y0[0].tolist()
    assert [found.values[p] for p in MODEL.parameters] == task.params[0].tolist()
    events, names = task.events[0], [*MODEL.states, *MODEL.parameters]
    assert len(found.events) == len(events.time)
    for i, (trigger, assigned) in enumerate(found.events):
        time, target = events.time[i], names[events.target[i]]
        assert not evaluate(trigger, {"time": np.nextafter(time, -1.0)})
        assert evaluate(trigger, {"time": time})
        before = 0.25 if target in MODEL.states else 0.0
        assert list(assigned) == [target]
        assert evaluate(assigned[target], {target: 0.25}) == before + events.value[i]
        assert not found.constant[target]


def test_there_are_as_many_events_as_doses_and_they_weigh_what_is_prescribed() -> None:
    regimen = "1.5 mg nightly at 22:00, +1.5 mg every 2 d to 4.5 mg, for 6 d"
    found = read(export.sbml(prescribed(regimen, "null", None, None, {})))
    given = [evaluate(a["gut_fast"], {"gut_fast": 0.0}) for _, a in found.events]
    doses = np.array([1.5, 1.5, 3.0, 3.0, 4.5, 4.5])
    assert given == pytest.approx(doses * NMOL_PER_MG, rel=1e-12)


def test_the_cases_hold_what_they_are_there_for() -> None:
    triggers = {n: [t for t, _ in read(sbml(n)).events] for n in NAMES}
    at_once = [n for n, found in triggers.items() if any(evaluate(t, {"time": 0.0}) for t in found)]
    assert "adjunct" in at_once
    slow = [n for n in NAMES if any("gut_slow" in a for _, a in read(sbml(n)).events)]
    assert slow == ["slow release", "slow release, depleted"]
    assert "driver" in {k for _, a in read(sbml("a parameter changes")).events for k in a}
    assert read(sbml("placebo")).events == []
    assert len(read(sbml("doses missed and late")).events) < 7


def test_constants_are_what_no_event_sets() -> None:
    found = read(sbml("a parameter changes"))
    varied = {p for p in MODEL.parameters if not found.constant[p]}
    assert varied == {"driver", "k_off_mor"}
    assert not any(found.constant[v] for v in (*MODEL.observables, *CLOCK))


def test_units_are_declared_and_time_is_in_hours() -> None:
    found = read(sbml("placebo"))
    model = found.root.find(f"{S}model")
    assert model is not None and model.attrib["timeUnits"] == "hour"
    declared = {u.attrib["id"] for u in found.root.iter(f"{S}unitDefinition")}
    assert declared == set(DEFINED)
    assert set(found.units.values()) <= {*declared, "dimensionless", "litre"}
    assert found.units["c_plasma"] == "nmol_per_litre"
    assert found.units["naltrexone_plasma"] == "ng_per_mL"


def test_notes_say_what_it_is_and_where_each_number_comes_from() -> None:
    text = sbml("0.1 mg nightly")
    assert "not medical advice" in text
    assert "hypothesis: tonic" in text
    found = {p.attrib["id"]: p for p in read(text).root.iter(f"{S}parameter")}
    words = {n: " ".join(" ".join(p.itertext()).split()) for n, p in found.items()}
    assert words["cl"].startswith(
        "clearance of naltrexone evidence: human PK or imaging; source: dunbar2007"
    )
    assert words["pain"] == MODEL.states["pain"].long_name
    assert "set by hypothesis tonic (default 0.75)" in words["t_half_brain"]
    mark = next(e for e in found["ka"].iter() if e.tag == "{urn:ldnsim:export:1}parameter")
    assert mark.attrib["source"] == "licko1981"
    own = read(sbml("other parameters")).root
    ka = next(p for p in own.iter(f"{S}parameter") if p.attrib["id"] == "ka")
    assert "evidence: assumed; set by the study (default 0.72)" in " ".join(ka.itertext())


def test_one_run_of_several_must_be_named() -> None:
    data = {
        "title": "two",
        "regimens": ["1 mg nightly at 22:00, for 2 d", "4.5 mg nightly at 22:00, for 2 d"],
    }
    two = Study.build(data, "test")
    with pytest.raises(UserError, match=r"2 runs, regimen \(2\); say which one to export"):
        export.sbml(two)
    with pytest.raises(UserError, match="the study has the runs 0 to 1"):
        export.sbml(two, run=2)
    assert "4.5 mg naltrexone hydrochloride" in export.sbml(two, run=1)


def test_a_virtual_patient_is_exported_with_what_was_drawn() -> None:
    data = {
        "title": "people",
        "regimen": "1 mg nightly at 22:00, for 2 d",
        "population": {"size": 2},
    }
    people = Study.build(data, "test")
    text, patients = export.sbml(people, run=1), enrol(people.plan())
    own = patients.params[patients.of_run[1]]
    assert [read(text).values[p] for p in MODEL.parameters] == own.tolist()
    assert "set by virtual patient 1" in text


def test_a_patient_without_an_untreated_state_is_refused() -> None:
    nobody = prescribed(
        "1 mg nightly at 22:00, for 2 d", "null", None, "inflamed", {"activation_priming": 0.0}
    )
    with pytest.raises(UserError, match="cannot be exported: this patient has no untreated state"):
        export.sbml(nobody)
