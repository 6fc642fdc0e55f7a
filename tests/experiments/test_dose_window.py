"""The verdict on doses follows from numbers alone, and the script's answer from its runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dose_verdict import Verdict, headline_of, judge, verdict_sentence
from dose_window import experiment, main, reason_sentences, route_sentences
from dose_window_runs import Setting

from ldnsim.edition import shipped

DOSE = np.array([0.5, 1.0, 2.0, 4.0, 8.0])


def judged(tnf: list[float], pain: float = -15.0) -> Verdict:
    return judge(DOSE, np.array(tnf), np.full(len(DOSE), pain))


def test_inner_doses_that_help_are_a_window() -> None:
    v = judged([-2, -70, -75, -70, 5])
    assert v.kind == "window"
    assert (v.below, v.low, v.high, v.above) == (0.5, 1.0, 4.0, 8.0)
    assert v.reversed
    assert headline_of(v).startswith("Yes") and "+5.0 %" in headline_of(v)


@pytest.mark.parametrize(
    ("tnf", "kind", "word"),
    [
        ([-2, -70, -75, -70, -70], "no upper limit", "still there at 8 mg"),
        ([-70, -70, -5, -5, 0], "no lower limit", "already the lowest"),
        ([-70] * 5, "everywhere", "No, "),
        ([-2, -5, -9, -5, 0.5], "none", "no dose tried helps"),
        ([-2, -70, -5, -70, 0], "scattered", "not all of them"),
    ],
)
def test_other_shapes_are_not_called_a_window(tnf: list[float], kind: str, word: str) -> None:
    v = judged(tnf)
    assert v.kind == kind
    text = headline_of(v)
    assert word in text and not text.startswith("Yes")


def test_a_benefit_lost_by_the_limit_of_pain_alone_is_said() -> None:
    tnf, pain = np.array([-2.0, -70, -75, -60, 5]), np.array([-1.0, -15, -15, -8, 2])
    assert "limit chosen for pain (TNF is still -60 %" in verdict_sentence(judge(DOSE, tnf, pain))
    assert "limit chosen" not in verdict_sentence(judged([-2, -70, -75, -5, 5]))


def none() -> Verdict:
    return judged([-1] * 5)


@pytest.mark.parametrize(
    ("rebound", "glial", "word"),
    [
        (judged([-2, -70, -75, -70, 5]), judged([-2, -70, -75, -70, -70]), "only with rebound"),
        (judged([-2, -70, -75, -70, 5]), none(), "Only rebound"),
        (none(), judged([-2, -70, -75, -70, -70]), "Only glial"),
        (none(), none(), "Neither route"),
    ],
)
def test_the_route_is_read_from_the_runs(rebound: Verdict, glial: Verdict, word: str) -> None:
    first, potency = route_sentences({"rebound": rebound, "glial": glial})
    assert word in first
    taken = shipped().hypotheses["glial"].overrides["ic50_trif"]
    assert f"glial {taken:g}" in potency


def test_lower_tnf_without_less_pain_is_no_help() -> None:
    assert judged([-2, -70, -75, -70, 5], pain=-3.0).kind == "none"


def test_failed_runs_do_not_bound_a_window() -> None:
    v = judged([-2, -70, -75, -70, np.nan])
    assert (v.kind, v.top) == ("no upper limit", 4.0)
    nothing = judged([np.nan] * 5)
    assert nothing.kind == "none" and not nothing.reversed


def shape(tone: list[float], rise: list[float], block: list[float]) -> dict[str, np.ndarray]:
    table = {"effector_tone": tone, "met_enkephalin": rise, "ogfr": block}
    rest = {n: [1, 2, 3, 4, 5] for n in ("analgesic_tone", "beta_endorphin", "mu", "trif")}
    return {k: np.array(v, float) for k, v in {**rest, **table}.items()}


def test_the_reason_is_stated_only_where_the_numbers_bear_it_out() -> None:
    v = judged([-2, -70, -75, -70, 5])
    levels_off = shape([1, 6, 8, 5, -3], [5, 15, 20, 24, 26], [1, 4, 10, 20, 40])
    assert "slows down" in " ".join(reason_sentences(DOSE, levels_off, v))
    outgrows = shape([1, 6, 8, 5, -3], [5, 15, 20, 60, 90], [1, 4, 10, 12, 14])
    assert "cause lies elsewhere" in " ".join(reason_sentences(DOSE, outgrows, v))
    rising = shape([1, 2, 3, 4, 5], [5, 15, 20, 24, 26], [1, 4, 10, 20, 40])
    assert "has not turned down" in " ".join(reason_sentences(DOSE, rising, v))


def test_the_script_answers_from_its_own_runs(tmp_path: Path) -> None:
    text = experiment(tmp_path, Setting(doses=4, weeks=4, affinities=2))
    table = pd.read_csv(tmp_path / "dose_window_hypotheses.csv")
    main_runs = table[table["hypothesis"] == "dual_pathway"]
    peak = main_runs.loc[main_runs["effector_tone"].idxmax()]
    assert f"{peak['dose']:g} mg" in text and f"{peak['effector_tone']:.0f}" in text
    assert np.all(np.diff(main_runs["mu"]) > 0.0), "more drug, more block"
    assert np.all(np.diff(main_runs["trif"]) > 0.0)
    glial = table[table["hypothesis"] == "glial"]
    blocked = ["mu", "ogfr"]
    bound = glial[blocked].to_numpy() / main_runs[blocked].to_numpy()
    assert (bound > 0.999).all() and (bound < 1.1).all(), "peptides called up displace a little"
    assert glial["analgesic_tone"].abs().max() < 0.1, "a block that does nothing changes no tone"
    assert glial["met_enkephalin"].abs().max() < 1e-3, "receptors that are spared call up nothing"
    assert (tmp_path / "dose_window.png").stat().st_size > 20_000
    assert (tmp_path / "dose_window.txt").read_text("utf-8") == text


def test_a_wrong_setting_ends_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--out", str(tmp_path), "--points", "1"]) == 2
    assert "logspace" in capsys.readouterr().err
