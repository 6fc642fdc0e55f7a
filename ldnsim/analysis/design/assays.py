"""The assays of a study's model, or those of a file of one's own."""

from __future__ import annotations

from pathlib import Path

from ldnsim.catalog import assays as catalog
from ldnsim.catalog.assays import Assay
from ldnsim.config import toml
from ldnsim.edition import Edition, shipped

__all__ = ["Assay", "read_assays"]


def read_assays(path: Path | None = None, edition: Edition | None = None) -> dict[str, Assay]:
    """Read assays by name; those of the edition when no file is named.

    Raises:
        UserError: the file cannot be read, or an entry has a wrong key, value or variable.
    """
    known = edition or shipped()
    if path is None:
        return known.assays
    return catalog.read_assays(toml.read(path), str(path), known.model)
