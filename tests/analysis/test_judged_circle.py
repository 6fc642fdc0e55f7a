"""What is measured for claims and behaviours about illness: courses, a deficit first, loop gain."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pytest

from ldnsim.analysis.behaviours import disease
from ldnsim.analysis.judged import course, deficit, gain
from ldnsim.analysis.judged.course import margin, within
from ldnsim.analysis.judged.record import Found, Setting
from ldnsim.arrays import Floats
from ldnsim.config.run import RunSpec
from tests.analysis.made_up import ONE


def test_a_margin_is_the_least_of_what_is_reached_over_what_is_asked() -> None:
    assert margin((-60.0, -30.0), (1.0, 0.5), within(0.2, 0.4)) == pytest.approx(1.5)
    assert margin(within(0.4, 0.4)) == 1.0 and margin(within(0.5, 0.4)) < 1.0
    assert margin(within(-9.0, 0.4)) > 1.0, "far below the room is within it"
    assert np.isnan(margin((float("nan"), 1.0), (2.0, 1.0)))


def test_courses_are_weekly_means_against_untreated() -> None:
    treated = RunSpec.of("4.5 mg nightly at 22:00, for 2 wk")
    out = course.courses(ONE, [RunSpec.of(), treated], ("tnf", "vivid_dreams"), (1, 2))
    assert out.at("tnf", 2).shape == (1, 2)
    assert abs(out.percent("tnf", 2)[0, 0]) < 0.01 and out.change("vivid_dreams", 1)[0, 1] > 0.1
    assert out.change("tnf", 1)[0, 1] == pytest.approx(
        out.rest["tnf"][0, 1] * out.percent("tnf", 1)[0, 1] / 100.0
    )


def daily(starts: Sequence[int], ends: Sequence[float]) -> Floats:
    """Return courses over 700 days that run straight from a day on to their last change."""
    days = np.arange(700.0)
    first = np.array([1.0, 1.0, 1.0, 0.0])
    ramps = [
        np.clip((days - s) / (699.0 - s), 0.0, 1.0) * e for s, e in zip(starts, ends, strict=True)
    ]
    return first[:, None] + np.array(ramps)


def test_a_deficit_has_to_come_first() -> None:
    ends = (-0.3, -0.05, 0.2, 0.05)
    first = deficit.order_of(daily((0, 100, 200, 300), ends))
    assert first.in_order and first.moved == pytest.approx(5.0)
    assert "beta endorphin -30.0 % (day 70)" in str(first)
    assert not deficit.order_of(daily((300, 100, 200, 250), ends)).in_order
    assert not deficit.order_of(daily((0, 300, 200, 250), ends)).in_order
    unmoved = deficit.order_of(daily((0, 100, 200, 300), (-0.3, -0.05, 0.2, 0.0)))
    assert unmoved.moved < 1.0 and "never" in str(unmoved) and not unmoved.in_order
    assert deficit.order_of(daily((0, 100, 200, 300), (0.3, -0.05, 0.2, 0.05))).moved < 0.0


def test_without_stress_and_loss_nobody_falls_ill(monkeypatch: pytest.MonkeyPatch) -> None:
    calm = RunSpec.of(phenotype="healthy", parameters=deficit.PREDISPOSED)
    ill: list[Found] = []
    well: list[Found] = []
    for run, into in ((deficit.falls_ill(), ill), (calm, well)):
        monkeypatch.setattr(deficit, "falls_ill", lambda run=run: run)
        into += deficit.deficit(ONE)
    assert ill[0].shown is True and well[0].shown is False


def test_the_gain_of_a_circle_is_what_it_brings_back(monkeypatch: pytest.MonkeyPatch) -> None:
    b, made, brought = 0.05, 0.4, 6.0  # s = b (y - 1) with y = 1 + made + brought s

    def attempt(
        settings: Sequence[Setting], runs: object, weeks: float, measures: object
    ) -> SimpleNamespace:
        arrows = np.array([b * s.factors[gain.ARROW] for s in settings])
        return SimpleNamespace(
            rest=lambda name: (arrows * made / (1.0 - arrows * brought))[:, None]
        )

    monkeypatch.setattr(gain, "attempt", attempt)
    weaker, stronger = gain.loop_gain(ONE, RunSpec.of())[0]
    assert weaker < b * brought < stronger
    assert 0.5 * (weaker + stronger) == pytest.approx(b * brought, rel=0.02)


def test_no_circle_closes_without_what_the_brain_sends_back() -> None:
    cut = {"blood_brain": 0.0, "health_on_regulation": 0.0, "leucocyte_inflammation": 0.0}
    run = RunSpec.of(phenotype="multiple_sclerosis")
    closed, cut_open = (float(gain.loop_gain([Setting("null", own)], run).mean())
                        for own in ({}, cut))  # fmt: skip
    assert closed > 1e-3 and abs(cut_open) < 0.2 * closed


def test_a_population_needs_some_of_either_kind() -> None:
    before = np.full(20, 5.0)
    after = np.where(np.arange(20) < 6, 3.0, 5.0)
    some = disease.of_many(before, after)
    assert some.shown is True and some.value == pytest.approx(30.0)
    assert "6 of 20" in some.simulated and "15% to 52%" in some.simulated
    assert disease.of_many(before, before).shown is False
    assert disease.of_many(before, 0.5 * before).shown is False, "nobody fails to respond"
    assert disease.of_many(before, np.full(20, np.nan)).shown is None
