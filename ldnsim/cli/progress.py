"""Progress of long work, as the library shows it."""

from __future__ import annotations

from ldnsim.sweep.progress import Report as Report
from ldnsim.sweep.progress import lines as lines
from ldnsim.sweep.progress import progress as progress
from ldnsim.sweep.progress import seconds as seconds
