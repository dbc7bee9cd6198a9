"""tenure.toml says what it was told, whatever the words."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tenure.errors import ConfigError
from tenure.events.columns import FIELDS
from tenure.settings import load_settings, parse_settings
from tenure.storage.project_file import project_toml

TEXT = st.text(max_size=30)
PATHS = TEXT | st.lists(TEXT, min_size=1, max_size=3)


def section(kind):
    columns = st.dictionaries(st.sampled_from(FIELDS[kind]), st.text(min_size=1, max_size=15) | st.just(["a", "b"]))
    return st.fixed_dictionaries({"paths": PATHS, "columns": columns}, optional={"encoding": TEXT})


SECTIONS = st.fixed_dictionaries(
    {
        "project": st.fixed_dictionaries({"name": TEXT}, optional={"seed": st.integers(-9, 9)}),
        "events": section("events"),
    },
    optional={"items": section("items"), "users": section("users")},
)


def without_empty(sections):
    return {name: {k: v for k, v in section.items() if v != {}} for name, section in sections.items()}


@given(SECTIONS)
@example(
    {
        "project": {"name": '"; drop = 1 #\n[x]\\ \x00\x7f\u2028 ☃'},
        "events": {"paths": ["C:\\new\\table"], "columns": {}},
    }
)
def test_law_what_is_written_reads_back_the_same(sections):
    assert tomllib.loads(project_toml(sections)) == without_empty(sections)


@given(st.dictionaries(TEXT, st.booleans(), max_size=4))
def test_law_any_key_can_be_written(columns):
    written = project_toml({"events": {"paths": "x", "columns": columns}})
    assert tomllib.loads(written)["events"].get("columns", {}) == columns


def test_what_is_not_set_is_not_written():
    written = project_toml({"project": {"name": "shop"}, "events": {"paths": "e.csv", "preset": None, "columns": {}}})
    assert tomllib.loads(written) == {"project": {"name": "shop"}, "events": {"paths": "e.csv"}}


def test_the_file_is_a_valid_project(tmp_path):
    sections = {
        "project": {"name": "shop", "domain": "video"},
        "events": {"paths": ["e.csv"], "columns": {"value": "paid"}},
    }
    (tmp_path / "tenure.toml").write_text(project_toml(sections), encoding="utf-8")
    settings = load_settings(tmp_path)
    assert settings.project.domain == "video"
    assert settings.events.columns == {"value": "paid"}


def test_what_the_comments_offer_can_be_switched_on():
    """Every commented setting at the foot of the file is one that exists."""
    written = project_toml({"project": {"name": "shop"}, "events": {"paths": "e.csv"}})
    foot = written[written.index("# [run]") :]
    offered = "\n".join(line.removeprefix("# ") for line in foot.splitlines())
    settings = parse_settings({**tomllib.loads(offered), "events": {"paths": "e.csv"}}, "test")
    assert settings.run.budget == 1000
    assert settings.resolved_domain().churned_after_days == 180
    assert settings.resolved_domain().meaning("checkout").weight == 5
    with pytest.raises(ConfigError):
        parse_settings({"run": {"budgett": 1}}, "test")
