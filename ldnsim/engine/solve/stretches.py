"""Solve many runs stretch by stretch, with somebody who looks at them in between.

What a rule decides at a visit depends on what came before it, so runs cannot be handed over with
all their events. They are solved to the first look, all of them; what was reduced until then is
shown; the answer is what happens up to the next look. Nothing of this is done run by run: a stretch
is a batch like any other, and begins with the states at which the one before it ended.

Windows do not end at looks. A number over a window that spans several stretches is put together of
the numbers over its pieces: sums add up, of extremes the largest counts, of passages the first.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ldnsim.engine.solve import batch
from ldnsim.engine.solve.batch import Batch, BatchResult, FloatArray, IntArray
from ldnsim.measure import Measure
from ldnsim.model import Model

H_START = 0.5
"""First step of every stretch but the first, h: longer than after a dose, since nothing need have
happened; the error estimate cuts it where something has."""


@dataclass(frozen=True)
class Happenings:
    """What happens to runs in one stretch.

    Attributes:
        params: from its start on, (n, n_parameters).
        offsets: (n + 1,), run ``i`` owns events ``offsets[i]:offsets[i + 1]``.
        time: of each event, h, ascending within a run, from the start to before the end.
        target: state to add to, or ``n_states + parameter`` to set from then on.
        value: amount added, or new value.
    """

    params: FloatArray
    offsets: IntArray
    time: FloatArray
    target: IntArray
    value: FloatArray


class Looker(Protocol):
    """Somebody who looks at the runs of a batch, all at once."""

    @property
    def times(self) -> FloatArray:
        """When, h, ascending; none at or before the start, or at or after the end."""

    @property
    def asked(self) -> Sequence[Sequence[Measure]]:
        """For each look the numbers to be shown, over windows that are the same for all runs.

        They end with the look or before.
        """

    def first(self) -> Happenings:
        """Return what happens from the start to the first look."""

    def look(self, number: int, numbers: FloatArray, status: NDArray[np.int8]) -> Happenings:
        """Return what happens from a look to the next.

        Args:
            number: of the look, from 0.
            numbers: what was asked for, (n, numbers of this look); NaN where the run has failed.
            status: of each run so far, (n,).
        """


def solve(
    model: Model,
    asked: Batch,
    looker: Looker,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> BatchResult:
    """Solve a batch with somebody who looks.

    Args:
        model: as for :func:`ldnsim.engine.solve.batch.solve`.
        asked: the batch; its own events are not used.
        looker: who looks.
        threads: worker threads.
        progress: called with the number of runs that as much work would have finished.

    Returns:
        what the batch gave.
    """
    n, own = len(asked.params), len(asked.reductions)
    whole = replace(asked, reductions=[*asked.reductions, *itertools.chain(*looker.asked)])
    ends = own + np.cumsum([0, *(len(one) for one in looker.asked)])
    edges = [asked.t_start, *map(float, looker.times), asked.t_end]
    kept = _Kept.of(whole)
    happen = looker.first()
    for k, (start, stop) in enumerate(itertools.pairwise(edges)):
        if k:
            shown = kept.numbers(range(ends[k - 1], ends[k]))
            happen = looker.look(k - 1, shown, kept.status)

        def tell(done: int, share: float = (start - edges[0]) / (edges[-1] - edges[0])) -> None:
            if progress is not None and done:
                progress(int(n * share))

        piece, among, columns = _stretch(whole, kept, happen, start, stop)
        kept.take(batch.solve(model, piece, threads, tell), piece, among, columns)
    if progress is not None:
        progress(n)
    return kept.result(own)


def _stretch(
    whole: Batch, kept: _Kept, happen: Happenings, start: float, stop: float
) -> tuple[Batch, list[int], NDArray[np.int64]]:
    """Build the batch of a stretch; also say which numbers and output times are in it."""
    last = stop >= whole.t_end
    times = whole.out_times
    columns = np.flatnonzero((times >= start) & ((times < stop) | last))
    among = [
        i for i, m in enumerate(whole.reductions)
        if float(m.start) < stop and float(m.stop) > start
    ]  # fmt: skip
    return (
        replace(
            whole,
            params=happen.params,
            y0=np.nan_to_num(kept.state),
            event_offsets=happen.offsets,
            event_time=happen.time,
            event_target=happen.target,
            event_value=happen.value,
            t_start=start,
            t_end=stop,
            out_times=times[columns],
            reductions=[_piece(whole.reductions[i], start, stop) for i in among],
            h_start=whole.h_start if start == whole.t_start else H_START,
            status=kept.status.copy(),
        ),
        among,
        columns,
    )


def _piece(measure: Measure, start: float, stop: float) -> Measure:
    """Return what of a number falls into a stretch; a mean is a sum until all of it is there."""
    kind = "integral" if measure.kind == "mean" else measure.kind
    begin, end = max(float(measure.start), start), min(float(measure.stop), stop)
    return replace(measure.placed(begin, end, measure.threshold), kind=kind)


@dataclass
class _Kept:
    """What there is of the runs so far; filled stretch by stretch.

    Attributes:
        whole: the batch.
        trajectory: (n, observables, times).
        sums: numbers so far, (n, numbers); a mean is an integral yet.
        state: where the last stretch ended, (n, states).
        status: (n,).
        steps: accepted, (n,).
        rejected: (n,).
        method: that of the last stretch, (n,).
    """

    whole: Batch
    trajectory: FloatArray
    sums: FloatArray
    state: FloatArray
    status: NDArray[np.int8]
    steps: IntArray
    rejected: IntArray
    method: NDArray[np.int8]

    @classmethod
    def of(cls, whole: Batch) -> _Kept:
        """Return room for a batch of which nothing is solved."""
        n, numbers = len(whole.params), len(whole.reductions)
        return cls(
            whole,
            np.full((n, len(whole.out_obs), len(whole.out_times)), np.nan),
            np.full((n, numbers), np.nan),
            whole.y0,
            whole.status.copy() if len(whole.status) else np.zeros(n, np.int8),
            np.zeros(n, np.int64),
            np.zeros(n, np.int64),
            np.full(n, -1, np.int8),
        )

    def take(
        self, found: BatchResult, piece: Batch, among: Sequence[int], columns: IntArray
    ) -> None:
        """Take over what a stretch gave."""
        self.trajectory[:, :, columns] = found.traj
        for j, i in enumerate(among):
            self.sums[:, i] = _joined(
                self.whole.reductions[i].kind, self.sums[:, i], found.reductions[:, j]
            )
        alive = piece.status == 0
        # a run that failed keeps the effort and the method of its last stretch
        self.steps[alive] += found.steps[alive]
        self.rejected[alive] += found.rejected[alive]
        self.method[alive] = found.method[alive]
        self.state, self.status = found.final, found.status

    def numbers(self, which: range) -> FloatArray:
        """Return some numbers, means divided by their windows, (n, these); NaN of failed runs."""
        found = self.sums[:, which.start : which.stop].copy()
        for j, i in enumerate(which):
            m = self.whole.reductions[i]
            if m.kind == "mean":
                found[:, j] /= float(m.stop) - float(m.start)
        found[self.status != 0] = np.nan
        return found

    def result(self, count: int) -> BatchResult:
        """Return all of it, with the first numbers; of runs that failed nothing."""
        numbers, bad = self.numbers(range(count)), self.status != 0
        for values in (self.trajectory, self.state):
            values[bad] = np.nan
        return BatchResult(
            self.trajectory, numbers, self.state, self.status, self.steps, self.rejected,
            self.method,
        )  # fmt: skip


def _joined(kind: str, before: FloatArray, piece: FloatArray) -> FloatArray:
    """Put two pieces of a number together, each (n,); NaN where there is none yet."""
    if kind == "max":
        return np.asarray(np.fmax(before, piece))
    if kind == "min":
        return np.asarray(np.fmin(before, piece))
    if kind.startswith("first_"):
        return np.where(np.isnan(before), piece, before)
    return np.where(np.isnan(before), piece, before + piece)
