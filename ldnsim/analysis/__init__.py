"""Numbers drawn from results: xarray in, plain values or xarray out."""

from __future__ import annotations

from ldnsim.analysis.states.branch import Branch
from ldnsim.analysis.states.continuation import continue_orbit
from ldnsim.analysis.states.resting import resting_states

__all__ = ["Branch", "continue_orbit", "resting_states"]
