"""Numbers drawn from results: xarray in, plain values or xarray out."""

from __future__ import annotations

from ldnsim.analysis.branch import Branch
from ldnsim.analysis.continuation import continue_orbit
from ldnsim.analysis.states import resting_states

__all__ = ["Branch", "continue_orbit", "resting_states"]
