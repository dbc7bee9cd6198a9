"""docs/settings.md is made of the code: every setting with its default and the meaning written under it.

`TENURE_REWRITE_GOLDEN=1 pytest tests/settings/test_settings_page.py` writes the page anew.
"""

from __future__ import annotations

import ast
import inspect
import os
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

from tenure.domain import Domain, Role
from tenure.registry import domain_names, find_domain
from tenure.settings import (
    EventsSection,
    HeartSection,
    PredictSection,
    ProjectSection,
    RunSection,
    Settings,
    SideSection,
    ValueSection,
)

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
REWRITE = "TENURE_REWRITE_GOLDEN"
SECTIONS = {
    "project": ProjectSection,
    "events": EventsSection,
    "items": SideSection,
    "users": SideSection,
    "run": RunSection,
    "predict": PredictSection,
    "heart": HeartSection,
    "value": ValueSection,
}
HEAD = """\
# Settings

Everything that can be set, in `tenure.toml` beside your data (`tenure init` writes it). What a command is told wins
over the environment (`TENURE_RUN__BUDGET=500`, two underscores between section and setting), the environment over the
file, the file over the default. An unknown setting is an error that names the nearest known one.

This page is made of the code by `tests/settings/test_settings_page.py`, which fails when the two differ.
"""
DOMAIN_HEAD = """\
## [domain]

Changes to the chosen domain, or a whole new one under a name of your own (it then needs `[domain.events]`). `–` =
learnt from the data, or none.
"""
EVENTS_HEAD = """\
### [domain.events]

What an event type means: `checkout = "commitment"`, or `checkout = { role = "commitment", weight = 5 }`. The weight is
its strength as evidence of taste; without one it is 1 for roles that show activity and 0 for the others. Spelling does
not matter: `Add to Cart` is `add_to_cart`. Types that you add join those of the domain.
"""


def meanings(kind: type) -> Mapping[str, str]:
    """Field -> the docstring under it."""
    (body,) = [node for node in ast.parse(inspect.getsource(kind)).body if isinstance(node, ast.ClassDef)]
    found = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        name = (
            field.target
            if isinstance(field, ast.AnnAssign)
            else field.targets[0]
            if isinstance(field, ast.Assign)
            else None
        )
        if isinstance(name, ast.Name) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            found[name.id] = " ".join(str(below.value.value).split()).replace("None = ", "unset = ")
    return found


def shown(value: Any) -> str:
    if value in (None, "", [], {}):
        return "–"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    yield from ("| " + " | ".join(row) + " |" for row in rows)
    yield ""


def section(name: str, kind: type[Any]) -> Iterator[str]:
    yield f"## [{name}]\n"
    said = meanings(kind)
    rows = [
        [f"`{field}`", shown(info.get_default(call_default_factory=True)), said[field]]
        for field, info in kind.model_fields.items()
    ]
    yield from table(["setting", "default", "meaning"], rows)


def domain_section() -> Iterator[str]:
    yield DOMAIN_HEAD
    known, said = {name: find_domain(name) for name in domain_names()}, meanings(Domain)
    rows = []
    for field in fields(Domain):
        if field.name not in {"name", "events"}:
            default = shown(None if field.default is MISSING else field.default)
            values = [shown(getattr(domain, field.name)) for domain in known.values()]
            rows.append([f"`{field.name}`", default, *values, said[field.name]])
    yield from table(["setting", "default", *known, "meaning"], rows)
    yield EVENTS_HEAD
    said = meanings(Role)
    rows = []
    for role in Role:
        words = [
            ", ".join(f"`{word}`" for word, meaning in domain.events.items() if meaning.role is role) or "–"
            for domain in known.values()
        ]
        rows.append([f"`{role}`", said[role.name], *words])
    yield from table(["role", "meaning", *known], rows)


def page() -> str:
    lines = [HEAD]
    for name, kind in SECTIONS.items():
        lines += section(name, kind)
    lines += domain_section()
    return "\n".join(lines).rstrip() + "\n"


def test_the_page_is_what_the_code_says() -> None:
    if os.environ.get(REWRITE):
        PAGE.write_text(page(), encoding="utf-8")
    kept = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
    assert kept == page(), f"run `{REWRITE}=1 pytest {Path(__file__).name}` and review"


def test_every_section_is_on_the_page() -> None:
    assert {*SECTIONS, "domain"} == set(Settings.model_fields)


@pytest.mark.parametrize("kind", [*dict.fromkeys(SECTIONS.values()), Domain])
def test_every_field_says_what_it_means(kind: type[Any]) -> None:
    names = kind.model_fields if hasattr(kind, "model_fields") else [field.name for field in fields(kind)]
    said = meanings(kind)
    assert [name for name in names if not said.get(name, "").endswith((".", "?"))] == []


def test_the_page_is_plain_markdown() -> None:
    for line in page().splitlines():
        if line.startswith("|"):
            cells = line.count("|")
        assert not line.startswith("|") or line.count("|") == cells, line
