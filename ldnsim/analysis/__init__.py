"""Numbers drawn from results: xarray in, plain values or xarray out."""

from __future__ import annotations

from ldnsim.analysis.states import resting_states

__all__ = ["resting_states"]
