"""Named days in a sweep: the doses of every run are those of its regimen."""

from __future__ import annotations

import numpy as np

from ldnsim.sweep.study import Study

STUDY = """
regimen = "stop for 3 d, then 1 mg qhs Mon/Wed/Fri, +1 mg every 7 d to 3 mg, for 4 wk"

[[axes]]
name = "start"
field = "regimen.start_day"
values = ["Mon", "Wed", "Sun"]

[[axes]]
name = "days"
field = "regimen.phases.1.days"
values = ["Mon/Wed/Fri", "weekdays", "except Sun"]

[[axes]]
name = "dose"
field = "regimen.phases.1.target"
values = ["2 mg", "3 mg"]
"""


def test_every_run_takes_the_doses_of_its_regimen() -> None:
    plan = Study.loads(STUDY).plan()
    seen = set()
    assert len(plan) == 18
    for i in range(len(plan)):
        expected = plan.runs[i].regimen.doses()
        ledger = plan.dosing.ledger(i)
        np.testing.assert_array_equal(ledger.planned_time_h, expected.time_h)
        np.testing.assert_array_equal(ledger.planned_mg, expected.amount_mg)
        seen.add(expected.time_h.tobytes())
    assert len(seen) == 9
