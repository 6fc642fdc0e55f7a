"""A Python function named in a study: ``"own.py:area_of_relief"``, read from its file.

The names of its arguments are what it is called with, as in a mechanism. The file is run when the
study is read; nothing is run that the study does not name.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import InstanceOf, PlainSerializer, WithJsonSchema

from ldnsim.errors import UserError, nearest, short


@dataclass(frozen=True)
class Function:
    """A function of a file.

    Attributes:
        file: path as the study names it.
        name: of the function.
        sha256: of the file.
        arguments: names of its arguments.
        call: the function itself; None where the file of an earlier result is not there.
    """

    file: str
    name: str
    sha256: str
    arguments: tuple[str, ...] = ()
    call: Callable[..., Any] | None = field(default=None, compare=False)

    def __str__(self) -> str:
        """Return the function as a study names it."""
        return f"{self.file}:{self.name}"

    def of_run(self, values: Mapping[str, Any], run: str) -> float:
        """Return its number for one run.

        Args:
            values: what each argument is.
            run: how errors name the run.

        Raises:
            UserError: it raises anything, or returns no number; or its file is not there.
        """
        where = f"{self.file}: {self.name} of {run}"
        if self.call is None:
            raise UserError(f"{where}: there is no such file")
        try:
            found = self.call(**{name: values[name] for name in self.arguments})
        except Exception as error:
            line = _line_of(error, self.file)
            raise UserError(f"{where}: {type(error).__name__}: {error}{line}") from error
        try:
            return float(found)
        except (TypeError, ValueError):
            raise UserError(f"{where} returned {short(found)}: expected a number") from None


def _line_of(error: BaseException, file: str) -> str:
    """Say in which line of a file an error arose."""
    at, line = error.__traceback__, ""
    while at is not None:
        if at.tb_frame.f_code.co_filename.endswith(file):
            line = f" (line {at.tb_lineno})"
        at = at.tb_next
    return line


def read_function(text: str, folder: str | Path = "", sha256: object = None) -> Function:
    """Read a function from its file.

    Args:
        text: ``"file.py:name"``.
        folder: where a relative path begins.
        sha256: of the file, where that is known: then it may be missing until it is called.

    Raises:
        UserError: no such file or function, or the file cannot be run.
    """
    file, _, name = text.rpartition(":")
    start = f"function = {short(text)}: "
    if not file.endswith(".py") or not name.isidentifier():
        raise UserError(f"{start}expected file and function, such as 'own.py:area_of_relief'")
    path = Path(folder) / file
    if not path.is_file():
        if sha256:
            return Function(file, name, str(sha256))
        found = sorted(p.name for p in path.parent.glob("*.py"))
        raise UserError(f"{start}{path} does not exist{nearest(path.name, found)}")
    data = path.read_bytes()
    space: dict[str, Any] = {"__name__": path.stem, "__file__": str(path)}
    try:
        exec(compile(data, str(path), "exec"), space)  # named by the user, as a script is
    except Exception as error:
        line = _line_of(error, file)
        raise UserError(f"{start}{path}: {type(error).__name__}: {error}{line}") from error
    functions = {k: v for k, v in space.items() if inspect.isfunction(v)}
    if name not in functions:
        raise UserError(f"{start}{path} has no function {name!r}{nearest(name, functions)}")
    wanted = inspect.signature(functions[name]).parameters
    odd = [
        str(p) for p in wanted.values() if p.kind not in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    if odd:
        raise UserError(f"{start}its argument {odd[0]!r} names nothing that is stored")
    digest = hashlib.sha256(data).hexdigest()
    return Function(file, name, digest, tuple(wanted), functions[name])


FunctionEntry = Annotated[
    InstanceOf[Function],
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["own.py:area_of_relief"]}),
]
"""A function as a study file names it."""
