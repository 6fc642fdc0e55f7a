"""ACTH and cortisol: rhythm, answer to lost tone, feedback, brake, each against its own claim."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from ldnsim.arrays import Floats
from ldnsim.config.run import RunSpec
from ldnsim.mechanisms import neuroendocrine as hpa
from ldnsim.mechanisms.forms import OMEGA
from ldnsim.mechanisms.record import Formula, arguments_of
from ldnsim.runs.few import run_specs
from tests.engine.bench import MODEL

P = {n: p.value for n, p in MODEL.parameters.items()}
HOURS = np.linspace(0.0, 24.0, 2881)[:-1]


def value(formula: Formula, **given_: float) -> float:
    """Call an equation with the default parameters and what is given."""
    rest = {"cortisol_swing": 1.0, "neuronal_health": 1.0}
    names = arguments_of(formula)
    return formula(**{n: given_[n] if n in given_ else rest.get(n, P.get(n)) for n in names})


def clocked(formula: Formula, t: float, **given_: float) -> float:
    clock = {"clock_cos": math.cos(OMEGA * t), "clock_sin": math.sin(OMEGA * t)}
    return value(formula, **clock, **given_)


def day(formula: Formula, **given_: float) -> Floats:
    return np.array([clocked(formula, t, **given_) for t in HOURS])


def course(loss: Callable[[float], float], start: float, hours: float, **own: float) -> Floats:
    """Integrate the axis from rest, as (time since the start, ACTH, cortisol, expected)."""

    def rates(t: float, y: Floats) -> list[float]:
        spent, acth, cortisol = y
        now = {**own, "hpa_spent": spent, "acth": acth, "cortisol": cortisol}
        now["lost_tone"] = loss(t - start)
        now["expected_cortisol"] = clocked(hpa.expected_cortisol, t, **own)
        now["acth_rhythm"] = clocked(hpa.acth_rhythm, t, **own)
        now["hpa_drive"] = value(hpa.hpa_drive, **now)
        return [value(f, **now) for f in (hpa.hpa_spent, hpa.acth, hpa.cortisol)]

    before = start - 12.0  # enough to come to rest
    y0 = [0.0, 1.0, clocked(hpa.expected_cortisol, before, **own)]
    times = start + np.linspace(0.0, hours, int(60 * hours) + 1)
    out = solve_ivp(
        rates, (before, start + hours), y0, "LSODA", times, max_step=0.25, rtol=1e-7, atol=1e-9
    )
    expected = np.array([clocked(hpa.expected_cortisol, t, **own) for t in times])
    return np.vstack([times - start, out.y[1:], expected])


def injected(t: float) -> float:
    """Loss of mu tone after a large dose into a vein that leaves with a half-life of an hour."""
    ratio = 20.0 * 0.5**t * (1.0 - np.exp(-20.0 * t)) if t > 0.0 else 0.0
    return float(ratio / (1.0 + ratio))


def test_rhythm_has_mean_one_and_the_measured_peak_trough_and_ratio() -> None:
    level, release = day(hpa.expected_cortisol), day(hpa.acth_rhythm)
    assert level.mean() == pytest.approx(1.0) and release.mean() == pytest.approx(1.0)
    assert HOURS[np.argmax(level)] == pytest.approx(8 + 32 / 60, abs=0.02)
    assert HOURS[np.argmin(level)] == pytest.approx(18 / 60, abs=0.02)
    assert level.max() / level.min() == pytest.approx(7.8, rel=1e-3)
    assert level.min() > 0.0 and release.min() > 0.0
    assert HOURS[np.argmax(release)] < HOURS[np.argmax(level)], "release leads"


def test_without_loss_of_tone_cortisol_follows_the_clock() -> None:
    _, acth, cortisol, expected = course(lambda t: 0.0, 0.0, 24.0)
    np.testing.assert_allclose(cortisol, expected, atol=1e-4)
    assert np.ptp(acth) == pytest.approx(np.ptp(cortisol) * (1.0 - P["acth_floor"]), rel=0.1)


def test_injected_antagonist_brings_acth_in_half_an_hour_and_cortisol_in_the_hour() -> None:
    """Am J Med Sci 1994: ACTH 1.8-fold at 30 min, cortisol by 188 nmol/L at 45 min.

    A fold of the daily mean is 15.5 ug/dL over the model's peak, 277 nmol/L.
    """
    for start in (9.0, 14.0):  # 09:00 and 14:00
        t, acth, cortisol, expected = course(injected, start, 6.0)
        extra = cortisol - expected
        assert 0.3 <= t[np.argmax(acth)] <= 0.6
        assert 0.75 <= t[np.argmax(extra)] <= 1.25
        assert acth.max() / acth[0] == pytest.approx(1.8, abs=0.2)
        assert 188.0 / 277.0 < extra.max() < 1.5 * 188.0 / 277.0
        assert extra[-1] < 0.25 * extra.max(), "gone with the drug"


def test_acth_rises_alike_in_the_morning_and_the_evening() -> None:
    """As naloxone did at 09:00 and 18:00: the answer adds to the day instead of multiplying it."""
    rises = []
    for start in (9.0, 18.0):
        _, acth, *_ = course(injected, start, 2.0)
        rises.append(acth.max() - acth[0])
    assert rises[1] == pytest.approx(rises[0], rel=0.1)


def test_a_lasting_loss_keeps_a_share_of_the_answer() -> None:
    t, _, cortisol, expected = course(lambda t: float(t > 0.0), 9.0, 24.0)
    extra = cortisol - expected
    top, later = extra.max(), extra[t > 20.0].mean()
    assert 0.25 * top < later < top
    _, _, none, _ = course(lambda t: float(t > 0.0), 9.0, 24.0, hpa_lasting=0.0)
    assert none[-1] == pytest.approx(expected[-1], abs=0.02), "the rival: nothing after a day"


def test_women_answer_more_adversity_and_damage_blunt_and_small_losses_hardly_count() -> None:
    def drive(lost: float = 0.9, **own: float) -> float:
        return value(hpa.hpa_drive, lost_tone=lost, **own)

    assert drive(1.0) == pytest.approx(1.0)
    assert drive(female=1.0) + drive(female=0.0) == pytest.approx(2.0 * drive(female=0.5))
    assert drive(female=1.0) / drive(female=0.0) == pytest.approx(1.4 / 0.6)
    assert drive(adversity=1.0) == pytest.approx(0.3 * drive())
    assert drive(neuronal_health=0.5) == pytest.approx(0.9 * drive())
    assert drive(neuronal_health=0.5, health_on_hpa=0.0) == drive()
    assert drive(0.35) < 0.1 * drive(0.9)


@given(st.floats(0.2, 1.6), st.floats(0.0, 3.0))
def test_cortisol_above_the_clocks_expectation_holds_acth_down(
    expected: float, more: float
) -> None:
    rest = {"acth": 1.0, "acth_rhythm": 1.0, "hpa_drive": 0.5, "hpa_spent": 0.0}
    rest["expected_cortisol"] = expected
    free = value(hpa.acth, cortisol=expected, **rest)
    held = value(hpa.acth, cortisol=expected + more, **rest)
    assert held <= free
    # what is released without any drive is never held below the adrenal's floor
    floor = value(hpa.acth, cortisol=1e6, **{**rest, "acth": P["acth_floor"]})
    assert floor == pytest.approx(0.0, abs=1e-3)


def test_stress_flattens_the_day_and_keeps_its_mean() -> None:
    swing = value(hpa.cortisol_swing, stress=1.0)
    level = day(hpa.expected_cortisol, cortisol_swing=swing, stress=1.0)
    assert level.mean() == pytest.approx(1.0)
    assert np.ptp(level) == pytest.approx(0.7 * np.ptp(day(hpa.expected_cortisol)))
    raised = day(hpa.expected_cortisol, stress=1.0, stress_on_cortisol=0.1)
    assert raised.mean() == pytest.approx(1.1)


@given(st.floats(0.0, 20.0), st.floats(0.01, 1.0))
def test_brake_rests_at_one_saturates_and_has_its_switch(action: float, strength: float) -> None:
    def brake(at: float, on: float = 1.0, steroid: float = 0.0) -> float:
        return hpa.cortisol_brake(at, steroid, 0.1, strength, on)

    assert brake(1.0) == pytest.approx(1.0)
    assert (brake(action) - 1.0) * (1.0 - action) >= 0.0
    assert 0.0 < brake(action) <= 1.0 + strength
    assert brake(action, 0.0) == 1.0
    assert brake(action, steroid=3.0) == pytest.approx(brake(action + 0.3)), "a tenth gets in"


def test_untreated_people_follow_the_rhythm_and_the_brake_moves_tnf_within_the_day_only() -> None:
    names = ("cortisol", "expected_cortisol", "cortisol_brake", "tnf")
    kept = [RunSpec.of("placebo for 1 wk", phenotype="healthy", parameters=p)
            for p in ({}, {"coupling_cortisol": 0.0})]  # fmt: skip
    out = run_specs(kept, 2.0 / 7.0, [], np.arange(0.0, 24.0, 0.5), names)
    (cortisol, expected, brake, tnf), (*_, still) = out.at
    np.testing.assert_allclose(cortisol, expected, atol=1e-5)
    assert out.baseline("cortisol")[0] == pytest.approx(1.0, abs=1e-4)
    assert abs(out.baseline("cortisol_brake")[0] - 1.0) < 0.02
    assert tnf.mean() == pytest.approx(still.mean(), rel=0.02)
    hours = np.arange(0.0, 24.0, 0.5)
    assert 2.0 <= hours[np.argmax(brake)] <= 5.0, "hours after the trough of cortisol"
    assert 2.0 <= hours[np.argmax(tnf)] <= 8.0 and np.ptp(tnf) > 5.0 * np.ptp(still)
