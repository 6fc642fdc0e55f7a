"""The claims of the clinical story, read from data and checked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ldnsim.catalog.read import Known, TableEntry, Text, check_parameter, cited, entries
from ldnsim.errors import UserError
from ldnsim.model import Model

FIELDS = (
    "claim", "rule", "variables", "weeks", "threshold", "threshold_source", "patients", "needs",
    "potency", "population", "nearer", "by_construction", "evidence_for", "evidence_against",
)  # fmt: skip
BUILT_IN = "by_construction"
ASSUMED = "assumed:"
"""How a source begins that is no publication; a reason follows."""
NEARER = ("higher", "lower")


@dataclass(frozen=True)
class Claim:
    """One statement of the clinical story.

    Attributes:
        id: ``C1``, ``C2`` and so on.
        claim: the statement.
        rule: name of the function that judges it from runs.
        variables: states and quantities that the rule reads.
        weeks: in which it reads them, counted from 1.
        threshold: the rule in words, with its numbers.
        threshold_source: where these come from: a sentence with citation keys, or ``assumed:`` and
            a reason.
        patients: phenotypes it is about, each of which has to show it; empty where the rule itself
            says who is asked.
        needs: parameters that are shaken to see whether it hangs on them.
        potency: whether the TLR4 potency it would take is worked out.
        population: whether drawn patients are asked too, each by the rule.
        nearer: which way the number of the rule moves towards the claim, ``higher`` or ``lower``.
        evidence_for: sentences with citation keys in brackets.
        evidence_against: the same.
        by_construction: how the model was built so that it holds, where it was; empty elsewhere.
        sources: every key cited, in order of first mention.
    """

    id: str
    claim: str
    rule: str
    variables: tuple[str, ...]
    weeks: tuple[int, ...]
    threshold: str
    threshold_source: str
    patients: tuple[str, ...]
    needs: tuple[str, ...]
    potency: bool
    population: bool
    nearer: str
    evidence_for: tuple[str, ...]
    evidence_against: tuple[str, ...]
    by_construction: str
    sources: tuple[str, ...]


def read_claims(
    text: Text, file: str, known: Known, model: Model, phenotypes: Collection[str]
) -> dict[str, Claim]:
    """Read claims on a model.

    Args:
        text: TOML, one table per claim.
        file: name that errors give it.
        known: the bibliography.
        model: whose parameters and variables they may name.
        phenotypes: whom they may be about.

    Raises:
        UserError: a mistake in the file, an unknown phenotype, parameter, variable or reference.
    """
    found = {
        name: _claim(entry, known, model, phenotypes) for name, entry in entries(text, file, FIELDS)
    }
    if not found:
        raise UserError(f"{file}: no claims in it")
    return found


def _claim(entry: TableEntry, known: Known, model: Model, phenotypes: Collection[str]) -> Claim:
    patients, needs = entry.sentences("patients"), entry.sentences("needs")
    entry.check("patients", patients, phenotypes, "a phenotype")
    for parameter in needs:
        check_parameter(entry, "needs", parameter, model)
    population = entry.flag("population", False)
    if population and len(patients) > 1:
        raise entry.error("population", "drawn patients are of one kind: name one patient or none")
    pro, con = entry.sentences("evidence_for"), entry.sentences("evidence_against")
    source = _source(entry, known)
    nearer = entry.choice("nearer", NEARER) if "nearer" in entry.data else NEARER[0]
    return Claim(
        entry.name, entry.text("claim"), entry.text("rule"), _variables(entry, model),
        _weeks(entry), entry.text("threshold"), source, patients, needs,
        entry.flag("potency", False), population, nearer, pro, con, entry.text(BUILT_IN, False),
        cited(entry, known, [source, *pro, *con]),
    )  # fmt: skip


def _variables(entry: TableEntry, model: Model) -> tuple[str, ...]:
    names = entry.sentences("variables")
    if not names:
        raise entry.error("variables", "expected the names of what the rule reads")
    entry.check("variables", names, model.observables, "a variable of the model")
    return names


def _weeks(entry: TableEntry) -> tuple[int, ...]:
    weeks = entry.data.get("weeks")
    whole = isinstance(weeks, list) and all(type(w) is int and w > 0 for w in weeks)
    if not weeks or not whole:
        raise entry.error("weeks", f"{weeks!r}: expected a list of weeks, such as [12, 26]")
    return tuple(weeks)


def _source(entry: TableEntry, known: Known) -> str:
    """Return where the numbers of a rule come from: something published, or a reason."""
    source = entry.text("threshold_source")
    why = source.removeprefix(ASSUMED).strip() if source.startswith(ASSUMED) else ""
    if not why and not cited(entry, known, [source]):
        message = f"{source!r}: expected a citation in brackets, or {ASSUMED!r} and a reason"
        raise entry.error("threshold_source", message)
    return source
