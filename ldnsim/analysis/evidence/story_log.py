"""What a search has evaluated, on disk: a search goes on by asking for the same points again.

The optimiser is deterministic, so its state need not be saved: run again from the start, it asks
for the same batches of points, and those that were solved are read instead. What it then finds is
the same, bit for bit, as without a break.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ldnsim.analysis.evidence.story import Parts, Story
from ldnsim.analysis.evidence.story_batch import Points
from ldnsim.arrays import Floats
from ldnsim.errors import UserError

MARK = "ldnsim calibrate --story"
"""What the first line of a state says wrote it."""
Told = Callable[["Asked"], None]


@dataclass(frozen=True)
class Asked:
    """A batch that was evaluated: what it gave, in which phase, and how many points by then."""

    parts: Parts
    phase: str
    number: int


@dataclass
class Evaluator:
    """Evaluates batches of departures, from a file as far as that goes, and writes the rest to it.

    Attributes:
        story: what is evaluated.
        path: of the state; None to keep none.
        told: called after each batch.
        threads: threads of the engine.
        batches: how many were asked for.
        evaluations: points asked for.
    """

    story: Story
    path: Path | None = None
    told: Told | None = None
    threads: int | None = None
    batches: int = 0
    evaluations: int = 0
    _known: list[dict[str, Any]] = field(default_factory=list)

    def begin(self, header: Mapping[str, Any], resume: bool) -> None:
        """Open the state.

        Args:
            header: all that the search depends on.
            resume: whether to go on with what is there.

        Raises:
            UserError: a state is there and is not to be gone on with, or is of another search.
        """
        if self.path is None:
            return
        whole = {"written_by": MARK, **header}
        if self.path.exists() and not resume:
            raise UserError(
                f"{self.path}: the state of a search is there; go on with it (--resume) or take"
                " another name (--state)"
            )
        if resume:
            lines = _lines(self.path)
            _check_same(lines[0], json.loads(json.dumps(whole)), self.path)
            self._known = lines[1:]
        # written anew, without a line that was cut off
        text = "".join(_line(one) for one in [whole, *self._known])
        self.path.write_text(text, "utf-8")

    def __call__(self, departure: Floats, phase: str) -> Parts:
        """Return the parts of the objective at departures (points, free).

        Raises:
            UserError: the state was written by another version, which asked for other points.
        """
        return self.at(self.story.points(departure), phase)

    def at(self, points: Points, phase: str) -> Parts:
        """Return the parts of the objective at values of the free parameters, as it is called.

        Raises:
            UserError: as for departures.
        """
        n = len(next(iter(points.values())))
        key = hashlib.sha256(b"".join(points[f.key].tobytes() for f in self.story.free)).hexdigest()
        if self.batches < len(self._known):
            parts = self._read(self._known[self.batches], key, points)
        else:
            parts = self.story.evaluate(points, self.threads)
            self._write(key, parts)
        self.batches += 1
        self.evaluations += n
        if self.told is not None:
            self.told(Asked(parts, phase, self.evaluations))
        return parts

    def _read(self, record: Mapping[str, Any], key: str, points: Mapping[str, Floats]) -> Parts:
        if record["points"] != key:
            raise UserError(
                f"{self.path}: batch {self.batches + 1} was asked for other points: the state is of"
                " another version; start anew under another name (--state)"
            )
        values = np.array(record["values"], dtype=np.float64)  # null is NaN
        return self.story.parts(points, values, np.array(record["lost"], dtype=np.float64))

    def _write(self, key: str, parts: Parts) -> None:
        if self.path is not None:
            values = np.where(np.isfinite(parts.values), parts.values, np.nan).tolist()
            plain = [[None if v != v else v for v in row] for row in values]
            with self.path.open("a", encoding="utf-8") as file:
                file.write(_line({"points": key, "values": plain, "lost": parts.lost.tolist()}))


def _line(record: Mapping[str, Any]) -> str:
    return json.dumps(record) + "\n"


def _lines(path: Path) -> list[dict[str, Any]]:
    """Return what a state holds; a last line that was cut off is left out."""
    try:
        text = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not text"
        raise UserError(
            f"{path}: no state of a search to go on with ({why}); leave out --resume to start"
        ) from None
    found: list[dict[str, Any]] = []
    for i, line in enumerate(text):
        try:
            found.append(json.loads(line))
        except ValueError:
            if i < len(text) - 1:
                raise UserError(f"{path}: line {i + 1} is no part of a search's state") from None
    if not found or not isinstance(found[0], dict) or found[0].get("written_by") != MARK:
        raise UserError(f"{path}: this is not the state of a search")
    return found


def _check_same(there: Mapping[str, Any], here: Mapping[str, Any], path: Path) -> None:
    """Refuse a state of another search.

    Raises:
        UserError: naming what differs.
    """
    for key in dict.fromkeys([*there, *here]):
        if there.get(key) != here.get(key):
            raise UserError(
                f"{path}: this search had {key} = {there.get(key)!r}, not {here.get(key)!r}: it"
                " cannot go on so; give the same again, or start anew under another name (--state)"
            )
