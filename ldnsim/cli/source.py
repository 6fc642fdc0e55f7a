"""What a command was given, and which of its options have a meaning there.

Every command that takes a study, a stored result or a prescription asks here. An option that
would do nothing for what was given is refused, with where to say it instead.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldnsim.cli.extend import edition_for, edition_of
from ldnsim.errors import UserError, nearest
from ldnsim.results.target import KINDS

if TYPE_CHECKING:
    from ldnsim.sweep.study import Study


class Kind(enum.Enum):
    """What can be given to a command, in words."""

    STUDY = "a study file"
    STORE = "a stored result"
    PRESCRIPTION = "a prescription"
    EVENTS = "an event table"


STUDY, STORE, PRESCRIPTION, EVENTS = Kind
ONE_PATIENT = (PRESCRIPTION, EVENTS)
"""What says doses alone: hypothesis, phenotype and parameters come from options."""
_ENDINGS = {".toml": STUDY, **dict.fromkeys(KINDS, STORE), ".csv": EVENTS}
_INSTEAD = {
    STUDY: "set it in {text} instead, or leave it out",
    STORE: "{text} is finished, and nothing of it is set any more: leave it out",
    PRESCRIPTION: "put the prescription into a study file, or leave it out",
    EVENTS: "put the table into a study file, or leave it out",
}


@dataclass(frozen=True)
class Source:
    """What a command was given.

    Attributes:
        kind: what it is.
        text: as the user wrote it.
    """

    kind: Kind
    text: str

    @property
    def path(self) -> Path:
        """Return it as a path; for a prescription without meaning."""
        return Path(self.text)

    def only(self, kinds: Sequence[Kind], options: Mapping[str, Any], why: str = "") -> None:
        """Refuse options that mean nothing here.

        Args:
            kinds: what the options belong to.
            options: by their names on the command line; None, false and empty are not given.
            why: reason why they mean nothing, instead of the usual one.

        Raises:
            UserError: naming the first option that was given in vain.
        """
        given = [
            name for name, value in options.items()
            if not (value is None or value is False or (isinstance(value, list) and not value))
        ]  # fmt: skip
        if not given or self.kind in kinds:
            return
        belongs = _listed(kinds)
        reason = f"{why}, or leave it out" if why else _INSTEAD[self.kind].format(text=self.text)
        raise UserError(f"{given[0]} belongs to {belongs}, not to {self.kind.value}; {reason}")

    def study(
        self,
        hypothesis: str | None = None,
        phenotype: str | None = None,
        settings: Sequence[str] | None = None,
        extend: Sequence[str] | None = None,
    ) -> Study:
        """Return the study: read, taken out of a result, or made of one prescription.

        Args:
            hypothesis: of a prescription; the default one when None.
            phenotype: of a prescription; the default one when None.
            settings: of a prescription: parameters as ``name=value``.
            extend: extensions of a prescription's model, or of a result's, which are not run
                unless they are named again.

        Raises:
            UserError: for options that belong to a prescription, and whatever cannot be read.
        """
        import ldnsim

        options = {"--hypothesis": hypothesis, "--phenotype": phenotype, "--set": settings}
        self.only(ONE_PATIENT, options)
        own = f"a study names its own: write [model] extend = [...] into {self.text}"
        self.only((*ONE_PATIENT, STORE), {"--extend": extend}, own)
        if self.kind is STUDY:
            return ldnsim.load(self.text)
        if self.kind is STORE:
            from ldnsim.analysis.sensitivity import stored_study

            with ldnsim.open_store(self.path) as ds:
                return stored_study(ds, edition_for(ds, extend))
        from ldnsim.sweep.study import prescribed

        doses = {"events": self.text} if self.kind is EVENTS else self.text
        named = "dual_pathway" if hypothesis is None else hypothesis
        model = {"extend": list(extend)} if extend else None
        with edition_of(extend).in_force():
            return prescribed(
                doses, named, phenotype, None, assignments(settings), said_in="command line",
                model=model,
            )  # fmt: skip


def resolve(text: str | Path, *kinds: Kind) -> Source:
    """Find out what was given.

    Args:
        text: path or prescription, as the user wrote it.
        kinds: what the command takes.

    Raises:
        UserError: something else, or a path to nothing.
    """
    source = Source(_kind(str(text), kinds), str(text))
    if source.kind in kinds:
        return source
    wanted = _listed(kinds)
    raise UserError(
        f"{source.text} is {source.kind.value}; expected {wanted}{_way_out(source, kinds)}"
    )


def _kind(text: str, kinds: Sequence[Kind]) -> Kind:
    path = Path(text)
    ending = path.suffix.lower()
    if ending in _ENDINGS:
        return _ENDINGS[ending]
    if text.strip() and _is_there(path):
        if (path / "zarr.json").is_file():
            return STORE
        if path.is_dir():
            raise UserError(f"{text} is a folder; expected {_listed(kinds)}")
        raise UserError(
            f"{text}: a file of no kind that is known here; a study file ends in .toml, a stored"
            " result in .zarr or .nc, an event table in .csv"
        )
    if PRESCRIPTION in kinds and not _looks_like_a_path(text):
        return PRESCRIPTION
    here = path.parent if _is_there(path.parent) else Path()
    near = sorted(p.name for p in here.glob("*") if p.suffix.lower() in _ENDINGS)
    own = [name for name in near if _ENDINGS[Path(name).suffix.lower()] in kinds]
    close = [n for n in near if "mean" in nearest(path.name, [n])]
    hint = nearest(path.name, close or own) if text.strip() else ""
    raise UserError(f"there is no {text!r}; expected {_listed(kinds)}{hint}")


def _listed(kinds: Sequence[Kind]) -> str:
    words = [k.value for k in kinds]
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _is_there(path: Path) -> bool:
    """Whether a path exists; a prescription may be longer than any path, or hold any character."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _looks_like_a_path(text: str) -> bool:
    """Whether a word is no prescription: it has a slash, or an ending of letters, and no space."""
    return not re.search(r"\s", text) and bool(re.search(r"[/\\]|\.[A-Za-z]\w*$", text))


def _way_out(source: Source, kinds: Sequence[Kind]) -> str:
    """Say how to come from what was given to what is needed."""
    if source.kind is STUDY and STORE in kinds:
        return f"; run it first: ldnsim sweep {source.text}"
    if source.kind is STUDY:
        return f"; run it with: ldnsim sweep {source.text}"
    if source.kind is STORE and STUDY in kinds:
        return "; give the study file that the result was made from"
    if source.kind is EVENTS and STUDY in kinds:
        quoted = json.dumps(source.text, ensure_ascii=False)
        return (
            f'; simulate the table itself with: ldnsim simulate "{source.text}", or write a study'
            f" file of two lines: [regimen] and events = {quoted}"
        )
    return ""


def assignments(texts: Sequence[str] | None) -> dict[str, float]:
    """Read several ``name=value``, each name once."""
    found: dict[str, float] = {}
    for name, value in map(assignment, texts or []):
        if name in found:
            raise UserError(f"--set {name}: given twice, {found[name]:g} and {value:g}; keep one")
        found[name] = value
    return found


def assignment(text: str) -> tuple[str, float]:
    """Read ``name=value``: a number in the unit of the parameter, or one with another unit.

    Raises:
        UserError: no name, no ``=``, or what `ldnsim.units.in_unit` refuses.
    """
    from ldnsim.config.quantities import parameter_value
    from ldnsim.units import is_number, read_number

    name, equals, value = (part.strip() for part in text.partition("="))
    if not (name and equals):
        raise UserError(f"--set {text!r}: expected name=number such as {name or 'name'}=1.5")
    key = f"--set {name}"
    plain = float(read_number(value, key=key)) if is_number(value) else value
    return name, parameter_value(name, plain, key=key)
