"""What lies where a result is to go: whether it is of the same study, and may stand or be gone on
with."""

from __future__ import annotations

import json
import logging
import tomllib
from pathlib import Path
from typing import Any

from ldnsim.errors import UserError
from ldnsim.results import store
from ldnsim.results.blocks import differences
from ldnsim.results.folder import BlockFolder
from ldnsim.results.objects import Address
from ldnsim.results.target import check_free, check_replaceable

log = logging.getLogger("ldnsim")
ELSEWHERE = "give the result another name (--out)"
REPLACE = "replace it (--overwrite, in Python overwrite=True)"
OF_THE_SWEEP = ("block", "replaces", "shards", "file")
"""What a manifest says of the sweep alone: without meaning for the numbers."""


def compare(old: dict[str, Any], new: dict[str, Any], where: Path | Address) -> None:
    """Refuse to mix results of different studies or code.

    Raises:
        UserError: naming what differs.
    """
    a, b = ({k: v for k, v in m.items() if k not in OF_THE_SWEEP} for m in (old, new))
    found = differences(json.loads(json.dumps(a)), json.loads(json.dumps(b)))
    if found:
        shown = "; ".join(found[:6]) + (f"; and {len(found) - 6} more" if len(found) > 6 else "")
        raise UserError(
            f"{where} cannot be resumed, it belongs to another study or version: {shown}."
            f" Restore what differs, or {ELSEWHERE}; ldnsim sweep --overwrite, without shards,"
            " starts again"
        )


def may_go_on(folder: BlockFolder, target: Path, manifest: dict[str, Any]) -> bool:
    """Whether the unfinished sweep belongs to this study.

    Then it takes precedence over a result that it was started to replace. Where it had given its
    result the name before it was stopped, what is left of it is deleted.

    Raises:
        UserError: something is in its way, or what it would replace is not of this program.
    """
    if cleared(folder, target, manifest) or not folder.exists():
        return False
    try:
        kept = folder.manifest()
        compare(kept, manifest, folder.path)
    except UserError:
        return False
    check_free(target, folder.path, kept["replaces"])
    return True


def cleared(folder: BlockFolder, target: Path, manifest: dict[str, Any]) -> bool:
    """Delete what is left of a sweep that had given its result the name before it was stopped.

    So may an append have been: it replaces a result, but by one that has more.

    Returns:
        whether there was something to delete.
    """
    if not folder.exists():
        return False
    try:
        kept = folder.manifest()
        compare({k: v for k, v in kept.items() if k != "adds_to"}, manifest, folder.path)
    except UserError:
        return False
    if (kept["replaces"] and "adds_to" not in kept) or not belongs(target, manifest):
        return False
    folder.remove()
    return True


def belongs(target: Path, manifest: dict[str, Any]) -> bool:
    """Whether there is a whole result, and of this study."""
    try:
        check_replaceable(target)
        compare(told(target, manifest, verify=True), manifest, target)
    except UserError:
        return False
    return target.exists()


def told(target: Path | Address, manifest: dict[str, Any], verify: bool = False) -> dict[str, Any]:
    """Return what a result says that it belongs to, as a manifest has it.

    Raises:
        UserError: it does not open, or does not say so.
    """
    with store.open_store(str(target), verify=verify) as ds:
        try:
            study = tomllib.loads(str(ds.attrs["study"]))
        except tomllib.TOMLDecodeError as error:
            raise UserError(
                f"{target} says of what it is in words that cannot be read: its attribute 'study'"
                f" is no study file ({error}); {ELSEWHERE}, or {REPLACE}"
            ) from None
        return {
            "study": study,
            "extensions": {e["name"]: e["sha256"] for e in store.extensions(ds.attrs, str(target))},
            "model": ds.attrs.get("model"),
            "numbers": ds.attrs.get("numbers"),
            "versions": store.told(ds.attrs, "versions", str(target)),
            "code": store.told(ds.attrs, "fingerprints", str(target)),
            "machine": manifest["machine"],
        }


def is_done(target: Path, manifest: dict[str, Any], resume: bool, overwrite: bool) -> bool:
    """Whether the result is there already, and may stand for this study.

    Raises:
        UserError: when something is in the way.
    """
    if not target.exists():
        return False
    if overwrite:
        check_replaceable(target)
        return False
    if not resume:
        refuse_existing(target)
    compare(told(target, manifest), manifest, target)
    log.info("%s is finished and belongs to this study: nothing is left to do", target)
    return True


def refuse_existing(target: Path) -> None:
    """Refuse what is there, and say how to replace it if that can be.

    Raises:
        UserError: always.
    """
    try:
        check_replaceable(target)
    except UserError:
        raise UserError(
            f"{target} exists already and is not a result of a sweep of this version; {ELSEWHERE}"
        ) from None
    raise UserError(f"{target} exists already; {ELSEWHERE}, or {REPLACE}")
