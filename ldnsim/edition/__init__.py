"""A model as a value: equations, and what is known with them.

An :class:`Edition` holds a model with its bibliography, hypotheses, phenotypes, adjuncts,
covariates, protocols, observations, assays, populations and claims. :func:`shipped` is the one that
comes with the package; any other is that one with extensions, named by a study or on the command
line, never found by accident.
"""

from __future__ import annotations

from ldnsim.edition.edition import Edition, extended, in_force, of_record, of_sources, shipped
from ldnsim.edition.extension import Extension

__all__ = ["Edition", "Extension", "extended", "in_force", "of_record", "of_sources", "shipped"]
