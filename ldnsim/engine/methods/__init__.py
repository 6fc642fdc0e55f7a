"""Integration methods, one folder each; see :mod:`.method` for what such a folder holds.

This is the one place that knows which there are: choices in studies, codes in results, and what
the kernels are made of follow from it.
"""

from __future__ import annotations

from collections.abc import Sequence

from ldnsim.engine.methods.method import Method
from ldnsim.engine.methods.radau import METHOD as RADAU
from ldnsim.engine.methods.rodas5p import METHOD as RODAS5P

METHODS: tuple[Method, ...] = (RODAS5P, RADAU)
"""All methods. The place of one is its code in results, so new ones go to the end."""
AUTO: tuple[Method, ...] = (RADAU, RODAS5P)
"""What ``auto`` means: the first for every run, the next for runs in which that failed."""


def ways(methods: Sequence[Method] = METHODS) -> dict[str, tuple[int, ...]]:
    """For every choice a user has, the codes of the methods to try, in order."""
    auto = tuple(methods.index(m) for m in AUTO if m in methods)
    found = {"auto": auto} if auto else {}
    return found | {m.name: (code,) for code, m in enumerate(methods)}
