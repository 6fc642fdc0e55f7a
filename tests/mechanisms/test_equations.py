"""Single equations against what they claim: limits, rests, signs, conservation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldnsim.engine.solve.batch import solve
from ldnsim.mechanisms import endogenous, forms, immunity, microglia, receptors, symptoms, tlr4
from tests.engine.bench import MODEL, dosing

positive = st.floats(1e-3, 50.0)
fraction = st.floats(0.01, 0.95)


@given(positive)
def test_forms_rest_at_one_and_saturate(a: float) -> None:
    assert forms.rising(1.0, a) == pytest.approx(1.0)
    assert forms.falling(1.0, a) == pytest.approx(1.0)
    assert forms.rising(1e9, a) == pytest.approx((1.0 + a) / a, rel=1e-5)
    assert forms.hill4(a, a) == pytest.approx(0.5)


@given(st.floats(-5.0, 5.0), st.floats(1e-3, 0.1))
def test_smooth_positive_part_is_close_to_the_sharp_one(x: float, width: float) -> None:
    smooth = forms.positive_part(x, width)
    assert 0.0 <= smooth - max(x, 0.0) <= width / 2.0 + 1e-12


@given(fraction)
def test_untouched_receptors_have_tone_one(bound: float) -> None:
    assert forms.agonist_tone(1.0, bound, 1.0) == pytest.approx(1.0)
    assert forms.agonist_tone(0.5, bound, 1.0) == pytest.approx(0.5)
    assert forms.agonist_tone(1.0, bound, 1e9) == pytest.approx(1.0 / bound, rel=1e-4)


def test_demand_rests_rises_with_block_and_ignores_surplus() -> None:
    p = {n: MODEL.parameters[n].value for n in ("demand_gain", "demand50", "bound_mor")}

    def demand(tone: float) -> float:
        lost = endogenous.lost_tone(tone, 1.0, p["bound_mor"], 1.0)
        return endogenous.demand(lost, p["demand_gain"], p["demand50"], 1.0)

    assert demand(1.0) == pytest.approx(1.0, abs=1e-6)
    assert demand(0.0) > demand(0.5) > demand(0.9) > 1.0
    assert demand(2.0) == pytest.approx(1.0, abs=0.01)
    assert endogenous.demand(0.5, p["demand_gain"], p["demand50"], 0.0) == 1.0


@given(st.floats(0.3, 3.0), fraction)
def test_a_carrier_of_a_potent_receptor_rests_at_their_own_tone(
    potency: float, bound: float
) -> None:
    assert forms.tone_of(1.0, bound, potency) == pytest.approx(1.0)
    assert endogenous.lost_tone(1.0, 1.0, bound, potency) == pytest.approx(0.0, abs=1e-12)


def test_lasting_full_block_reaches_the_largest_gain_in_density() -> None:
    assert receptors.regulation(1.85, 0.85, 1.0, 0.75, 60.0) == pytest.approx(0.0, abs=1e-12)


def test_extra_synthesis_starts_at_nothing_and_has_a_ceiling() -> None:
    gain, half = (MODEL.parameters[n].value for n in ("synthesis_gain", "synthesis50"))
    assert endogenous.extra_synthesis(1.0, gain, half) == pytest.approx(0.0)
    assert endogenous.extra_synthesis(1e6, gain, half) == pytest.approx(gain, rel=1e-3)


def test_a_full_store_supplies_all_and_an_empty_one_nothing() -> None:
    assert endogenous.supply(1.0, 0.3) == pytest.approx(1.0)
    assert endogenous.supply(0.0, 0.3) == 0.0
    assert endogenous.supply(0.3, 0.3) == pytest.approx(0.65)


def test_a_small_store_empties_faster_in_proportion() -> None:
    full = endogenous.refill(1.0, 0.0, 1.5, 0.0, 0.006, 1.0)
    third = endogenous.refill(1.0, 0.0, 1.5, 0.0, 0.006, 1.0 / 3.0)
    assert full == pytest.approx(-0.003) and third == pytest.approx(3.0 * full)
    # extra synthesis is a share of the reserve: the store of a small one gains no more by it
    assert endogenous.refill(1.0, 0.5, 1.0, 0.0, 0.006, 0.2) == pytest.approx(0.003)


RHYTHM = [
    MODEL.parameters[n].value
    for n in ("circadian_amplitude", "circadian_acrophase", "t_half_beta_endorphin")
]


def rhythms(t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The expected level and the release behind it."""
    a, phi, half = RHYTHM
    clock = zip(np.cos(forms.OMEGA * t), np.sin(forms.OMEGA * t), strict=True)
    pairs = []
    for c, s in clock:
        level = endogenous.expected_endorphin(c, s, a, phi)
        pairs.append((level, endogenous.circadian(level, c, s, a, phi, half)))
    levels, release = np.array(pairs).T
    return levels, release


def test_rhythm_has_mean_one_and_its_peak_at_the_acrophase() -> None:
    hours = np.arange(0.0, 24.0, 0.01)
    wave, release = rhythms(hours)
    assert np.mean(wave) == pytest.approx(1.0) and np.mean(release) == pytest.approx(1.0)
    assert hours[np.argmax(wave)] == pytest.approx(RHYTHM[1], abs=0.02)
    assert max(wave) == pytest.approx(1.0 + RHYTHM[0], abs=1e-6)
    assert 1.0 < hours[np.argmax(wave)] - hours[np.argmax(release)] < 3.0, "release leads"


def test_expected_rhythm_is_the_filtered_release() -> None:
    t = np.arange(0.0, 24.0 * 10, 0.01)
    want, release = rhythms(t)
    level = np.ones_like(t)
    k = np.log(2.0) / RHYTHM[2]
    for i in range(len(t) - 1):
        level[i + 1] = level[i] + 0.01 * k * (release[i] - level[i])
    np.testing.assert_allclose(level[-2400:], want[-2400:], atol=1e-3)


def test_trif_is_halved_at_its_ic50_and_myd88_is_untouched() -> None:
    assert tlr4.trif_uninhibited(7.0, 7.0, 1.0) == pytest.approx(0.5)
    assert tlr4.trif_uninhibited(7.0, 7.0, 0.0) == 1.0
    assert "ntx_acting" not in MODEL.states["tlr4_myd88"].arguments


@given(fraction, fraction, positive, positive, positive)
def test_microglia_only_move_between_their_three_forms(
    m1: float, m2: float, activation: float, resolution: float, k: float
) -> None:
    m1, m2 = m1 / 2.0, m2 / 2.0
    m0 = microglia.microglia_m0(m1, m2)
    d1 = microglia.microglia_m1(m1, m0, activation, resolution, k)
    d2 = microglia.microglia_m2(m2, m1, resolution, k)
    back = activation * m0 - k * m1 - k * m2
    assert d1 + d2 == pytest.approx(back, abs=1e-9)
    assert m0 + m1 + m2 == pytest.approx(1.0)


def test_nk_activity_stays_within_its_gain() -> None:
    gain = MODEL.parameters["nk_gain"].value
    for tone, limit in ((1e9, 1.0 + gain), (0.0, 1.0 - gain)):
        assert immunity.nk_activity(limit, tone, gain, 48.0) == pytest.approx(0.0, abs=1e-6)
    assert immunity.nk_activity(1.0, 1.0, gain, 48.0) == pytest.approx(0.0)


def test_scales_end_at_ten() -> None:
    assert symptoms.pain_target(1e9, 1.0, 1.0, 1.0, 3.0, 0.5, 0.6) == pytest.approx(10.0)
    assert symptoms.pain_target(0.0, 1.0, 1.0, 1.0, 3.0, 0.5, 0.6) == 0.0


def test_no_block_no_dreams() -> None:
    assert symptoms.vivid_dreams(0.0, 1.0, 0.0, 0.0, 18.0, 2.6, 3.0) == pytest.approx(
        0.0, abs=1e-12
    )
    assert symptoms.vivid_dreams(0.0, 1.0, 0.0, 0.3, 18.0, 2.6, 3.0) == pytest.approx(
        0.0, abs=1e-12
    )
    assert symptoms.vivid_dreams(0.0, 1.0, 0.4, 0.0, 18.0, 2.6, 3.0) > 0.0


def test_binding_settles_at_competitive_equilibrium() -> None:
    """A constant effect-site concentration, held by a huge plasma pool."""
    params = MODEL.parameter_vector(
        {"cl": 0.0, "q_peripheral": 0.0, "q_deep": 0.0, "cl_naltrexol": 0.0, "q_naltrexol": 0.0,
         "demand_gain": 0.0, "circadian_amplitude": 0.0}
    )[None]  # fmt: skip
    names = ["mor_ntx", "mor_naltrexol", "dor_occupancy", "kor_occupancy", "ogfr_occupancy",
             "ntx_acting", "naltrexol_binding", "beta_endorphin", "met_enkephalin"]  # fmt: skip
    start = MODEL.start(False)[None]
    batch = dosing(
        params, start, [np.array([0.0])], [np.array([3.0])], 200.0, np.array([200.0]), names
    )
    parent, metabolite, dor, kor, ogfr, c, c6, endorphin, enkephalin = solve(MODEL, batch).traj[
        0, :, 0
    ]
    p = {n: q.value for n, q in MODEL.parameters.items()}

    def blocked(receptor: str, agonist: float) -> float:
        ratio = c / p[f"kd_{receptor}"] + c6 / p[f"kd_{receptor}_naltrexol"]
        held = p[f"bound_{receptor}"] / (1.0 - p[f"bound_{receptor}"]) * agonist
        return ratio / (1.0 + ratio + held)

    assert parent + metabolite == pytest.approx(blocked("mor", endorphin), rel=1e-5)
    assert parent / metabolite == pytest.approx(
        c / p["kd_mor"] / (c6 / p["kd_mor_naltrexol"]), rel=1e-5
    )
    assert dor == pytest.approx(blocked("dor", enkephalin), rel=1e-5)
    assert kor == pytest.approx(blocked("kor", 1.0), rel=1e-5)
    assert ogfr == pytest.approx(blocked("ogfr", enkephalin), rel=1e-5)
