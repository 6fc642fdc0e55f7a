"""What a trial reports of a cohort, in expectation."""

from __future__ import annotations

import numpy as np
import pytest

from ldnsim.analysis.trial.cohort import Cohort, cohort


def test_a_cohort_that_does_not_change_reports_placebo_alone() -> None:
    pain = np.linspace(3.0, 9.0, 50)
    told = Cohort(pain, pain).report(12)
    assert told["difference"] == pytest.approx(0.0, abs=1e-12)
    assert told["drug_change"] == pytest.approx(told["placebo_change"])
    assert told["placebo_change"] == pytest.approx(-0.9, abs=1e-3)  # what it is fitted to
    assert Cohort(pain, pain).report(4)["placebo_change"] > told["placebo_change"]


def test_relief_far_from_the_ends_of_the_scale_is_the_difference() -> None:
    pain = np.full(50, 6.0)
    told = Cohort(pain, pain - 0.5).report(12)
    assert told["difference"] == pytest.approx(-0.5, abs=0.02)
    assert told["drug_percent"] - told["placebo_percent"] == pytest.approx(-50 / 6, abs=0.4)


@pytest.mark.long
def test_no_drug_effect_is_no_difference_and_seeds_choose_patients() -> None:
    one, same, other = (
        cohort("null", "4.5 mg nightly at 22:00, for 2 wk", 2, "fibromyalgia", 4, seed, own)
        for seed, own in [(1, ()), (1, (("kd_mor", 2.0),)), (2, ())]
    )
    assert one.report(2)["difference"] == pytest.approx(0.0, abs=1e-3)
    np.testing.assert_array_equal(one.before, same.before)  # the drug's affinity is not pain
    assert not np.array_equal(one.before, other.before)
    assert np.all((one.before >= 3.0) & (one.before <= 9.0))
