"""Several threads that simulate at once, from the first import on, get what one would."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
import ldnsim

TEXTS = ("1 mg nightly for 2 d", "0.5 mg nightly at 22:00, +0.5 mg every 1 d to 2 mg, for 4 d")
start = threading.Barrier(8)


def run(i, wait=False):
    if wait:
        start.wait()
    phenotype = "long_covid" if i < 4 else None
    ds = ldnsim.simulate(TEXTS[i % 2], phenotype=phenotype, threads=1)
    return ds["pain"].values.tobytes() + ds["pain_change"].values.tobytes()


sys.setswitchinterval(1e-5)
with ThreadPoolExecutor(8) as pool:
    together = list(pool.map(run, range(8), [True] * 8))
assert together == [run(i) for i in range(8)]
assert len(set(together)) == 4
"""


def test_threads_get_what_one_would() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
