"""Candidates: free fields at one value each, as a prescription that can be taken."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ldnsim.config.knobs import Knob, can_make
from ldnsim.config.optimise import Optimise
from ldnsim.config.run import RunSpec
from ldnsim.errors import UserError
from ldnsim.plots.wording import value_label
from ldnsim.regimen.formats import dose_text

WEEK = 168.0
Place = tuple[float, ...]
"""For each knob the number of its value, or the share of the way between its ends."""


@dataclass(frozen=True)
class Candidate:
    """One way of taking the drug.

    Attributes:
        place: where it is among all.
        apply: what each knob sets.
        shown: the same as numbers in the unit of the knob, or labels.
        label: in few words.
        prescription: in full.
        hours: length of the regimen.
        says: what the prescription says by itself, by name.
        key: equal for candidates of which every dose and everything else is the same.
    """

    place: Place
    apply: tuple[Any, ...]
    shown: tuple[Any, ...]
    label: str
    prescription: str
    hours: float
    says: dict[str, float] = field(hash=False)
    key: tuple[Any, ...] = field(repr=False)


@dataclass
class Space:
    """Everything that can be chosen, and what was left out on the way.

    Attributes:
        base: the run whose fields are set.
        settings: what the study says of the choice.
        knobs: the free fields.
        refused: reasons for which combinations cannot be prescribed, and how many each.
        alike: combinations whose doses are those of another.
    """

    base: RunSpec
    settings: Optimise
    knobs: tuple[Knob, ...]
    refused: Counter[str] = field(default_factory=Counter)
    alike: int = 0
    _example: str = ""
    _made: dict[Place, Candidate | None] = field(default_factory=dict)

    def at(self, place: Place) -> Candidate | None:
        """Return the candidate at a place; None, with the reason counted, if it cannot be taken."""
        if place not in self._made:
            self._made[place] = self._make(place)
        return self._made[place]

    def _make(self, place: Place) -> Candidate | None:
        pairs = [
            k.between(p) if k.continuous else (k.apply[int(p)], k.shown[int(p)])
            for k, p in zip(self.knobs, place, strict=True)
        ]
        apply, shown = (tuple(p[i] for p in pairs) for i in (0, 1))
        fields = [k.field for k in self.knobs]
        try:
            run = self.base.with_values(sorted(zip(fields, apply, strict=True), key=_coarse_first))
            doses = run.regimen.doses()
        except UserError as error:
            self.refused[str(error)] += 1
            return None
        amounts = np.asarray(doses.amount_mg)
        if reason := self._cannot_be_made(amounts):
            self.refused[reason] += 1
            return None
        key = (doses.time_h.tobytes(), amounts.tobytes(), doses.formulation.tobytes(),
               run.adherence, run.modifiers)  # fmt: skip
        words = [_words(k, s) for k, s in zip(self.knobs, shown, strict=True)]
        text = str(run.regimen)
        said = says(doses.time_h, amounts)
        label, hours = ", ".join(words), run.regimen.duration_h
        return Candidate(place, apply, shown, label, text, hours, said, key)

    def _cannot_be_made(self, amounts: np.ndarray) -> str:
        strengths = self.settings.strengths
        if strengths is None:
            return ""
        for mg in np.unique(amounts[amounts > 0.0]).tolist():
            if not can_make(strengths, self.settings.most_capsules, mg):
                self._example = self._example or dose_text(mg)
                return (
                    f"a dose is not made of at most {self.settings.most_capsules} capsules of"
                    f" {', '.join(strengths)}, such as {self._example}"
                )
        return ""

    def all_places(self) -> Iterable[Place]:
        """Yield every place of a grid, the last knob fastest."""
        yield from itertools.product(*(tuple(map(float, range(len(k.apply)))) for k in self.knobs))

    def different(self, candidates: Iterable[Candidate | None]) -> list[Candidate]:
        """Return candidates in order, of those that are alike the first, and count the others."""
        found: dict[tuple[Any, ...], Candidate] = {}
        for one in candidates:
            if one is None:
                continue
            if one.key in found:
                self.alike += 1
            found.setdefault(one.key, one)
        return list(found.values())

    def check_knobs(self, candidates: Sequence[Candidate]) -> None:
        """Refuse a free field on which no dose and nothing else of any candidate depends.

        Raises:
            UserError: naming it.
        """
        if len(candidates) < 2:
            reason = f": {self.refused.most_common(1)[0][0]}" if self.refused else ""
            one = "no candidate can be" if not candidates else "only one candidate can be"
            raise UserError(f"optimise.free: {one} prescribed, so nothing can be chosen{reason}")
        for j, k in enumerate(self.knobs):
            if len({c.apply[j] for c in candidates}) < 2:
                raise UserError(
                    f"optimise.free[{j + 1}] ({k.field}): no run depends on it: all candidates"
                    f" that can be prescribed have {_words(k, candidates[0].shown[j])}, or the same"
                    " doses whatever it is; take it out, or give it other values"
                )

    def told(self) -> list[str]:
        """Say what was left out, a line each."""
        total = sum(self.refused.values())
        lines = [
            f"combinations left out, {n}: {reason}" for reason, n in self.refused.most_common(3)
        ]
        if len(self.refused) > 3:
            rest = total - sum(n for _, n in self.refused.most_common(3))
            lines.append(f"{rest} more for reasons of that kind")
        if self.alike:
            lines.append(f"combinations with the same doses as another, run once: {self.alike}")
        return lines


def says(time_h: np.ndarray, amounts: np.ndarray) -> dict[str, float]:
    """Return what doses in time order say by themselves.

    ``steps`` counts changes of the dose from one to the next, ``weeks_to_target`` is the time of
    the day of the first of the highest doses, ``highest_dose`` is in mg.
    """
    top = float(amounts.max())
    first = float(time_h[int(np.argmax(amounts))])
    return {
        "steps": float(np.count_nonzero(np.abs(np.diff(amounts)) > 1e-9)),
        "weeks_to_target": float(first // 24.0) * 24.0 / WEEK,
        "highest_dose": top,
    }


def _coarse_first(pair: tuple[str, Any]) -> int:
    return pair[0].count(".")


def _words(k: Knob, shown: Any) -> str:
    text = value_label(shown, k.unit)
    return text if k.field == "regimen" else f"{k.name.replace('_', ' ')} {text}"
