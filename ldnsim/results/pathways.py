"""What came through each pathway of the drug, with its labels: dimension ``pathway``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.config.attribution import SWITCHES
from ldnsim.engine.solve.status import Status
from ldnsim.results.columns import Column, Values, flags, variable_attributes
from ldnsim.runs import measures as summaries
from ldnsim.runs.block import Block
from ldnsim.runs.pathways import INTERACTION, METHOD
from ldnsim.runs.plan import Plan

DIM = "pathway"
WORDS = {"tone": "opioid tone", "tlr4": "TLR4"}


def columns(plan: Plan) -> list[Column]:
    """List the columns of an attribution; none where the study asks for none."""
    if plan.study.output.attribution is False:
        return []
    return [*_single(plan), *_timed(plan)]


def coordinate(plan: Plan) -> dict[str, Any]:
    """Return the coordinate of the pathways, if the study asks for an attribution."""
    if plan.study.output.attribution is False:
        return {}
    words = {
        "long_name": "pathway of the drug",
        "meaning": "; ".join(f"{k}: {WORDS[k]}, switched by {v}" for k, v in SWITCHES.items()),
    }
    return {DIM: (DIM, np.array(list(SWITCHES), dtype=str), words)}


def _single(plan: Plan) -> Iterator[Column]:
    """What came through the pathways of summaries, and the outcome of the runs beside."""
    only, after = plan.attributed_summaries, len(plan.summaries)
    for k, j in enumerate(only):
        s = plan.summaries[j]
        attrs = summaries.attributes(plan, s)
        n = len(only)
        yield from _pair(s.name, "", np.dtype(np.float64), attrs, "summaries", after + k, n)
    words = flags("outcome of the runs with one pathway or none; not 0: nothing attributed", Status)
    at = after + 3 * len(only)
    yield Column(
        "pathways_status", "", np.dtype(np.int8), words, lambda b: b.summaries[:, at].astype(int)
    )


def _timed(plan: Plan) -> Iterator[Column]:
    """What came through the pathways of variables over time."""
    dtype, model = np.dtype(plan.study.output.dtype), plan.edition.model
    n, after = len(plan.attributed), len(plan.variables)
    for k, name in enumerate(plan.attributed):
        attrs = variable_attributes(model, name)
        yield from _pair(name, "time", dtype, attrs, "trajectory", after + k, n)


def _pair(
    name: str, dim: str, dtype: np.dtype[Any], attrs: dict[str, Any], of: str, at: int, n: int
) -> Iterator[Column]:
    """What came through the pathways of one number, and by both together.

    Args:
        name: of the number.
        dim: its own last dimension, or none.
        dtype: of its values.
        attrs: its attributes.
        of: the array of a block that holds it.
        at: its place among the shares of tone there.
        n: how many numbers are attributed.
    """
    own = f"{DIM} {dim}".strip()
    through = {"attributes": name, "method": METHOD}
    together = {"attributes": name, "method": INTERACTION}
    yield Column(
        f"through_{name}", own, dtype, _words(attrs, "through a pathway", through),
        _picked(of, [at, at + n]),
    )  # fmt: skip
    yield Column(
        f"interaction_{name}", dim, dtype, _words(attrs, "by both pathways together", together),
        _picked(of, at + 2 * n),
    )  # fmt: skip


def _words(attrs: dict[str, Any], how: str, more: dict[str, str]) -> dict[str, Any]:
    long_name, *scale = str(attrs["long_name"]).split(", ")
    named = {
        "long_name": ", ".join([f"{long_name} {how}", *scale]),
        "short_name": f"{attrs['short_name']} {how}",
    }
    return {**attrs, **named, "defined_in": "package", **more}


def _picked(of: str, at: int | list[int]) -> Values:
    def values(block: Block) -> NDArray[Any]:
        return np.asarray(getattr(block, of)[:, at])

    return values
