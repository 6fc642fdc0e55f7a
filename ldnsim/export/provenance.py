"""Where the numbers of an exported run come from, in words: the same for every format."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from ldnsim.export.content import Content
from ldnsim.patients.vectors import grades, of_covariates
from ldnsim.results.provenance import warning


@dataclass(frozen=True)
class Origin:
    """Provenance of one parameter's value in a run.

    Attributes:
        grade: evidence grade of the value used.
        sources: citation keys of the default value; empty for an assumption, and for a value
            that does not come from the model.
        default: the model's own value.
        changed_by: what set another value, such as ``hypothesis tonic``; empty for the default.
        meaning: in the field's terms.
        note: reservations, of the model or of what set the value.
    """

    grade: str
    sources: tuple[str, ...]
    default: float
    changed_by: str
    meaning: str
    note: str

    @property
    def words(self) -> str:
        """The evidence on one line."""
        parts = (
            f"evidence: {self.grade}",
            f"source: {' '.join(self.sources)}" if self.sources else "",
            f"set by {self.changed_by} (default {self.default:g})" if self.changed_by else "",
            self.note,
        )
        return "; ".join(filter(None, parts))


def origins(content: Content) -> dict[str, Origin]:
    """Return where each parameter's value comes from, by name."""
    graded = grades(content.run)
    found = {}
    for name, p in content.model.parameters.items():
        by, note = "", p.note
        if content.parameters[name] != p.value:
            by, note = _setter(content, name)
        sources = () if by else p.source
        found[name] = Origin(graded[name], sources, p.value, by, p.meaning, note)
    return found


def _setter(content: Content, name: str) -> tuple[str, str]:
    """What gave a parameter a value that is not the default, and what it says about it."""
    run, people, known = content.run, content.people, content.plan.edition
    if run.patient is not None and people is not None and name in people.names:
        return f"virtual patient {run.patient}", "drawn around the study's own value"
    if name in dict(run.parameters):
        return "the study", ""
    if name in of_covariates(run, content.parameters):
        return f"covariates {', '.join(k for k, _ in run.covariates if k in known.covariates)}", ""
    for kind, entry in (
        ("phenotype", known.phenotypes[run.phenotype]),
        ("hypothesis", known.hypotheses[run.hypothesis]),
    ):
        if entry.overrides.get(name) == content.parameters[name]:
            reason = entry.reasons.get(name)
            return f"{kind} {entry.name}", reason.note if reason else ""
    return "the study", ""


def headline(content: Content) -> dict[str, str]:
    """Return what the file as a whole says about itself, by a short label."""
    import ldnsim

    run, plan = content.run, content.plan
    hypothesis = plan.edition.hypotheses[run.hypothesis]
    doses = sum(e.is_dose for e in content.events)
    lines = {
        "written by": f"ldnsim {ldnsim.__version__}, {plan.edition.version}; equations"
        f" {content.model.fingerprint}",
        "warning": warning(plan),
        **{f"extension {i}": str(e) for i, e in enumerate(plan.edition.extensions, start=1)},
        "study": f"{plan.study.title}; run {content.number}: {plan.name_of(content.number)}",
        "hypothesis": f"{hypothesis.name}: {hypothesis.statement}",
        "patient": f"phenotype {run.phenotype}, in the untreated state at midnight",
        "regimen": f"{run.regimen}; {doses} doses taken within {plan.end:g} h",
        "time": "hours; 0 is midnight of the first day",
    }
    return {label: one_line(words) for label, words in lines.items()}


def one_line(text: str) -> str:
    """Return text that a user wrote as any format takes it: one line, nothing but characters.

    Runs of spaces and line breaks become one space; what XML has no way to hold (control
    characters, halves of surrogate pairs, noncharacters) becomes U+FFFD.
    """
    words = " ".join(text.split())
    return "".join("\ufffd" if _is_no_character(c) else c for c in words)


def _is_no_character(c: str) -> bool:
    return unicodedata.category(c) in ("Cc", "Cs") or ord(c) & 0xFFFE == 0xFFFE
