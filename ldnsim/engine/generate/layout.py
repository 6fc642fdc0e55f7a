"""The workspace of a kernel: one flat array of doubles, in named sections.

A value that every lane has its own of takes a row of eight neighbours: element ``i`` of section
``S`` is ``w[AT_S + 8 i + l]`` for lane ``l``. All arrays of the kernels live in this one: only at
constant offsets from one pointer can LLVM prove that nothing overlaps, and turn every loop over
lanes into one vector instruction.
"""

from __future__ import annotations

from ldnsim.engine import LANES


class Layout:
    """Which section begins where, in doubles; each begins at a whole row."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.offsets: dict[str, int] = {}
        self.size = 0

    def reserve(self, section: str, rows: int, lanes: int = LANES) -> int:
        """Make room for a section and return where it begins.

        Args:
            section: its name; the kernels know its place as ``AT_<section>``.
            rows: elements it has.
            lanes: doubles of each: 8, or 1 where all lanes share a number.

        Raises:
            ValueError: the name is taken.
        """
        if section in self.offsets:
            raise ValueError(f"the workspace has a section {section!r} already")
        self.offsets[section] = self.size
        self.size += rows * lanes + -(rows * lanes) % LANES
        return self.offsets[section]

    def at(self, section: str, i: int) -> str:
        """Source text of element ``i`` of a section for lane ``l``."""
        return f"w[{self.offsets[section] + LANES * i} + l]"
