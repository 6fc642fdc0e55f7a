"""The JSON Schema of study files: the one maker of what editors, the command and the file have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ldnsim.config.study import StudyConfig

FILE = Path(__file__).parents[1] / "study.schema.json"
# pydantic's names of limits, which it leaves in the schema of a type with a validator of its own
_LIMITS = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}


def make() -> dict[str, Any]:
    """Return the JSON Schema of study files."""
    schema: dict[str, Any] = _with_limits(StudyConfig.model_json_schema())
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "ldnsim study"
    return schema


def text() -> str:
    """Return the JSON Schema of study files as text."""
    return json.dumps(make(), indent=2, ensure_ascii=False) + "\n"


def _with_limits(part: Any) -> Any:
    if isinstance(part, list):
        return [_with_limits(p) for p in part]
    if not isinstance(part, dict):
        return part
    numbers = part.get("type") in ("number", "integer", ["number", "string"])
    names = _LIMITS if numbers else {}
    return {names.get(key, key): _with_limits(value) for key, value in part.items()}


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
