"""Argument over environment over file over default; what is wrong is named, with the nearest right thing."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tenure.errors import ConfigError, TenureError, UnknownError
from tenure.registry import domain_names, find_domain
from tenure.settings import Settings, load_settings, parse_settings

FILE = {"events": {"paths": "e.csv", "columns": {"value": "paid"}}, "run": {"budget": 1, "threads": 3}}


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch):
    import os

    for name in [name for name in os.environ if name.startswith("TENURE_")]:
        monkeypatch.delenv(name)


def test_each_place_wins_over_the_next_setting_by_setting(monkeypatch):
    assert Settings().run.budget is None
    assert parse_settings(FILE, "file").run.budget == 1
    monkeypatch.setenv("TENURE_RUN__BUDGET", "2")
    in_environment = parse_settings(FILE, "file")
    assert (in_environment.run.budget, in_environment.run.threads) == (2, 3)
    told = parse_settings(FILE, "file", run={"budget": 3})
    assert (told.run.budget, told.run.threads, told.run.keep_runs) == (3, 3, 3)
    assert told.events.columns == {"value": "paid"}


@given(
    layers=st.lists(
        st.dictionaries(st.sampled_from(["budget", "threads", "keep_runs"]), st.integers(1, 9)), min_size=3, max_size=3
    )
)
def test_law_the_first_layer_that_says_something_decides(layers):
    argument, environment, file = layers
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(f"TENURE_RUN__{name.upper()}", str(value))
        found = parse_settings({"run": file}, "file", run=argument).run
    default = Settings.model_fields["run"].default
    for name in ("budget", "threads", "keep_runs"):
        expected = next((layer[name] for layer in layers if name in layer), getattr(default, name))
        assert getattr(found, name) == expected


def test_the_environment_may_hold_text_numbers_and_lists(monkeypatch):
    monkeypatch.setenv("TENURE_PROJECT__TIMEZONE", "Europe/Paris")
    monkeypatch.setenv("TENURE_EVENTS__PATHS", '["a.csv", "b.csv"]')
    monkeypatch.setenv("TENURE_DOMAIN", '{"slate_length": 7}')
    found = parse_settings(FILE, "file")
    assert found.project.timezone == "Europe/Paris"
    assert found.events.paths == ["a.csv", "b.csv"]
    assert found.resolved_domain().slate_length == 7


WRONG = [
    ({"run": {"bugdet": 1}}, ["tenure.toml", "'run.bugdet'", "did you mean 'budget'"]),
    ({"event": {}}, ["'event'", "did you mean 'events'"]),
    ({"run": {"budget": "much"}}, ["[run] budget", "number", "'much'"]),
    ({"run": {"budget": -1}}, ["[run] budget", "-1"]),
    ({"run": {"slate_length": 0}}, ["[run] slate_length", "0"]),
    ({"run": {"control_share": 0.95}}, ["[run] control_share", "0.95"]),
    ({"run": 3}, ["[run]", "3"]),
    ({"project": {"seed": "x"}}, ["[project] seed", "'x'"]),
    ({"events": {"duplicates": "maybe"}}, ["[events] duplicates", "'auto', 'drop' or 'keep'", "'maybe'"]),
    ({"events": {"paths": 3}}, ["[events] paths", "3"]),
    ({"project": {"domain": "comerce"}}, ["'comerce'", "did you mean 'ecommerce'", "[domain.events]"]),
    ({"domain": {"horizon_day": 3}}, ["[domain]", "'horizon_day'", "did you mean 'horizon_days'"]),
    ({"domain": {"horizon_days": -3}}, ["horizon_days", "-3"]),
    ({"domain": {"horizon_days": "ten"}}, ["[domain]", "quotes"]),
    ({"domain": {"events": {"buy": "comitment"}}}, ["buy", "'comitment'", "did you mean 'commitment'"]),
    ({"domain": {"events": {"buy": {"role": "commitment", "wait": 3}}}}, ["buy", "weight"]),
    ({"domain": {"period": "fortnight"}}, ["period", "'fortnight'", "day, week, month"]),
]


@pytest.mark.parametrize(("content", "words"), WRONG, ids=[str(content) for content, _ in WRONG])
def test_what_is_wrong_is_named_with_what_was_expected(content, words):
    with pytest.raises(TenureError) as caught:
        parse_settings(content, "tenure.toml")
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("TENURE_RUN__BUDGETT", "1", ["'run.budgett'", "budget"]),
        ("TENURE_RUN__THREADS", "many", ["[run] threads", "'many'"]),
        ("TENURE_RUN", "many", ["environment", "run", "TENURE_RUN__BUDGET=500"]),
    ],
)
def test_a_wrong_word_in_the_environment_is_an_error_too(monkeypatch, name, value, words):
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        parse_settings(FILE, "tenure.toml")
    for word in words:
        assert word in str(caught.value)


def test_other_words_of_the_environment_do_no_harm(monkeypatch):
    monkeypatch.setenv("TENURE_FOLDER", "shop")
    monkeypatch.setenv("TENURE_SHARED_DATA", "data")
    assert parse_settings(FILE, "file").run.budget == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ["no tenure.toml", "tenure init"]),
        (b"[run\nbudget=1", ["not valid TOML", "tenure.toml"]),
        (b"[run]\nbudget = \xff", ["not valid TOML"]),
        (b"[run]\nbudget = 1\nbudget = 2", ["not valid TOML"]),
    ],
)
def test_a_file_that_cannot_be_read_says_so(tmp_path, content, words):
    if content is not None:
        (tmp_path / "tenure.toml").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path)
    for word in words:
        assert word in str(caught.value)


def test_a_file_is_read_with_what_it_says(tmp_path):
    (tmp_path / "tenure.toml").write_text('[events]\npaths = "é.csv"\n[run]\nbudget = 5\n', encoding="utf-8")
    found = load_settings(tmp_path, run={"horizon_days": 7})
    assert (found.events.paths, found.run.budget, found.run.horizon_days) == ("é.csv", 5, 7)


def test_settings_cannot_change_behind_a_run():
    found = parse_settings(FILE, "file")
    with pytest.raises(ValidationError, match="frozen"):
        found.run = None
    with pytest.raises(ValidationError, match="frozen"):
        found.run.budget = 7


def test_sources_come_out_of_the_settings():
    sections = {**FILE, "items": {"paths": ["i.csv", "j.csv"], "preset": "gorse"}}
    events, items, users = parse_settings(sections, "file").sources()
    assert (list(events.inputs), dict(events.columns)) == (["e.csv"], {"value": "paid"})
    assert (list(items.inputs), items.preset) == (["i.csv", "j.csv"], "gorse")
    assert users is None


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({}, ["[events] paths", "none"]),
        ({"events": {"paths": "e.csv", "preset": "segmnt"}}, ["[events] preset", "did you mean 'segment'"]),
        ({"events": {"paths": "e.csv", "columns": {"user": "x"}}}, ["[events.columns]", "'user'", "user_id"]),
        ({**FILE, "items": {"paths": "i.csv", "columns": {"titel": "x"}}}, ["[items.columns]", "title"]),
    ],
)
def test_sources_that_cannot_be_are_named(sections, words):
    with pytest.raises(ConfigError) as caught:
        parse_settings(sections, "file").sources()
    for word in words:
        assert word in str(caught.value)


def test_the_run_section_has_the_last_word_on_the_domain():
    found = parse_settings(
        {"domain": {"slate_length": 5, "churned_after_days": 90}, "run": {"slate_length": 6}}, "file"
    )
    domain = found.resolved_domain()
    assert (domain.slate_length, domain.churned_after_days) == (6, 90)
    plain = find_domain("ecommerce")
    assert dataclasses.replace(domain, slate_length=plain.slate_length, churned_after_days=None) == plain


def test_a_domain_of_ones_own_needs_its_events():
    gym = {"project": {"domain": "gym"}, "domain": {"title": "a gym", "events": {"check_in": "commitment"}}}
    domain = parse_settings(gym, "file").resolved_domain()
    assert (domain.name, domain.title, domain.meaning("Check-In").weight) == ("gym", "a gym", 1.0)
    with pytest.raises(UnknownError):
        parse_settings({"project": {"domain": "gym"}}, "file")
    with pytest.raises(ConfigError, match="'commitment'"):
        parse_settings({"project": {"domain": "gym"}, "domain": {"events": {"look": "interest"}}}, "file")


@pytest.mark.parametrize("name", domain_names())
def test_every_domain_can_be_chosen_and_changed(name):
    domain = parse_settings(
        {"project": {"domain": name}, "domain": {"events": {"Odd Word": "referral"}}}, "f"
    ).resolved_domain()
    assert domain.name == name
    assert domain.meaning("odd_word").role.value == "referral"
    assert domain.events.keys() > find_domain(name).events.keys(), "events join those of the domain"
