"""Local sensitivities of one run: of a study laid out, or of a stored result.

Both are the same numbers with the same labels (:mod:`ldnsim.results.derivatives`); what is
computed of a result can be kept in its store.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from ldnsim.edition import Edition, of_record
from ldnsim.errors import UserError
from ldnsim.patients.vectors import Patients
from ldnsim.results.derivatives import labelled
from ldnsim.results.provenance import attributes, fingerprints
from ldnsim.results.store import extensions, told
from ldnsim.runs.derivatives import reference_run, sensitivities
from ldnsim.runs.plan import Plan, enrol

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.sweep.study import Study

__all__ = ["of_plan", "of_result", "stored_study"]

log = logging.getLogger("ldnsim")
# parts of the code that decide what a stored parameter means
_SAME = ("mechanisms", "engine", "data", "regimen", "model", "catalog")


def of_plan(plan: Plan, run: int | None = None, threads: int | None = None) -> xr.Dataset:
    """Differentiate one run of a study; its patients are enrolled for it, nothing else is run.

    Args:
        plan: the study laid out.
        run: number of the run; the one that stands for the study when None.
        threads: threads to use.

    Returns:
        the sensitivities, with the attributes of a result of the study.

    Raises:
        UserError: the run failed.
    """
    if run is None:
        run = reference_run(plan, np.zeros(len(plan), np.int8))
    assert run is not None  # a plan has at least one run
    patients = enrol(plan, threads)
    return _of(plan, patients, run, threads).assign_attrs(attributes(plan, patients))


def _of(plan: Plan, patients: Patients, run: int, threads: int | None) -> xr.Dataset:
    log.info("sensitivities of %s", plan.name_of(run))
    return labelled(plan, sensitivities(plan, patients, run, threads))


def of_result(
    ds: xr.Dataset,
    run: int | None = None,
    threads: int | None = None,
    edition: Edition | None = None,
) -> xr.Dataset:
    """Differentiate one run of a stored result, from the study inside it.

    Args:
        ds: the result.
        run: number of the run in C order of the dimensions; the one that stands for the study
            when None.
        threads: threads to use.
        edition: the extended model, where the result was made of one.

    Raises:
        UserError: the model is not the one that made the result, or the run failed.
    """
    then = told(ds.attrs, "fingerprints", "this result")
    changed = [part for part in _SAME if then.get(part) != fingerprints()[part]]
    if changed:
        raise UserError(
            f"this result was made by another version of ldnsim ({', '.join(changed)} differ): its"
            " sensitivities would not belong to it; run the sweep again"
        )
    plan = stored_study(ds, edition).plan()
    status = np.asarray(ds["status"].values).reshape(-1)
    chosen = reference_run(plan, status) if run is None else run
    if chosen is None or status[chosen] != 0:
        raise UserError("a run that failed has no sensitivities; choose one that ended well")
    return _of(plan, enrol(plan, threads), chosen, threads)


def stored_study(ds: xr.Dataset, edition: Edition | None = None) -> Study:
    """Return the study a result was made of.

    Args:
        ds: the result.
        edition: the extended model, where the result was made of one; nothing that a result names
            is run by itself.

    Raises:
        UserError: the dataset carries no study, or is of a model with other extensions.
    """
    from ldnsim.sweep.study import Study

    if "study" not in ds.attrs:
        raise UserError("this dataset carries no study; was it written by `ldnsim sweep`?")
    with of_record(extensions(ds.attrs, "this result"), edition, ds.attrs).in_force():
        return Study.loads(str(ds.attrs["study"]), "the study in the result")
