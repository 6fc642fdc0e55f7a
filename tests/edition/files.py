"""Extensions as files of a test."""

from __future__ import annotations

from pathlib import Path

from ldnsim.edition import Edition, extended

OWN = '''"""A test's own mechanism."""

from __future__ import annotations

from ldnsim.mechanisms.forms import rising
from ldnsim.mechanisms.immunity import nk_activity as shipped
from ldnsim.mechanisms.record import Mechanism

M = Mechanism("own", "Own things")
M.parameter("coupling_own", 0.0, "1", "switch", high=1.0)
M.parameter("t_own", 10.0, "h", "time constant", low=0.1)
SIZE = 2.0


def scaled(x: float) -> float:
    return SIZE * x


@M.quantity("1", "own signal")
def own_signal(peripheral_tone: float) -> float:
    return scaled(rising(peripheral_tone, 1.0))


@M.state("1", "own state", start=2.0)
def own_state(own_state: float, own_signal: float, t_own: float) -> float:
    return (own_signal - own_state) / t_own


@M.replaces
def nk_activity(
    nk_activity: float, peripheral_tone: float, nk_gain: float, t_nk: float,
    own_state: float, coupling_own: float,
) -> float:
    return shipped(nk_activity, peripheral_tone, nk_gain, t_nk) + coupling_own * own_state / t_nk


M.reads("fold of healthy", "own_state", better="higher")
'''

DATA = """
[references.own2026]
seen = "abstract"
finding = "what it found"

[parameters.t_own]
value = "1 d"
grade = "in vitro"
source = ["own2026"]
note = "slower"

[hypotheses.own]
title = "Own"
statement = "as it says"
evidence_for = ["A finding [own2026]."]

[hypotheses.own.overrides.coupling_own]
value = 1.0
grade = "assumed"
note = "on"

[phenotypes.own]
title = "Own"
basin = "resolved"

[adjuncts.own]
title = "Own"

[[adjuncts.own.effects]]
target = "t_own"
factor = 2.0
grade = "assumed"
note = "half as fast"

[protocols.own_start]
title = "Own"
regimen = "1 mg nightly at 22:00, for 3 d"

[observations.own]
title = "Own"
group = "own"
hypotheses = ["own"]
low = 0.0
unit = "1"
evidence = "Seen [own2026]."

[observations.own.probe]
kind = "run"
observable = "own_state"
reduce = "mean"
stop = 24.0

[populations.own]
title = "Own"
phenotype = "own"
participants = 20
note = "Seen [own2026]."

[populations.own.baselines.own_state]
instrument = "own"
mean = 2.0
sd = 1.0
scale = [0, 4]
onto = [0, 2]
use = "match"
grade = "assumed"
mapping = "half of it"
note = "guess"

[assays.own]
title = "Own"
variable = "own_state"
scale = "ratio"
between_sd = 0.1
assay_sd = 0.1
grade = "assumed"
note = "guess"
"""


def written(folder: Path, **files: str) -> Path:
    """Write files, ``own_py="..."`` as ``own.py``."""
    for name, text in files.items():
        stem, _, ending = name.rpartition("_")
        (folder / f"{stem}.{ending}").write_text(text, encoding="utf-8")
    return folder


def edition(folder: Path, *names: str, **files: str) -> Edition:
    """Return the edition of these files; of all of them when none is named."""
    written(folder, **files)
    return extended(names or [n.replace("_", ".") for n in files], folder)
