"""The clinical story put to the test: each claim judged from runs, each verdict computed.

For every claim: the hypotheses that reproduce it with what their numbers cost, the numbers it hangs
on under the default hypothesis (shaken to a third, to three times, and to every other published
value), the share of drawn patients in whom it holds, where TLR4 is concerned the potency it would
take, and, where no hypothesis reproduces it, the search for numbers that do.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ldnsim.analysis.claims import (
    autoimmune,
    drug,
    patient,
    population,
    starting,
    symptom,
    virtuous,
)
from ldnsim.analysis.claims.asked import ask_patients, each_patient, together
from ldnsim.analysis.claims.drawn import Share, in_population
from ldnsim.analysis.claims.price import Price, price_of
from ldnsim.analysis.claims.search import Search, kept
from ldnsim.analysis.claims.search import search as search_for
from ldnsim.analysis.claims.verdict import built_in, factor_text, verdict_of
from ldnsim.analysis.judged.deficit import deficit
from ldnsim.analysis.judged.record import Found, Rule, Setting
from ldnsim.catalog.claims import Claim
from ldnsim.catalog.searches import Searched
from ldnsim.edition import Edition, shipped
from ldnsim.errors import check_known

__all__ = ["RULES", "Judged", "Search", "Shaken", "judge"]

RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        drug.rebound, drug.direct, drug.both_add, population.two_thirds, population.fibromyalgia,
        patient.depleted, patient.genotype, patient.driver, patient.unmediated, drug.outlasts,
        drug.dreams, drug.titration, patient.neuropathy, drug.immunity, patient.necessary,
        patient.circle, drug.density, drug.exercise, population.own_dose, patient.adjuncts,
        symptom.lifted, symptom.senses, symptom.nightmares, symptom.attacks, autoimmune.activity,
        deficit, starting.calm_first, symptom.nerves, autoimmune.modulation,
        autoimmune.surveillance, virtuous.virtuous, virtuous.adaptogen, virtuous.independence,
        starting.first_dose,
    )
}  # fmt: skip
"""The function that judges a claim, by the name the data file gives it."""
FACTORS = (1.0 / 3.0, 3.0)


@dataclass(frozen=True)
class Shaken:
    """One number that was shaken.

    Attributes:
        parameter: its name.
        grade: evidence grade of its value.
        changes_at: where the answer of the claim changes, as words such as ``x3`` or
            ``x980 (superoxide_naloxone)`` for a published value; empty when it does not.
        no_patient: where there is no such patient to ask, in the same words.
    """

    parameter: str
    grade: str
    changes_at: tuple[str, ...]
    no_patient: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judged:
    """A claim after its runs.

    Attributes:
        claim: the claim with its evidence.
        found: what each hypothesis showed, by name.
        shaken: the numbers that were shaken under the default hypothesis, the first.
        potency: the TLR4 potency it takes over the one measured; None where it is not asked.
        verdict: one line made of the above.
        patients: what each patient showed under each hypothesis, where the claim names several.
        prices: what the numbers of each hypothesis cost that reproduces it.
        population: the share of drawn patients in whom it holds; None where they were not asked.
        searched: the search for numbers with which it holds; None where no hypothesis needs one.
        searched_now: whether that search is of this model and rule.
    """

    claim: Claim
    found: dict[str, Found]
    shaken: tuple[Shaken, ...]
    potency: float | None
    verdict: str
    patients: dict[str, dict[str, Found]] = field(default_factory=dict)
    prices: dict[str, Price] = field(default_factory=dict)
    population: Share | None = None
    searched: Searched | None = None
    searched_now: bool = True

    @property
    def reproduced_by(self) -> tuple[str, ...]:
        """Hypotheses under which the claim holds."""
        return tuple(h for h, f in self.found.items() if f.shown)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        prices = {h: p.as_dict() for h, p in self.prices.items()}
        return {**asdict(self), "prices": prices, "reproduced_by": list(self.reproduced_by)}


def judge(
    names: Sequence[str] | None = None,
    shake: bool = True,
    edition: Edition | None = None,
    search: Search | None = None,
) -> list[Judged]:
    """Judge claims from runs.

    Args:
        names: claims; all when None.
        shake: whether to look for the numbers a claim hangs on and to ask drawn patients, which
            takes most of the time.
        edition: the model that is judged; the shipped one when None.
        search: how to search for numbers with which a claim holds that no hypothesis reproduces;
            when None, what an earlier search found is told.

    Raises:
        UserError: a claim that does not exist.
    """
    home = edition or shipped()
    check_known("claim", names or (), home.claims)
    return [_judge(home.claims[n], shake, home, search) for n in (names or home.claims)]


def _judge(claim: Claim, shake: bool, edition: Edition, options: Search | None) -> Judged:
    rule, each = RULES[claim.rule], {}
    plain = [Setting(h, edition=edition) for h in edition.hypotheses]
    # asked by themselves: the same request as that of other claims, which is kept
    if len(claim.patients) > 1:
        each = dict(zip(edition.hypotheses, each_patient(rule, plain, claim.patients), strict=True))
        found = {h: together(own) for h, own in each.items()}
    else:
        asked = ask_patients(rule, plain, claim.patients)
        found = dict(zip(edition.hypotheses, asked, strict=True))
    shaken = _shaken(claim, edition, next(iter(found.values())).shown) if shake else ()
    potency = _potency(edition) if claim.potency else None
    prices = {h: price_of(edition, h) for h, f in found.items() if f.shown}
    searched, now = _searched(claim, edition, options) if not prices else (None, True)
    verdict = built_in(verdict_of(found, shaken, potency, shake, prices), claim.by_construction)
    drawn = in_population(claim, rule, edition) if shake and claim.population else None
    return Judged(
        claim, found, shaken, potency, verdict, each, prices, drawn, searched, now,
    )  # fmt: skip


def _searched(
    claim: Claim, edition: Edition, options: Search | None
) -> tuple[Searched | None, bool]:
    """Search now, or return what is kept of an earlier search and whether it was of this model."""
    if options is not None:
        return search_for(claim, RULES[claim.rule], options, edition), True
    return kept(claim, edition) or (None, True)


def _shaken(claim: Claim, edition: Edition, base: bool | None) -> tuple[Shaken, ...]:
    """Shake each number of a claim; ``base`` is the answer under the default hypothesis."""
    moved = _shaken_settings(claim, edition)
    answers = ask_patients(RULES[claim.rule], [s for *_, s in moved], claim.patients)
    turned: dict[str, list[str]] = {name: [] for name in claim.needs}
    absent: dict[str, list[str]] = {name: [] for name in claim.needs}
    for (name, words, _), answer in zip(moved, answers, strict=True):
        if answer.shown is None:
            absent[name].append(words)
        elif answer.shown != base:
            turned[name].append(words)
    known = edition.model.parameters
    return tuple(Shaken(n, known[n].grade, tuple(turned[n]), tuple(absent[n])) for n in turned)


def _shaken_settings(claim: Claim, edition: Edition) -> list[tuple[str, str, Setting]]:
    """Each number of a claim at a third and three times the patient's, and as published."""
    default, found = next(iter(edition.hypotheses)), []
    for name in claim.needs:
        p = edition.model.parameters[name]
        for f in FACTORS:
            found.append((name, factor_text(f), Setting(default, {}, {name: f}, edition)))
        for label, value in p.alternatives.items():
            words = f"{factor_text(value / p.value)} ({label})"
            found.append((name, words, Setting(default, {name: value}, edition=edition)))
    return found


@functools.lru_cache(maxsize=16)
def _potency(edition: Edition) -> float:
    """How many times the measured TLR4 potency the direct pathway needs on its own."""
    measured = edition.model.parameters["ic50_trif"].alternatives["superoxide_naloxone"]
    needed = drug.potency_needed(edition)
    return measured / needed if needed else float("inf")
