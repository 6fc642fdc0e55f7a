"""In how many drawn patients a claim holds that is judged of one patient."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ldnsim.analysis.claims.population import SEED, SIZE
from ldnsim.analysis.judged.record import ANYBODY, Found, Rule, Setting
from ldnsim.analysis.trial import cohort
from ldnsim.catalog.claims import Claim
from ldnsim.edition import Edition
from ldnsim.patients.people import PK, People
from ldnsim.weighing import wilson


@dataclass(frozen=True)
class Share:
    """A share of drawn patients.

    Attributes:
        hypothesis: under which they were asked.
        size: drawn patients.
        answered: of whom there is an answer; the others' runs failed, or no such patient exists.
        holds: in whom the claim holds.
        low: lower end of the 95 % interval of the share (Wilson).
        high: upper end.
    """

    hypothesis: str
    size: int
    answered: int
    holds: int
    low: float
    high: float

    def __str__(self) -> str:
        """Return numbers, share and interval."""
        if not self.answered:
            return f"no answer from any of {self.size} drawn patients, {self.hypothesis}"
        share, gone = self.holds / self.answered, self.size - self.answered
        tail = f"; {gone} more gave no answer" if gone else ""
        return (
            f"holds in {self.holds} of {self.answered} drawn patients, {share:.0%} (95 % interval"
            f" {self.low:.0%} to {self.high:.0%}), {self.hypothesis}{tail}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, for JSON."""
        return asdict(self)


def in_population(claim: Claim, rule: Rule, edition: Edition) -> Share:
    """Ask the patients of the claims about many, each by a rule about one.

    They are the same as there, drawn around the patient whom the claim names; where the rule names
    who is asked, the same moves are made around that patient.

    Args:
        claim: a claim about one patient.
        rule: of it.
        edition: the model.
    """
    kind = claim.patients[0] if claim.patients else ANYBODY
    hypothesis = next(iter(edition.hypotheses))
    who = cohort.people(kind, SIZE, SEED, edition)
    settings = [
        Setting(hypothesis, steps=steps_of(who, k), edition=edition, phenotype=kind)
        for k in range(len(who))
    ]
    return share_of(hypothesis, list(rule(settings)))


def share_of(hypothesis: str, found: list[Found]) -> Share:
    """Count findings, one of each patient."""
    answered = [f for f in found if f.shown is not None]
    holds = sum(bool(f.shown) for f in answered)
    n = len(answered)
    interval = wilson(holds / n, n) if n else (0.0, 1.0)
    return Share(hypothesis, len(found), n, holds, *interval)


def steps_of(people: People, k: int) -> dict[str, float]:
    """Return where one drawn patient stands, in recorded SD of each parameter that varies."""
    from scipy.special import ndtri

    known, settings = people.model.parameters, people.settings
    found = {}
    for name, u in zip(people.names, people.quantile[k], strict=True):
        own = settings.pk_scale if known[name].mechanism == PK else 1.0
        found[name] = float(ndtri(u)) * settings.scale * own
    return found
