"""Regimens as values: prescriptions, titration ladders, adherence, dose ledgers, event tables."""

from __future__ import annotations

from ldnsim.regimen import event_table
from ldnsim.regimen.adherence import Adherence
from ldnsim.regimen.doses import DoseTable, Rung
from ldnsim.regimen.event_table import EventTable
from ldnsim.regimen.formats import Share
from ldnsim.regimen.ledger import DoseStatus, Ledger, make_ledger
from ldnsim.regimen.phase import Phase
from ldnsim.regimen.protocols import protocols
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
