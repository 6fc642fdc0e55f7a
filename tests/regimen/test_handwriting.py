"""Prescriptions as people write them: the doses of an independent expansion, or a refusal."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ldnsim.errors import UserError
from ldnsim.regimen import Regimen

from .handwriting import written_plans
from .plain import Plan, walk

SOAK = settings(max_examples=3000, deadline=None, suppress_health_check=list(HealthCheck))
QUICK = settings(max_examples=150, deadline=None)


def check(plan: Plan, text: str) -> str:
    """Compare the doses of a text with those of the plan that was written; say what came of it."""
    expected = walk(plan)
    empty = any(p.dose is not None and not d for p, d in zip(plan.stretches, expected, strict=True))
    if empty:
        with pytest.raises(UserError, match="before its first dose"):
            Regimen.parse(text)
        return "refused"
    doses = Regimen.parse(text).doses()
    flat = [dose for part in expected for dose in part]
    assert np.rint(doses.time_h * 60).tolist() == [minute for minute, _, _ in flat], text
    assert doses.formulation.tolist() == [int(slow) for _, _, slow in flat], text
    np.testing.assert_allclose(doses.amount_mg, [float(mg) for _, mg, _ in flat], rtol=1e-14)
    return "parsed"


@given(written_plans())
@QUICK
def test_every_way_of_writing_gives_the_doses_of_the_plan(written: tuple[Plan, str]) -> None:
    check(*written)


@pytest.mark.soak
def test_every_way_of_writing_gives_the_doses_of_the_plan_3000_times(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen: Counter[str] = Counter()

    @given(written_plans())
    @SOAK
    def count(written: tuple[Plan, str]) -> None:
        seen[check(*written)] += 1

    count()
    with capsys.disabled():
        print(f"\n{dict(seen)}")
    assert seen["parsed"] > 2000


ODD = [
    *"0123456789.,;:-+/x%e ()'\"_@=",
    *("−", "µ", "½", "٤", "\u00a0", "\x00", "😀", "1e999", "9" * 400, "then ", " to ", "every "),
    *(" mg", " d", " ml", " of target", "mon", "off", "e9", "nan", "inf", "**9**9", "1/0", "--"),
]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Draw a prescription with a few characters taken out, put in or exchanged."""
    text = draw(written_plans())[1]
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(text)))
        cut, put = draw(st.sampled_from([0, 0, 1, 1, 3])), draw(st.sampled_from(["", *ODD]))
        text = text[:at] + put + text[at + cut :]
    return text


def read_or_refused(source: object) -> bool:
    """Read a regimen; whatever is read writes itself as text that reads back equal."""
    try:
        regimen = Regimen.parse(source)  # type: ignore[arg-type]
    except UserError as error:
        assert len(str(error)) < 1500
        return False
    assert Regimen.parse(str(regimen)) == regimen
    assert Regimen.model_validate(regimen.model_dump()) == regimen
    assert 0 <= regimen.doses().amount_mg.max(initial=0) <= 1000
    return True


@given(mutated())
@QUICK
def test_a_slip_of_the_pen_is_read_or_refused(text: str) -> None:
    read_or_refused(text)


@pytest.mark.soak
def test_slips_of_the_pen_are_read_or_refused_3000_times(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen: Counter[bool] = Counter()

    @given(st.one_of(mutated(), mutated(), st.text(max_size=80)))
    @SOAK
    def count(text: str) -> None:
        seen[read_or_refused(text)] += 1

    count()
    with capsys.disabled():
        print(f"\nread {seen[True]}, refused {seen[False]}")
    assert seen[False] > 300


@given(st.text(max_size=60))
@QUICK
def test_any_text_is_read_or_refused(text: str) -> None:
    read_or_refused(text)


WORDS = st.one_of(
    st.sampled_from(["4.5 mg", "−0.5 mg", ".5 mg", "1,5 mg", "4.5 gr", "2 wk", "1e-320 h", "x2"]),
    st.sampled_from(["1/8 of target", "1e99999999 of target", "22:00", "22.30", "Mon/Fri", "/0"]),
    st.text(max_size=12),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.none(),
    st.lists(st.text(max_size=4), max_size=3),
)
KEYS = ["start", "target", "step", "factor", "interval", "first_hold", "every", "at", "days"]


@given(st.dictionaries(st.sampled_from([*KEYS, "duration", "hold", "kind", "start_day"]), WORDS))
@QUICK
def test_any_fields_are_read_or_refused(fields: dict[str, object]) -> None:
    read_or_refused(fields)
