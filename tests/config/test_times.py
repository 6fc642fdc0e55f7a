"""Nothing is planned that would do nothing, and no change undoes another."""

from __future__ import annotations

from typing import Any

import pytest

import ldnsim

FOUR_DAYS = {"regimen": "4.5 mg nightly for 4 d"}


def late(start: str) -> dict[str, Any]:
    return {"modifiers": {"adjuncts": [{"name": "ketotifen", "start": start}]}}


@pytest.mark.parametrize("start", ["20 d", "4 d", "96 h"])
def test_an_adjunct_after_the_end_is_refused(start: str) -> None:
    with pytest.raises(ldnsim.UserError, match=r"modifiers\.adjuncts\[1\]\.start.*ketotifen"):
        ldnsim.Study(**FOUR_DAYS, **late(start), horizon="4 d")


@pytest.mark.parametrize("start", ["20 d", "6 d"])
def test_an_adjunct_after_the_end_of_the_longest_regimen_is_refused(start: str) -> None:
    study = ldnsim.Study(**FOUR_DAYS, **late(start))
    with pytest.raises(ldnsim.UserError, match=r"modifiers\.adjuncts\[1\]\.start.*ketotifen"):
        study.plan()


def test_an_adjunct_before_the_end_is_taken() -> None:
    assert len(ldnsim.Study(**FOUR_DAYS, **late("95 h"), horizon="4 d").plan()) == 1
    assert len(ldnsim.Study(**FOUR_DAYS, **late("3 d")).plan()) == 1


def changes(*at: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"at": when, "parameter": name, "factor": 0.5} for when, name in at]


def test_two_changes_of_a_parameter_at_once_are_refused() -> None:
    twice = changes(("2 d", "driver"), ("1 d", "driver"), ("48 h", "driver"))
    with pytest.raises(ldnsim.UserError, match=r"changes\[1\] and changes\[3\].*driver at '2 d'"):
        ldnsim.Study(**FOUR_DAYS, changes=twice)


def test_changes_at_other_times_or_of_others_are_taken() -> None:
    apart = changes(("2 d", "driver"), ("1 d", "driver"), ("2 d", "exercise"))
    assert len(ldnsim.Study(**FOUR_DAYS, changes=apart).changes) == 3
