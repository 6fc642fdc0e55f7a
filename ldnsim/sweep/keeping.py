"""What is said when a sweep is stopped or cannot be written: what is kept, and how it goes on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from ldnsim.errors import UserError
from ldnsim.results.blocks import Blocks

RESUME = "run the same command with --resume"
"""How a sweep that was stopped goes on."""


def runs_of(starts: Sequence[int], size: int, total: int) -> int:
    """Return how many runs are in some blocks."""
    return sum(min(size, total - s) for s in starts)


@contextlib.contextmanager
def mended(blocks: Blocks, starts: Sequence[int]) -> Iterator[None]:
    """Let what stopped a sweep, such as a function of the study, be mended and run again.

    Raises:
        UserError: what stopped it, and what to do where blocks are finished; else none is left.
    """
    try:
        yield
    except UserError as error:
        done = sum(blocks.has(first) for first in starts)
        if not done:
            blocks.remove()
        if not done or isinstance(error.__cause__, OSError):  # a disk: said what to do
            raise
        raise UserError(
            f"{error}; {done} of {len(starts)} blocks are finished and kept in {blocks.path}:"
            " --resume goes on with the same study and files, --overwrite starts again"
        ) from error


@contextlib.contextmanager
def kept(
    blocks: Blocks, starts: Sequence[int], size: int, total: int, again: str = RESUME
) -> Iterator[None]:
    """Say what is kept when the disk is full, or cannot be written for another reason.

    Raises:
        UserError: with the reason.
    """
    try:
        yield
    except OSError as error:
        place = error.filename or blocks.path
        done = runs_of([s for s in starts if blocks.has(s)], size, total)
        finished = f"{done} of {total} runs are finished and kept in {blocks.path}"
        how = f"mend that and {again} to complete it"
        raise UserError(
            f"cannot write {place}: {error.strerror or error}; "
            + (f"{finished}: {how}" if done else "nothing was finished")
        ) from error
