"""The real kernels' file damaged at many places: no process ends, and nothing damaged is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.test_cache_real import crash_test


@pytest.mark.soak
def test_damage_to_the_real_kernels_ends_no_process(tmp_path: Path) -> None:
    crash_test(4, 204, tmp_path)
