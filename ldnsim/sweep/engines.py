"""What solves the blocks of a sweep: threads of this process, or workers of a cluster.

Whatever it is, it takes a job and the place of its blocks, and a block is finished when it is
there. So a sweep that one of them began may be completed by another, and gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ldnsim.results.assemble import Spread
    from ldnsim.results.blocks import Blocks
    from ldnsim.runs.block import Block
    from ldnsim.runs.job import Job
    from ldnsim.runs.plan import Plan

Tell = Callable[[int], None]
"""Takes the number of runs finished in a call."""


class Engine(Protocol):
    """What solves the blocks of a sweep."""

    def block(self, plan: Plan) -> int:
        """Return how many runs a block of a new sweep has."""

    def job(self, plan: Plan) -> Job:
        """Find the patients of a plan, and what they are untreated."""

    def solve(self, job: Job, starts: list[int], size: int, tell: Tell) -> list[Block]:
        """Solve blocks and return them, in any order."""

    def fill(self, job: Job, blocks: Blocks, starts: list[int], size: int, tell: Tell) -> None:
        """Solve blocks and save each where it belongs.

        Raises:
            OSError: one cannot be written.
        """

    def spread(self, job: Job, blocks: Blocks, size: int) -> Spread | None:
        """Return what has regions of a store written elsewhere; None to write them here."""
