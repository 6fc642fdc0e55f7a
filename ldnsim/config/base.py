"""The one base of every configuration block: frozen, unknown keys refused, defaults checked."""

from __future__ import annotations

import ast
import inspect
import textwrap
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, ValidationError

from ldnsim.config.explain import explain


class Config(BaseModel):
    """A block of a study file. Configuration builds the model; it never is the model."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        defer_build=True,
        validate_default=True,
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

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> Any:
        """Describe every key by the words below it in the source.

        Read here, where they are wanted: pydantic would read them at every start.
        """
        found = handler(core)
        whole = handler.resolve_ref_schema(found)
        fields, said = cls.model_fields, _words(cls).items()
        # what a field says of itself stays; what its type says is of no field in particular
        words = {fields[n].alias or n: text for n, text in said if fields[n].description is None}
        # one that has a short form too has its keys one level below
        for part in (whole, *whole.get("anyOf", ())):
            for key, schema in part.get("properties", {}).items():
                if key in words:
                    schema["description"] = words[key]
        return found

    # blocks inside a block are validated without it, so that all mistakes come together
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


def _words(model: type[BaseModel]) -> dict[str, str]:
    """Return the text below each field of a model and of what it is made from, in its source."""
    found: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        if not (issubclass(kind, BaseModel) and kind.__annotations__ and kind is not BaseModel):
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
        assert isinstance(tree, ast.ClassDef)
        for field, text in pairwise(tree.body):
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
                name, words = ast.unparse(field.target), ast.literal_eval(text.value)
                if name in model.model_fields:
                    found[name] = inspect.cleandoc(words)
    return found


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
