"""A job as bytes, for workers elsewhere: what cannot be made again there, and nothing else.

The plan is laid out anew from its study, and the model from its texts; only who the patients are
and what they are untreated travels. It is pickled, so a parcel is opened only by whoever was told
its SHA-256 by the one who packed it.
"""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import replace
from typing import Any

from ldnsim.runs.job import Job
from ldnsim.runs.plan import make_plan


def packed(job: Job, about: Any = None) -> bytes:
    """Return a job as bytes.

    Args:
        job: the job; its plan is one that :func:`ldnsim.runs.plan.make_plan` made.
        about: what else goes with it.

    Raises:
        UserError: its model was made by hand, and cannot be sent.
    """
    patients, people = job.patients, job.patients.people
    nobody: Any = None  # a model travels as the study's texts
    bare = replace(patients, model=nobody, people=people and replace(people, model=nobody))
    return pickle.dumps((job.plan.study, bare, job.untreated, about), protocol=5)


def unpacked(data: bytes) -> tuple[Job, Any]:
    """Return what :func:`packed` was given; tasks of the job are solved by one thread each."""
    study, bare, untreated, about = pickle.loads(data)
    plan = make_plan(study, 1)
    model, people = plan.edition.model, bare.people
    patients = replace(bare, model=model, people=people and replace(people, model=model))
    return Job(plan, 1, patients, untreated), about


def digest(data: bytes) -> str:
    """Return the SHA-256 by which a parcel is known."""
    return hashlib.sha256(data).hexdigest()
