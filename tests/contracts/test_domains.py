"""Every domain, built-in or written in TOML, carries simulated users the whole way, and its words reach the reader."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from simulated_project import hasten

import tenure
from tenure.domain import Domain, Role
from tenure.events.simulate import SimulationConfig, event_types_of, simulate
from tenure.project import Project, Run
from tenure.registry import domain_names, find_domain
from tenure.wording import plural

GYM = """
[project]
domain = "gym"

[events]
paths = ["events.parquet"]

[items]
paths = ["items.parquet"]

[domain]
item_noun = "class"
user_noun = "member"
commitment_verb = "train"
commitment_noun = "hour of training"
horizon_days = 14
period = "week"

[domain.events]
browse = "interest"
booked = { role = "intent", weight = 2 }
check_in = { role = "commitment", weight = 5 }
thumbs_up = "satisfaction"
brought_a_friend = "referral"
cancelled = "exit"
"""


@dataclass(frozen=True)
class Told:
    """A run, and what it says to people."""

    domain: Domain
    run: Run
    page: str
    """The report without its scripts."""


@cache
def walked(name: str, folder: Path) -> Told:
    """The whole way under a domain, once for all tests."""
    if name == "gym":
        folder.mkdir(parents=True)
        (folder / "tenure.toml").write_text(GYM, encoding="utf-8")
        domain = tenure.open_project(folder).settings.resolved_domain()
    else:
        domain = find_domain(name)
    config = SimulationConfig(
        n_users=150,
        n_items=60,
        days=120,
        seed=3,
        has_values=bool(domain.currency),
        habit=0.35 if domain.repeats_allowed else 0.0,
    )
    world = simulate(config, event_types_of(domain))
    project: Project
    if name == "gym":
        pq.write_table(world.events, folder / "events.parquet")
        pq.write_table(world.items, folder / "items.parquet")
        project = tenure.open_project(folder)
    else:
        project = tenure.create_project(folder, world.events, items=world.items, users=world.users, domain=name)
    hasten(project)
    run = project.run()
    page = re.sub(r"<(script|style)\b.*?</\1>", "", run.report.read_text(encoding="utf-8"), flags=re.DOTALL)
    return Told(domain, run, page)


@pytest.fixture(params=[*domain_names(), "gym"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Told:
    return walked(request.param, tmp_path_factory.getbasetemp() / "domains" / request.param)


def test_every_event_has_the_role_that_its_domain_gives_it(told: Told) -> None:
    log = pq.read_table(told.run.project.log.folder / "events.parquet")
    roles = set(zip(log["event_type"].to_pylist(), log["role"].to_pylist(), strict=True))
    assert roles == {(word, str(role)) for role, word in event_types_of(told.domain).items()}
    assert told.run.project.log.quality["n_quarantined"] == 0


def test_every_stage_has_results(told: Told) -> None:
    tables = {"profiles", "segments", "stages", "cohorts", "predictions", "recommendations", "plan"}
    assert tables <= {name for name in told.run.tables() if told.run.table(name).num_rows}
    assert told.run.manifest["left_out"] == []
    assert told.run.manifest["horizon_days"] == told.domain.horizon_days


def test_slates_obey_the_domain(told: Told) -> None:
    slates = told.run.table("recommendations")
    assert max(slates["rank"].to_pylist()) == told.domain.slate_length
    log = pq.read_table(told.run.project.log.folder / "events.parquet", columns=["user_id", "item_id", "role"])
    chosen = {(row["user_id"], row["item_id"]) for row in log.to_pylist() if row["role"] == Role.COMMITMENT}
    again = chosen & set(zip(slates["user_id"].to_pylist(), slates["item_id"].to_pylist(), strict=True))
    assert bool(again) == told.domain.repeats_allowed


def test_headlines_and_report_speak_the_words_of_the_domain(told: Told) -> None:
    domain, headlines = told.domain, " ".join(told.run.manifest["headlines"])
    assert f" {plural(domain.user_noun)}: " in headlines
    assert f"are expected to {domain.commitment_verb} within {domain.horizon_days} days" in headlines
    for words in (
        f"Where {plural(domain.user_noun)} are in their life",
        f"Who will {domain.commitment_verb} within {domain.horizon_days} days?",
        f"A {domain.user_noun} who does not {domain.commitment_verb}",
        domain.commitment_noun,
    ):
        assert words in told.page


def test_no_words_of_another_trade(told: Told) -> None:
    own = f"{told.domain.user_noun} {told.domain.item_noun} {told.domain.commitment_noun}"
    others = {noun for name in domain_names() for d in [find_domain(name)] for noun in (d.user_noun, d.commitment_noun)}
    text = f"{told.page} {told.run.manifest['headlines']}"
    assert not {noun for noun in others if noun not in own and re.search(rf"\b{noun}s?\b", text)}
