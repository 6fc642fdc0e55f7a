"""Runs in which an error grows are found, solved again, and told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from ldnsim.cli import app
from ldnsim.config.blocks import Solver
from ldnsim.model import default_model
from ldnsim.runs import sensitive
from ldnsim.runs.decided import Decided
from ldnsim.runs.sensitive import Accuracy
from ldnsim.sweep.study import Study

MODEL = default_model()

TEXT = """
title = "around the dose that tips"
regimen = "2 mg nightly at 22:00, for 8 wk"
axes = [{ name = "dose", field = "regimen.target", values = [DOSES] }]
output = { every = "24 h", variables = ["priming", "microglia_m1", "pain"], dtype = "float64", night = false, summaries = ["pain_change"] }
"""  # noqa: E501
DOSES = (
    '"1 ug", "0.5 mg", "0.7 mg", "0.9 mg", "1.2 mg", "1.6 mg", "2 mg", "3 mg", "4.5 mg", "20 mg"'
)


def study(doses: str = DOSES, **solver: object) -> Study:
    found = Study.loads(TEXT.replace("DOSES", doses))
    return found.model_copy(update={"solver": found.solver.model_copy(update=solver)})


@pytest.fixture(scope="module", autouse=True)
def _every_doubt_counts() -> Iterator[None]:
    """In the default patient so little grows that a looser solution clears every run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sensitive, "CALM", 0.0)
        yield


@pytest.fixture(scope="module")
def refined() -> xr.Dataset:
    return study().run()


@pytest.fixture(scope="module")
def plain() -> xr.Dataset:
    return study(refine=False).run()


def of(memory: list[float]) -> bool:
    daily = np.stack([np.zeros(len(memory)), np.array(memory)])[None]
    return bool(sensitive.growing(daily, MODEL)[0])


def test_an_error_grows_while_the_memory_leaves_a_place_where_it_nearly_rests() -> None:
    t = np.arange(60.0)
    size = MODEL.states["priming"].scale
    leaves = 0.01 * size * np.exp(0.3 * t[:30])
    assert of(list(0.7 - leaves))
    assert of(list(0.1 + leaves))


def test_an_error_grows_while_the_memory_goes_past_a_place_where_it_nearly_rests() -> None:
    t = np.arange(60.0)
    size = MODEL.states["priming"].scale
    comes = 3.0 - 3.0 * np.exp(-t / 3.0)
    leaves = np.cumsum(np.linspace(0.01, 0.12, len(t)))  # twice as fast at the end
    assert of(list(0.1 + size * (comes + leaves)))
    # it only gets slower, or hardly slower than before
    assert not of(list(0.1 + size * (comes + 0.04 * t)))
    assert not of(list(0.1 + 0.1 * size * np.cumsum(np.linspace(1.0, 1.7, len(t)))))


def test_no_error_grows_in_a_memory_that_comes_to_rest_or_moves_evenly_or_hardly() -> None:
    t = np.arange(60.0)
    size = MODEL.states["priming"].scale
    assert not of(list(0.7 * np.exp(-t / 10.0)))
    assert not of(list(0.7 - 0.5 * size * t))
    assert not of(list(0.5 + 0.05 * size * np.sin(t / 3.0)))
    assert not of([0.1, 0.7])  # no two speeds to compare
    assert not of([np.nan] * 10)


def test_days_are_midnights_up_to_the_end() -> None:
    np.testing.assert_array_equal(sensitive.days(72.0), [24.0, 48.0, 72.0])
    np.testing.assert_array_equal(sensitive.days(71.0), [24.0, 48.0])
    assert not len(sensitive.days(12.0))


def test_two_solutions_are_apart_by_the_larger_of_range_and_usual_size() -> None:
    exact = np.zeros((2, 2, 3))
    exact[:, 1] = 0.5
    other = exact.copy()
    other[0, 1, 2] += 0.05
    other[1, 0, 1] = np.nan
    assert sensitive.apart(other, exact, MODEL) == pytest.approx([0.1, np.inf])


def test_a_solver_gets_tighter_until_rounding_is_as_large() -> None:
    once = sensitive.tighter(Solver(rtol=1e-4, atol=1e-7))
    assert once is not None and once.rtol == pytest.approx(1e-5)
    assert once.atol == pytest.approx(1e-8)
    assert sensitive.tighter(Solver(rtol=5e-11)) is None
    wide = sensitive.looser(Solver(rtol=1e-4, atol=1e-7))
    assert wide is not None and (wide.rtol, wide.atol) == pytest.approx((1e-3, 1e-6))
    assert sensitive.looser(Solver(rtol=5e-3)) is None


def test_runs_that_tip_are_refined_and_no_others_move_by_a_bit(
    refined: xr.Dataset, plain: xr.Dataset
) -> None:
    flag = refined["accuracy"].values
    assert set(flag) == {Accuracy.AS_ASKED, Accuracy.REFINED}
    np.testing.assert_array_equal(plain["accuracy"] == Accuracy.SENSITIVE, flag == Accuracy.REFINED)
    same = flag == Accuracy.AS_ASKED
    for name in ("priming", "pain", "pain_change"):
        np.testing.assert_array_equal(refined[name].values[same], plain[name].values[same])
        assert (refined[name].values[~same] != plain[name].values[~same]).any()
    assert (refined["steps"].values[~same] > plain["steps"].values[~same]).all()


def test_a_looser_solution_that_is_nearly_the_same_clears_a_run(
    plain: xr.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensitive, "CALM", 1e9)
    found = study().run()
    assert (found["accuracy"] == Accuracy.AS_ASKED).all()
    for name in ("priming", "pain", "steps"):
        np.testing.assert_array_equal(found[name], plain[name])


def test_what_is_refined_is_more_exact(refined: xr.Dataset, plain: xr.Dataset) -> None:
    exact = study(rtol=1e-9, refine=False).run()
    rows = refined["accuracy"].values == Accuracy.REFINED
    for name in ("priming", "microglia_m1"):
        gap = [np.abs(ds[name] - exact[name]).values[rows].max() for ds in (refined, plain)]
        assert gap[0] < 0.3 * gap[1]


def test_the_same_bits_in_blocks_of_any_size(refined: xr.Dataset) -> None:
    xr.testing.assert_identical(study(block=8).run(threads=1), refined)


def test_where_nothing_more_exact_can_be_asked_a_run_stays_flagged() -> None:
    found = study('"2 mg", "4.5 mg"', rtol=2e-11).run()
    assert (found["status"] == 0).all()
    assert Accuracy.SENSITIVE in found["accuracy"].values


def test_a_sweep_says_how_many_runs_may_be_off(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(TEXT.replace("DOSES", DOSES) + "solver.refine = false\n", encoding="utf-8")
    out = tmp_path / "found.zarr"
    told = CliRunner().invoke(app, ["sweep", str(path), "--out", str(out)])
    assert told.exit_code == 0, told.output
    assert "of 10 runs: errors grow while microglia tip" in told.output


def decided(given: list[list[float]]) -> Decided:
    """Runs with some doses each, and numbers that tell whose they are."""
    n = len(given)
    row = np.repeat(np.arange(n), [len(g) for g in given])
    columns = np.tile(np.concatenate(given), (9, 1))
    own = np.arange(n, dtype=float)
    return Decided(
        np.zeros((n, 1), np.int8), np.zeros((n, 1), np.int16), own[:, None], own[:, None, None],
        own[:, None], own, np.zeros(n, np.int8), own > 0, True, [(row, columns)],
    )  # fmt: skip


def test_what_became_of_runs_at_visits_is_replaced_run_by_run() -> None:
    whole = decided([[1.0], [2.0, 3.0], [4.0], []])
    other = decided([[50.0], [60.0, 70.0]])
    whole.put(np.array([3, 1]), other.of_runs(np.array([1, 0])))
    doses = whole.ledger(2)[:, 0]
    np.testing.assert_array_equal(doses, [[1, np.nan], [50, np.nan], [4, np.nan], [60, 70]])
    np.testing.assert_array_equal(whole.stopped_at, [0.0, 0.0, 2.0, 1.0])
