"""The shipped fits: which parameters are fitted to which observations, under which hypothesis.

``ldnsim/data/calibration.toml`` holds one table for each group, in the order in which they are
fitted. What an earlier group found is what a later one starts from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ldnsim.catalog.observations import Observation
from ldnsim.catalog.read import Known, TableEntry, Text, check_parameter, cited, entries
from ldnsim.catalog.records import Hypothesis
from ldnsim.errors import UserError
from ldnsim.model import Model

FILE = "calibration.toml"
FIELDS = ("title", "hypothesis", "observations", "free", "ties", "note")


@dataclass(frozen=True)
class Free:
    """A parameter that a fit may move.

    Attributes:
        name: its name.
        low: lowest value tried.
        high: highest value tried.
        prior: centre of a prior; None for none.
        prior_sd: of the prior, on the scale of the coordinate.
        is_fraction: whether the coordinate is a logit instead of a logarithm.
    """

    name: str
    low: float
    high: float
    prior: float | None = None
    prior_sd: float = 1.0
    is_fraction: bool = False

    def coordinate(self, value: float) -> float:
        """Return logarithm or logit of a value.

        Raises:
            UserError: a value that has none, so that no fit can start or end there.
        """
        if not 0.0 < value < (1.0 if self.is_fraction else math.inf):
            scale, bounds = ("logits", "above 0 and below 1") if self.is_fraction else (
                "logarithms", "above 0")  # fmt: skip
            raise UserError(
                f"{self.name} = {value:g}: it is fitted on the scale of {scale}, so expected a"
                f" value {bounds}"
            )
        return math.log(value / (1.0 - value)) if self.is_fraction else math.log(value)

    def value(self, x: float) -> float:
        """Return the value at a coordinate."""
        return 1.0 / (1.0 + math.exp(-x)) if self.is_fraction else math.exp(x)

    def slope(self, x: float) -> float:
        """Return the derivative of the value by the coordinate."""
        v = self.value(x)
        return v * (1.0 - v) if self.is_fraction else v


@dataclass(frozen=True)
class FitGroup:
    """One fit.

    Attributes:
        name: spelling used on the command line.
        title: what is fitted.
        hypothesis: under which.
        observations: names, each of which allows it.
        free: parameters to move.
        ties: parameters that move along: ``{follower: (leader, factor)}``.
        note: why these, and what is left out.
    """

    name: str
    title: str
    hypothesis: str
    observations: tuple[str, ...]
    free: tuple[Free, ...]
    ties: Mapping[str, tuple[str, float]]
    note: str


def read_groups(
    text: Text,
    file: str,
    known: Known,
    explained: Mapping[str, Hypothesis],
    seen: Mapping[str, Observation],
    model: Model,
) -> dict[str, FitGroup]:
    """Read fit groups.

    Args:
        text: TOML, one table per group.
        file: name that errors give it.
        known: the bibliography.
        explained: the hypotheses.
        seen: the observations.
        model: whose parameters are fitted.

    Raises:
        UserError: a mistake in the file, an unknown name, or an observation that may not be
            fitted under the hypothesis.
    """
    return {
        e.name: _group(e, known, explained, seen, model) for _, e in entries(text, file, FIELDS)
    }


def _group(
    entry: TableEntry,
    known: Known,
    explained: Mapping[str, Hypothesis],
    seen: Mapping[str, Observation],
    model: Model,
) -> FitGroup:
    hypothesis, names = entry.text("hypothesis"), entry.sentences("observations")
    entry.check("hypothesis", [hypothesis], explained, "a hypothesis")
    entry.check("observations", names, seen, "known")
    for name in names:
        if hypothesis not in seen[name].fitted:
            raise entry.error("observations", f"{name!r} may not be fitted under {hypothesis}")
    free = tuple(_free(e, model) for e in entry.table("free").values())
    if not free or not names:
        raise entry.error("free" if names else "observations", "expected at least one")
    note = entry.text("note", required=False)
    cited(entry, known, [note])
    leaders = [f.name for f in free]
    ties = {n: _tie(e, leaders, model) for n, e in entry.table("ties").items()}
    return FitGroup(entry.name, entry.text("title"), hypothesis, names, free, ties, note)


def _free(entry: TableEntry, model: Model) -> Free:
    entry.only(("low", "high", "prior", "prior_sd"))
    low, high = entry.number("low"), entry.number("high")
    check_parameter(entry, "", entry.name, model)
    if not 0.0 < low < high:
        raise entry.error("low", f"expected 0 < low < high, not {low:g} and {high:g}")
    prior = entry.optional("prior")
    sd = 1.0 if prior is None else entry.number("prior_sd")
    if sd <= 0.0:
        raise entry.error("prior_sd", f"{sd:g}: expected a number above 0")
    is_fraction = model.parameters[entry.name].spread.kind == "logitnormal"
    return Free(entry.name, low, high, prior, sd, is_fraction)


def _tie(entry: TableEntry, leaders: list[str], model: Model) -> tuple[str, float]:
    entry.only(("of", "factor"))
    check_parameter(entry, "", entry.name, model)
    of = entry.text("of")
    entry.check("of", [of], leaders, "free here")
    return of, entry.number("factor")
