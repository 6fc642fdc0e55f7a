"""From the text of an extension in Python to its mechanisms: run as it is, checked, never guessed.

The text becomes a module of a private name. What an equation may use is what counts for the key of
the compiled kernels: numbers and functions of the same file, and the forms and equations of this
package. Anything else could change while the text, the kernels and a result's record of them stay
as they are, so it is refused.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import dis
import hashlib
import inspect
import linecache
import math
import sys
import traceback
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import CodeType, FunctionType, ModuleType

from ldnsim.errors import UserError
from ldnsim.mechanisms import MECHANISMS
from ldnsim.mechanisms.record import Mechanism

PREFIX = "ldnsim_extension_"
IMPORTED = ("math", "typing", "__future__", "ldnsim.mechanisms")
"""What an extension may import: it changes with the version of Python and of this package alone."""
READERS = ("open", "exec", "eval", "compile", "__import__", "input", "globals", "vars", "getattr")
"""What reaches beyond the text of a file."""


@lru_cache(maxsize=256)
def mechanisms_of(name: str, code: str, needed: bool = True) -> tuple[Mechanism, ...]:
    """Run the text of an extension and return its mechanisms, in the order of the file.

    Args:
        name: of the file, as errors and tracebacks give it.
        code: the text.
        needed: whether it must hold one.

    Raises:
        UserError: naming file and line: what is not part of the file is used, an exception while
            it runs, a change to a mechanism of the package, or no mechanism.
    """
    check_text(name, code, _allowed, "ldnsim.mechanisms, math and typing", READERS)
    before = [(m, copy.deepcopy(vars(m))) for m in MECHANISMS]
    try:
        module = run_text(name, code)
    finally:
        changed = [m.name for m, kept in before if vars(m) != kept]
        for m, kept in before:
            vars(m).update(kept)
    if changed:
        raise UserError(
            f"{name}: adds to the mechanism {changed[0]!r} of the package; make one of its own,"
            " such as M = Mechanism('mine', 'What it is')"
        )
    things = {id(v): v for v in vars(module).values() if isinstance(v, Mechanism)}
    found = tuple(m for m in things.values() if m not in MECHANISMS)
    if needed and not found:
        raise UserError(
            f"{name}: no mechanism in it; expected M = Mechanism('mine', 'What it is') at the top"
            " level, from ldnsim.mechanisms.record"
        )
    for m in found:
        for word, formula in m.formulas().items():
            _check_formula(name, module, word, formula)
    return found


def _allowed(module: str) -> bool:
    return module in IMPORTED or module.startswith("ldnsim.mechanisms.")


def check_text(
    name: str, code: str, allowed: Callable[[str], bool], told: str, refused: tuple[str, ...] = ()
) -> None:
    """Refuse a file whose text is not all there is to it, without running it.

    Args:
        name: of the file, as errors give it.
        code: its text; one that is not Python is told when it is run.
        allowed: whether a module may be imported.
        told: which may, in words.
        refused: names that may not be used.

    Raises:
        UserError: naming file and line.
    """
    try:
        steps = list(ast.walk(ast.parse(code)))
    except (SyntaxError, ValueError):
        return
    unseen = "so that changes elsewhere would go unseen"
    for step in steps:
        modules = [a.name for a in step.names] if isinstance(step, ast.Import) else []
        if isinstance(step, ast.ImportFrom):
            modules = ["." * step.level + (step.module or "")]
        line = f"{name}, line {getattr(step, 'lineno', 0)}"
        for module in (m for m in modules if not allowed(m)):
            raise UserError(f"{line}: imports {module}, {unseen}; a file may import {told}")
        if isinstance(step, ast.Name) and step.id in refused:
            raise UserError(f"{line}: uses {step.id!r}, {unseen}")


def run_text(name: str, code: str) -> ModuleType:
    """Run the text of a Python file as a module of a private name.

    Args:
        name: of the file, as errors and tracebacks give it.
        code: the text.

    Raises:
        UserError: naming file and line: it is not Python, or an exception while it runs.
    """
    key = hashlib.sha256(f"{name}\0{code}".encode()).hexdigest()[:20]
    file = f"<{name} {key[:8]}>"
    module = ModuleType(PREFIX + key)
    # where inspect and tracebacks look up the source, which may no longer be that of the file
    linecache.cache[file] = (len(code), None, code.splitlines(True), file)
    sys.modules[module.__name__] = module
    try:
        # what it prints is not part of a table that a command prints
        with contextlib.redirect_stdout(sys.stderr):
            exec(compile(code, file, "exec", dont_inherit=True), vars(module))
    except SyntaxError as error:
        del sys.modules[module.__name__]
        raise UserError(f"{name}, line {error.lineno}: not Python: {error.msg}") from None
    except (Exception, SystemExit) as error:
        del sys.modules[module.__name__]
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
        what = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
        raise UserError(f"{name}, line {lines[-1]}: {what}{error}") from None
    return module


def _check_formula(name: str, module: ModuleType, word: str, formula: object) -> None:
    """Refuse an equation whose text is not all there is to it."""
    where = f"{name}: the equation of {word!r}"
    found = vars(module).get(word)
    if found is not formula or not isinstance(found, FunctionType):
        raise UserError(f"{where} is not a function at the top level of the file, under its name")
    waiting, seen = [found], {found}
    while waiting:
        function = waiting.pop()
        if function.__closure__ or function.__kwdefaults__ or function.__defaults__:
            raise UserError(f"{where} has defaults or names from around it; use parameters instead")
        for used in _globals(function.__code__, where):
            thing = vars(module).get(used)
            if isinstance(thing, FunctionType) and thing.__module__ == module.__name__:
                if thing not in seen:
                    seen.add(thing)
                    waiting.append(thing)
            elif used in vars(module) and not _counted(thing):
                raise UserError(
                    f"{where} uses {used!r}, which is not part of this file or of"
                    " ldnsim.mechanisms, so that its changes would go unseen; write it here as a"
                    " number or a function"
                )


def _counted(thing: object) -> bool:
    """Whether what an equation uses counts for the key of the kernels, or never changes."""
    if isinstance(thing, FunctionType):
        return thing.__module__.startswith("ldnsim.mechanisms.")
    return isinstance(thing, int | float) or thing is math or inspect.isbuiltin(thing)


def _globals(code: CodeType, where: str) -> Iterator[str]:
    """Yield the names that a function takes from its module."""
    for step in dis.get_instructions(code):
        if step.opname == "IMPORT_NAME":
            raise UserError(f"{where} imports {step.argval}; import at the top of the file")
        if "JUMP" in step.opname and "_IF_" in step.opname:  # a symbol is neither true nor false
            raise UserError(f"{where} branches (if, and, or, not); write one expression")
        if step.opname.startswith("LOAD_GLOBAL"):
            yield str(step.argval)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _globals(inner, where)
