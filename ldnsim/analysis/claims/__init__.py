"""The clinical story put to the test: each claim judged from runs, each verdict computed.

For every claim: the hypotheses that reproduce it, the numbers it hangs on under the default
hypothesis (shaken to a third, to three times, and to every other published value), and, where TLR4
is concerned, the potency it would take.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import asdict, dataclass
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
from ldnsim.analysis.claims.asked import ask_patients
from ldnsim.analysis.claims.verdict import built_in, factor_text, verdict_of
from ldnsim.analysis.judged.deficit import deficit
from ldnsim.analysis.judged.record import Found, Rule, Setting
from ldnsim.catalog.claims import Claim
from ldnsim.edition import Edition, shipped
from ldnsim.errors import check_known

__all__ = ["RULES", "Judged", "Shaken", "judge"]

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
    """

    claim: Claim
    found: dict[str, Found]
    shaken: tuple[Shaken, ...]
    potency: float | None
    verdict: str

    @property
    def reproduced_by(self) -> tuple[str, ...]:
        """Hypotheses under which the claim holds."""
        return tuple(h for h, f in self.found.items() if f.shown)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        return {**asdict(self), "reproduced_by": list(self.reproduced_by)}


def judge(
    names: Sequence[str] | None = None, shake: bool = True, edition: Edition | None = None
) -> list[Judged]:
    """Judge claims from runs.

    Args:
        names: claims; all when None.
        shake: whether to look for the numbers a claim hangs on, which takes most of the time.
        edition: the model that is judged; the shipped one when None.

    Raises:
        UserError: a claim that does not exist.
    """
    home = edition or shipped()
    check_known("claim", names or (), home.claims)
    return [_judge(home.claims[n], shake, home) for n in (names or home.claims)]


def _judge(claim: Claim, shake: bool, edition: Edition) -> Judged:
    plain = [Setting(h, edition=edition) for h in edition.hypotheses]
    moved = _shaken_settings(claim, edition) if shake else []
    settings = [*plain, *(s for _, _, s in moved)]
    answers = ask_patients(RULES[claim.rule], settings, claim.patients)
    found = dict(zip(edition.hypotheses, answers, strict=False))
    base = answers[0].shown
    turned: dict[str, list[str]] = {name: [] for name in claim.needs} if shake else {}
    absent: dict[str, list[str]] = {name: [] for name in turned}
    for (name, words, _), answer in zip(moved, answers[len(plain) :], strict=True):
        if answer.shown is None:
            absent[name].append(words)
        elif answer.shown != base:
            turned[name].append(words)
    known = edition.model.parameters
    shaken = tuple(
        Shaken(n, known[n].grade, tuple(at), tuple(absent[n])) for n, at in turned.items()
    )
    potency = _potency(edition) if claim.potency else None
    verdict = built_in(verdict_of(found, shaken, potency, shake), claim.by_construction)
    return Judged(claim, found, shaken, potency, verdict)


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
