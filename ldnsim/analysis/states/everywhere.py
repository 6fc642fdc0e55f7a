"""Does anything oscillate? Every phenotype under every hypothesis, in both basins, on many doses.

A patient oscillates (behaviour E17) if some resting orbit of his has a pair of multipliers whose
damping ratio is below :data:`~ldnsim.analysis.states.damping.LEAST`, a pair that grows among them.
A daily map shows no period below two days, so every pair that it shows counts.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.analysis.states.damping import DOSES, LEAST, Damping, check_doses, least_damping
from ldnsim.analysis.states.resting import BASINS
from ldnsim.config.run import RunSpec
from ldnsim.edition import Edition, shipped
from ldnsim.engine.solve.status import Status
from ldnsim.errors import check_known
from ldnsim.patients.vectors import own_parameters

if TYPE_CHECKING:
    import xarray as xr

EQUAL = 1e-3
"""Damping ratios that differ by less are as low."""
ADVICE = {
    Status.NO_SUCH_BASIN: "no {basin} state",
    Status.NO_ORBIT: (
        "no resting state found from the {basin} start (it may be a limit cycle): look at the "
        "curve with `ldnsim states {phenotype} --hypothesis {hypothesis} --parameter dose`, or "
        "change the patient's parameters, first those of priming and of the endorphin reserve"
    ),
    Status.NOT_FINITE: f"from the {{basin}} start {Status.NOT_FINITE.advice}",
}


@dataclass(frozen=True)
class Patient:
    """One phenotype under one hypothesis.

    Attributes:
        phenotype: its name.
        hypothesis: its name.
        found: both basins, resolved first, over the doses.
    """

    phenotype: str
    hypothesis: str
    found: Damping

    @property
    def worst(self) -> tuple[int, int] | None:
        """Row and dose of the least damping ratio; None without any orbit."""
        ratio = np.where(np.isnan(self.found.ratio), np.inf, self.found.ratio)
        # where many are as low, the first of them
        lowest = np.flatnonzero(ratio <= np.min(ratio) + EQUAL)[0]
        row, dose = (int(k) for k in np.unravel_index(lowest, ratio.shape))
        return (row, dose) if np.isfinite(ratio[row, dose]) else None

    @property
    def ratio(self) -> float:
        """Least damping ratio over doses and basins; NaN without any orbit."""
        return float(self.found.ratio[self.worst]) if self.worst else math.nan

    @property
    def orbits(self) -> int:
        """Orbits found, each in the basin it was looked for in."""
        return int((self.found.status == Status.OK).sum())

    @property
    def shown(self) -> bool | None:
        """Whether nothing oscillates; None where that is not known."""
        if self.ratio < LEAST:
            return False
        return None if self.found.missing.any() else True

    def where(self) -> tuple[float, str, float]:
        """Return dose (mg), basin and period (d) of the least damping ratio."""
        if self.worst is None:
            return math.nan, "", math.nan
        basin = BASINS[int(self.found.inflamed[self.worst])]
        return float(self.found.doses[self.worst[1]]), basin, float(self.found.period[self.worst])

    def told(self) -> list[str]:
        """Say in words where there is no orbit, with a remedy where one is needed."""
        lines = []
        for basin, status in itertools.product(range(len(BASINS)), ADVICE):
            at = self.found.doses[self.found.status[basin] == status]
            if len(at):
                words = ADVICE[status].format(
                    basin=BASINS[basin], phenotype=self.phenotype, hypothesis=self.hypothesis
                )
                listed = ", ".join(f"{d:g}" for d in at)
                lines.append(f"{self.phenotype}, {self.hypothesis}, {listed} mg: {words}")
        return lines


@dataclass(frozen=True)
class Everywhere:
    """Every patient that was looked at.

    Attributes:
        patients: phenotypes outermost.
        edition: the model.
    """

    patients: tuple[Patient, ...]
    edition: Edition

    @property
    def doses(self) -> list[float]:
        """The nightly doses, mg."""
        return [float(d) for d in self.patients[0].found.doses]

    def to_dataset(self) -> xr.Dataset:
        """Return it as a labelled dataset over phenotype, hypothesis, basin and dose.

        Returns:
            ``damping_ratio``, ``ringing_period`` (d), ``radius`` (largest modulus of a multiplier),
            ``inflamed`` (basin that the orbit lies in) and ``status``; ``basin`` is the one that
            was asked for.
        """
        import json

        import xarray as xr

        phenotypes = list(dict.fromkeys(p.phenotype for p in self.patients))
        hypotheses = list(dict.fromkeys(p.hypothesis for p in self.patients))
        shape = (len(phenotypes), len(hypotheses), len(BASINS), len(self.doses))
        words = {
            "damping_ratio": ("ratio", "1", "least damping ratio"),
            "ringing_period": ("period", "d", "period of the least damped ringing"),
            "radius": ("radius", "1", "spectral radius of the monodromy"),
            "inflamed": ("inflamed", "1", "orbit lies in the inflamed basin"),
            "status": ("status", "1", "status of the solver"),
        }
        told = self.edition.records()
        return xr.Dataset(
            {
                name: (
                    ("phenotype", "hypothesis", "basin", "dose"),
                    np.array([getattr(p.found, field) for p in self.patients]).reshape(shape),
                    {"units": unit, "long_name": text},
                )
                for name, (field, unit, text) in words.items()
            },
            coords={
                "phenotype": phenotypes, "hypothesis": hypotheses, "basin": list(BASINS),
                "dose": ("dose", self.doses, {"units": "mg"}),
            },
            attrs={"least": LEAST, **({"extensions": json.dumps(told)} if told else {})},
        )  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON; what is missing or infinite is None."""
        return {
            "doses_mg": self.doses,
            "least": LEAST,
            "patients": [
                {
                    "phenotype": p.phenotype,
                    "hypothesis": p.hypothesis,
                    "damping_ratio": _plain(p.ratio),
                    "dose_mg": _plain(p.where()[0]),
                    "basin": p.where()[1] or None,
                    "period_d": _plain(p.where()[2]),
                    "orbits": p.orbits,
                    "damped": p.shown,
                    "told": p.told(),
                    "basins": {b: _lane(p.found, k) for k, b in enumerate(BASINS)},
                }
                for p in self.patients
            ],
        }

    def places(self) -> Iterator[tuple[Patient, int, int]]:
        """Walk through all patients, basins and doses."""
        for p in self.patients:
            for basin, dose in np.ndindex(*p.found.status.shape):
                yield p, basin, dose


def everywhere(
    phenotypes: Sequence[str] | None = None, hypotheses: Sequence[str] | None = None,
    doses: Sequence[float] = DOSES, *, parameters: Mapping[str, float] | None = None,
    threads: int | None = None, edition: Edition | None = None,
) -> Everywhere:  # fmt: skip
    """Find the least damped ringing of every phenotype under every hypothesis.

    Args:
        phenotypes: names; all when None.
        hypotheses: names; all when None.
        doses: nightly doses at 22:00, mg, ascending.
        parameters: set over hypothesis and phenotype.
        threads: threads of the engine; the results are the same bits for any number.
        edition: the model; the shipped one when None.

    Raises:
        UserError: an unknown name, or doses that do not ascend within 0 and 1000 mg.
    """
    home = edition or shipped()
    check_known("phenotype", phenotypes or (), home.phenotypes)
    check_known("hypothesis", hypotheses or (), home.hypotheses)
    pairs = list(itertools.product(phenotypes or home.phenotypes, hypotheses or home.hypotheses))
    runs = [
        RunSpec.of(hypothesis=h, phenotype=p, parameters=parameters or {}, edition=home)
        for p, h in pairs
    ]
    found = of_runs(runs, doses, threads)
    return Everywhere(
        tuple(Patient(p, h, one) for (p, h), one in zip(pairs, found, strict=True)), home
    )


def of_runs(
    runs: Sequence[RunSpec], doses: Sequence[float] = DOSES, threads: int | None = None
) -> list[Damping]:
    """Find the least damped ringing of the patients of runs, in both basins (rows of each).

    Args:
        runs: of one model; what is taken in them does not count.
        doses: nightly doses at 22:00, mg, ascending.
        threads: threads of the engine.
    """
    many = len(BASINS)
    params = np.repeat(np.array([own_parameters(run) for run in runs]), many, axis=0)
    flags = np.arange(len(params)) % many == 1
    mg = check_doses(doses)
    all_ = least_damping(runs[0].edition.model, params, flags, mg, threads=threads)
    return [all_.rows(slice(k, k + many)) for k in range(0, len(params), many)]


def _lane(found: Damping, row: int) -> dict[str, list[Any]]:
    return {
        "damping_ratio": [_plain(v) for v in found.ratio[row]],
        "period_d": [_plain(v) for v in found.period[row]],
        "radius": [_plain(v) for v in found.radius[row]],
        "status": [Status(int(s)).name.lower() for s in found.status[row]],
    }


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
