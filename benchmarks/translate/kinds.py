"""Types of the Python subset that this package turns into C, and how they meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SCALARS = {"double": "double", "int": "int64_t", "bool": "_Bool", "byte": "int8_t"}
_DTYPES = {"float64": "double", "int64": "int", "int8": "byte", "bool": "bool"}
_NUMBERS = ("bool", "byte", "int", "double")


class Unknown(NotImplementedError):
    """A construct the translator does not know; the message names it and its line."""


@dataclass(frozen=True)
class Array:
    """A C-contiguous array of ``item`` (a key of :data:`SCALARS`) with ``rank`` dimensions."""

    item: str
    rank: int

    @property
    def c(self) -> str:
        """Name of the C struct: pointer ``d`` and sizes ``n0``, ``n1``, ..."""
        return f"arr_{self.item}_{self.rank}"

    def definition(self) -> str:
        """The C struct."""
        sizes = "".join(f" int64_t n{i};" for i in range(self.rank))
        return f"typedef struct {{ {SCALARS[self.item]} *d;{sizes} }} {self.c};"


@dataclass(frozen=True)
class Tuple:
    """Several values together: what a function returns, or a record with named fields."""

    items: tuple[Type, ...]
    names: tuple[str, ...] = ()

    @property
    def c(self) -> str:
        """Name of the C struct with fields ``f0``, ``f1``, ..."""
        parts = (str(t) if isinstance(t, str) else t.c for t in self.items)
        return "_".join(["tup", *parts])

    def definition(self) -> str:
        """The C struct."""
        fields = "".join(f" {c_name(t)} f{i};" for i, t in enumerate(self.items))
        return f"typedef struct {{{fields} }} {self.c};"


Type = str | Array | Tuple
"""``"double"``, ``"int"``, ``"bool"``, ``"byte"``, ``"void"``, an array or a tuple."""


def c_name(t: Type) -> str:
    """How C spells a type."""
    if isinstance(t, str):
        return "void" if t == "void" else SCALARS[t]
    return t.c


def meet(a: Type | None, b: Type, what: str) -> Type:
    """The type of a name that is given values of both types.

    Raises:
        Unknown: an array where a number was, or arrays of different kinds.
    """
    if a is None or a == b:
        return b
    if a in _NUMBERS and b in _NUMBERS:
        return max(str(a), str(b), key=_NUMBERS.index)
    if isinstance(a, Tuple) and isinstance(b, Tuple) and len(a.items) == len(b.items):
        return Tuple(tuple(meet(x, y, what) for x, y in zip(a.items, b.items, strict=True)))
    raise Unknown(f"{what} is a {a} at one place and a {b} at another")


def type_of(value: object) -> Type:
    """Type of a Python value: a number, a NumPy array, or a record of such."""
    if isinstance(value, tuple):
        return Tuple(tuple(map(type_of, value)), getattr(value, "_fields", ()))
    if isinstance(value, np.ndarray):
        if str(value.dtype) not in _DTYPES or not value.flags.c_contiguous:
            raise Unknown(f"array of {value.dtype}, contiguous: {value.flags.c_contiguous}")
        return Array(_DTYPES[str(value.dtype)], value.ndim)
    if isinstance(value, (bool, np.bool_)):
        return "bool"
    if isinstance(value, (int, np.integer)):
        return "int"
    if isinstance(value, (float, np.floating)):
        return "double"
    raise Unknown(f"value of type {type(value).__name__}")
