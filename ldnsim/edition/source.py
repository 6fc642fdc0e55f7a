"""What the name of an extension stands for: the text of files, read once and told by its content.

A name that ends in ``.py`` or ``.toml`` is a file; a bare word is an entry point of an installed
package. Only the text is kept: what a study was run with is known by its hash, another process
makes the same of it, and a file that changes later changes nothing that was read before.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import metadata, util
from pathlib import Path

from ldnsim.errors import UserError, nearest, short

GROUP = "ldnsim.extensions"
"""Group of entry points that are extensions."""
MECHANISMS, DATA, PACKAGE = "mechanisms", "data", "package"
LARGEST_FILE = 2_000_000
"""Bytes of the longest file that is read."""


@dataclass(frozen=True)
class Source:
    """An extension as text.

    Attributes:
        name: as it was written; of an absolute path the file's name, which tells no machine.
        kind: ``"mechanisms"`` (a Python file), ``"data"`` (a TOML file) or ``"package"``.
        code: Python; empty for data.
        tables: TOML, each text with the name that errors give it.
    """

    name: str
    kind: str
    code: str = field(default="", repr=False)
    tables: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @cached_property
    def sha256(self) -> str:
        """Hash of the text: of one file, that of its bytes in UTF-8."""
        parts = [self.code] if self.kind != DATA else []
        return hashlib.sha256(
            "\0".join([*parts, *(t for _, t in self.tables)]).encode()
        ).hexdigest()

    def renamed(self, name: str) -> Source:
        """Return the same content under another name."""
        tables = tuple((name, text) for _, text in self.tables)
        return replace(self, name=name, tables=tables if self.kind == DATA else self.tables)


def read_sources(names: Sequence[str], folder: Path) -> tuple[Source, ...]:
    """Read what names stand for, in order.

    Args:
        names: files, or names of entry points.
        folder: where relative paths begin.

    Raises:
        UserError: a name that is no text or is there twice; see :func:`read_source`.
    """
    if isinstance(names, str) or not all(isinstance(n, str) for n in names):
        raise UserError(f"extend = {short(names)}: expected a list such as ['own.py', 'own.toml']")
    known = [called(n) for n in names]
    for i, name in enumerate(names):
        if known[i] in known[:i]:
            first = names[known.index(known[i])]
            raise UserError(
                f"extension {name!r} is listed twice"
                if first == name
                else f"extensions {first!r} and {name!r} are both kept as {known[i]!r} in results;"
                " rename one of them"
            )
    return tuple(read_source(name, folder) for name in names)


def called(name: str) -> str:
    """Return what an extension is called in results: its name, or the file of an absolute path."""
    return Path(name).name if Path(name).is_absolute() else name


def read_source(name: str, folder: Path) -> Source:
    """Read one extension.

    Raises:
        UserError: there is no such file or entry point, or it cannot be read as text.
    """
    if name.endswith(".py"):
        return Source(called(name), MECHANISMS, read_text(folder / name, f"extension {name!r}"))
    if name.endswith(".toml"):
        text = read_text(folder / name, f"extension {name!r}")
        return Source(called(name), DATA, tables=((called(name), text),))
    if not name.strip() or Path(name).suffix or Path(name).name != name:
        raise UserError(
            f"extension {short(name)}: expected a file that ends in .py or .toml, or the name of an"
            f" entry point of the group {GROUP}"
        )
    return _of_package(name)


def read_text(path: Path, what: str) -> str:
    """Return the text of a file; line ends and a byte order mark play no part.

    Args:
        path: the file.
        what: opens the error message.

    Raises:
        UserError: there is no such file, or it cannot be read as text.
    """
    try:
        if path.is_file() and path.stat().st_size > LARGEST_FILE:
            raise UserError(f"{what}: over {LARGEST_FILE:,} bytes")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        near = path.parent.glob(f"*{path.suffix}") if path.parent.is_dir() else ()
        hint = nearest(path.name, sorted(p.name for p in near if not _extends(p)))
        raise UserError(f"{what}: there is no file {str(path)!r}{hint}") from None
    except UnicodeDecodeError:
        raise UserError(f"{what}: not a text file in UTF-8") from None
    except OSError as error:
        raise UserError(f"{what}: cannot be read: {error.strerror}") from None


def _extends(path: Path) -> bool:
    """Whether a file is a study that names extensions, so that it is none itself."""
    try:
        return path.suffix == ".toml" and "model" in tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError):
        return False


def _of_package(name: str) -> Source:
    """Read the module an entry point names, and the TOML files that its ``DATA`` lists."""
    points = metadata.entry_points(group=GROUP)
    if name not in points.names:
        raise UserError(
            f"extension {name!r}: no installed package has an entry point of that name in the group"
            f" {GROUP}{nearest(name, points.names)}; a file ends in .py or .toml"
        )
    where = points[name].module
    try:
        spec = util.find_spec(where)
    except ImportError as error:
        raise UserError(
            f"extension {name!r}: its module {where} cannot be found: {error}"
        ) from None
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        raise UserError(f"extension {name!r}: its module {where} is not a Python file")
    what, folder = f"extension {name!r}", Path(spec.origin).parent
    code = read_text(Path(spec.origin), what)
    tables = ((f"{name}: {f}", read_text(folder / f, f"{what}: {f}")) for f in _data_of(code, name))
    return Source(name, PACKAGE, code, tuple(tables))


def _data_of(code: str, name: str) -> tuple[str, ...]:
    """Return the file names in the assignment ``DATA = ("own.toml",)`` without running the code."""
    import ast

    try:
        body = ast.parse(code).body
    except SyntaxError:
        return ()  # told when the module is run
    for node in body:
        if isinstance(node, ast.Assign) and any(ast.unparse(t) == "DATA" for t in node.targets):
            try:
                found = ast.literal_eval(node.value)
            except ValueError:
                found = None
            files = (found,) if isinstance(found, str) else found
            if isinstance(files, tuple | list) and all(isinstance(f, str) for f in files):
                return tuple(files)
            raise UserError(
                f"extension {name!r}: DATA: expected the name of a TOML file beside the module, or"
                " a tuple of them, written out"
            )
    return ()
