"""The finished arrays of a block of runs, as they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.arrays import Codes, Floats, Ints

VISITED = (
    "decision", "rule", "dose", "readings", "daily", "stopped_at", "stopped_for", "ledger",
)  # fmt: skip
"""Arrays of what became of runs at their visits; of length 0 where nobody looks."""


def _none() -> NDArray[Any]:
    return np.empty(0)


@dataclass(frozen=True)
class Block:
    """The finished arrays of a block, as they are stored.

    Attributes:
        first: global number of its first run.
        trajectory: shape (runs, variables, times).
        night: shape (runs, variables, night times).
        summaries: shape (runs, summaries).
        status: shape (runs,).
        steps: shape (runs,).
        rejected: shape (runs,).
        method: the engine's code of what gave each result, shape (runs,).
        accuracy: codes of `ldnsim.runs.sensitive.Accuracy`, shape (runs,).
        decision: and what else is in :data:`VISITED`, as `ldnsim.runs.decided.Decided` has them.
    """

    first: int
    trajectory: NDArray[np.floating]
    night: NDArray[np.floating]
    summaries: Floats
    status: Codes
    steps: Ints
    rejected: Ints
    method: Codes
    accuracy: Codes
    decision: Codes = field(default_factory=_none)
    rule: NDArray[np.int16] = field(default_factory=_none)
    dose: Floats = field(default_factory=_none)
    readings: Floats = field(default_factory=_none)
    daily: Floats = field(default_factory=_none)
    stopped_at: Floats = field(default_factory=_none)
    stopped_for: Codes = field(default_factory=_none)
    ledger: Floats = field(default_factory=_none)

    @property
    def rows(self) -> Ints:
        """Global numbers of its runs."""
        return np.arange(self.first, self.first + len(self.status))

    def cut(self, first: int, last: int) -> Block:
        """Return its runs from ``first`` to before ``last``."""
        part = slice(max(first - self.first, 0), max(last - self.first, 0))
        arrays = {n: getattr(self, n)[part] for n in names()}
        return Block(self.first + part.start, **arrays)

    @staticmethod
    def join(blocks: Sequence[Block]) -> Block:
        """Return consecutive blocks as one."""
        if len(blocks) == 1:
            return blocks[0]
        arrays = {n: np.concatenate([getattr(b, n) for b in blocks]) for n in names()}
        return Block(blocks[0].first, **arrays)


def names() -> list[str]:
    """Return the names of the arrays of a block."""
    return [f.name for f in fields(Block) if f.name != "first"]
