"""A new result takes the place of an old one, so that a kill at any moment leaves one of them.

In the folder of an unfinished sweep lie ``draft-X``, the new result until it is whole; ``old-X``,
the one before, from when it is moved aside until the new one has its name; and ``gone-X``, the one
before while it is being deleted. Only ``old-X`` is whole for sure, and comes back when no new one
took its place. A file is replaced in one step and is never moved aside.
"""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

from ldnsim.errors import UserError
from ldnsim.results import files
from ldnsim.results.record import Damaged, Record, read_record

log = logging.getLogger("ldnsim")
# what is inside a result that is being written, whose record is not there yet
_DRAFT = re.compile(r"([^/]+/)?(\.?zarr\.json(\.draft)?|c(/\d+)*)")


class Swap:
    """The places in a folder through which the result beside it is replaced."""

    def __init__(self, folder: Path) -> None:
        """Name the places; nothing is read or written yet."""
        name = folder.name.removesuffix(".partial")
        self.target = folder.with_name(name)
        self.draft = folder / f"draft-{name}"
        self.old = folder / f"old-{name}"
        self.gone = folder / f"gone-{name}"

    def ours(self, name: str) -> bool:
        """Whether a file in the folder belongs to a result that is being replaced."""
        top, _, inner = name.partition("/")
        if top == self.draft.name:
            return not inner or bool(_DRAFT.fullmatch(inner))
        if top == self.old.name:  # what was put into it goes back with it
            return bool(inner) and _is_marked(self.old)
        record = _record(self.gone) if top == self.gone.name else None
        return record is not None and record.ours(inner)

    def fresh_draft(self) -> Path:
        """Return where a new result is made; what a kill left there is deleted.

        Raises:
            UserError: something else is there.
        """
        self.clear_draft()
        if os.path.lexists(self.draft):
            raise UserError(
                f"{self.draft} is in the way: the new result is made there; move or delete it"
            )
        return self.draft

    def clear_draft(self) -> None:
        """Delete what was made of a new result; a draft has no record, so by names."""
        if self.draft.is_dir():
            files.delete(self.draft, lambda name: bool(_DRAFT.fullmatch(name)))
        elif self.draft.exists():
            files.delete(self.draft.parent, self.draft.name.__eq__)

    def replace(self) -> None:
        """Give the new result, which is whole, its name, and delete the old one last."""
        if self.target.is_dir():
            files.move(self.target, self.old)
        files.move(self.draft, self.target)
        self._drop_old()

    def _drop_old(self) -> None:
        if self.old.exists():
            files.move(self.old, self.gone)
        self._clear_gone()

    def _clear_gone(self) -> None:
        """Delete the old result by its record; what is not in it stays, and is told."""
        if not self.gone.is_dir():
            return
        record = _record(self.gone)
        if record is not None:
            record.delete(self.gone)
        files.delete(self.gone, lambda name: False)  # folders that are left empty
        if self.gone.exists():
            kept = files.some(files.names(self.gone))
            log.warning("%s is kept: not written with the result: %s", self.gone, kept)

    def interrupted(self) -> bool:
        """Whether a kill left the old result moved aside and no new one in its place."""
        return self.old.exists() and not os.path.lexists(self.target)

    def settle(self) -> None:
        """Put right what a kill left, and say so.

        Raises:
            UserError: a new result is ready, the old one is moved aside, and something else has
                taken their name.
        """
        if self.gone.exists():
            self._clear_gone()
            log.info("deleted what was left of the result before %s", self.target)
        if self.interrupted():
            files.move(self.old, self.target)
            log.info(
                "%s was being replaced when its sweep was stopped: the old result is back",
                self.target,
            )
        elif self.old.exists():
            if os.path.lexists(self.draft):  # else it has got its name
                raise UserError(
                    f"{self.target} appeared while the result before it was moved aside to"
                    f" {self.old}: move one of them, so that none is lost"
                )
            self._drop_old()
            log.info("deleted the result before %s", self.target)


def _record(root: Path) -> Record | None:
    try:
        return read_record(root)
    except (Damaged, UserError):
        return None


def _is_marked(root: Path) -> bool:
    """Whether a folder is a result of this program, even a damaged one."""
    try:
        return read_record(root) is not None
    except (Damaged, UserError):
        return True
