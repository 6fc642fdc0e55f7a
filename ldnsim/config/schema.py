"""The JSON Schema of study files, kept as a file for editors."""

from __future__ import annotations

import json
from pathlib import Path

from ldnsim.config.study import StudyConfig

FILE = Path(__file__).parents[1] / "study.schema.json"


def text() -> str:
    """Return the JSON Schema of study files as text."""
    schema = StudyConfig.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "ldnsim study"
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
