"""The base of what is made in Python or read from a study file: wrong fields are told plainly."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ldnsim.errors import UserError, short, unknown


class Frozen(BaseModel):
    """A value that never changes; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    def __init__(self, **data: Any) -> None:
        """Make it in Python.

        Raises:
            UserError: the first mistake, as for a study file.
        """
        try:
            super().__init__(**data)
        except ValidationError as error:
            own = type(self)
            raise user_error(error, own.__name__.lower(), own.model_fields) from None

    # what is inside another value is validated without it
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


def user_error(
    error: ValidationError, whole: str = "regimen", fields: Iterable[str] = ()
) -> UserError:
    """Return the first complaint of a pydantic error as a plain `UserError`.

    Args:
        error: what pydantic raised.
        whole: what the error is about, where it names no field.
        fields: those it has, for the nearest valid one.
    """
    first = error.errors()[0]
    cause = first.get("ctx", {}).get("error")
    where = ".".join(str(part) for part in first["loc"]) or whole
    if isinstance(cause, UserError):
        told = str(cause)
        return UserError(f"{where}{told[5:]}") if told.startswith("value = ") else cause
    if cause is not None:
        return UserError(f"{where} = {short(first['input'])}: {cause}")
    message = first["msg"].removeprefix("Input should be ")
    if first["type"] == "extra_forbidden":
        return unknown(f"{whole} field", where, fields)
    if first["type"] == "missing":
        return UserError(f"{where}: this field is needed and is missing")
    if first["type"].startswith(("less_than", "greater_than")):
        message = f"a number {message}"
    return UserError(f"{where} = {short(first['input'])}: expected {message}")
