"""A ranking of observations as a labelled dataset and as table rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ldnsim.plots.wording import clock as clock_text

if TYPE_CHECKING:
    from ldnsim.analysis.design.discriminate import Candidate, Ranking
    from ldnsim.edition import Edition

HEADERS = ("observation", "regimen", "week", "clock", "bits", "pairs apart", "error graded")


def when(candidate: Candidate) -> str:
    """Return the clock time, or ``day`` for a daily mean."""
    return "day" if candidate.clock is None else clock_text(candidate.clock)


def row(ranking: Ranking, candidate: Candidate) -> list[str]:
    """Return a candidate as cells of a table; see :data:`HEADERS`."""
    assay = ranking.assays[candidate.assay]
    apart = f"{len(ranking.separated(candidate))} of {len(ranking.pairs)}"
    return [
        assay.title, candidate.regimen, str(candidate.week), when(candidate),
        f"{candidate.bits:.3f}", apart, assay.grade,
    ]  # fmt: skip


def full_headers(ranking: Ranking) -> list[str]:
    """Return the columns of :func:`full_row`."""
    means = [f"change_{h}" for h in ranking.hypotheses]
    return [*HEADERS, "pairs", *means, *(f"sd_{h}" for h in ranking.hypotheses)]


def full_row(ranking: Ranking, candidate: Candidate) -> list[str]:
    """Return a candidate with its pairs, predicted changes and errors, for a file."""
    numbers = [f"{x:.6g}" for x in (*candidate.mean, *candidate.sd)]
    return [*row(ranking, candidate), "; ".join(ranking.separated(candidate)), *numbers]


def to_dataset(ranking: Ranking, title: str, edition: Edition | None = None) -> xr.Dataset:
    """Return bits over (assay, regimen, time): what the picture is drawn from.

    Args:
        ranking: what was found.
        title: of the study.
        edition: the model it was found with; the shipped one when None.
    """
    told = edition.records() if edition else []
    assays = list(ranking.assays)
    inorder = sorted(ranking.candidates, key=lambda c: (c.week, c.clock or 0.0))
    times = list(dict.fromkeys((c.week, when(c)) for c in inorder))
    doses = list(ranking.regimens)
    bits = np.full((len(assays), len(doses), len(times)), np.nan)
    for c in ranking.candidates:
        bits[assays.index(c.assay), doses.index(c.regimen), times.index((c.week, when(c)))] = c.bits
    return xr.Dataset(
        {
            "bits": (("assay", "regimen", "time"), bits, {"units": "bit"}),
            "title": ("assay", [ranking.assays[a].title for a in assays]),
            "label": ("time", [f"wk {w} {t}" for w, t in times]),
        },
        coords={"assay": assays, "regimen": doses},
        attrs={"title": title, "hypotheses": len(ranking.hypotheses)}
        | ({"extensions": json.dumps(told)} if told else {}),
    )
