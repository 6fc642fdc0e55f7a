"""A share of patients, with its interval."""

from __future__ import annotations

import math

Z = 1.959963984540054
"""Standard normal quantile of 97.5 %."""


def wilson(holds: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927); 0 to 1 of nobody."""
    if not of:
        return 0.0, 1.0
    p, n = holds / of, float(of)
    centre = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n)
    half = Z / (1.0 + Z * Z / n) * math.sqrt(p * (1.0 - p) / n + Z * Z / (4.0 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)
