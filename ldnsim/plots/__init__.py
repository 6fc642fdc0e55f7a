"""Pictures: pure functions from a dataset to a matplotlib figure.

Each is imported when it is first used: matplotlib takes longer to import than a short run to solve.
"""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any

from ldnsim.lazy import names

if TYPE_CHECKING:
    from ldnsim.plots.bifurcation import bifurcation as bifurcation
    from ldnsim.plots.compare import compare as compare
    from ldnsim.plots.damping import damping as damping
    from ldnsim.plots.discriminate import discriminate as discriminate
    from ldnsim.plots.heatmap import heatmap as heatmap
    from ldnsim.plots.heatmap import summaries as summaries
    from ldnsim.plots.hypotheses import hypotheses as hypotheses
    from ldnsim.plots.hypotheses import hypothesis_axis as hypothesis_axis
    from ldnsim.plots.night import night as night
    from ldnsim.plots.optimise import optimise as optimise
    from ldnsim.plots.pathways import pathways as pathways
    from ldnsim.plots.phase import phase_plane as phase_plane
    from ldnsim.plots.scorecard import scorecard as scorecard
    from ldnsim.plots.start_dose import start_dose as start_dose
    from ldnsim.plots.style import check_ending as check_ending
    from ldnsim.plots.style import save as save
    from ldnsim.plots.tornado import sensitivity as sensitivity
    from ldnsim.plots.trials import trials as trials
    from ldnsim.plots.visits import visits as visits

_HOME = {
    "bifurcation": "bifurcation",
    "check_ending": "style",
    "compare": "compare",
    "damping": "damping",
    "discriminate": "discriminate",
    "heatmap": "heatmap",
    "hypotheses": "hypotheses",
    "hypothesis_axis": "hypotheses",
    "night": "night",
    "optimise": "optimise",
    "pathways": "pathways",
    "phase_plane": "phase",
    "save": "style",
    "scorecard": "scorecard",
    "sensitivity": "tornado",
    "start_dose": "start_dose",
    "summaries": "heatmap",
    "trials": "trials",
    "visits": "visits",
}

__all__ = list(_HOME)
__getattr__, __dir__ = names(__name__, _HOME)


class _Pictures(types.ModuleType):
    """This package: a picture and its file may have one name, which means the picture."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Put the picture in the place of its file, which an import names here once loaded."""
        mine = name in _HOME and isinstance(value, types.ModuleType)
        super().__setattr__(name, getattr(value, name) if mine else value)


sys.modules[__name__].__class__ = _Pictures
