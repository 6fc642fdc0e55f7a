"""Kinds of array, by the names that annotations give them; shapes stand in the docstrings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int8]
"""How runs ended; see :mod:`ldnsim.engine.solve.status`."""
