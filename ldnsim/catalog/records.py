"""What the catalogue holds: references, hypotheses, phenotypes and adjuncts, as frozen records."""

from __future__ import annotations

from dataclasses import dataclass

SEEN = (
    "abstract",
    "label text mirror",
    "review table",
    "published code",
    "secondary page",
    "not verified",
)
"""How a finding was checked, best first; the full papers were mostly not read."""

BASINS = ("inflamed", "resolved")
"""Where an untreated patient can rest."""

COMBINATION_WARNING = (
    "No adjunct has human evidence of an effect added to that of low-dose naltrexone; what a"
    " simulated combination shows follows from assumed factors."
)


@dataclass(frozen=True)
class Reference:
    """One source, with no more than was seen of it.

    Attributes:
        key: citation key.
        seen: one of :data:`SEEN`.
        finding: what it found, in one line.
        authors: empty where they were not seen.
        year: ``None`` where it was not seen.
        title: empty where it was not seen.
        journal: with volume and page.
        doi: without resolver.
        pmid: PubMed number.
        pmcid: PubMed Central number, ``PMC...``.
        url: address where the finding was read.
        note: reservations.
    """

    key: str
    seen: str
    finding: str
    authors: str = ""
    year: int | None = None
    title: str = ""
    journal: str = ""
    doi: str = ""
    pmid: str = ""
    pmcid: str = ""
    url: str = ""
    note: str = ""

    def __str__(self) -> str:
        """Return the citation on one line, with how it was checked."""
        who = " ".join(p for p in (self.authors, str(self.year or "")) if p)
        doi = f"doi:{self.doi}" if self.doi else ""
        pmid = f"PMID {self.pmid}" if self.pmid else ""
        address = doi or pmid or self.pmcid or self.url
        parts = [p.rstrip(".") for p in (who, self.title, self.journal, address) if p]
        return ". ".join([*parts, f"Seen: {self.seen}"]) + "."


@dataclass(frozen=True)
class Reason:
    """Why an override has its value.

    Attributes:
        grade: evidence grade of the number.
        note: what it rests on, or that it is assumed.
    """

    grade: str
    note: str


@dataclass(frozen=True)
class Hypothesis:
    """One explanation of how the drug works, as parameter values.

    Attributes:
        name: spelling used in studies.
        title: short name for figures.
        statement: what it asserts.
        overrides: parameter values that differ from the default; a switch ``coupling_*`` set to 0
            is off.
        reasons: grade and note of each override.
        evidence_for: sentences with citation keys in brackets.
        evidence_against: the same.
        sources: every key cited, in order of first mention.
    """

    name: str
    title: str
    statement: str
    overrides: dict[str, float]
    reasons: dict[str, Reason]
    evidence_for: tuple[str, ...]
    evidence_against: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Phenotype:
    """One kind of patient, as parameter values and the basin in which it rests untreated.

    Attributes:
        name: spelling used in studies.
        title: short name for figures.
        overrides: parameter values that differ from the default.
        reasons: grade and note of each override.
        basin: one of :data:`BASINS`.
        evidence: sentences on what was observed, keys in brackets.
        contradicting: the same, for what speaks against these values.
        assumed: sentences on what was chosen without evidence; every override graded "assumed"
            is among them.
        sources: every key cited, in order of first mention.
    """

    name: str
    title: str
    overrides: dict[str, float]
    reasons: dict[str, Reason]
    basin: str
    evidence: tuple[str, ...]
    contradicting: tuple[str, ...]
    assumed: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Effect:
    """What an adjunct or a covariate does to one parameter.

    Attributes:
        target: the parameter.
        sets_value: whether the amount is the value of the target instead of a factor on it.
        grade: evidence grade of the number.
        note: how it was chosen.
    """

    target: str
    sets_value: bool
    grade: str
    note: str

    def told(self, amount: str) -> str:
        """Return the effect on one line, with its amount as text."""
        what = "value" if self.sets_value else "factor"
        return f"{self.target}, {what} {amount} ({self.grade}; {self.note})"


@dataclass(frozen=True)
class AdjunctEffect(Effect):
    """What an adjunct does to one parameter, always by the same ``amount``: factor or value."""

    amount: float

    @property
    def brief(self) -> str:
        """Return the effect as in ``factor_tnf x 0.95`` or ``exercise = 0.05``."""
        return f"{self.target} {'=' if self.sets_value else 'x'} {self.amount:g}"

    def __str__(self) -> str:
        """Return the effect on one line."""
        return self.told(f"{self.amount:g}")


@dataclass(frozen=True)
class Adjunct:
    """What is given with the drug: factors on parameters, and values for others.

    Attributes:
        name: spelling used in studies.
        title: short name for figures.
        effects: what it does to parameters, each of them once.
        evidence: sentences with citation keys in brackets.
        null_trials: trials that found nothing, or the opposite.
        sources: every key cited, in order of first mention.
    """

    name: str
    title: str
    effects: tuple[AdjunctEffect, ...]
    evidence: tuple[str, ...]
    null_trials: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        """Return the parameters it acts on."""
        return tuple(e.target for e in self.effects)
