"""Quantiles of a stream of candidates, more of whom are drawn as they are needed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ldnsim.arrays import Floats
from ldnsim.patients.rows import Rows


class Windows:
    """Quantiles of candidates by name, drawn ahead in ever larger stretches.

    A name is drawn for all candidates of a stretch at once, and candidates are read with all their
    names. So windows of some hundred candidates are kept, in each a row for every name.
    """

    SIZE = 512

    def __init__(self, names: tuple[str, ...], draw: Callable[[str, int], Floats]) -> None:
        """Begin with nothing drawn.

        Args:
            names: what is drawn of a candidate.
            draw: gives the first so many quantiles of a name.
        """
        self.names, self.draw, self.drawn = names, draw, 0
        self._stretches: list[tuple[int, int, Rows]] = []

    def between(self, first: int, last: int) -> Floats:
        """Return quantiles of candidates ``first`` to before ``last``, shape (n, names)."""
        if last > self.drawn:
            self._more(max(2 * self.drawn, last))
        found, m = np.empty((last - first, len(self.names))), len(self.names)
        for start, stop, rows in self._stretches:
            width = rows.shape[1]
            a, b = max(first, start), min(last, stop)
            for k in range((a - start) // width, -(-(b - start) // width) if a < b else 0):
                lo = start + k * width
                c, d = max(a, lo), min(b, lo + width)
                found[c - first : d - first] = rows[k * m : (k + 1) * m][:, c - lo : d - lo].T
        return found

    def _more(self, stop: int) -> None:
        """Draw candidates up to before ``stop``."""
        start, m = self.drawn, len(self.names)
        width = min(self.SIZE, stop - start)
        windows = -(-(stop - start) // width)
        rows = Rows((windows * m, width))
        for j, name in enumerate(self.names):
            column = np.full(windows * width, np.nan)
            column[: stop - start] = self.draw(name, stop)[start:]
            for k, part in enumerate(column.reshape(windows, 1, width)):
                rows.put(k * m + j, part)
        self._stretches.append((start, stop, rows))
        self.drawn = stop
