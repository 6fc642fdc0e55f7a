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
    assert forms.hill(a, a, 4) == pytest.approx(0.5)


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
    names = ("demand_gain", "demand50", "bound_mor", "pool50")
    p = {n: MODEL.parameters[n].value for n in names}

    def demand(tone: float, unmet: float = 0.0, wanted: float = 0.0) -> float:
        lost = endogenous.lost_tone(tone, 1.0, 1.0, p["pool50"], p["bound_mor"], 1.0, 0.0, 0.05)
        return endogenous.demand(lost, unmet, wanted, p["demand_gain"], p["demand50"], 0.05, 1.0)

    assert demand(1.0) == pytest.approx(1.0, abs=1e-6)
    assert demand(0.0) > demand(0.5) > demand(0.9) > 1.0
    assert demand(2.0) == pytest.approx(1.0, abs=0.01)
    # what expression has taken over, release no longer has to
    assert demand(0.0, 0.5, 0.5) == pytest.approx(demand(0.0))
    assert demand(0.0) > demand(0.0, 0.25, 0.5) > demand(0.0, 0.0, 0.5) > 1.0
    assert demand(0.0, 0.0, 0.05) - 1.0 == pytest.approx(0.5 * (demand(0.0) - 1.0))
    assert endogenous.demand(0.5, 0.5, 0.5, p["demand_gain"], p["demand50"], 0.05, 0.0) == 1.0


@given(fraction)
def test_the_sensor_forgives_its_own_empty_store(pool: float) -> None:
    given = endogenous.supply(pool, 0.3)
    tone = forms.tone_of(given, 0.2, 1.0)
    assert endogenous.lost_tone(tone, 1.0, pool, 0.3, 0.2, 1.0, 0.0, 0.05) == pytest.approx(
        0.0, abs=1e-9
    )
    lost = endogenous.lost_tone(0.5 * tone, 1.0, pool, 0.3, 0.2, 1.0, 0.0, 0.05)
    assert lost > 0.4
    # what regular exercise releases is expected, and what a block takes of it is missed
    trained = forms.tone_of(1.2 * given, 0.2, 1.0)
    kept = endogenous.lost_tone(trained, 1.0, pool, 0.3, 0.2, 1.0, 0.2, 0.05)
    assert kept == pytest.approx(0.0, abs=1e-9)
    assert endogenous.lost_tone(0.5 * trained, 1.0, pool, 0.3, 0.2, 1.0, 0.2, 0.05) > 0.4
    # a small loss counts little
    small = endogenous.lost_tone(0.98 * tone, 1.0, pool, 0.3, 0.2, 1.0, 0.0, 0.05)
    assert 0.0 < small < 0.35 * 0.02


@given(st.floats(0.3, 3.0), fraction)
def test_a_carrier_of_a_potent_receptor_rests_at_their_own_tone(
    potency: float, bound: float
) -> None:
    assert forms.tone_of(1.0, bound, potency) == pytest.approx(1.0)
    lost = endogenous.lost_tone(1.0, 1.0, 1.0, 0.3, bound, potency, 0.0, 0.05)
    assert lost == pytest.approx(0.0, abs=1e-12)


def test_lasting_full_block_reaches_the_largest_gain_in_density() -> None:
    assert receptors.regulation(1.85, 0.85, 1.0, 0.75, 60.0) == pytest.approx(0.0, abs=1e-12)


@given(positive, positive)
def test_the_softly_least_is_near_the_lesser_and_never_above(a: float, b: float) -> None:
    least = forms.softly_least(a, b)
    assert least == pytest.approx(forms.softly_least(b, a))
    assert 2.0 / 3.0 * min(a, b) * (1.0 - 1e-9) <= least <= min(a, b)
    assert forms.softly_least(a, a) == pytest.approx(2.0 / 3.0 * a)
    assert forms.softly_least(a, 1e6 * a) == pytest.approx(a, rel=1e-5)


def test_expression_is_asked_for_by_strain_and_granted_by_the_reserve() -> None:
    gain, half, ceiling = (
        MODEL.parameters[n].value for n in ("expression_gain", "strain50", "expression_ceiling")
    )
    assert endogenous.expression_wanted(0.0, gain, half, 1.0) < 0.005 * gain
    assert endogenous.expression_wanted(half, gain, half, 1.0) == pytest.approx(gain / 2, rel=1e-4)
    assert endogenous.expression_wanted(1e6, gain, half, 1.0) == pytest.approx(gain)
    assert endogenous.expression_wanted(0.5, gain, half, 0.0) == 0.0
    # an exhausted reserve grants nothing, however much is asked for
    assert endogenous.expression_granted(gain, 0.0) == 0.0
    much = endogenous.expression_granted(1e6, endogenous.expression_possible(0.5, ceiling))
    assert much == pytest.approx(0.5 * ceiling, rel=1e-5)


def test_the_reserve_learns_what_it_can_meet_wears_by_the_rest_and_settles() -> None:
    def rate(level: float, wanted: float, possible: float, settles: float = 1.0) -> float:
        return endogenous.reserve_level(level, wanted, possible, settles, 3600.0, 6e-4, 3e-3, 1.2)

    assert rate(1.0, 0.0, 0.8) == pytest.approx(0.0, abs=1e-8)
    assert rate(0.6, 0.0, 0.8) > 0.0 > rate(1.1, 0.0, 0.8), "it settles"
    assert rate(1.0, 0.3, 0.8) > 0.0, "met demand trains"
    assert rate(0.6, 0.9, 0.5, settles=0.6) < 0.0, "unmet demand wears"
    assert rate(1.2, 0.5, 0.8, settles=1.2) == pytest.approx(0.0, abs=1e-5), "no further"


def test_synthesis_at_rest_falls_with_the_reserve() -> None:
    half = MODEL.parameters["synthesis50"].value
    assert endogenous.rest_synthesis(1.0, half) == pytest.approx(1.0)
    assert endogenous.rest_synthesis(0.0, half) == 0.0
    ceiling = endogenous.rest_synthesis(1e9, half)
    assert endogenous.rest_synthesis(half, half) == pytest.approx(ceiling / 2.0)


def test_a_full_store_supplies_all_and_an_empty_one_nothing() -> None:
    assert endogenous.supply(1.0, 0.3) == pytest.approx(1.0)
    assert endogenous.supply(0.0, 0.3) == 0.0
    assert endogenous.supply(0.3, 0.3) == pytest.approx(0.65)


@given(fraction)
def test_a_store_at_rest_stands_still_and_a_drain_lowers_it(share: float) -> None:
    assert endogenous.refill(1.0, 1.0, 1.0, 0.0, share, 0.006) == pytest.approx(0.0, abs=1e-12)
    assert endogenous.refill(1.0, 1.0, 1.0, 0.5, share, 0.006) == pytest.approx(-0.003)
    assert endogenous.refill(1.0, 1.0, 1.5, 0.0, share, 0.006) == pytest.approx(-0.003 * share)


def test_a_small_store_empties_faster() -> None:
    def store(reserve: float) -> float:
        return endogenous.endorphin_pool(
            1.0, 1.0, 0.0, 0.0, 1.5, 0.0, 1.5, 0.6, 0.006, 0.1, reserve
        )

    assert store(0.2) == pytest.approx(store(1.0) * 1.1 / 0.3)
    # synthesis that expression adds outdoes the release it feeds
    made = endogenous.endorphin_pool(1.0, 1.0, 0.4, 0.0, 1.4, 0.0, 1.5, 0.6, 0.006, 0.1, 1.0)
    assert made > 0.0


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


def test_a_healthy_persons_microglia_stand_still() -> None:
    names = (
        "m1_healthy", "signal_healthy", "activation_signal", "activation_priming", "priming50",
        "t_half_m1", "t_half_priming", "release_priming", "tolerance50",
    )  # fmt: skip
    m1, signal, by_signal, by_priming, half, t_m1, t_priming, release, half_tolerance = (
        MODEL.parameters[n].value for n in names
    )
    primed = forms.hill(m1, half, 4)

    def odds(signal_now: float, primed_now: float) -> float:
        return microglia.activation(
            primed_now, signal_now, 0.0, 1.0, 1.0, m1, signal, by_signal, by_priming, half, 1.0
        )

    assert microglia.priming(primed, m1, half, t_priming) == 0.0
    assert microglia.microglia_m1(m1, odds(signal, primed), t_m1) == pytest.approx(0.0, abs=1e-5)
    assert odds(2.0 * signal, primed) > odds(signal, primed) < odds(signal, 2.0 * primed)
    drive = microglia.cytokine_drive(m1, primed, signal, 0.0, release)
    assert microglia.blood_signal(1.0, 0.03) == 0.0 < microglia.blood_signal(1.5, 0.03)
    assert drive == pytest.approx(microglia.healthy_drive(m1, signal, half, release))
    # a lasting drive is released less than in proportion, and under a ceiling
    lasting = [microglia.released(d, d, half_tolerance) for d in (drive, 10.0 * drive, 1e9)]
    assert lasting[1] < 10.0 * lasting[0] and lasting[2] == pytest.approx(half_tolerance)


@given(fraction, fraction, st.floats(0.5, 3.0))
def test_brakes_are_one_at_rest_and_leave_what_they_cannot_hold(
    share: float, trif: float, half: float
) -> None:
    assert microglia.tone_brake_left(1.0, share, half) == pytest.approx(1.0)
    unbraked, most = (microglia.tone_brake_left(x, share, half) for x in (0.0, 1e6))
    assert most / unbraked == pytest.approx(1.0 - share) and unbraked > 1.0
    assert microglia.acting_priming(0.5, trif, 1.0) == pytest.approx(0.5)
    assert microglia.acting_priming(0.5, trif, 0.0) == pytest.approx(0.5 * (1.0 - trif))


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
         "coupling_rebound": 0.0, "circadian_amplitude": 0.0}
    )[None]  # fmt: skip
    names = ["mor_occupancy", "dor_occupancy", "kor_occupancy", "ogfr_occupancy",
             "ntx_acting", "naltrexol_acting", "beta_endorphin", "met_enkephalin"]  # fmt: skip
    start = MODEL.start(False)[None]
    batch = dosing(
        params, start, [np.array([0.0])], [np.array([3.0])], 200.0, np.array([200.0]), names
    )
    mor, dor, kor, ogfr, c, c6, endorphin, enkephalin = solve(MODEL, batch).traj[0, :, 0]
    p = {n: q.value for n, q in MODEL.parameters.items()}

    def blocked(receptor: str, agonist: float) -> float:
        ratio = c / p[f"kd_{receptor}"] + c6 / p[f"kd_{receptor}_naltrexol"]
        held = p[f"bound_{receptor}"] / (1.0 - p[f"bound_{receptor}"]) * agonist
        return ratio / (1.0 + ratio + held)

    assert mor == pytest.approx(blocked("mor", endorphin), rel=1e-5)
    assert dor == pytest.approx(blocked("dor", enkephalin), rel=1e-5)
    assert kor == pytest.approx(blocked("kor", 1.0), rel=1e-5)
    assert ogfr == pytest.approx(blocked("ogfr", enkephalin), rel=1e-5)
