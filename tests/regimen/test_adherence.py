from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldnsim.errors import UserError
from ldnsim.regimen import Adherence, DoseStatus, Ledger, Regimen

from .strategies import regimens

HABITS = Adherence(p_missed=0.2, p_late=0.3, late_mean_h=1.5, p_doubled=0.5, seed=7)
NIGHTLY = Regimen.parse("4.5 mg nightly for 52 wk")
LADDER = Regimen.parse("0.5 mg nightly at 21:00, +0.5 mg every 14 d to 3 mg, for 40 wk")


def missed_days(ledger: Ledger, days: int) -> set[int]:
    missed = ledger.status == DoseStatus.MISSED
    return {int(t // 24) for t in ledger.planned_time_h[missed] if t < days * 24}


def test_without_habits_every_dose_is_taken_as_planned() -> None:
    ledger = NIGHTLY.ledger()
    np.testing.assert_array_equal(ledger.given_time_h, NIGHTLY.doses().time_h)
    np.testing.assert_array_equal(ledger.given_mg, NIGHTLY.doses().amount_mg)
    assert ledger.counts() == {"given": 364, "late": 0, "missed": 0, "doubled": 0}


def test_a_subject_misses_the_same_days_under_every_regimen() -> None:
    one, two = NIGHTLY.ledger(HABITS, 3), LADDER.ledger(HABITS, 3)
    assert len(missed_days(one, 280)) > 30
    assert missed_days(one, 280) == missed_days(two, 280)
    n = len(two)
    np.testing.assert_array_equal(one.status[:n], two.status)
    late = two.status == DoseStatus.LATE
    np.testing.assert_allclose(
        (one.given_time_h - one.planned_time_h)[:n][late],
        (two.given_time_h - two.planned_time_h)[late],
    )


def test_doses_on_alternate_days_keep_the_calendar_of_misses() -> None:
    nightly = missed_days(NIGHTLY.ledger(HABITS, 1), 280)
    alternate = missed_days(Regimen.parse("1 mg every 2 d for 40 wk").ledger(HABITS, 1), 280)
    assert alternate == {day for day in nightly if day % 2 == 0}


def test_subjects_and_seeds_differ_and_order_does_not_matter() -> None:
    forwards = [NIGHTLY.ledger(HABITS, s).status for s in range(4)]
    backwards = [NIGHTLY.ledger(HABITS, s).status for s in reversed(range(4))][::-1]
    np.testing.assert_array_equal(forwards, backwards)
    assert len({f.tobytes() for f in forwards}) == 4
    other = HABITS.model_copy(update={"seed": 8})
    assert (NIGHTLY.ledger(other, 0).status != forwards[0]).any()


def test_rates_are_near_those_asked_for() -> None:
    ledgers = [NIGHTLY.ledger(HABITS, s) for s in range(40)]
    status = np.concatenate([g.status for g in ledgers])
    delay = np.concatenate([g.given_time_h - g.planned_time_h for g in ledgers])
    n = len(status)
    assert np.mean(status == DoseStatus.MISSED) == pytest.approx(0.2, abs=4 * (0.16 / n) ** 0.5)
    taken = status != DoseStatus.MISSED
    assert np.mean(delay[taken] > 0) == pytest.approx(0.3, abs=4 * (0.21 / taken.sum()) ** 0.5)
    assert np.mean(delay[taken][delay[taken] > 0]) == pytest.approx(1.5, rel=0.1)
    after_miss = np.concatenate([g.status[1:][g.status[:-1] == DoseStatus.MISSED] for g in ledgers])
    after_miss = after_miss[after_miss != DoseStatus.MISSED]
    assert np.mean(after_miss == DoseStatus.DOUBLED) == pytest.approx(0.5, abs=0.05)


@given(regimens(), st.integers(0, 10**6), st.sampled_from([0.5, 3.0, 100.0]))
@settings(max_examples=60, deadline=None)
def test_what_was_taken_is_consistent_with_the_plan(
    regimen: Regimen, subject: int, mean: float
) -> None:
    habits = Adherence(p_missed=0.3, p_late=0.6, late_mean_h=mean, p_doubled=0.5)
    ledger = regimen.ledger(habits, subject)
    missed, doubled = ledger.status == DoseStatus.MISSED, ledger.status == DoseStatus.DOUBLED
    np.testing.assert_array_equal(np.isnan(ledger.given_time_h), missed)
    factor = np.where(missed, 0, np.where(doubled, 2, 1))
    np.testing.assert_array_equal(ledger.given_mg, factor * ledger.planned_mg)
    kept = ~missed
    assert (ledger.given_time_h[kept] >= ledger.planned_time_h[kept]).all()
    following = np.append(ledger.planned_time_h[1:], regimen.duration_h)
    assert (ledger.given_time_h[kept] < following[kept]).all()
    assert missed[:-1][doubled[1:]].all()
    assert not doubled[:1].any()
    taken = ledger.taken()
    assert len(taken) == kept.sum()
    assert (np.diff(taken.time_h) > 0).all()


def test_a_miss_at_the_end_of_a_phase_is_not_made_up_in_the_next() -> None:
    habits = Adherence(p_missed=0.5, p_doubled=1.0)
    regimen = Regimen.parse("1 mg nightly for 1 d, then stop for 9 wk, then 1 mg nightly for 1 d")
    ledgers = [regimen.ledger(habits, s) for s in range(60)]
    status = [tuple(g.status) for g in ledgers]
    assert (DoseStatus.MISSED, DoseStatus.GIVEN) in status
    assert all(s[1] != DoseStatus.DOUBLED for s in status)


def test_frame_names_the_status() -> None:
    frame = NIGHTLY.ledger(HABITS, 0).to_frame()
    assert set(frame["status"]) == {"given", "late", "missed", "doubled"}
    assert len(frame) == 364


@pytest.mark.parametrize("field", [{"p_missed": 1.2}, {"late_mean_h": 0}, {"p_mised": 0.1}])
def test_impossible_habits_are_refused(field: dict[str, float]) -> None:
    with pytest.raises(UserError, match=next(iter(field))):
        Adherence(**field)  # type: ignore[arg-type]
