"""Candidates run as one sweep: an ordinary study, whose dimension ``choice`` holds them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.analysis.optimise.candidates import Candidate, Space
from ldnsim.arrays import Flags, Floats
from ldnsim.config.axis import Axis
from ldnsim.config.knobs import knobs
from ldnsim.config.optimise import OF_THE_PRESCRIPTION
from ldnsim.config.optimise_rules import settings_of
from ldnsim.config.own_summary import GROUPS, OwnSummary
from ldnsim.config.rules import names_taken
from ldnsim.errors import UserError
from ldnsim.results.weighted import weights_of
from ldnsim.runs.plan import make_plan
from ldnsim.sweep.execute import run_plan
from ldnsim.sweep.progress import Progress

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.sweep.study import Study

CHOICE, PATIENT = "choice", "patient"
KEPT = (
    "pain_change", "benefit_with_staying", "staying", "worst_burden", "early_burden",
    "worst_pain_change",
)  # fmt: skip
"""Summaries that a sweep of candidates has anyway, so that other weights need no other runs."""


@dataclass(frozen=True)
class Evaluated:
    """Candidates with everything that is looked at.

    Attributes:
        candidates: in order.
        values: summaries by name, shape (candidates, places, patients); NaN where a run failed.
        failed: runs that failed, of the same shape.
        axes: of the study, by name with their values: a place is a point of their product.
        weights: of the patients, shape (patients,).
        drawn: what was drawn of each patient, by name.
        about: coordinates and attributes of the sweep, without its values.
    """

    candidates: tuple[Candidate, ...]
    values: dict[str, Floats]
    failed: Flags
    axes: dict[str, tuple[Any, ...]]
    weights: Floats
    drawn: dict[str, np.ndarray]
    about: xr.Dataset

    @property
    def places(self) -> int:
        """Number of points of the study's axes."""
        return int(self.failed.shape[1])

    @property
    def patients(self) -> int:
        """Number of patients."""
        return int(self.failed.shape[2])

    def place_labels(self) -> list[str]:
        """Return each place in words; empty for the only one."""
        import itertools

        from ldnsim.plots.wording import value_label

        units = {n: str(self.about[n].attrs.get("units", "")) for n in self.axes}
        return [
            ", ".join(
                value_label(v, units[n])
                if isinstance(v, str)
                else f"{n} {value_label(v, units[n])}"
                for n, v in zip(self.axes, at, strict=True)
            )
            for at in itertools.product(*self.axes.values())
        ]

    def utility(self, weights: Mapping[str, float]) -> Floats:
        """Return the weighted sum of summaries, shape (candidates, places, patients)."""
        found = np.zeros(self.failed.shape)
        for name, weight in weights.items():
            found += weight * self.values[name]
        return found

    def whole(self) -> Evaluated:
        """Return the patients of whom no run failed; all others are left out of everything.

        Raises:
            UserError: nobody is left.
        """
        kept = ~self.failed.any(axis=(0, 1))
        if not kept.any():
            raise UserError(
                "in every patient some run failed, so candidates cannot be compared; run the study"
                " with `ldnsim sweep` to see why"
            )
        if kept.all():
            return self
        return replace(
            self,
            values={n: v[:, :, kept] for n, v in self.values.items()},
            failed=self.failed[:, :, kept],
            weights=self.weights[kept],
            drawn={n: v[kept] for n, v in self.drawn.items()},
        )

    def only(self, place: int) -> Evaluated:
        """Return one place of the axes, as if the study were of that place alone."""
        return replace(
            self,
            values={n: v[:, [place]] for n, v in self.values.items()},
            failed=self.failed[:, [place]],
            axes={},
        )

    def check_numbers(self, names: Sequence[str]) -> None:
        """Refuse a summary without a number in a run that did not fail: no sum would have one.

        Raises:
            UserError: naming it, with how often.
        """
        for name in names:
            lost = int(np.isnan(self.values[name][~self.failed]).sum())
            if lost:
                raise UserError(
                    f"{name} has no number in {lost} of {int((~self.failed).sum())} runs (a time"
                    " that never came), so a weighted sum of it has none; weigh another summary,"
                    " such as pain_change or staying"
                )


def space_of(study: Study) -> Space:
    """Return what can be chosen in a study.

    Raises:
        UserError: it has no ``[optimise]``.
    """
    settings = settings_of(study)
    return Space(study.base_run(), settings, knobs(settings, study.edition))


def sweep_of(study: Study, space: Space, candidates: Sequence[Candidate]) -> Study:
    """Return the ordinary study that runs some candidates, along the dimension ``choice``."""
    names = free_names(study, space)
    labels = _unique([c.label for c in candidates])
    axes = [_axis(CHOICE, "label", labels, label="candidate")]
    for j, k in enumerate(space.knobs):
        values = tuple(c.apply[j] for c in candidates)
        axes.append(_axis(names[j], k.field, values, unit=k.unit, label=k.name.replace("_", " ")))
    own = [s for s in _listed(study) if isinstance(s, OwnSummary)]
    functions = any(s.function is not None for s in own)
    looked = [n for n in space.settings.terms if n not in OF_THE_PRESCRIPTION]
    more = [n for n in (*KEPT, *looked) if n not in {s.name for s in own}]
    words = (s for s in _listed(study) if not isinstance(s, OwnSummary))
    named = [s for s in words if s not in GROUPS]
    output: dict[str, Any] = {
        "summaries": (*own, *dict.fromkeys([*named, *more])), "night": False, "ledger": False,
        "sensitivity": False, "attribution": False,
    }  # fmt: skip
    if not functions:
        output |= {"trajectories": False, "variables": ("pain",)}
    return study.model_copy(
        update={
            "optimise": None,
            "axes": (*study.axes, *axes),
            "zip": (*study.zip, tuple(a.name for a in axes)),
            "output": study.output.model_copy(update=output),
        }
    )


def free_names(study: Study, space: Space) -> list[str]:
    """Return what the free fields are called in the result, where the name is not taken."""
    taken = {*names_taken(study.edition), *(a.name for a in study.axes), CHOICE, "regimen"}
    taken |= {"candidate", "drawn", "weight", PATIENT}
    return [f"{k.name}_free" if k.name in taken else k.name for k in space.knobs]


def evaluate(
    study: Study,
    space: Space,
    candidates: Sequence[Candidate],
    out: str | os.PathLike[str] | None = None,
    *,
    threads: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Evaluated:
    """Run candidates, or take them from the store that holds them already.

    Args:
        study: with its ``[optimise]``.
        space: what can be chosen.
        candidates: which of it.
        out: store of the sweep; in memory only when None.
        threads: threads to use.
        overwrite: replace the store.
        progress: as for a study.

    Raises:
        UserError: as a sweep, or the store is of another study.
    """
    plan = make_plan(sweep_of(study, space, candidates), threads)
    resume = out is not None and not overwrite
    ds = run_plan(plan, out, resume=resume, overwrite=overwrite, progress=progress)
    try:
        return read(ds, candidates, space.settings.terms)
    finally:
        ds.close()


def read(ds: xr.Dataset, candidates: Sequence[Candidate], names: Sequence[str]) -> Evaluated:
    """Take what is looked at out of the result of a sweep."""
    axes = [str(d) for d in ds["status"].dims if d not in (CHOICE, PATIENT)]
    one = ds if PATIENT in ds.dims else ds.expand_dims(PATIENT)
    order = (CHOICE, *axes, PATIENT)
    count, people = len(candidates), one.sizes[PATIENT]

    def array(name: str) -> Floats:
        values = np.asarray(one[name].transpose(*order).values, dtype=np.float64)
        return values.reshape(count, -1, people)

    failed = array("status") != 0
    values: dict[str, Floats] = {}
    for name in dict.fromkeys([*names, *(n for n in KEPT if n in ds), *OF_THE_PRESCRIPTION]):
        if name in OF_THE_PRESCRIPTION:
            said = np.array([c.says[name] for c in candidates])
            values[name] = np.broadcast_to(said[:, None, None], failed.shape)
        else:
            values[name] = np.where(failed, np.nan, array(name))
    weights = weights_of(ds) if PATIENT in ds.dims else None
    drawn: dict[str, np.ndarray] = {}
    if "patient_parameters" in ds:
        table = np.asarray(ds["patient_parameters"].transpose(PATIENT, "drawn").values)
        drawn = {str(n): table[:, j] for j, n in enumerate(ds["drawn"].values)}
    if "patient_oprm1" in ds:
        drawn["oprm1"] = np.asarray(ds["patient_oprm1"].values, dtype=str)
    about = ds[[n for n in (*KEPT, *names) if n in ds]].isel({CHOICE: 0})
    return Evaluated(
        tuple(candidates), values, failed,
        {a: tuple(ds[a].values.tolist()) for a in axes},
        np.ones(people) if weights is None else weights, drawn, about.load(),
    )  # fmt: skip


def joined(parts: Sequence[Evaluated]) -> Evaluated:
    """Put batches of candidates of one study together, in order."""
    first = parts[0]
    return replace(
        first,
        candidates=tuple(c for p in parts for c in p.candidates),
        values={n: np.concatenate([p.values[n] for p in parts]) for n in first.values},
        failed=np.concatenate([p.failed for p in parts]),
    )


def batch_store(out: str | os.PathLike[str] | None, number: int) -> Path | None:
    """Return where a batch of a search goes: ``found-000.zarr`` beside ``found.zarr``."""
    if out is None:
        return None
    path = Path(out)
    return path.with_name(f"{path.stem}-{number:03d}{path.suffix}")


def _axis(name: str, field: str, values: Sequence[Any], *, unit: str = "", label: str = "") -> Axis:
    return Axis(name=name, field=field, values=tuple(values), unit=unit or None, label=label)


def _listed(study: Study) -> tuple[Any, ...]:
    wanted = study.output.summaries
    return () if isinstance(wanted, str) else tuple(wanted)


def _unique(words: Sequence[str]) -> list[str]:
    """Number labels that are the same after rounding."""
    seen: dict[str, int] = {}
    found = []
    for word in words:
        seen[word] = seen.get(word, 0) + 1
        found.append(word if seen[word] == 1 else f"{word} ({seen[word]})")
    return found
