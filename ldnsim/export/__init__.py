"""Runs in formats that other simulators read: SBML and Antimony.

Example:
    >>> from ldnsim import export, load
    >>> text = export.sbml(load("study.toml"), run=3)  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ldnsim.config.study import StudyConfig

__all__ = ["antimony", "sbml"]


def sbml(study: StudyConfig, run: int | None = None, *, threads: int | None = None) -> str:
    """Return one run of a study as an SBML document (Level 3 Version 2 core).

    The patient starts in the untreated state that the study itself would start from, and every
    dose actually taken is an event. Time is in hours from midnight of the first day.

    Args:
        study: the study; see :func:`ldnsim.load`.
        run: number of the run, the last dimension of the study varying fastest; may be left out
            when there is one only.
        threads: threads of the solver; the study's setting when None.

    Raises:
        UserError: no such run, no run named where there are several, or a patient without an
            untreated state.
    """
    from ldnsim.export.content import content
    from ldnsim.export.sbml_file import text

    return text(content(study, run, threads))


def antimony(study: StudyConfig, run: int | None = None, *, threads: int | None = None) -> str:
    """Return one run of a study as Antimony, a text that people can read; as :func:`sbml`.

    Raises:
        UserError: as for :func:`sbml`.
    """
    from ldnsim.export.antimony_file import text
    from ldnsim.export.content import content

    return text(content(study, run, threads))
