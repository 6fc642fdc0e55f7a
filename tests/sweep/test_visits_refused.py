"""What cannot be asked of a study whose doses hang on what becomes of its patients."""

from __future__ import annotations

from typing import Any

import pytest

from ldnsim.analysis.design.discriminate import discriminate
from ldnsim.errors import UserError
from ldnsim.export.content import content
from ldnsim.runs.derivatives import sensitivities
from ldnsim.runs.plan import enrol
from tests.sweep.test_visits import ARMS, study


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"visits": {"recal": "7 d"}}, "recal"),
        ({"stopping": {"lost_per_week": 2.0}}, "lost_per_week"),
    ],
)
def test_what_cannot_be_is_refused(more: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        study(**more)


FIXED = "1 mg nightly, for 4 wk"
SWEPT = [{"name": "way", "field": "regimen", "values": [FIXED, ARMS[0]["prescription"]]}]


@pytest.mark.parametrize("key", ["sensitivity", "attribution"])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"regimen": FIXED, "stopping": {}},
        {"regimen": FIXED, "adherence": {"missed_per_burden": 0.2}},
        {"regimen": FIXED, "axes": SWEPT, "visits": {"diary_sd": 0}},
    ],
)
def test_what_needs_fixed_doses_is_refused(key: str, more: dict[str, Any]) -> None:
    made = study(**more, output={key: True})
    with pytest.raises(UserError, match=f"output.{key}: in this study the doses hang on what"):
        made.plan()


@pytest.mark.parametrize("more", [{}, {"regimen": FIXED, "stopping": {}}])
def test_sensitivities_and_a_ranking_need_fixed_doses(more: dict[str, Any]) -> None:
    made = study(**more)
    plan = made.plan()
    with pytest.raises(UserError, match="sensitivities: in this study the doses hang on what"):
        sensitivities(plan, enrol(plan), 0)
    with pytest.raises(UserError, match="a ranking: in this study the doses hang on what"):
        discriminate(made, {}, ("dual_pathway", "null"))


def test_an_export_refuses_rules_and_who_stops() -> None:
    told = "export: in this study the doses hang on what becomes of the patients"
    with pytest.raises(UserError, match=told):
        content(study())
    with pytest.raises(UserError, match=told):
        content(study("1 mg nightly, for 4 wk", stopping={}))
