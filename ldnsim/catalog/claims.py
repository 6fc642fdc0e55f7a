"""The claims of the clinical story, read from data and checked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ldnsim.catalog.read import Known, Text, check_parameter, cited, entries
from ldnsim.errors import UserError
from ldnsim.model import Model

FIELDS = (
    "claim", "rule", "patients", "needs", "potency", "evidence_for", "evidence_against",
)  # fmt: skip


@dataclass(frozen=True)
class Claim:
    """One statement of the clinical story.

    Attributes:
        id: ``C1`` to ``C20``.
        claim: the statement.
        rule: name of the function that judges it from runs.
        patients: phenotypes it is about, each of which has to show it; empty where the rule itself
            says who is asked.
        needs: parameters that are shaken to see whether it hangs on them.
        potency: whether the TLR4 potency it would take is worked out.
        evidence_for: sentences with citation keys in brackets.
        evidence_against: the same.
        sources: every key cited, in order of first mention.
    """

    id: str
    claim: str
    rule: str
    patients: tuple[str, ...]
    needs: tuple[str, ...]
    potency: bool
    evidence_for: tuple[str, ...]
    evidence_against: tuple[str, ...]
    sources: tuple[str, ...]


def read_claims(
    text: Text, file: str, known: Known, model: Model, phenotypes: Collection[str]
) -> dict[str, Claim]:
    """Read claims on a model.

    Args:
        text: TOML, one table per claim.
        file: name that errors give it.
        known: the bibliography.
        model: whose parameters they may name.
        phenotypes: whom they may be about.

    Raises:
        UserError: a mistake in the file, an unknown phenotype, parameter or reference.
    """
    found = {}
    for name, entry in entries(text, file, FIELDS):
        patients, needs = entry.sentences("patients"), entry.sentences("needs")
        entry.check("patients", patients, phenotypes, "a phenotype")
        for parameter in needs:
            check_parameter(entry, "needs", parameter, model)
        pro, con = entry.sentences("evidence_for"), entry.sentences("evidence_against")
        potency = entry.flag("potency", False)
        sources = cited(entry, known, [*pro, *con])
        found[name] = Claim(
            name, entry.text("claim"), entry.text("rule"), patients, needs, potency, pro, con,
            sources,
        )  # fmt: skip
    if not found:
        raise UserError(f"{file}: no claims in it")
    return found
