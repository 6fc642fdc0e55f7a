"""Hypotheses, phenotypes, covariates, adjuncts and the bibliography: data read once and checked.

All five are reviewable text in ``ldnsim/data``. Sentences of evidence carry their citation keys in
square brackets, ``"... [lee1988, kim1997]"``; every key must be in the bibliography.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from ldnsim.catalog.covariates import CLAIM, Covariate, check_level, read_covariates
from ldnsim.catalog.placebo import PlaceboData, Response, read_placebo
from ldnsim.catalog.read import (
    read_adjuncts,
    read_hypotheses,
    read_phenotypes,
    read_references,
)
from ldnsim.catalog.records import (
    BASINS,
    COMBINATION_WARNING,
    SEEN,
    Adjunct,
    Hypothesis,
    Phenotype,
    Reason,
    Reference,
)
from ldnsim.errors import unknown

if TYPE_CHECKING:
    from ldnsim.model import Model

__all__ = [
    "BASINS",
    "CLAIM",
    "COMBINATION_WARNING",
    "SEEN",
    "Adjunct",
    "Covariate",
    "Hypothesis",
    "Phenotype",
    "PlaceboData",
    "Reason",
    "Reference",
    "Response",
    "adjuncts",
    "check_level",
    "cite",
    "covariates",
    "hypotheses",
    "phenotypes",
    "placebo",
    "read_adjuncts",
    "read_covariates",
    "read_hypotheses",
    "read_phenotypes",
    "read_placebo",
    "read_references",
    "references",
    "shipped",
]


def shipped(name: str) -> tuple[str, str]:
    """Return the text of a shipped data file and the name errors should give it."""
    return files("ldnsim").joinpath(f"data/{name}.toml").read_text("utf-8"), f"{name}.toml"


@cache
def references() -> dict[str, Reference]:
    """Return the bibliography by citation key."""
    return read_references(*shipped("references"))


@cache
def hypotheses() -> dict[str, Hypothesis]:
    """Return the rival hypotheses by name, the default first."""
    return read_hypotheses(*shipped("hypotheses"), references(), _model())


@cache
def phenotypes() -> dict[str, Phenotype]:
    """Return the kinds of patient by name, the default first."""
    return read_phenotypes(*shipped("phenotypes"), references(), _model())


@cache
def adjuncts() -> dict[str, Adjunct]:
    """Return what prescribers add to the drug, by name."""
    return read_adjuncts(*shipped("adjuncts"), references(), _model())


@cache
def covariates() -> dict[str, Covariate]:
    """Return what a clinician may know of a patient, by name."""
    return read_covariates(*shipped("covariates"), references(), _model())


@cache
def placebo() -> PlaceboData:
    """Return what patients on placebo report."""
    return read_placebo(*shipped("placebo"), references())


def _model() -> Model:
    from ldnsim.model import default_model

    return default_model()


def cite(keys: Iterable[str], known: Mapping[str, Reference] | None = None) -> list[str]:
    """Format references, each once, in the order given.

    Raises:
        UserError: a key that is not in the bibliography.
    """
    known = references() if known is None else known
    found = []
    for key in dict.fromkeys(keys):
        if key not in known:
            raise unknown("reference", key, known)
        found.append(str(known[key]))
    return found
