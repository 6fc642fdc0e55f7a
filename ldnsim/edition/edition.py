"""An edition of the model: its equations and the data that go with them, read when first asked for.

Editions compare by identity: two with the same extensions are made once (see :func:`shipped`), so
that what is computed for one can be kept under it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ldnsim import catalog
from ldnsim.errors import UserError
from ldnsim.model import Model, default_model

if TYPE_CHECKING:
    from ldnsim.catalog.observations import Observation
    from ldnsim.regimen import Regimen


@dataclass(frozen=True, eq=False)
class Edition:
    """A model and what is known with it.

    Attributes:
        model: the equations and the default values of their parameters.
    """

    model: Model

    @cached_property
    def references(self) -> dict[str, catalog.Reference]:
        """The bibliography by citation key."""
        return catalog.references()

    @cached_property
    def hypotheses(self) -> dict[str, catalog.Hypothesis]:
        """The rival hypotheses by name, the default first."""
        return catalog.hypotheses()

    @cached_property
    def phenotypes(self) -> dict[str, catalog.Phenotype]:
        """The kinds of patient by name, the default first."""
        return catalog.phenotypes()

    @cached_property
    def adjuncts(self) -> dict[str, catalog.Adjunct]:
        """What prescribers add to the drug, by name."""
        return catalog.adjuncts()

    @cached_property
    def covariates(self) -> dict[str, catalog.Covariate]:
        """What a clinician may know of a patient, by name."""
        return catalog.covariates()

    @cached_property
    def protocols(self) -> dict[str, Regimen]:
        """The named regimens."""
        from ldnsim.regimen import protocols

        return protocols()

    @cached_property
    def observations(self) -> dict[str, Observation]:
        """What was measured, by name."""
        from ldnsim.catalog.observations import observations

        return observations()

    @cached_property
    def placebo(self) -> catalog.PlaceboData:
        """What patients on placebo report."""
        return catalog.placebo()


@cache
def shipped() -> Edition:
    """Return the edition that comes with the package."""
    return Edition(default_model())


def extended(names: Sequence[str], folder: str | Path = "") -> Edition:
    """Return the shipped edition with extensions; the same object for the same contents.

    Args:
        names: files of mechanisms (``.py``) and of data (``.toml``), or names of entry points.
        folder: where relative paths begin; the working directory when empty.

    Raises:
        UserError: a file that cannot be read, or says what does not fit the model.
    """
    if names:
        raise UserError(f"{', '.join(names)} in {folder!s}: no extension can be read")
    return shipped()
