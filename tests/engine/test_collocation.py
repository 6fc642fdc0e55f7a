"""Collocation: its coefficients, the order states are solved in, and what happens when it fails."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldnsim.engine.generate.emit import Emitter
from ldnsim.engine.generate.trace import trace
from ldnsim.engine.methods.radau.cascade import cascade, fewest_backward
from ldnsim.engine.methods.radau.coefficients import quadrature, radau
from ldnsim.engine.methods.radau.emit import CollocationEmitter
from ldnsim.engine.methods.radau.records import STAGES, eliminate
from ldnsim.engine.solve.batch import Batch, BatchResult, solve, solve_with
from ldnsim.engine.solve.status import Method, Status
from ldnsim.measure import Measure
from tests.engine.bench import MODEL, dosing, nightly, plain, put
from tests.engine.bench import random_parameters as drawn

STATES = list(MODEL.states)


@functools.cache
def emitter() -> Emitter:
    everything = {**MODEL.states, **MODEL.constants, **MODEL.quantities}
    return Emitter(
        trace(
            list(MODEL.parameters),
            {n: v.formula for n, v in MODEL.states.items()},
            {n: v.formula for n, v in MODEL.constants.items()},
            {n: v.formula for n, v in MODEL.quantities.items()},
            {n: v.arguments for n, v in everything.items()},
        ),
        MODEL.coupled,
    )


# -- coefficients ------------------------------------------------------------------------


@pytest.mark.parametrize("stages", [3, 4, 5])
def test_radau_quadrature_is_exact_to_its_order_and_no_further(stages: int) -> None:
    method = radau(stages)
    moments = [method.weights @ method.nodes**k - 1.0 / (k + 1) for k in range(2 * stages)]
    assert np.max(np.abs(moments[:-1])) < 1e-14
    assert abs(moments[-1]) > 1e-6


def test_three_nodes_are_those_of_the_textbook() -> None:
    root = np.sqrt(6.0)
    expected = [(4.0 - root) / 10.0, (4.0 + root) / 10.0, 1.0]
    np.testing.assert_allclose(radau(3).nodes, expected, rtol=1e-14)


def test_the_inverse_belongs_to_integrals_up_to_each_node() -> None:
    method = radau(STAGES)
    matrix = np.array([quadrature(method.nodes, c) for c in method.nodes])
    np.testing.assert_allclose(method.inverse @ matrix, np.eye(STAGES), atol=1e-12)
    np.testing.assert_allclose(matrix @ method.nodes**2, method.nodes**3 / 3.0, rtol=1e-12)


def test_error_weights_vanish_on_what_the_smaller_rules_integrate() -> None:
    method = radau(STAGES)
    points = np.concatenate([[0.0], method.nodes])
    for weights, exact in ((method.defect, STAGES), (method.coarse, STAGES - 1)):
        assert all(abs(weights @ points**k) < 1e-13 for k in range(exact))
        assert abs(weights @ points**exact) > 1e-4


@given(st.integers(0, 10**6), st.integers(1, 5))
@settings(deadline=None, max_examples=40)
def test_elimination_in_blocks_solves_any_such_system(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    matrix, right = rng.normal(size=(size, size)) + 4.0 * np.eye(size), rng.normal(size=size)
    entry = {(i, j): repr(float(matrix[i, j])) for i in range(size) for j in range(size)}
    names: dict[str, float] = {f"r{i}": float(v) for i, v in enumerate(right)}
    exec("\n".join(eliminate(entry, size)), {}, names)
    found = [names[f"r{i}"] for i in range(size)]
    np.testing.assert_allclose(found, np.linalg.solve(matrix, right), rtol=1e-9, atol=1e-9)


# -- the order of states -----------------------------------------------------------------


def test_every_state_is_solved_once_and_reads_only_what_its_loop_or_one_before_solved() -> None:
    reads = {r: set(row) for r, row in emitter().rows.items()}
    known: set[str] = set()
    for loop in cascade(reads, MODEL.coupled):
        here = {n for group in loop.flat for n in group}
        assert sorted(here) == sorted(n for group in loop.flat for n in group)
        assert not here & known
        known |= here
        assert all(reads[n] <= known for n in here)
        if not loop.repeats:
            assert all(not (reads[n] & here) - {n} for n in here)
    assert known == set(reads)


def test_the_loops_are_those_of_the_biology() -> None:
    reads = {r: set(row) for r, row in emitter().rows.items()}
    loops = [{n for g in x.flat for n in g} for x in cascade(reads, MODEL.coupled) if x.repeats]
    assert {"ntx_central", "ntx_peripheral", "ntx_deep"} in loops
    feedback = next(loop for loop in loops if "mor_occupancy" in loop)
    assert {"beta_endorphin", "pomc_drive", "endorphin_pool", "mor_density"} <= feedback
    inflammation = next(loop for loop in loops if "tnf" in loop)
    assert {"microglia_m1", "tlr4_trif", "neuronal_health", "damps"} <= inflammation
    assert "pain" not in set().union(*loops)


@given(st.integers(0, 10**6), st.integers(2, 6))
@settings(deadline=None, max_examples=40)
def test_no_other_order_of_a_loop_reads_fewer_later_states(seed: int, size: int) -> None:
    from itertools import permutations

    rng = np.random.default_rng(seed)
    names = [f"s{i}" for i in range(size)]
    reads = {n: {m for m in names if rng.random() < 0.4} for n in names}

    def late(order: tuple[str, ...]) -> int:
        return sum(m in reads[n] for i, n in enumerate(order) for m in order[i + 1 :])

    best = fewest_backward(names, reads)
    assert late(tuple(best)) == min(late(p) for p in permutations(names))


def test_a_kept_quantity_depends_on_nothing_solved_between_writing_and_reading() -> None:
    collocation = CollocationEmitter(emitter())
    solved = {n: i for i, g in enumerate(collocation.groups) for n in g.states}
    kept: dict[str, int] = {}
    count = 0
    for i, group in enumerate(collocation.groups):
        for q in group.reuses:
            since = kept[q]
            states = collocation.e.quantity_states[q]
            assert not any(since <= solved[s] < i for s in states), (q, since, i)
            count += 1
        kept.update(dict.fromkeys(group.computes, i))
    assert count > 5


# -- steps -------------------------------------------------------------------------------


def test_a_step_satisfies_the_equations_at_its_nodes() -> None:
    """The polynomial of a solved step has, at every node, the slope that the rates give there."""
    k = plain()
    params, y0, times, amounts = nightly([4.5], 1.0)
    run = solve(
        MODEL, dosing(params, y0, times, amounts, 30.0, np.array([30.0]), STATES, rtol=1e-9)
    )
    w = np.zeros(k.SIZE)
    lanes = np.repeat(run.traj[:, :, 0], 8, axis=0)
    put(w, k.AT_PARAMETERS, np.repeat(params, 8, axis=0))
    put(w, k.AT_STATE, lanes)
    k.setup(w)
    h, atol = 0.5, np.full(len(STATES), 1e-14)
    for section, value in (("TIME", 30.0), ("LENGTH", h), ("BEGINS", k.YES[0])):
        put(w, getattr(k, f"AT_{section}"), np.full((8, 1), value))
    k.collocation_start(w, atol)
    k.collocation_attempt(w, 1e-12, atol)
    assert (w[k.AT_EFFORT + 2 * 8 :][:8] > 0).all()
    points = np.concatenate([[0.0], radau(STAGES).nodes])
    rows = w[k.AT_RECORDS :][: k.RECORD * len(STATES)].reshape(len(STATES), -1, 8)
    values = rows[:, : STAGES + 1, 0]
    for node in range(1, STAGES + 1):
        slope = [np.polyder(np.polyfit(points, v, STAGES)) for v in values]
        expected = np.array([np.polyval(s, points[node]) for s in slope]) / h
        rates = MODEL.rates(30.0 + points[node] * h, values[:, node], params[0])
        scale = np.abs(rates).max() * 1e-9 + 1e-6 * np.abs(rates)
        assert np.all(np.abs(expected - rates) < scale + 1e-9), node


def errors_at(rtol: float, reference: BatchResult, batch: Batch) -> float:
    scale = np.array([s.scale for s in MODEL.states.values()])
    found = solve(MODEL, dataclasses.replace(batch, rtol=rtol, atol=1e-2 * rtol * scale))
    size = np.maximum(np.abs(reference.traj).max(axis=2), scale)
    return float((np.abs(found.traj - reference.traj).max(axis=2) / size).max())


def week_of_doses() -> Batch:
    params, y0, times, amounts = nightly([0.05, 0.5, 4.5, 50.0], 2.0)
    return dosing(params, y0, times, amounts, 336.0, np.arange(3.0, 336.1, 3.0), STATES)


def test_error_stays_below_rtol_and_follows_it_down() -> None:
    batch = week_of_doses()
    reference = solve(
        MODEL, dataclasses.replace(batch, rtol=1e-11, atol=np.full(len(STATES), 1e-13))
    )
    for rtol in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7):
        assert errors_at(rtol, reference, batch) < rtol


def test_the_two_methods_agree() -> None:
    batch = dataclasses.replace(week_of_doses(), rtol=1e-8)
    ours, other = solve(MODEL, batch), solve(MODEL, dataclasses.replace(batch, method="rodas5p"))
    assert (ours.method == Method.COLLOCATION).all() and (other.method == Method.RODAS5P).all()
    size = np.maximum(np.abs(other.traj).max(axis=2, keepdims=True), 1e-3)
    assert (np.abs(ours.traj - other.traj) / size).max() < 1e-6
    assert ours.steps.max() < other.steps.min()


def test_summaries_are_as_good_as_stored_values() -> None:
    kinds = [Measure("mor_occupancy", k, 100.0, 330.0)
             for k in ("mean", "max", "min")]  # fmt: skip
    batch = dataclasses.replace(week_of_doses(), reductions=kinds)
    tight = solve(MODEL, dataclasses.replace(batch, rtol=1e-11, atol=np.full(len(STATES), 1e-13)))
    loose = solve(MODEL, dataclasses.replace(batch, rtol=1e-4))
    assert np.abs(loose.reductions - tight.reductions).max() < 1e-4


# -- when it fails -----------------------------------------------------------------------


def test_a_loop_that_cannot_settle_shortens_the_step_until_it_does() -> None:
    """Feedback a thousand times stronger than the default, in one of four lanes."""
    gains = [3.0, 30.0, 300.0, 3000.0]
    params = np.array([MODEL.parameter_vector({"demand_gain": g}) for g in gains])
    y0 = np.tile(MODEL.start(False), (4, 1))
    doses = [np.arange(22.0, 160.0, 24.0)] * 4
    amounts = [np.full(len(doses[0]), 4.5)] * 4
    batch = dosing(params, y0, doses, amounts, 168.0, np.arange(6.0, 168.1, 6.0), STATES)
    ours = solve(MODEL, dataclasses.replace(batch, rtol=1e-6))
    other = solve(MODEL, dataclasses.replace(batch, rtol=1e-9, method="rodas5p"))
    assert (ours.status == Status.OK).all() and (other.status == Status.OK).all()
    size = np.maximum(np.abs(other.traj).max(axis=2, keepdims=True), 1e-2)
    assert (np.abs(ours.traj - other.traj) / size).max() < 1e-5


def test_what_neither_method_can_do_is_a_status_and_harms_no_neighbour() -> None:
    params, y0, times, amounts = nightly([4.5] * 8, 1.0)
    batch = dosing(params, y0, times, amounts, 72.0, np.array([24.0, 72.0]), STATES)
    alone = solve(MODEL, batch)
    broken = params.copy()
    broken[3, MODEL.parameter_index["v_central"]] = 0.0
    found = solve(MODEL, dataclasses.replace(batch, params=broken))
    good = np.arange(8) != 3
    assert found.status[3] == Status.NOT_FINITE and np.isnan(found.traj[3]).all()
    assert (found.status[good] == Status.OK).all()
    np.testing.assert_array_equal(found.traj[good], alone.traj[good])


def test_a_loop_that_hardly_contracts_is_given_to_rodas_and_its_neighbours_are_not() -> None:
    """Exchange between the metabolite's volumes up to 10,000 times as fast as the default."""
    name, factors = "q_naltrexol", np.array([1.0, 3.0, 10.0, 1e4])
    values = MODEL.parameters[name].value * factors
    params = np.array([MODEL.parameter_vector({name: v}) for v in values])
    _, y0, times, amounts = nightly([4.5] * 4, 1.0)
    batch = dosing(params, y0, times, amounts, 168.0, np.arange(2.0, 168.1, 2.0), STATES)
    found = solve(MODEL, dataclasses.replace(batch, rtol=1e-4))
    assert found.method.tolist() == [Method.COLLOCATION] * 3 + [Method.RODAS5P]
    other = solve(MODEL, dataclasses.replace(batch, rtol=1e-8, method="rodas5p"))
    scale = np.array([[s.scale] for s in MODEL.states.values()])
    size = np.maximum(np.abs(other.traj).max(axis=2, keepdims=True), scale)
    assert (np.abs(found.traj - other.traj) / size).max() < 1e-4


def test_a_small_dose_after_a_large_one_is_resolved_for_itself() -> None:
    params, y0, _, _ = nightly([1.0], 1.0)
    times = np.arange(1.0, 336.0, 6.0)
    amounts = np.where(times < 168.0, 50.0, 1e-3)
    kind = Measure("mor_occupancy", "max", 312.0, 336.0)
    batch = dosing(params, y0, [times], [amounts], 336.0, np.array([336.0]), STATES, [kind])
    loose = solve(MODEL, dataclasses.replace(batch, rtol=1e-4))
    tight = solve(MODEL, dataclasses.replace(batch, rtol=1e-9))
    assert loose.reductions[0, 0] == pytest.approx(tight.reductions[0, 0], rel=2e-4)


def test_plain_python_takes_the_same_steps() -> None:
    k = plain()
    params, y0, _, _ = nightly([4.5], 1.0)
    batch = dosing(params, y0, [np.array([0.5])], [np.array([4.5])], 1.5, np.array([1.5]), STATES,
                   rtol=1e-5)  # fmt: skip
    slow, fast = solve_with(k, batch, threads=1), solve(MODEL, batch, threads=1)
    assert slow.steps == fast.steps and slow.method == fast.method
    np.testing.assert_allclose(slow.traj, fast.traj, rtol=1e-9, atol=1e-12)


def test_random_patients_stay_within_rtol_of_rodas() -> None:
    rng = np.random.default_rng(8)
    params = drawn(rng, 16)
    y0 = np.tile(MODEL.start(True), (16, 1))
    times = [np.arange(rng.uniform(0.0, 20.0), 96.0, 24.0) for _ in range(16)]
    amounts = [np.full(len(t), 10.0 ** rng.uniform(-3.0, 1.7)) for t in times]
    batch = dosing(params, y0, times, amounts, 96.0, np.arange(4.0, 96.1, 4.0), STATES)
    ours = solve(MODEL, dataclasses.replace(batch, rtol=1e-5))
    other = solve(MODEL, dataclasses.replace(batch, rtol=1e-9, method="rodas5p"))
    scale = np.array([[s.scale] for s in MODEL.states.values()])
    size = np.maximum(np.abs(other.traj).max(axis=2, keepdims=True), scale)
    assert (np.abs(ours.traj - other.traj) / size).max() < 1e-5
