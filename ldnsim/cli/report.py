"""One run in words: where a healthy person is, and where the patient was, is, and ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import typer

from ldnsim.cli import table
from ldnsim.cli.extend import told_of
from ldnsim.config.summaries import SUMMARIES
from ldnsim.plots import wording

if TYPE_CHECKING:
    from ldnsim.config.run import RunSpec
    from ldnsim.results.dataset import Array, Arrays

CHANGES = (
    "pain_change", "fatigue_change", "tnf_change", "il6_change", "m1_change",
    "neuronal_health_change", "beta_endorphin_change", "met_enkephalin_change", "nk_change",
)  # fmt: skip
"""What is printed of every patient."""
NIGHT = ("hours_blocked", "hours_rebound", "occupancy_peak", "worst_dreams", "time_to_response")


@dataclass(frozen=True)
class Rest:
    """One variable on an untreated day.

    Attributes:
        attrs: words and scale of the variable, as results have them.
        healthy: 24 h mean of a healthy person.
        own: that of the patient.
    """

    attrs: Mapping[str, str]
    healthy: float
    own: float

    @property
    def is_off(self) -> bool:
        """Whether it has a better side and the patient is away from a healthy person."""
        return bool(self.attrs["better"]) and wording.is_off(self.attrs, self.own, self.healthy)


def changes() -> list[str]:
    """Return the names of all changes from untreated, in the last week of treatment and at the end.

    Which of them matter in a patient is known when the untreated day is.
    """
    plain = ("mean", "change", 0.0)
    return [n for n, s in SUMMARIES.items() if (s.kind, s.against, s.step) == plain]


def resting(run: RunSpec) -> dict[str, Rest]:
    """Return the untreated day of the patient of a run beside a healthy one, by variable."""
    from ldnsim.config.run import RunSpec
    from ldnsim.patients.untreated import untreated_days
    from ldnsim.patients.vectors import find_patients
    from ldnsim.results.columns import variable_attributes
    from ldnsim.runs.grid import Listed

    well = RunSpec.of(hypothesis=run.hypothesis, phenotype="healthy", edition=run.edition)
    patients = find_patients(Listed([well, run]))
    healthy, own = untreated_days(patients).mean[patients.of_run]
    model = run.edition.model
    return {
        name: Rest(variable_attributes(model, name), float(healthy[at]), float(own[at]))
        for name, at in model.observable_index.items()
    }


def show_run(ds: Arrays, rest: Mapping[str, Rest]) -> None:
    """Print untreated value and changes of one run, what the drug did at night, own summaries.

    Besides the rows of every patient there is one for whatever has a better side and is off in
    this one.

    Args:
        ds: the result of a single run.
        rest: untreated days, by variable.
    """
    head = ("", "unit", "healthy", "untreated", "last treated week", "at the end")
    table.show(head, [row for name in _shown(ds, rest) if (row := _row(ds, name, rest))])
    own = [n for n, v in ds.data_vars.items() if v.attrs.get("defined_in") == "study"]
    for name in (*NIGHT, *map(str, own)):
        if name in ds:
            typer.echo(f"{wording.name_of(ds[name])}: {_value(ds[name], name)}")
    for line in told_of(ds):
        typer.echo(line)
    typer.echo(str(ds.attrs.get("warning", "Research instrument, not medical advice.")))


def _shown(ds: Arrays, rest: Mapping[str, Rest]) -> list[str]:
    """Return the changes to print: the usual ones, then those of what is off in this patient."""
    others = [n for n in changes() if n in ds and n not in CHANGES and not n.endswith("_end")]
    return [*CHANGES, *(n for n in others if rest[str(ds[n].attrs["variable"])].is_off)]


def _row(ds: Arrays, name: str, rest: Mapping[str, Rest]) -> list[str] | None:
    if name not in ds or str(ds[name].attrs["variable"]) not in rest:
        return None
    of, end = rest[str(ds[name].attrs["variable"])], f"{name}_end"
    numbers = [of.healthy, of.own, of.own + _scalar(ds[name])]
    cells = [*map(_number, numbers), _number(of.own + _scalar(ds[end])) if end in ds else ""]
    words = str(of.attrs["long_name"]).split(", ")[0]  # what follows says the scale
    return [words, wording.unit_of(ds[name]), *cells]


def _value(variable: Array, name: str) -> str:
    value = _scalar(variable)
    if name == "time_to_response":
        return wording.duration(24 * round(value / 24)) if np.isfinite(value) else "no response"
    return f"{_number(value)} {wording.unit_of(variable)}"


def _scalar(variable: Array) -> float:
    return float(np.asarray(variable.values, dtype=float).reshape(-1)[0])


def _number(value: float) -> str:
    return f"{value:.3g}" if np.isfinite(value) else "none"
