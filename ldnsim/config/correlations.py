"""Parameters that go together in a patient: correlations of their draws, and whether they can be.

A correlation is that of the latent normal draws: of logarithms, of a fraction of its logit. It says
nothing of spreads, which stay as recorded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Self

import numpy as np
from pydantic import Field, model_validator

from ldnsim.arrays import Floats
from ldnsim.config.base import Config
from ldnsim.config.quantities import Number
from ldnsim.errors import UserError

SMALLEST = 1e-8
"""Smallest eigenvalue of a matrix of correlations that patients can be drawn from."""


class Correlation(Config):
    """Two parameters that go together."""

    between: tuple[str, str]
    """Names of the two parameters."""
    rho: Number = Field(gt=-1.0, lt=1.0)
    """Correlation of their logarithms; of a fraction, of its logit."""

    @model_validator(mode="after")
    def _of_two(self) -> Self:
        if self.between[0] == self.between[1]:
            raise UserError(f"between = {list(self.between)}: a parameter goes with itself already")
        return self


def matrix(pairs: Sequence[Correlation], names: Sequence[str]) -> Floats:
    """Return the correlations of parameters, shape (names, names).

    Args:
        pairs: of the study, all of them between these.
        names: of the parameters.
    """
    found = np.eye(len(names))
    at = {name: i for i, name in enumerate(names)}
    for pair in pairs:
        i, j = (at[n] for n in pair.between)
        found[i, j] = found[j, i] = pair.rho
    return found


def named(pairs: Sequence[Correlation], order: Collection[str]) -> tuple[str, ...]:
    """Return the parameters that go together with any, in an order."""
    wanted = {name for pair in pairs for name in pair.between}
    return tuple(n for n in order if n in wanted)


def refusals(pairs: Sequence[Correlation], drawn: Collection[str], known: Any) -> Iterator[str]:
    """Yield what is wrong with the correlations of a population.

    Args:
        pairs: of the study.
        drawn: parameters that are drawn.
        known: parameters of the model by name.
    """
    from ldnsim.config.people import check_name

    seen: set[frozenset[str]] = set()
    said = False
    for i, pair in enumerate(pairs, start=1):
        where = f"population.correlations[{i}].between"
        for name in pair.between:
            told = list(check_name(where, "parameter", name, known))
            if not told and name not in drawn:
                told = [f"{where} = {name!r}: it is not drawn; no spread is recorded for it, or"
                        " population.vary or exclude keep it as it is"]  # fmt: skip
            said = said or bool(told)
            yield from told
        both = frozenset(pair.between)
        if both in seen:
            said = True
            yield f"{where} = {list(pair.between)}: these two were given before; keep one of them"
        seen.add(both)
    if pairs and not said:
        yield from _impossible(pairs, named(pairs, drawn))


def _impossible(pairs: Sequence[Correlation], names: tuple[str, ...]) -> Iterator[str]:
    """Refuse correlations that no patients can have all at once."""
    least = float(np.linalg.eigvalsh(matrix(pairs, names))[0])
    if least >= SMALLEST:
        return
    share = (1.0 - SMALLEST) / (1.0 - least)
    listed = ", ".join(f"{a} with {b} {p.rho:g}" for p in pairs for a, b in [p.between])
    yield (
        f"population.correlations: no patients can have all of these at once: {listed} (smallest"
        f" eigenvalue {least:.2g}, expected above 0); bring them nearer to 0, {share:.2f} times"
        " as large would do, or give the pairs that follow from others"
    )
