"""tenure.toml as it is first written: short, with comments that say what else can be set."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_NOTES = {
    "project": "# What this is. Domains: ecommerce, video, news, or a name of your own with [domain.events].",
    "events": "# The event log. Paths and globs are relative to this file.",
    "items": "# Optional table of items: title, categories, brand, price.",
    "users": "# Optional table of users: whatever is known beside their behaviour.",
}
_TAIL = """\
# [run]
# slate_length = 10        # items recommended to each user
# horizon_days = 30        # horizon of the predictions
# budget = 1000            # what the retention plan may cost
# control_share = 0.1      # share of users left alone at random, to measure the effect
# memory_limit = "3GB"     # above this the engine spills to disk

# [domain]                 # anything of the domain can be changed
# churned_after_days = 180
# [domain.events]
# checkout = { role = "commitment", weight = 5 }
"""


def project_toml(sections: Mapping[str, Mapping[str, Any]]) -> str:
    """The text of tenure.toml; values of None are left out."""
    parts = []
    for name, section in sections.items():
        lines = [_NOTES[name], f"[{name}]"]
        lines += [f"{key} = {_value(value)}" for key, value in section.items() if value not in (None, {})]
        columns = section.get("columns")
        if columns:
            lines = [line for line in lines if not line.startswith("columns = ")]
            lines += [f"[{name}.columns]  # field of tenure = column of the source"]
            lines += [f"{_key(field)} = {_value(column)}" for field, column in columns.items()]
        parts.append("\n".join(lines))
    return "\n\n".join([*parts, _TAIL])


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(entry) for entry in value) + "]"
    return str(value)


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else _text(name)


def _text(text: str) -> str:
    """A JSON string is a TOML basic string, but for the delete character, which TOML wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
