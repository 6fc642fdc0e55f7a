"""Loaded by workers that a sweep starts for itself: Ctrl-C is for the sweep, which then ends them.

A terminal sends it to all processes, and each would print where it was.
"""

from __future__ import annotations

import signal
import threading


def dask_setup(_worker: object) -> None:
    """Ignore the keyboard; dask calls this as the worker starts."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
