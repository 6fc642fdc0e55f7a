"""Simulated observations against closed forms, and the scorecard."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ldnsim.analysis.evidence.probe_kinds import (
    Clock,
    Compare,
    HalfRise,
    HalfTime,
    Patient,
    PeakTime,
    Run,
    report_ratio,
)
from ldnsim.analysis.evidence.probes import find_observation, score, simulate
from ldnsim.config.run import RunSpec
from ldnsim.errors import UserError
from ldnsim.mechanisms.pharmacokinetics import MW_NALTREXONE, NMOL_PER_MG
from ldnsim.model import default_model
from ldnsim.patients.untreated import untreated
from ldnsim.runs.few import ask

DUAL = "dual_pathway"
DEFAULT = {n: p.value for n, p in default_model().parameters.items()}


def one(name: str, hypothesis: str = DUAL, rtol: float = 1e-5, **parameters: float) -> float:
    asked = [(find_observation(name), Patient(hypothesis, parameters))]
    return float(simulate(asked, rtol)[0])


def test_auc_is_bioavailability_times_dose_over_clearance() -> None:
    for extraction in (0.5, 0.9):
        simulated = one("auc_2mg4", q_deep=0.0, first_pass_extraction=extraction, rtol=1e-7)
        f = DEFAULT["f_absorbed"] * (1.0 - extraction)
        nmol_h_per_l = f * 2.4 * NMOL_PER_MG / DEFAULT["cl"]
        assert simulated == pytest.approx(nmol_h_per_l * MW_NALTREXONE, rel=1e-4)


def test_without_first_pass_exposure_rises_by_what_escapes_it() -> None:
    escaped = 1.0 - DEFAULT["first_pass_extraction"]
    assert one("cirrhosis", rtol=1e-7) == pytest.approx(1.0 / escaped, rel=1e-4)


def test_one_compartment_has_the_half_life_of_its_rate() -> None:
    simulated = one(
        "half_life_naltrexone", rtol=1e-8, ka=20.0, q_deep=0.0, q_peripheral=0.0,
        v_central=400.0, cl=100.0,
    )  # fmt: skip
    assert simulated == pytest.approx(math.log(2.0) * 400.0 / 100.0, rel=1e-3)


def test_rhythm_of_the_level_is_the_one_measured() -> None:
    peak = one("endorphin_acrophase", rtol=1e-7)
    assert peak == pytest.approx(DEFAULT["circadian_acrophase"], abs=0.02)
    swing = one("endorphin_amplitude", rtol=1e-7)
    assert swing == pytest.approx(100.0 * DEFAULT["circadian_amplitude"], rel=0.01)


def test_inhibition_is_mass_action_and_off_where_the_hypothesis_says_so() -> None:
    assert one("tlr4_blood_cells", "rebound") == pytest.approx(100.0 * 200000.0 / 201960.0)
    assert one("tlr4_blood_cells", "ogfr") == one("tlr4_blood_cells", "null") == 0.0


def test_courses_on_made_up_numbers() -> None:
    t = np.arange(0.0, 49.0)
    who = Patient()
    half = HalfTime(observable="tnf", stop=48.0)
    assert half.value(list(np.exp(-t / 10.0)), who) == pytest.approx(10.0 * math.log(2.0), abs=0.02)
    assert math.isnan(half.value(list(np.ones(49)), who))
    peak = PeakTime(observable="tnf", stop=48.0)
    assert peak.value(list(-((t - 7.0) ** 2)), who) == 7.0
    clock = Clock(observable="tnf", stop=48.0, what="acrophase")
    assert clock.value(list(2.0 + np.cos(2 * np.pi * (t - 5.0) / 24.0)), who) == pytest.approx(5.0)
    lowest = Clock(observable="tnf", stop=24.0, what="lowest")
    day = t[:25]
    assert lowest.value(list(2.0 - np.cos(2 * np.pi * (day - 23.0) / 24.0)), who) == -1.0


def test_half_of_the_way_up_counts_from_the_first_sample() -> None:
    t = np.arange(0.0, 100.0, 2.0)
    rise = HalfRise(observable="mor_density", start=0.0, stop=98.0, step=2.0)
    expected = -20.0 * math.log(0.5 * (1.0 + math.exp(-98.0 / 20.0)))
    y = 1.0 + 0.8 * (1.0 - np.exp(-t / 20.0))
    assert rise.value(list(y), Patient()) == pytest.approx(expected, abs=0.05)
    assert math.isnan(rise.value(list(-t), Patient())), "it never rises"
    assert math.isnan(rise.value([1.0, math.nan, 2.0], Patient()))


def test_a_pulse_ends_where_the_patient_was() -> None:
    pulse = {"parameter": "driver", "value": 1.0, "at": 24.0, "hours": 4.0}
    run = {"observable": "tnf", "reduce": "at", "phenotype": "healthy"}
    times = (23.0, 26.0, 27.9, 168.0)
    probes = [Run.model_validate({**run, "stop": t, "pulses": [pulse]}) for t in times]
    plain = Run.model_validate({**run, "stop": 26.0})
    found = ask([one for p in (*probes, plain) for one in p.asks(Patient())])
    before, during, later, after, none = (float(x[0]) for x in found)
    assert none < during < later, "it rises while the pulse lasts"
    assert before == pytest.approx(float(found[-1][0]), rel=0.2) and after < later
    ((case, _),) = probes[0].asks(Patient())
    assert [(c.parameter, c.value, c.factor) for c in case.changes] == [
        ("driver", 1.0, None), ("driver", None, 1.0),
    ]  # fmt: skip


def test_the_resting_state_is_asked_without_a_window() -> None:
    rest = Run.model_validate({"observable": "tnf", "reduce": "untreated", "phenotype": "healthy"})
    ((case, measures),) = rest.asks(Patient())
    assert [m.kind for m in measures] == ["untreated"] and case.phenotype == "healthy"
    for wrong in ({"reduce": "untreated", "relative": "fold"}, {"reduce": "mean", "start": 5.0}):
        with pytest.raises(ValueError, match=r"resting state|stop = 0 h does not lie"):
            Run.model_validate({"observable": "tnf", **wrong})


def test_what_is_left_of_an_excess() -> None:
    probe = Compare.model_validate({
        "first": {"observable": "mor_density", "reduce": "at", "stop": 2.0},
        "second": {"observable": "mor_density", "reduce": "at", "stop": 1.0},
        "how": "remaining",
    })  # fmt: skip
    assert probe.value([1.2, 1.8], Patient()) == pytest.approx(25.0)


def test_odds_of_a_report() -> None:
    assert report_ratio(0.0, 0.13) == pytest.approx(1.0)
    odds = 0.13 / 0.87 * math.e
    assert report_ratio(1.0, 0.13) == pytest.approx(odds / (1.0 + odds) / 0.13)


def test_drug_parameters_do_not_move_the_untreated_patient() -> None:
    model = default_model()
    own = {"kp_brain": 3.0, "kd_mor": 0.1, "k_off_mor": 0.01, "v_central": 20.0}
    params = np.array([model.parameter_vector(p) for p in ({}, own)])
    found = untreated(model, params, np.array([True, True]))
    np.testing.assert_array_equal(found.y0[0], found.y0[1])
    from ldnsim.engine.rhythm.orbit import find_orbits

    alone = find_orbits(default_model(), params[1:], np.array([True]))
    np.testing.assert_allclose(alone.y0[0], found.y0[1], rtol=1e-6, atol=1e-9)
    assert found.status.tolist() == [0, 0] and np.all(np.isfinite(found.mean))


def test_scorecard_has_a_row_where_one_makes_sense_and_hides_no_miss() -> None:
    names = ["auc_2mg4", "pet_2mg", "block_48h", "ogfr_every_6h", "tlr4_blood_cells"]
    rows = {(c.id, c.hypothesis): c for c in score([DUAL, "tonic", "ogfr"], names=names)}
    assert [h for i, h in rows if i == "auc_2mg4"] == ["any"]
    assert ("ogfr_every_6h", DUAL) not in rows and rows["ogfr_every_6h", "ogfr"].passed
    assert rows["block_48h", "tonic"].passed and not rows["block_48h", DUAL].passed
    assert rows["tlr4_blood_cells", DUAL].passed is False
    seen = rows["pet_2mg", DUAL]
    assert seen.unit == "%" and seen.evidence == "rabiner2011 trostheim2022"
    assert seen.value is not None and f"{seen.value:.4g}" in seen.simulated


def test_what_is_asked_along_changes_no_more_than_the_solver_allows() -> None:
    together = {(c.id, c.hypothesis): c.value for c in score([DUAL], names=["pet_2mg", "pet_50mg"])}
    alone = score([DUAL], names=["pet_2mg"])[0].value
    assert together["pet_2mg", DUAL] == pytest.approx(alone, rel=1e-4)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UserError, match="did you mean 'tonic'"):
        score(["tonik"])
    with pytest.raises(UserError, match="did you mean 'pet_2mg'"):
        score(names=["pet_2mgs"])


def test_a_case_without_regimen_takes_nothing() -> None:
    assert RunSpec.of().regimen.doses().amount_mg.sum() == 0.0
