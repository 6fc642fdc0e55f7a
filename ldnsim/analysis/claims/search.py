"""A claim is out of reach only of the search that failed: stated, seeded, and kept with its result.

All numbers a claim needs are moved together, within so many recorded SD of what the patient has,
under every hypothesis that has the drug act. The sets are Sobol points in that box, so that a
second search with the same seed tries the same ones, and more of them begin with these.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ldnsim.analysis.claims.asked import ask_patients
from ldnsim.analysis.claims.price import price_of
from ldnsim.analysis.judged.record import Found, Rule, Setting
from ldnsim.arrays import Floats
from ldnsim.catalog.claims import NEARER, Claim
from ldnsim.catalog.searches import Searched
from ldnsim.edition import Edition
from ldnsim.errors import UserError
from ldnsim.patients.draws import sobol, stepped

DRUG = "coupling_drug"
"""The switch that has the drug act."""
AT_ONCE = 64
"""Settings that a rule is asked about together: a bound on memory."""


@dataclass(frozen=True)
class Search:
    """How to search.

    Attributes:
        sets: sets of numbers tried under each hypothesis.
        seed: of their draws.
        within: how far each number moves at most, in its recorded SD.
    """

    sets: int = 64
    seed: int = 1
    within: float = 2.0

    def __post_init__(self) -> None:
        """Refuse a search of nothing.

        Raises:
            UserError: a number that is not above zero.
        """
        for name, value in (("sets", self.sets), ("within", self.within)):
            if not value > 0:
                raise UserError(f"{name} = {value!r}: expected a number above 0")


def search(claim: Claim, rule: Rule, options: Search, edition: Edition) -> Searched:
    """Look for sets of numbers with which a claim holds.

    Args:
        claim: one that no hypothesis shows as it is.
        rule: of it.
        options: how many sets, how far, which seed.
        edition: the model.
    """
    names = tuple(n for n in claim.needs if edition.model.parameters[n].spread.sd > 0.0)
    under, moves = acting(edition), points(names, options)
    settings = [
        Setting(h, steps=dict(zip(names, map(float, row), strict=True)), edition=edition)
        for h in under
        for row in moves
    ]
    found: list[Found] = []
    for k in range(0, len(settings), AT_ONCE):
        found += ask_patients(rule, settings[k : k + AT_ONCE], claim.patients)
    told = [(f, s, _price(s)) for f, s in zip(found, settings, strict=True) if f.shown is not None]
    showed = sum(bool(f.shown) for f, _, _ in told)
    head = (options.sets, options.seed, options.within, names, under, fingerprint(claim, edition))
    if not told:
        return Searched(*head, 0)
    f, s, price = _nearest(told, claim.nearer == NEARER[0])
    moved = math.sqrt(sum(v * v for v in s.steps.values()))
    return Searched(*head, showed, s.hypothesis, s.steps, moved, price, f.value, f.simulated)


def acting(edition: Edition) -> tuple[str, ...]:
    """Return the hypotheses under which the drug does anything at all."""
    known = edition.hypotheses.items()
    return tuple(n for n, h in known if h.overrides.get(DRUG, 1.0) != 0.0)


def points(names: Sequence[str], options: Search) -> Floats:
    """Return the moves of each set in recorded SD, (sets, names)."""
    drawn = [sobol(options.seed, name, options.sets) for name in names]
    box = 2.0 * np.stack(drawn, axis=1) - 1.0 if drawn else np.zeros((1, 0))
    return np.asarray(options.within * box)


def _price(setting: Setting) -> float:
    """Return the price of a set: of its hypothesis, with what was moved."""
    known, own = setting.edition.model.parameters, setting.edition.hypotheses[setting.hypothesis]
    moved: dict[str, float] = {}
    for name, step in setting.steps.items():
        p = known[name]
        value = stepped(p.spread.kind, own.overrides.get(name, p.value), step * p.spread.sd)
        moved[name] = float(np.clip(value, p.low, p.high))
    return price_of(setting.edition, setting.hypothesis, moved).sd


def _nearest(
    told: Sequence[tuple[Found, Setting, float]], higher: bool
) -> tuple[Found, Setting, float]:
    """Return the cheapest set that shows it, else the cheapest of those that come nearest."""
    showing = [t for t in told if t[0].shown]
    if showing:
        return min(showing, key=lambda t: t[2])
    sign = -1.0 if higher else 1.0

    def far(t: tuple[Found, Setting, float]) -> tuple[float, float]:
        return (math.inf if t[0].value is None else sign * t[0].value, t[2])

    return min(told, key=far)


def fingerprint(claim: Claim, edition: Edition) -> str:
    """Return a hash of what a search is of: the model, who is asked, and the rule in words."""
    told = (
        edition.model.fingerprint, edition.model.numbers,
        [(n, _sorted(h.overrides)) for n, h in edition.hypotheses.items()],
        [(n, p.basin, _sorted(p.overrides)) for n, p in edition.phenotypes.items()],
        claim.rule, claim.patients, claim.needs, claim.threshold, claim.nearer,
    )  # fmt: skip
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def _sorted(overrides: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(overrides.items())


def kept(claim: Claim, edition: Edition) -> tuple[Searched, bool] | None:
    """Return the search that is kept of a claim, and whether it was of this model; None if none."""
    found = edition.searches.get(claim.id)
    return None if found is None else (found, found.of == fingerprint(claim, edition))
