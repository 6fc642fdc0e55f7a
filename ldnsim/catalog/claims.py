"""The claims of the clinical story, read from data and checked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ldnsim.catalog.read import Known, Text, check_parameter, cited, entries
from ldnsim.errors import UserError
from ldnsim.model import Model

FIELDS = ("claim", "rule", "needs", "potency", "evidence_for", "evidence_against")


@dataclass(frozen=True)
class Claim:
    """One statement of the clinical story.

    Attributes:
        id: ``C1`` to ``C20``.
        claim: the statement.
        rule: name of the function that judges it from runs.
        needs: parameters that are shaken to see whether it hangs on them.
        potency: whether the TLR4 potency it would take is worked out.
        evidence_for: sentences with citation keys in brackets.
        evidence_against: the same.
        sources: every key cited, in order of first mention.
    """

    id: str
    claim: str
    rule: str
    needs: tuple[str, ...]
    potency: bool
    evidence_for: tuple[str, ...]
    evidence_against: tuple[str, ...]
    sources: tuple[str, ...]


def read_claims(text: Text, file: str, known: Known, model: Model) -> dict[str, Claim]:
    """Read claims on a model; ``known`` is the bibliography.

    Raises:
        UserError: a mistake in the file, an unknown parameter or reference.
    """
    found = {}
    for name, entry in entries(text, file, FIELDS):
        needs = entry.sentences("needs")
        for parameter in needs:
            check_parameter(entry, "needs", parameter, model)
        pro, con = entry.sentences("evidence_for"), entry.sentences("evidence_against")
        potency = entry.flag("potency", False)
        sources = cited(entry, known, [*pro, *con])
        found[name] = Claim(
            name, entry.text("claim"), entry.text("rule"), needs, potency, pro, con, sources
        )
    if not found:
        raise UserError(f"{file}: no claims in it")
    return found


@cache
def claims() -> dict[str, Claim]:
    """Return the claims by name, in order."""
    from ldnsim.catalog import references
    from ldnsim.model import default_model

    text = files("ldnsim").joinpath("data/claims.toml").read_text("utf-8")
    return read_claims(text, "claims.toml", references(), default_model())
