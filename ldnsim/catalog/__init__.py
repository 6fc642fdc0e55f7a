"""Hypotheses, phenotypes, covariates, adjuncts and the bibliography: data read once and checked.

All five are reviewable text in ``ldnsim/data``. Sentences of evidence carry their citation keys in
square brackets, ``"... [lee1988, kim1997]"``; every key must be in the bibliography.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files

from ldnsim.catalog.covariates import Covariate, CovariateEffect, check_level, read_covariates
from ldnsim.catalog.placebo import PlaceboData, Response, read_placebo
from ldnsim.catalog.read import (
    CLAIM,
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
    AdjunctEffect,
    Effect,
    Hypothesis,
    Phenotype,
    Reason,
    Reference,
)
from ldnsim.errors import check_known

__all__ = [
    "BASINS",
    "CLAIM",
    "COMBINATION_WARNING",
    "SEEN",
    "Adjunct",
    "AdjunctEffect",
    "Covariate",
    "CovariateEffect",
    "Effect",
    "Hypothesis",
    "Phenotype",
    "PlaceboData",
    "Reason",
    "Reference",
    "Response",
    "check_level",
    "cite",
    "read_adjuncts",
    "read_covariates",
    "read_hypotheses",
    "read_phenotypes",
    "read_placebo",
    "read_references",
    "shipped",
]


def shipped(name: str) -> tuple[str, str]:
    """Return the text of a shipped data file and the name errors should give it."""
    return files("ldnsim").joinpath(f"data/{name}.toml").read_text("utf-8"), f"{name}.toml"


def cite(keys: Iterable[str], known: Mapping[str, Reference]) -> list[str]:
    """Format references, each once, in the order given.

    Raises:
        UserError: a key that is not in the bibliography.
    """
    wanted = dict.fromkeys(keys)
    check_known("reference", wanted, known)
    return [str(known[key]) for key in wanted]
