"""Numbers drawn from results: xarray in, plain values or xarray out.

What is here is imported when it is first used: it brings SciPy, which other analyses do without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldnsim.lazy import names

if TYPE_CHECKING:
    from ldnsim.analysis.states.branch import Branch as Branch
    from ldnsim.analysis.states.continuation import continue_orbit as continue_orbit
    from ldnsim.analysis.states.resting import resting_states as resting_states

__all__ = ["Branch", "continue_orbit", "resting_states"]

_HOME = {
    "Branch": "states.branch",
    "continue_orbit": "states.continuation",
    "resting_states": "states.resting",
}
__getattr__, __dir__ = names(__name__, _HOME)
