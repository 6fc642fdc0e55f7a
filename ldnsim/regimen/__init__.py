"""Regimens as values: prescriptions, titration ladders, adherence, dose ledgers, event tables.

A phase is plain data at the bottom (`plain`). What reads text (`grammar`), refuses contradictions
(`checks`), prints (`text`) and lays out doses (`doses`) is written for it and knows nothing above;
`Phase` and `Regimen` join them. Everything that is written by hand comes in by `Regimen.parse`.
"""

from __future__ import annotations

from ldnsim.regimen import event_table
from ldnsim.regimen.adherence import Adherence
from ldnsim.regimen.doses import DoseTable, Rung
from ldnsim.regimen.event_table import EventTable
from ldnsim.regimen.formats import Share
from ldnsim.regimen.ledger import DoseStatus, Ledger, make_ledger
from ldnsim.regimen.phase import Phase
from ldnsim.regimen.protocols import protocol_fields
from ldnsim.regimen.recorded import Recorded, Recordings
from ldnsim.regimen.regimen import Regimen

__all__ = [
    "Adherence",
    "DoseStatus",
    "DoseTable",
    "EventTable",
    "Ledger",
    "Phase",
    "Recorded",
    "Recordings",
    "Regimen",
    "Rung",
    "Share",
    "event_table",
    "make_ledger",
    "protocols",
]


def protocols() -> dict[str, Regimen]:
    """Return the shipped regimens by name, each with its title, description and sources."""
    return {name: Regimen.model_validate(data) for name, data in protocol_fields().items()}
