"""Pictures: pure functions from a dataset to a matplotlib figure."""

from __future__ import annotations

from ldnsim.plots.bifurcation import bifurcation
from ldnsim.plots.compare import compare
from ldnsim.plots.damping import damping
from ldnsim.plots.discriminate import discriminate
from ldnsim.plots.heatmap import heatmap, summaries
from ldnsim.plots.hypotheses import hypotheses, hypothesis_axis
from ldnsim.plots.night import night
from ldnsim.plots.optimise import optimise
from ldnsim.plots.pathways import pathways
from ldnsim.plots.phase import phase_plane
from ldnsim.plots.scorecard import scorecard
from ldnsim.plots.start_dose import start_dose
from ldnsim.plots.style import check_ending, save
from ldnsim.plots.tornado import sensitivity
from ldnsim.plots.trials import trials
from ldnsim.plots.visits import visits

__all__ = [
    "bifurcation",
    "check_ending",
    "compare",
    "damping",
    "discriminate",
    "heatmap",
    "hypotheses",
    "hypothesis_axis",
    "night",
    "optimise",
    "pathways",
    "phase_plane",
    "save",
    "scorecard",
    "sensitivity",
    "start_dose",
    "summaries",
    "trials",
    "visits",
]
