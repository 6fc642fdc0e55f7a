"""The one base of every configuration block: frozen, unknown keys refused, defaults checked."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ldnsim.config.explain import explain


class Config(BaseModel):
    """A block of a study file. Configuration builds the model; it never is the model."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
    )

    def __init__(self, **data: Any) -> None:
        """Make a block in Python.

        Raises:
            UserError: with one line per mistake, as for a study file.
        """
        try:
            super().__init__(**data)
        except ValidationError as error:
            name = type(self).__name__.removesuffix("Config").lower()
            raise explain(error, name, type(self)) from None

    # blocks inside a block are validated without it, so that all mistakes come together
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


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
