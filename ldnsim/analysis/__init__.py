"""Numbers drawn from results: xarray in, plain values or xarray out.

What is here is imported when it is first used: it brings SciPy, which other analyses do without.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ldnsim.analysis.states.branch import Branch as Branch
    from ldnsim.analysis.states.continuation import continue_orbit as continue_orbit
    from ldnsim.analysis.states.resting import resting_states as resting_states

__all__ = ["Branch", "continue_orbit", "resting_states"]

_HOME = {"Branch": "branch", "continue_orbit": "continuation", "resting_states": "resting"}


def __getattr__(name: str) -> Any:
    """Import a public name the first time it is asked for."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.states.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted(__all__)
