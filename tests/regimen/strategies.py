"""Generated regimens: every kind of phase, in any order that a prescription allows."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from ldnsim.regimen import Regimen

DAY = 24 * 60
WEEK = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def spans(low_min: int, high_min: int) -> st.SearchStrategy[str]:
    return st.integers(low_min, high_min).map(lambda m: f"{m} min")


def day_spans(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map(lambda d: f"{d} d")


def mg(dose: float) -> str:
    return f"{dose!r} mg"


masses = st.one_of(
    st.floats(1e-6, 50.0),
    st.sampled_from([1e-6, 1e-4, 0.001, 0.1, 0.5, 1.5, 4.5, 50.0]),
)
clocks = st.integers(0, DAY - 1).map(lambda m: f"{m // 60}:{m % 60:02d}")
everies = st.sampled_from(["24 h", "48 h", "6 h", "12 h", "90 min", "7 d"])


@st.composite
def day_lists(draw: st.DrawFn) -> dict[str, Any]:
    """Named days now and then, which need a whole number of doses a day."""
    days = draw(st.lists(st.sampled_from(WEEK), min_size=1, max_size=7, unique=True))
    return {"days": "/".join(days), "every": draw(st.sampled_from(["24 h", "6 h", "90 min"]))}


@st.composite
def schedule(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "every": draw(everies),
        "at": draw(clocks),
        "formulation": draw(st.sampled_from(["IR", "SR"])),
        **draw(st.one_of(st.just({}), day_lists())),
    }


@st.composite
def ladder_phase(draw: st.DrawFn) -> dict[str, Any]:
    target = draw(masses)
    up = draw(st.booleans())
    share = draw(st.integers(2, 12))
    fields: dict[str, Any] = {"target": mg(target), "interval": draw(spans(DAY, 90 * DAY))}
    if draw(st.booleans()):
        fields["start"] = f"1/{share} of target" if up else f"{share} of target"
    else:
        fields["start"] = mg(target / share if up else min(target * share, 1000.0))
    kind = draw(st.sampled_from(["share", "absolute", "factor"]))
    sign = "+" if up else "-"
    if kind == "share":
        fields["step"] = f"{sign}1/{draw(st.integers(1, 9))} of target"
    elif kind == "absolute":
        fields["step"] = mg((1 if up else -1) * target / draw(st.integers(1, 9)))
    else:
        size = draw(st.sampled_from(["2", "3", "1.5", "10", "7/3"]))
        fields["factor"] = f"x{size}" if up else f"/{size}"
    if draw(st.booleans()):
        fields["first_hold"] = draw(spans(1, 30 * DAY))
    return fields


@st.composite
def phases(draw: st.DrawFn, *, last: bool = False) -> dict[str, Any]:
    kind = draw(st.sampled_from(["doses", "ladder", "placebo", "stop"]))
    length = draw(spans(DAY + 1, 200 * DAY))
    if kind == "stop":
        return {"kind": "stop", "duration": length}
    fields = draw(schedule())
    if "days" in fields:
        length = draw(spans(9 * DAY, 200 * DAY))
    if kind == "placebo":
        return {**fields, "kind": "placebo", "duration": length}
    if kind == "doses":
        return {**fields, "start": mg(draw(masses)), "duration": length}
    fields |= draw(ladder_phase())
    ending = draw(st.sampled_from(["duration", "hold", "open"] if last else ["duration", "hold"]))
    return fields if ending == "open" else {**fields, ending: length}


@st.composite
def regimens(draw: st.DrawFn) -> Regimen:
    before = draw(st.lists(phases(), max_size=2))
    every = [*before, draw(phases(last=True))]
    named = any("days" in phase for phase in every)
    start = {"start_day": draw(st.sampled_from(WEEK))} if named else {}
    return Regimen.parse({"phases": every, **start})
