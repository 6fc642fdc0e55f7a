"""Published baselines of patients, on the scales of the model (``data/populations.toml``).

Means and standard deviations stand as they were printed, with the scale of the instrument and the
ends of the model's scale that it is laid on: what the model is held to is computed, not typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ldnsim.catalog.read import Known, TableEntry, Text, cited, entries
from ldnsim.catalog.records import Phenotype
from ldnsim.mechanisms.record import GRADES
from ldnsim.model import Model

FIELDS = ("title", "phenotype", "participants", "note", "not_mapped", "baselines")
BASELINE_FIELDS = (
    "instrument", "mean", "sd", "scale", "onto", "use", "grade", "mapping", "note",
)  # fmt: skip
MATCH, COMPARE = "match", "compare"
USES = (MATCH, COMPARE)
"""What a baseline is for: weights are found for it, or it is only shown beside them."""


@dataclass(frozen=True)
class Baseline:
    """Mean and standard deviation of one variable before treatment.

    Attributes:
        variable: of the model.
        instrument: what it was measured with.
        printed: mean and standard deviation on the scale of the instrument.
        mean: on the scale of the variable.
        sd: between patients, on the scale of the variable.
        use: one of :data:`USES`.
        grade: evidence grade of the numbers on the scale of the variable.
        mapping: how one scale was laid on the other.
        note: where the numbers are from, and reservations.
    """

    variable: str
    instrument: str
    printed: tuple[float, float]
    mean: float
    sd: float
    use: str
    grade: str
    mapping: str
    note: str


@dataclass(frozen=True)
class PublishedPopulation:
    """Patients whose baseline was published.

    Attributes:
        name: spelling used in studies.
        title: who they are.
        phenotype: of the model, which they are taken for.
        participants: how many there were.
        note: who was let in.
        not_mapped: what was measured too and has no place on a scale of the model.
        baselines: by variable.
        sources: keys cited.
    """

    name: str
    title: str
    phenotype: str
    participants: int
    note: str
    not_mapped: tuple[str, ...]
    baselines: Mapping[str, Baseline]
    sources: tuple[str, ...]

    def matched(self) -> tuple[Baseline, ...]:
        """Return the baselines that weights are found for, in order."""
        return tuple(b for b in self.baselines.values() if b.use == MATCH)


def read_populations(
    text: Text, file: str, known: Known, model: Model, kinds: Mapping[str, Phenotype]
) -> dict[str, PublishedPopulation]:
    """Read published populations by name.

    Args:
        text: TOML, one table per population.
        file: name that errors give it.
        known: the bibliography.
        model: whose variables the baselines are of.
        kinds: the phenotypes.

    Raises:
        UserError: a mistake in the file, an unknown variable, phenotype, grade or reference, a
            mean outside its scale, or nothing that weights could be found for.
    """
    return {n: _population(e, known, model, kinds) for n, e in entries(text, file, FIELDS)}


def _population(
    entry: TableEntry, known: Known, model: Model, kinds: Mapping[str, Phenotype]
) -> PublishedPopulation:
    phenotype, note = entry.text("phenotype"), entry.text("note")
    entry.check("phenotype", [phenotype], kinds, "a phenotype")
    participants = entry.number("participants")
    if participants < 2 or participants != int(participants):
        raise entry.error("participants", f"{participants:g}: expected a whole number, 2 or more")
    found = {n: _baseline(e, model) for n, e in entry.table("baselines").items()}
    if not any(b.use == MATCH for b in found.values()):
        raise entry.error("baselines", f"expected at least one with use = {MATCH!r}")
    beside = entry.sentences("not_mapped")
    sentences = [note, *beside, *(t for b in found.values() for t in (b.mapping, b.note))]
    return PublishedPopulation(
        entry.name, entry.text("title"), phenotype, int(participants), note, beside, found,
        cited(entry, known, sentences),
    )  # fmt: skip


def _baseline(entry: TableEntry, model: Model) -> Baseline:
    entry.only(BASELINE_FIELDS)
    entry.check("", [entry.name], model.observables, "a variable of the model")
    mean, sd = entry.number("mean"), entry.number("sd")
    (low, high), (first, last) = _ends(entry, "scale"), _ends(entry, "onto")
    if sd <= 0.0:
        raise entry.error("sd", f"{sd:g}: expected a number above 0")
    if not min(low, high) <= mean <= max(low, high):
        raise entry.error("mean", f"{mean:g}: outside the scale, {low:g} to {high:g}")
    slope = (last - first) / (high - low)
    return Baseline(
        entry.name, entry.text("instrument"), (mean, sd), first + slope * (mean - low),
        abs(slope) * sd, entry.choice("use", USES), entry.choice("grade", GRADES),
        entry.text("mapping"), entry.text("note"),
    )  # fmt: skip


def _ends(entry: TableEntry, key: str) -> tuple[float, float]:
    """Return the two ends of a scale."""
    value = entry.data.get(key)
    fits = isinstance(value, list) and len(value) == 2
    if not fits or any(isinstance(v, bool) or not isinstance(v, int | float) for v in value or ()):
        raise entry.error(key, f"{value!r}: expected the two ends of a scale, such as [0, 100]")
    assert isinstance(value, list)
    low, high = map(float, value)
    if not abs(high - low) > 0.0 or abs(high - low) == float("inf"):
        raise entry.error(key, f"{value!r}: expected two ends that differ")
    return low, high
