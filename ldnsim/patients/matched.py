"""Patients weighted to a published baseline: what was asked for, what was reached, and by how many.

A patient's baseline is the mean of the untreated day that he or she was accepted by, under the
study's own hypothesis and phenotype. So the weights are the same in every run of a study.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ldnsim.arrays import Floats
from ldnsim.catalog.populations import MATCH, Baseline, PublishedPopulation
from ldnsim.patients.balance import balance
from ldnsim.weighing import deviation, mean

EXACT, WITHIN, NOT_MET = "exact", "within error", "not represented"
"""Every target is met; each to two standard errors; one is not, or too few patients would count."""
FEWEST, SHARE = 12.0, 0.1
"""Effective patients wanted: so many, or this share of all; of few patients at most half."""
FAR = 2.0
"""Published standard errors beyond which a target is not met."""


@dataclass(frozen=True)
class Reached:
    """One variable: published, drawn and weighted, on the scale of the model.

    Attributes:
        variable: its name.
        use: ``"match"`` or ``"compare"``.
        mean: published.
        sd: published.
        drawn_mean: of all patients alike.
        drawn_sd: likewise.
        weighted_mean: with the weights.
        weighted_sd: likewise.
        lowest: untreated value of any patient drawn.
        highest: likewise.
        mean_off: weighted less published mean, in published standard errors.
        sd_off: the same of the standard deviation.
    """

    variable: str
    use: str
    mean: float
    sd: float
    drawn_mean: float
    drawn_sd: float
    weighted_mean: float
    weighted_sd: float
    lowest: float
    highest: float
    mean_off: float
    sd_off: float

    @property
    def far(self) -> bool:
        """Whether it was to be met and is not."""
        return self.use == MATCH and max(abs(self.mean_off), abs(self.sd_off)) > FAR

    def told(self) -> str:
        """Return in words what was reached."""
        where = "above all" if self.mean > self.highest else "below all"
        lies = f", {where} patients drawn" if not self.lowest <= self.mean <= self.highest else ""
        return (
            f"{self.variable}: published {self.mean:.2f} ({self.sd:.2f}){lies}, reached"
            f" {self.weighted_mean:.2f} ({self.weighted_sd:.2f}); drawn {self.drawn_mean:.2f}"
            f" ({self.drawn_sd:.2f}), from {self.lowest:.2f} to {self.highest:.2f}"
        )


@dataclass(frozen=True)
class Matched:
    """Weights of the patients of a study.

    Attributes:
        population: name of the published one.
        phenotype: which that is of.
        weights: with sum 1, shape (patients,).
        effective: Kish's effective sample size.
        least: smallest one wanted.
        status: one of the three above.
        advice: what is not met, and what to try; empty where all is well.
        reached: the variables, in the order of the published population.
    """

    population: str
    phenotype: str
    weights: Floats
    effective: float
    least: float
    status: str
    advice: str
    reached: tuple[Reached, ...]

    def record(self) -> dict[str, Any]:
        """Return what a result says of it, for JSON; the weights are stored beside."""
        return {
            "population": self.population,
            "status": self.status,
            "effective": self.effective,
            "least": self.least,
            "advice": self.advice,
        }


def floor_of(patients: int, wanted: float | None) -> float:
    """Return the smallest effective sample size wanted of so many patients.

    Args:
        patients: how many there are.
        wanted: what the study says; the rule of this module when None.
    """
    if wanted is not None:
        return min(wanted, float(patients))
    return min(max(FEWEST, SHARE * patients), 0.5 * patients)


def match(
    published: PublishedPopulation, values: dict[str, Floats], phenotype: str, wanted: float | None
) -> Matched:
    """Weight patients to a published baseline.

    Args:
        published: the population.
        values: untreated means of the patients by variable, each of shape (patients,).
        phenotype: of the patients.
        wanted: smallest effective sample size; None for the rule of this module.
    """
    targets = published.matched()
    count = len(next(iter(values.values())))
    least = floor_of(count, wanted)
    found = balance(
        np.stack([values[b.variable] for b in targets], axis=1),
        np.array([b.mean for b in targets]),
        np.array([b.sd for b in targets]),
        np.full(len(targets), float(published.participants)),
        least,
    )
    rows = tuple(
        _reached(b, published.participants, values[b.variable], found.weights)
        for b in published.baselines.values()
    )
    far = [r for r in rows if r.far]
    status = NOT_MET if far else EXACT if found.exact else WITHIN
    advice = _advice(published, phenotype, far, found.widened > 1.0, least)
    return Matched(
        published.name, published.phenotype, found.weights, found.effective, least, status, advice,
        rows,
    )  # fmt: skip


def _reached(b: Baseline, participants: int, values: Floats, weights: Floats) -> Reached:
    own, own_sd = mean(values, weights), deviation(values, weights)
    return Reached(
        b.variable, b.use, b.mean, b.sd, mean(values), deviation(values), own, own_sd,
        float(values.min()), float(values.max()),
        (own - b.mean) / (b.sd / participants**0.5),
        (own_sd - b.sd) / (b.sd / (2.0 * participants) ** 0.5),
    )  # fmt: skip


def _advice(
    published: PublishedPopulation, phenotype: str, far: list[Reached], widened: bool, least: float
) -> str:
    """Say what is not met and why, and what could be changed; empty where all is well."""
    told = []
    if phenotype != published.phenotype:
        told.append(
            f"{published.name} is of the phenotype {published.phenotype}, these patients are of"
            f" {phenotype}"
        )
    if far:
        why = f"at {least:g} effective patients, the fewest wanted: " if widened else ""
        told.append(
            f"these patients cannot represent {published.name}: {why}"
            + "; ".join(r.told() for r in far)
            + ". Draw more (population.size), let in those who are nearer (population.plausible),"
            " or draw around another centre (patient.parameters) or wider (population.scale)"
        )
    return "; ".join(told)


def coordinate(found: Matched, seed: int) -> tuple[str, Floats, dict[str, Any]]:
    """Return the weights as a coordinate of a result, which says how they were found.

    Args:
        found: the weights.
        seed: of the draws of the patients; finding weights draws nothing.
    """
    words = {
        "long_name": f"weight of the patient, to match {found.population}",
        "units": "1",
        "population": found.population,
        "phenotype": found.phenotype,
        "status": found.status,
        "advice": found.advice,
        "effective": found.effective,
        "least_effective": found.least,
        "targets": json.dumps([asdict(r) for r in found.reached]),
        "seed": seed,
        "note": "exp(a x + b x^2) of the untreated 24 h means; other differences are left as drawn",
    }
    return "patient", found.weights, words
