"""Sensitivities with their labels: how the summaries of one run follow the parameters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from ldnsim.runs import measures as summaries
from ldnsim.runs.derivatives import (
    ASYMMETRY,
    MOST_BENT,
    SHIFT,
    Sensitivities,
    not_differentiated,
)
from ldnsim.runs.plan import Plan

if TYPE_CHECKING:
    import xarray as xr

_MEANING = (
    "change of the summary for a change of the parameter by a factor of e, as the tangent at this"
    " run has it; by 1 % of the parameter the summary changes by a hundredth of it"
)


def labelled(plan: Plan, found: Sensitivities) -> xr.Dataset:
    """Return sensitivities with their labels, along ``summary`` and ``parameter``."""
    import xarray as xr

    grid, each = ("summary", "parameter"), "summary"
    known = plan.edition.model.parameters
    rows = [known[n] for n in found.parameters]
    attrs = [summaries.attributes(plan, s) for s in found.summaries]
    words = {
        "long_name": "local sensitivity, d summary / d ln(parameter)",
        "units": "unit of the summary",
        "meaning": _MEANING,
        "reference_run": found.run,
        "reference": plan.name_of(found.run),
        "left_out": json.dumps(found.left_out),
        "left_out_summaries": json.dumps(not_differentiated(plan)),
        "shift": SHIFT,
    }
    share = {
        "long_name": "share of the local variance that rests on assumed numbers",
        "units": "1",
        "meaning": "sum of (sensitivity x spread)^2 over assumed parameters, over that of all",
    }
    linear = {
        "long_name": "whether the sensitivities describe the summary near the reference run",
        "meaning": f"0 when parameters whose slopes to the two sides differ by more than"
        f" {ASYMMETRY:g} of their sum carry more than {MOST_BENT:g} of the variance",
    }
    bent = {
        "long_name": "difference of the slopes to the two sides over their sum", "units": "1",
        "comment": "NaN where the slopes cancel: both directions move the summary by the same",
    }  # fmt: skip
    log = {"long_name": "spread on the natural-log scale", "units": "1"}
    return xr.Dataset(
        {
            "sensitivity": (grid, found.derivative, words),
            "sensitivity_asymmetry": (grid, found.asymmetry, bent),
            "assumed_share": (each, found.assumed_share, share),
            "locally_linear": (each, found.locally_linear.astype(np.int8), linear),
            "summary_value": (each, found.unshifted, {"long_name": "value in the reference run"}),
        },
        coords={
            "summary": np.array([s.name for s in found.summaries], dtype=str),
            "summary_units": (each, np.array([str(a["units"]) for a in attrs], dtype=str)),
            "summary_scale": (each, np.array([str(a["scale"]) for a in attrs], dtype=str)),
            "summary_long_name": (each, np.array([s.long_name for s in found.summaries], str)),
            "summary_short_name": (each, np.array([str(a["short_name"]) for a in attrs], str)),
            "parameter": np.array(found.parameters, dtype=str),
            "parameter_grade": ("parameter", np.array(found.grades, dtype=str)),
            "parameter_mechanism": ("parameter", np.array([p.mechanism for p in rows], str)),
            "parameter_source": ("parameter", np.array([" ".join(p.source) for p in rows], str)),
            "parameter_value": ("parameter", found.value, {"long_name": "value in this run"}),
            "parameter_sd": ("parameter", found.sd, log),
        },
    )
