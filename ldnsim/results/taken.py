"""Runs of a finished result that another, larger one takes over instead of solving them again."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.arrays import Floats, Ints
from ldnsim.results.columns import Column
from ldnsim.results.zarr_files import read_array
from ldnsim.runs.block import Block
from ldnsim.runs.decided import LEDGER

_OF_THE_PLAN = ("visit_rule_list",)
"""Columns that number something of the whole study: made anew, since there is more of it now."""


@dataclass(frozen=True)
class Picked(Block):
    """Finished runs that do not follow one another.

    Attributes:
        number: which runs these are, shape (runs,).
    """

    number: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def rows(self) -> Ints:
        """Numbers of its runs."""
        return self.number


@dataclass(frozen=True)
class Taken:
    """What a larger result has from a finished one.

    Attributes:
        store: the finished result, a Zarr store of this package.
        of: which of its runs each run of the larger one is; -1 for those that are new, (runs,).
    """

    store: Path
    of: Ints

    @cached_property
    def new(self) -> Ints:
        """Numbers of the runs that have to be solved, ascending."""
        return np.flatnonzero(self.of < 0)

    def among_new(self, first: int, last: int) -> tuple[int, int]:
        """Return where the new ones of the runs ``first`` to before ``last`` are among the new."""
        lo, hi = np.searchsorted(self.new, [first, last]).tolist()
        return lo, hi

    def picked(self, block: Block) -> Picked:
        """Return finished new runs under their numbers.

        Args:
            block: consecutive new runs, counted among the new.
        """
        arrays = {name: getattr(block, name) for name in Block.__dataclass_fields__}
        return Picked(**arrays, number=self.new[block.first : block.first + len(block.status)])

    def status(self, found: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the outcome of all runs from that of the new ones."""
        whole = np.empty(len(self.of), np.int8)
        whole[self.new] = found
        old = self.of >= 0
        whole[old] = read_array(self.store / "status").reshape(-1)[self.of[old]]
        return whole

    def ledger(self, found: Floats, width: int) -> Floats:
        """Return the doses of all runs from those of the new ones, (runs, columns, width).

        Args:
            found: of the new runs, at most so many doses.
            width: most doses of a run.
        """
        whole = np.full((len(self.of), len(LEDGER), width), np.nan)
        whole[self.new, :, : found.shape[2]] = found
        run = read_array(self.store / "ledger_run")
        starts = np.searchsorted(run, np.arange(int(self.of.max()) + 2))
        values = np.stack([read_array(self.store / f"ledger_{n}").astype(float) for n in LEDGER])
        for k in np.flatnonzero(self.of >= 0).tolist():
            mine = slice(starts[self.of[k]], starts[self.of[k] + 1])
            whole[k, :, : mine.stop - mine.start] = values[:, mine]
        return whole

    def values(
        self, column: Column, new: Block, told: Block, tail: tuple[int, ...]
    ) -> NDArray[Any]:
        """Return the values of consecutive runs, old and new.

        Args:
            column: what is wanted of them.
            new: the new ones among them, see :meth:`picked`.
            told: all of them, with their outcome and nothing else.
            tail: sizes of the further dimensions of the column.
        """
        if column.name in _OF_THE_PLAN or column.dtype.kind == "U":
            return np.asarray(column.values(told), dtype=column.dtype)
        of = self.of[told.rows]
        whole = np.empty((len(of), *tail), column.dtype)
        if len(new.status):
            whole[of < 0] = np.asarray(column.values(new)).reshape((-1, *tail))
        stored = read_array(self.store / column.name).reshape((-1, *tail))
        whole[of >= 0] = stored[of[of >= 0]]
        return whole
