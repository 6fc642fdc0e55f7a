"""Whether the result of a plan has room, before anything is simulated."""

from __future__ import annotations

import os
import shutil
from typing import Any

from ldnsim.errors import UserError
from ldnsim.runs.plan import Plan, size_text


def check_space(plan: Plan, folder: Any) -> None:
    """Refuse a sweep whose result cannot fit on the disk.

    Raises:
        UserError: naming the need, the free space and the settings that reduce it.
    """
    free = shutil.disk_usage(folder).free
    if 2 * plan.bytes > free:
        raise UserError(
            f"the sweep needs about {size_text(2 * plan.bytes)} of disk while running and"
            f" {size_text(free)} are free in {folder}; keep fewer output.variables, a longer"
            " output.every, or output.trajectories = false"
        )


def check_memory(plan: Plan) -> None:
    """Refuse a sweep whose result is kept in memory and cannot fit there.

    Raises:
        UserError: naming the need, the memory of the machine and the remedy.
    """
    if not hasattr(os, "sysconf"):  # Windows does not say
        return
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if 2 * plan.bytes > memory:
        raise UserError(
            f"the result needs about {size_text(2 * plan.bytes)} of memory and this machine has"
            f' {size_text(memory)}; write it to a store (run("result.zarr")), or keep fewer'
            " output.variables, a longer output.every, or output.trajectories = false"
        )
