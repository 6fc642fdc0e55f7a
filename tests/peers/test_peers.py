"""The comparison with other simulators: same equations, same answers, and an honest table."""

from __future__ import annotations

import datetime
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import scaling
from benchmarks.engines import measure, problem, report
from benchmarks.engines.base import segments
from benchmarks.engines.equations import fixed_values, jacobian_text, numba_rates
from benchmarks.engines.explicit_c import Tsit5InC
from benchmarks.engines.measure import Row, Timed
from benchmarks.engines.native import Ldnsim, LdnsimInC
from benchmarks.engines.search import LADDER, loosest
from ldnsim.config.blocks import Solver
from ldnsim.runs import accuracy

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
MODEL = problem.MODEL


@pytest.fixture(scope="module")
def small() -> problem.Problem:
    return problem.draw(3, 9, 4, people=3, mixed=True)


def test_the_scalar_right_hand_side_is_the_models(small: problem.Problem) -> None:
    rates, k = numba_rates(), fixed_values(small.params)
    for run in range(3):
        y, dy = small.y0[run] + 0.05, np.empty(len(problem.STATES))
        rates(7.3, y, dy, k[run])
        expected = MODEL.rates(7.3, y, small.params[run])
        np.testing.assert_allclose(dy, expected, rtol=1e-9, atol=1e-12)


@needs_gcc
def test_the_right_hand_side_in_c_is_the_models(small: problem.Problem) -> None:
    engine = Tsit5InC()
    engine.prepare(small)
    y, k = small.y0[1] + 0.05, fixed_values(small.params)[1]
    expected = MODEL.rates(7.3, y, small.params[1])
    np.testing.assert_allclose(engine.rates(7.3, y, k), expected, rtol=1e-9, atol=1e-12)


@needs_gcc
def test_the_kernels_in_c_give_what_ldnsim_gives(small: problem.Problem) -> None:
    twin, own = LdnsimInC(), Ldnsim()
    twin.prepare(small)
    expected = own.solve(small, 1e-4, 1)
    size = np.abs(expected).max(axis=2, keepdims=True) + 1e-12
    assert np.max(np.abs(twin.solve(small, 1e-4, 2) - expected) / size) < 1e-9


@needs_gcc
def test_the_explicit_method_in_c_solves_the_same_problem(small: problem.Problem) -> None:
    engine = Tsit5InC()
    engine.prepare(small)
    exact = Ldnsim().solve(small, 1e-9, 1)
    assert problem.errors(engine.solve(small, 1e-8, 1), exact).max() < 1e-6


def test_what_the_reference_is_held_against_is_what_ldnsim_comes_to(small: problem.Problem) -> None:
    first = small.take(0, 2)
    found = problem.by_dop853(first)
    assert problem.errors(Ldnsim().solve(first, 1e-9, 1), found).max() < 1e-6


def test_the_jacobian_is_the_slope_of_the_models_rates(small: problem.Problem) -> None:
    space: dict[str, Any] = {"math": math}
    exec(jacobian_text(), space)
    y, n = small.y0[1] + 0.05, len(problem.STATES)
    found, expected = np.zeros((n, n)), np.empty((n, n))
    space["jacobian"](7.3, y, found, fixed_values(small.params, jacobian=True)[1])
    size = problem.SCALES
    for j in range(n):
        aside = np.zeros(n)
        aside[j] = 1e-6 * size[j]
        up, down = (MODEL.rates(7.3, y + s * aside, small.params[1]) for s in (1.0, -1.0))
        expected[:, j] = (up - down) / (2e-6 * size[j])
    gap = np.abs(found - expected) * size[None, :] / size[:, None]
    assert gap.max() < 1e-5
    assert np.count_nonzero(found) > 3 * n


@pytest.mark.long
@pytest.mark.parametrize(
    ("module", "engine"), [("heyoka", "heyoka"), ("sksundae", "cvode"), ("sksundae", "sundae")]
)
def test_engines_that_pip_installs_solve_the_same_problem(
    small: problem.Problem, module: str, engine: str
) -> None:
    pytest.importorskip(module)
    made = measure.engine_class(engine)()
    if why := made.missing():
        pytest.skip(why)
    made.prepare(small)
    made.compile_for(small, 1e-8)
    exact = Ldnsim().solve(small, 1e-9, 1)
    assert problem.errors(made.solve(small, 1e-8, 1), exact).max() < 1e-6


def test_tolerances_per_state_are_those_of_a_study() -> None:
    expected = accuracy.absolute(MODEL, Solver(rtol=1e-5))
    np.testing.assert_allclose(problem.absolute(1e-5), expected, rtol=1e-12)


def test_runs_are_cut_at_their_doses(small: problem.Problem) -> None:
    s = segments(small)
    for run in range(len(small)):
        used = s.stop[run] > s.start[run]
        np.testing.assert_array_equal(s.start[run, used][1:], small.times[run])
        np.testing.assert_array_equal(s.dose[run, used][1:], small.amounts[run])
        place = s.place[run]
        assert sorted(place[place >= 0]) == list(range(len(small.outputs)))
        np.testing.assert_array_equal(s.wanted[run][place >= 0], small.outputs[place[place >= 0]])


def test_doses_cover_the_range_in_any_sixteen_runs() -> None:
    found = np.sort(problem.doses(np.random.default_rng(0), 16))
    edges = np.logspace(math.log10(problem.LEAST), math.log10(problem.MOST), 17)
    assert np.all((found >= edges[:-1]) & (found <= edges[1:]))


def test_error_is_relative_to_size_in_the_run_or_usual_size_and_nan_is_infinite() -> None:
    reference = np.array([[[100.0, 101.0], [0.0, 0.0]]] * 2)
    got, usual = reference + np.array([0.0, 1.01]), np.array([1.0, 2.0])
    assert problem.errors(got, reference, usual)[0] == pytest.approx(0.505)
    assert problem.errors(got[:, :1], reference[:, :1], usual[:1])[0] == pytest.approx(0.01)
    got[1, 0, 0] = np.nan
    assert problem.errors(got, reference, usual)[1] == np.inf


@pytest.mark.parametrize("factor", [1e-1, 1.0, 30.0, 1e4, 9e4])
def test_the_search_finds_the_loosest_tolerance_that_meets_the_target(factor: float) -> None:
    asked: list[float] = []

    def error(rtol: float) -> float:
        asked.append(rtol)
        return factor * rtol**0.9

    expected = next(r for r in LADDER if factor * r**0.9 <= 1e-4)
    assert loosest(error, 1e-4) == expected
    assert len(asked) == len(set(asked))


def test_the_search_tells_when_nothing_meets_the_target() -> None:
    assert loosest(lambda rtol: 1.0, 1e-4) is None
    assert loosest(lambda rtol: math.inf, 1e-4) is None


def row(key: str, label: str, one: float, above: float, judged: int) -> Row:
    speeds = Timed((one, 1.1 * one, 0.9 * one)), Timed((2.0 * one,))
    return Row(key, label, "own", "threads", "", 1e-6, 5e-5, above, judged, *speeds, load=0.5)


ROWS = [
    row("scipy-ivp", "SciPy", 4.0, 0.0, 32),
    row("ldnsim", "ldnsim", 400.0, 0.01, 500),
    Row("copasi", "COPASI", "LSODA", "processes", "missing: COPASI not installed"),
]
UNDER = report.Conditions(84, 250, 1e-4, 3, 2e-9, 0.97)


def test_the_table_has_a_row_for_every_engine_and_says_why_one_is_not_measured() -> None:
    table = report.cells(ROWS)
    assert [row[0] for row in table] == ["ldnsim", "SciPy", "COPASI"]
    assert table[0][4:9] == ["5 of 500", "400", "20 %", "800", "0 %"]
    assert table[1][-2:] == ["100 x", "100 x"]
    assert table[2][1] == "missing: COPASI not installed"
    notes = report.conditions(ROWS, UNDER, datetime.date(2026, 1, 2))
    text = report.markdown(ROWS, notes)
    assert len({line.count("|") for line in text.splitlines() if line.startswith("|")}) == 1
    assert "2026-01-02" in text and "mrgsolve" in text
    assert "so not compared either: COPASI" in text
    assert "0.97 times" in text and "2e-09" in text and "0.5 to 0.5" in text


def test_an_engine_is_judged_by_99_of_100_runs_and_by_all_of_few() -> None:
    errors = np.arange(1.0, 257.0)
    assert measure.p99(errors) == 254.0
    assert measure.p99(errors[:64]) == 64.0


def test_the_table_replaces_the_one_before_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- peers -->\nold\n<!-- /peers -->\nafter\n")
    report.write_between(page, "peers", "new\n")
    assert page.read_text() == "before\n<!-- peers -->\nnew\n<!-- /peers -->\nafter\n"
    page.write_text("no marks")
    with pytest.raises(ValueError, match="lacks the lines"):
        report.write_between(page, "peers", "new\n")


def test_the_figure_is_drawn(tmp_path: Path) -> None:
    report.picture(ROWS, tmp_path / "img" / "peers.png", 84, 1e-4)
    assert (tmp_path / "img" / "peers.png").stat().st_size > 5000


def test_every_engine_named_is_there() -> None:
    for key in measure.ENGINES:
        engine = measure.engine_class(key)
        assert engine.label and engine.method and engine.cores in ("threads", "processes")


def test_the_slope_is_the_power() -> None:
    x = [1.0, 10.0, 300.0]
    assert scaling.slope(x, [3.0 * v**0.9 for v in x]) == pytest.approx(0.9)
