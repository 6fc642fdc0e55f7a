"""Probes of a story: courses, several runs, copies of a patient, pulses."""

import math

import pytest

from ldnsim.analysis.evidence import story_kinds
from ldnsim.analysis.evidence.probe_kinds import Patient
from ldnsim.analysis.evidence.story import Story
from ldnsim.edition import shipped
from ldnsim.errors import UserError


def probe(**recipe: object) -> story_kinds.Probe:
    return story_kinds.read_story_probe(recipe, "here", shipped())


def test_several_and_course_in_closed_form() -> None:
    run = {"kind": "run", "observable": "pain", "reduce": "at", "stop": 24.0}
    texts = [f"{d} mg nightly at 22:00, for 1 wk" for d in (1, 2, 3, 4)]
    for reduce, expected in (
        ("max", 5.0), ("span", 4.0), ("largest_step", 3.0), ("step_share", 0.75), ("best", 1 / 3),
    ):  # fmt: skip
        several = probe(kind="several", of=[run], regimens=texts, reduce=reduce)
        assert len(story_kinds.requests(several, Patient())) == 4
        assert several.value([4.0, 1.0, 2.0, 5.0], Patient()) == pytest.approx(expected)
    course = {"kind": "course", "observable": "pain", "stop": 96.0, "step": 24.0}
    back = probe(**course, what="swing_back")
    assert back.value([5.0, 4.0, 4.5, 3.0, 1.0], Patient()) == pytest.approx(0.125)
    assert back.value([5.0, 4.0, 3.0, 2.0, 1.0], Patient()) == 0.0
    assert probe(**course, what="net").value([5.0, 4.0, 4.5, 3.0, 1.0], Patient()) == -4.0


def test_copies_are_the_same_people_for_all() -> None:
    run = {"kind": "run", "observable": "pain", "reduce": "at", "stop": 24.0}
    copies = probe(kind="copies", of=run, vary=["driver", "nociception"], copies=3, reduce="max")
    alone = probe(kind="copies", of=run, vary=["driver"], copies=3, reduce="max")
    assert isinstance(copies, story_kinds.Copies)
    assert isinstance(alone, story_kinds.Copies)
    assert [s[:1] for s in copies.shifts()] == alone.shifts()
    assert copies.value([1.0, math.nan, 3.0, 2.0], Patient()) == 3.0
    single = copies.model_copy(update={"mode": "single", "width": 2.0})
    assert single.shifts()[1:3] == [(("driver", -2.0),), (("driver", 2.0),)]
    with pytest.raises(UserError, match="records no spread"):
        probe(kind="copies", of=run, vary=["coupling_drug"], reduce="max")


def test_some_of_the_drawn_are_the_same_people() -> None:
    run = {"kind": "run", "observable": "pain", "reduce": "at", "stop": 24.0}
    ask = {"kind": "copies", "of": run, "vary": ["driver"], "copies": 5}
    every, some = (probe(**ask, reduce="excess", level=2.0, only=o) for o in ([], [3, 1]))
    assert isinstance(every, story_kinds.Copies) and isinstance(some, story_kinds.Copies)
    shifts = every.shifts()
    assert some.shifts() == [shifts[0], shifts[4], shifts[2]]
    # 0, 1 and 0 above the level
    assert some.value([1.0, 3.0, 2.0], Patient()) == pytest.approx(1.0 / 3.0)
    with pytest.raises(UserError, match="from 0 to 4"):
        probe(**ask, reduce="max", only=[5])
    with pytest.raises(UserError, match="leave it out"):
        probe(**ask, reduce="max", mode="single", only=[1])


def test_pulse_ends() -> None:
    """After a short pulse a variable comes back; while one lasts it does not."""
    base = """
[free.stress]
prior = 0.1
prior_sd = 1.0
scale = "log"
"""
    rows = [
        f"""
[constraint.{name}]
behaviour = "E15"
title = "x"
hypotheses = ["dual_pathway"]
low = 0.0
scale = 1.0
evidence = "assumed"
[constraint.{name}.probe]
kind = "run"
observable = "tlr4_myd88"
reduce = "at"
relative = "change"
stop = 72.0
phenotype = "healthy"
pulses = [{{ parameter = "driver", value = 1.0{hours} }}]
"""
        for name, hours in (("short", ", hours = 12.0"), ("lasting", ""))
    ]
    parts = Story(text=base + "".join(rows)).evaluate({})
    short, lasting = parts.values[0]
    assert lasting > 0.2
    assert abs(short) < 0.1 * lasting
