"""How large a study may be as a whole, checked before anything is laid out.

What is read on its own has its limit where it is read: the text of a file (`ldnsim.config.toml`,
`ldnsim.regimen.event_file`), one prescription (`ldnsim.regimen.doses`), one event table
(`ldnsim.regimen.event_table`), one number (`ldnsim.units`), and a single key in its own block.

A wrong unit ('1e-9 h') or one axis too many asks for terabytes as easily as for kilobytes. What is
asked for is counted first, from lengths of lists and durations, and refused with the key, the size,
the limit and what to change.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ldnsim.errors import UserError, short
from ldnsim.units import LONGEST_TIME

if TYPE_CHECKING:
    from ldnsim.config.axis import Axis
    from ldnsim.config.study import StudyConfig

WEEK = 168.0
MOST_VALUES = 100_000


@dataclass(frozen=True)
class Limit:
    """The most of something that a study may ask for.

    Attributes:
        key: what in a study file asks for it.
        most: the largest number accepted.
        what: what is counted.
        remedy: what to change.
    """

    key: str
    most: float
    what: str
    remedy: str

    def check(self, asked: float, detail: str = "") -> None:
        """Refuse more than the limit.

        Args:
            asked: how many are asked for.
            detail: where they come from.

        Raises:
            UserError: naming key, size, limit and remedy.
        """
        if asked > self.most:
            raise UserError(
                f"{self.key}: {detail}{_text(asked)} {self.what}, more than the"
                f" {_text(self.most)} that are accepted; {self.remedy}"
            )


VALUES = Limit("axes", MOST_VALUES, "values of one axis", "take fewer")
RUNS = Limit("axes", 5_000_000, "runs", "shorten an axis, or zip axes that belong together")
CENTRES = Limit(
    "axes", 200_000, "patients described", "shorten an axis over the patient, or use a population"
)
REGIMENS = Limit("axes", 20_000, "distinct regimens", "shorten an axis over fields of the regimen")
WEEKS = Limit("horizon", LONGEST_TIME / WEEK, "weeks", "is the unit right?")
DOSES = Limit(
    "regimen.every", 20_000_000, "planned doses of all regimens together",
    "a longer interval between doses, a shorter duration, or fewer regimens; is the unit right?",
)  # fmt: skip
SAMPLES = Limit(
    "output.every", 1_000_000, "stored times of one run",
    "a longer output.every, a shorter horizon, or output.trajectories = false",
)  # fmt: skip
RUN_BYTES = Limit(
    "output", 250e6, "bytes of one run",
    "fewer output.variables, a longer output.every, or output.ledger = false",
)  # fmt: skip
BLOCK_BYTES = Limit("solver.block", 2e9, "bytes of one block", "a smaller block, or leave it out")
BYTES = Limit(
    "output", 1e12, "bytes of the result",
    "fewer output.variables, a longer output.every, or output.trajectories = false",
)  # fmt: skip
LIMITS = (VALUES, RUNS, CENTRES, REGIMENS, WEEKS, DOSES, SAMPLES, RUN_BYTES, BLOCK_BYTES, BYTES)


def _text(n: float) -> str:
    return f"{n:,.0f}" if abs(n) < 1e15 else f"{n:.3g}"


def length(axis: Axis) -> int:
    """Return how many values an axis has at most, without working them out."""
    spread = axis.linspace or axis.logspace
    if spread is not None:
        return spread.num + len(axis.include)
    return len(axis.values or ())


def check_grid(study: StudyConfig) -> None:
    """Refuse a grid that is too large, from the lengths of its dimensions.

    Raises:
        UserError: see :data:`VALUES` and :data:`RUNS`.
    """
    for i, axis in enumerate(study.axes, start=1):
        VALUES.check(length(axis), f"axes[{i}] ({axis.name}) has ")
    first = {name: group[0] for group in study.zip for name in group}
    sizes = {a.name: length(a) for a in study.axes if first.get(a.name, a.name) == a.name}
    if (many := len(study.named_regimens())) > 1:
        sizes["regimens"] = many
    if study.population is not None:
        sizes["patients"] = study.population.size
    product = " x ".join(f"{name} {_text(n)}" for name, n in sizes.items())
    RUNS.check(math.prod(sizes.values()), f"the product {product} is ")


def check_lengths(study: StudyConfig) -> None:
    """Refuse a regimen that lasts for centuries.

    Of doses at steady state the end is known, and checked, when it is known who the patients are.

    Raises:
        UserError: see :data:`WEEKS`.
    """
    for name, regimen in study.named_regimens().items():
        if not getattr(regimen, "lacks_lead", False):
            check_end(regimen.duration_h, f"the regimen {short(name)} lasts ")


def check_end(end: float, detail: str = "the longest regimen lasts ") -> None:
    """Refuse a study that ends too late.

    Args:
        end: its length (h).
        detail: what ends then.

    Raises:
        UserError: see :data:`WEEKS`.
    """
    WEEKS.check(math.floor(end / WEEK), detail)


def check_samples(every: float, end: float) -> None:
    """Refuse trajectories of too many times.

    Args:
        every: their interval (h).
        end: length of the study (h).

    Raises:
        UserError: see :data:`SAMPLES`.
    """
    SAMPLES.check(math.floor(end / every) + 1, f"every {every:g} h for {end / WEEK:g} wk is ")
