"""The search for defaults: what it minimises, that it finds it, and that it can be repeated."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from ldnsim.analysis.evidence.evolve import Evolution
from ldnsim.analysis.evidence.story import Story
from ldnsim.analysis.evidence.story_log import Asked
from ldnsim.analysis.evidence.story_report import as_dict, parameter_set
from ldnsim.analysis.evidence.story_search import Found, Options, search
from ldnsim.edition import extended, shipped
from ldnsim.errors import UserError
from ldnsim.patients.vectors import own_parameters

# no run is needed: what is asked of a parameter itself has an answer in closed form
CLOSED = """
[search]
weight = 100.0

[free.kd_mor]
prior = 1.0
prior_sd = 0.5

[free.kd_dor]
prior = 50.0
prior_sd = 0.5

[ties.kd_kor]
of = "kd_mor"
factor = 2.0

[constraint.weak]
behaviour = "E5"
title = "half the block needs twice as much"
hypotheses = ["dual_pathway"]
low = 2.0
scale = 0.1
evidence = "assumed"
probe = { kind = "parameter", parameter = "kd_mor" }

[constraint.tied]
behaviour = "E6"
title = "kappa follows"
hypotheses = ["dual_pathway", "glial"]
high = 5.0
scale = 0.1
evidence = "assumed"
probe = { kind = "parameter", parameter = "kd_kor" }
"""
RUNS = """
[search]
observations = ["pet_5mg"]

[free.kp_brain]
prior = 0.7
prior_sd = 0.3

[free.nociception]
prior = 0.25
prior_sd = 0.3

[hypothesis.glial.free.ic50_trif]
prior = 0.02
prior_sd = 1.0

[constraint.rests]
behaviour = "E19"
title = "more pain than a healthy person"
hypotheses = ["dual_pathway"]
low = 1.0
scale = 0.1
evidence = "prescribers"

[constraint.rests.probe]
kind = "compare"
how = "difference"
first = { kind = "run", observable = "pain", reduce = "untreated" }
second = { kind = "run", observable = "pain", reduce = "untreated", phenotype = "healthy" }

[constraint.week]
behaviour = "E5"
title = "pain of the worst of three after a week"
hypotheses = ["dual_pathway", "glial"]
high = 0.0
scale = 0.1
evidence = "prescribers"

[constraint.week.probe]
kind = "copies"
vary = ["nociception"]
copies = 2
reduce = "max"

[constraint.week.probe.of]
kind = "run"
regimen = "4.5 mg nightly at 22:00, for 1 wk"
observable = "pain"
reduce = "mean"
relative = "change"
start = 144.0
stop = 168.0
pulses = [{ parameter = "stress", value = 0.5, at = 24.0, hours = 24.0 }]
"""
QUICK = Options(starts=2, evaluations=640, polish=3)


def found_in_closed_form() -> Found:
    return search(Story(text=CLOSED), QUICK)


def test_search_finds_what_calculus_does() -> None:
    """Least of ``z^2 + 100 v^2``, with ``v`` the bounded distance of ``exp(z/2)`` from 2.01."""
    found = found_in_closed_form()
    z = np.linspace(0.0, 2.0, 200_001)
    far = np.maximum(2.01 - np.exp(0.5 * z), 0.0) / 0.1
    best = z[np.argmin(z**2 + 100.0 * (10.0 * far / (10.0 + far)) ** 2)]
    assert found.solutions[0].departure == pytest.approx([best, 0.0], abs=0.02)
    assert {s.same_as for s in found.solutions} == {None, found.solutions[0].start}
    assert found.missed == ()
    assert found.without == ()


def test_what_stands_in_the_way_is_named() -> None:
    """Twice what must be at least 2 cannot be at most 3; two hypotheses outweigh one."""
    found = search(Story(text=CLOSED.replace("high = 5.0", "high = 3.0")), QUICK)
    assert set(found.missed) == {"weak/dual_pathway", "tied/dual_pathway", "tied/glial"}
    by_name = {w.name: w for w in found.without}
    assert set(by_name) == {"weak", "tied"}
    assert by_name["weak"].missed == ()
    assert by_name["weak"].best < 0.2 * by_name["weak"].here


def test_ties_and_hypotheses() -> None:
    story = Story(text=CLOSED)
    parts = story.evaluate({"kd_mor": np.array([1.0, 3.0])})
    assert [r.key for r in story.rows] == ["weak/dual_pathway", "tied/dual_pathway", "tied/glial"]
    assert parts.values.tolist() == [[1.0, 2.0, 2.0], [3.0, 6.0, 6.0]]
    most = 10.0 * 10.1 / (10.0 + 10.1)  # ten units beyond the bound, and a tenth of aim
    assert parts.violation[1] == pytest.approx([0.0, most, most])
    assert parts.missed.tolist() == [[True, False, False], [False, True, True]]
    shipped_dor = shipped().model.parameters["kd_dor"].value
    assert parts.departure[:, 1] == pytest.approx(math.log(shipped_dor / 50.0) / 0.5)
    assert parts.total == pytest.approx(parts.prior + 100.0 * np.sum(parts.violation**2, axis=1))
    assert story.constrained("glial") == {"E6"}
    assert story.constrained("null") == set()


def test_candidates_are_editions_with_other_defaults(tmp_path: Path) -> None:
    own = {"kp_brain": 0.9, "nociception": 0.3, "glial.ic50_trif": 0.1}
    together = Story(text=RUNS).evaluate({k: np.array([0.5 * v, v]) for k, v in own.items()})
    file = tmp_path / "own.toml"
    file.write_text("\n".join(
        f'[parameters.{k}]\nvalue = {v}\ngrade = "assumed"\nsource = []\nnote = "x"'
        for k, v in own.items() if "." not in k
    ))  # fmt: skip
    alone = Story(text=RUNS, edition=extended([str(file)])).evaluate(
        {"glial.ic50_trif": np.array([0.1])}
    )
    assert alone.values[0] == pytest.approx(together.values[1], rel=1e-6)
    assert not together.lost.any()


def test_more_particular_values_stay() -> None:
    """A shared default moves nothing that the phenotype sets: nociception of a healthy person."""
    story = Story(text=RUNS, hypotheses=["dual_pathway"])
    group, n = story.batches.groups[0], 2
    params = group.vectors({f.key: np.array([0.1, 0.2]) for f in story.free}, n)
    column = params[:, shipped().model.parameter_index["nociception"]].reshape(-1, n)
    healthy = next(k for k, j in enumerate(group.jobs) if j.run.phenotype == "healthy")
    own = own_parameters(group.jobs[healthy].run)
    assert set(column[healthy]) == {own[shipped().model.parameter_index["nociception"]]}
    plain = next(
        k for k, j in enumerate(group.jobs) if j.run.phenotype == "default" and not j.shift
    )
    assert column[plain].tolist() == [0.1, 0.2]


def test_threads_change_no_bit() -> None:
    story = Story(text=RUNS)
    points = story.points(np.random.default_rng(5).standard_normal((9, len(story.free))))
    one, two = (story.evaluate(points, threads).values for threads in (1, 2))
    assert np.array_equal(one, two, equal_nan=True)


def test_interrupted_search_ends_the_same(tmp_path: Path) -> None:
    whole = search(Story(text=CLOSED), QUICK, tmp_path / "whole.jsonl")

    def stop(batch: Asked) -> None:
        if batch.number > 400:
            raise KeyboardInterrupt

    state = tmp_path / "state.jsonl"
    with pytest.raises(KeyboardInterrupt):
        search(Story(text=CLOSED), QUICK, state, told=stop)
    state.write_text(state.read_text()[:-9])  # as if it was cut off while writing
    again = search(Story(text=CLOSED), QUICK, state, resume=True)
    assert as_dict(again) == as_dict(whole)
    assert state.read_text() == (tmp_path / "whole.jsonl").read_text()


def test_state_of_another_search_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    few = Options(starts=1, evaluations=16, polish=0)
    search(Story(text=CLOSED), few, state)
    with pytest.raises(UserError, match="the state of a search is there"):
        search(Story(text=CLOSED), few, state)
    with pytest.raises(UserError, match="had seed = 1, not 2"):
        search(Story(text=CLOSED), Options(2, 1, 16, polish=0), state, resume=True)
    with pytest.raises(UserError, match="had story"):
        search(Story(text=CLOSED + "\n"), few, state, resume=True)
    with pytest.raises(UserError, match="no state of a search"):
        search(Story(text=CLOSED), few, tmp_path / "none.jsonl", resume=True)
    state.write_text("something else\n")
    with pytest.raises(UserError, match="not the state of a search"):
        search(Story(text=CLOSED), few, state, resume=True)


def test_set_goes_back_in(tmp_path: Path) -> None:
    story = Story(text=RUNS, hypotheses=["glial"])
    found = search(story, Options(starts=1, evaluations=16, polish=0))
    file = tmp_path / "set.toml"
    file.write_text(parameter_set(found))
    edition = extended([str(file)])
    values = {p["name"]: p["found"] for p in as_dict(found)["parameters"]}
    for name in ("kp_brain", "nociception"):
        assert edition.model.parameters[name].value == pytest.approx(values[name], rel=1e-5)
    own = edition.hypotheses["glial_story"].overrides
    assert own["ic50_trif"] == pytest.approx(values["glial.ic50_trif"], rel=1e-5)
    assert own["coupling_opioid"] == shipped().hypotheses["glial"].overrides["coupling_opioid"]


def test_patient_without_resting_state_has_a_slope() -> None:
    """The longer a basin that has gone holds the patient, the less is lost."""
    text = RUNS + "\n[free.activation_priming]\nprior = 0.8\nlow = 0.01\n"
    text += "[free.driver]\nprior = 0.02\n"
    text = text.replace("[search]", "[search]\nmissing = 7.0")
    story = Story(text=text, hypotheses=["dual_pathway"])
    parts = story.evaluate({"activation_priming": np.array([0.1, 0.4, 0.8])})
    assert not np.isfinite(parts.values[:2, 0]).any()
    assert np.isfinite(parts.values[2]).all()
    assert 0.0 < parts.lost[1, 0] <= parts.lost[0, 0] <= 0.5  # one of two patients
    assert parts.violation[1, 0] <= parts.violation[0, 0]
    assert parts.violation[0, 0] > 7.0 > parts.violation[2, 0]
    json.dumps(parts.total.tolist(), allow_nan=False)


def test_evolution_finds_a_bent_valley() -> None:
    n = 8
    run = Evolution(np.zeros(n), 0.5, np.full(n, -3.0), np.full(n, 3.0), 16,
                    np.random.default_rng(4))  # fmt: skip
    scale = np.logspace(0.0, 4.0, n)
    for _ in range(500):
        points = run.ask()
        run.tell(run.worth(points, np.sum(scale * (points - 1.0) ** 2, axis=1)))
        if run.settled(1e-6):
            break
    assert run.mean == pytest.approx(np.ones(n), abs=1e-4)


def test_evolution_stays_in_its_box() -> None:
    run = Evolution(np.zeros(2), 0.5, np.full(2, -1.0), np.full(2, 1.0), 16,
                    np.random.default_rng(4))  # fmt: skip
    for _ in range(80):
        points = run.ask()
        inside = np.clip(points, -1.0, 1.0)
        run.tell(run.worth(points, np.sum((inside - 5.0) ** 2, axis=1)))
    assert np.clip(run.mean, -1.0, 1.0) == pytest.approx([1.0, 1.0], abs=1e-3)
    assert np.max(np.abs(run.mean)) < 3.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[free.kd_mor]", "[free.kd_more]"), "free.kd_more.*mean 'kd_mor'"),
        (("prior = 1.0", "prior = -1.0"), "free.kd_mor.prior"),
        (("prior = 50.0", "prior = 50.0\nlow = 60.0"), "free.kd_dor.low.*about the prior"),
        (('"E5"', '"five"'), "constraint.weak.behaviour.*such as E5"),
        (("low = 2.0\n", ""), "constraint.weak: expected low, high or both"),
        (("scale = 0.1", "scale = 0.0"), "constraint.weak.scale.*above 0"),
        (('["dual_pathway"]', '["dual"]'), "hypotheses: 'dual' is not a hypothesis"),
        (('evidence = "assumed"', 'evidence = "known"'), "evidence: expected a citation"),
        (('"parameter", parameter', '"paramter", parameter'), "constraint.weak.probe"),
        (("weight", "wieght"), "search.wieght.*mean 'weight'"),
        (("[search]", '[search]\nobservations = ["pet_7mg"]'), "not an observation"),
        (("[ties.kd_kor]", "[tie.kd_kor]"), "tie: no such table"),
        (('of = "kd_mor"', 'of = "kd_kor"'), "ties.kd_kor.of"),
    ],
)
def test_mistakes_name_the_place(change: tuple[str, str], message: str) -> None:
    assert change[0] in CLOSED
    with pytest.raises(UserError, match=message):
        Story(text=CLOSED.replace(*change, 1))


def test_nothing_to_ask() -> None:
    with pytest.raises(UserError, match="nothing is asked of null"):
        Story(text=CLOSED, hypotheses=["null"])
    with pytest.raises(UserError, match=r"probe.observable: .* a variable of the model"):
        Story(text=RUNS.replace('observable = "pain"', 'observable = "pian"', 1))
    with pytest.raises(UserError, match="free parameter"):
        Story(text=CLOSED).evaluate({"kd_kor": np.array([1.0])})


def test_shipped_story_reads() -> None:
    story = Story()
    assert set(story.hypotheses) == set(shipped().hypotheses)
    asked = {r.key for r in story.constraints}
    assert asked >= {"healthy_50mg_tnf/tonic", "pain_4p5mg/dual_pathway"}
