"""The one base of every configuration block: frozen, unknown keys refused, defaults checked."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """A block of a study file. Configuration builds the model; it never is the model."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
    )


def shorthand(plain: dict[str, Any]) -> Any:
    """Return a schema hook: the block may also be written in a short form.

    Args:
        plain: JSON Schema of the short form.
    """

    def either(schema: dict[str, Any]) -> None:
        full = dict(schema)
        schema.clear()
        schema["anyOf"] = [plain, full]

    return either
