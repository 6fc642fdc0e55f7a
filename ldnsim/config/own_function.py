"""A Python function named in a study: ``"own.py:area_of_relief"``, read from its file.

The names of its arguments are what it is called with, as in a mechanism. The file is run when the
study is read, and nothing is run that the study does not name. Where the study says the SHA-256 of
the file, as the one inside a result does, it is run only when the function is called.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType
from typing import Annotated, Any

import numpy as np
from pydantic import InstanceOf, PlainSerializer, WithJsonSchema

from ldnsim.arrays import Floats
from ldnsim.edition.mechanisms import check_text, run_text
from ldnsim.edition.source import read_text
from ldnsim.errors import UserError, nearest, short

NUMERIC = ("numpy", "scipy", "xarray", "numba", "sympy")
"""Packages that a file may import besides the standard library: a result says their versions."""


@dataclass(frozen=True)
class Function:
    """A function of a file.

    Attributes:
        file: path as the study names it.
        name: of the function.
        sha256: of the file.
        folder: where the path begins.
        call: the function itself; None where its file has not been run.
    """

    file: str
    name: str
    sha256: str
    folder: Path = field(default=Path(), compare=False)
    call: FunctionType | None = field(default=None, compare=False)

    def __str__(self) -> str:
        """Return the function as a study names it."""
        return f"{self.file}:{self.name}"

    @property
    def arguments(self) -> tuple[str, ...]:
        """Names of its arguments; none where its file has not been run."""
        return () if self.call is None else tuple(inspect.signature(self.call).parameters)

    def loaded(self) -> Function:
        """Return the function ready to be called.

        Raises:
            UserError: the file is not there or not the same any more, or cannot be run.
        """
        if self.call is not None:
            return self
        found = read_function(str(self), self.folder)
        if found.sha256 != self.sha256:
            raise UserError(
                f"function = '{self}': {self.folder / self.file} has the SHA-256 {found.sha256},"
                f" not sha256 = '{self.sha256}'"
            )
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to another process by name: what was made of a file is no part of any module."""
        return Function, (self.file, self.name, self.sha256, self.folder)

    def of_run(self, values: Mapping[str, Any], run: str) -> float:
        """Return its number for one run.

        Args:
            values: what each argument is.
            run: how errors name the run.

        Raises:
            UserError: it raises anything, or returns what is no number or infinite.
        """
        where = f"{self.file}: {self.name} of {run}"
        assert self.call is not None
        try:
            with contextlib.redirect_stdout(sys.stderr):
                found = self.call(**{name: values[name] for name in self.arguments})
        except (Exception, SystemExit) as error:
            line = _line_of(error, self.file)
            raise UserError(f"{where}: {type(error).__name__}: {error}{line}") from error
        try:
            number = math.nan if isinstance(found, str) else float(found)
        except (TypeError, ValueError, OverflowError):
            number = math.inf
        if math.isinf(number) or isinstance(found, str):
            first = self.call.__code__.co_firstlineno
            raise UserError(
                f"{where} returned {short(found)}: expected a number, or NaN where there is none"
                f" (the function begins in line {first})"
            )
        return number

    def of_runs(self, values: Mapping[str, Floats], runs: int) -> Floats:
        """Return its numbers for many runs at once, (runs,).

        Args:
            values: what each argument is, (runs,).
            runs: how many.

        Raises:
            UserError: it raises anything, or returns anything but a number for every run.
        """
        where = f"{self.file}: {self.name}"
        assert self.call is not None
        try:
            with contextlib.redirect_stdout(sys.stderr):
                found = self.call(**{name: values[name].copy() for name in self.arguments})
            given = np.asarray(found)
            numbers = given.astype(np.float64)
        except (Exception, SystemExit) as error:
            line = _line_of(error, self.file)
            raise UserError(f"{where}: {type(error).__name__}: {error}{line}") from error
        odd = np.isinf(numbers).any() or (numbers < 0.0).any() or given.dtype == bool
        if numbers.shape != (runs,) or odd:
            raise UserError(
                f"{where} returned {short(found)}: expected a dose in mg for each of {runs} runs,"
                " 0 to stop and NaN to leave it as it is"
            )
        return numbers


def _line_of(error: BaseException, file: str) -> str:
    """Say in which line of a file an error arose."""
    at, line = error.__traceback__, ""
    while at is not None:
        if at.tb_frame.f_code.co_filename.startswith(f"<{file} "):
            line = f" (line {at.tb_lineno})"
        at = at.tb_next
    return line


def _allowed(module: str) -> bool:
    """Whether a result tells a module by its versions; a file beside this one it does not."""
    top = module.partition(".")[0]
    return top == "ldnsim" or top in NUMERIC or top in sys.stdlib_module_names


def read_function(text: object, folder: str | Path = "", sha256: object = None) -> Function:
    """Read a function from its file.

    Args:
        text: ``"file.py:name"``.
        folder: where a relative path begins.
        sha256: of the file, where that is known: then it is run only to be called.

    Raises:
        UserError: no such file or function, or the file cannot be run.
    """
    start = f"function = {short(text)}: "
    file, _, name = text.rpartition(":") if isinstance(text, str) else ("", "", "")
    if not file.endswith(".py") or not name.isidentifier():
        raise UserError(f"{start}expected file and function, such as 'own.py:area_of_relief'")
    if sha256:
        return Function(file, name, str(sha256), Path(folder))
    code = read_text(Path(folder) / file, start.removesuffix(": "))
    try:
        check_text(file, code, _allowed, "the standard library, ldnsim, " + ", ".join(NUMERIC))
        space = vars(run_text(file, code))
    except UserError as error:
        raise UserError(f"{start}{error}") from error
    functions = {k: v for k, v in space.items() if inspect.isfunction(v)}
    if name not in functions:
        raise UserError(f"{start}{file} has no function {name!r}{nearest(name, functions)}")
    wanted = inspect.signature(functions[name]).parameters
    odd = [
        str(p) for p in wanted.values() if p.kind not in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    if odd:
        raise UserError(f"{start}its argument {odd[0]!r} names nothing that is stored")
    digest = hashlib.sha256(code.encode()).hexdigest()
    return Function(file, name, digest, Path(folder), functions[name])


FunctionEntry = Annotated[
    InstanceOf[Function],
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["own.py:area_of_relief"]}),
]
"""A function as a study file names it."""
