"""`tenure models`: versions come, speak, are taken back and refused; a world that stays is told from one that moves."""

from __future__ import annotations

import re
import shutil
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from simulated_project import shop as simulated_shop
from simulated_project import world

from tenure import open_project
from tenure.evaluation.drift import OUTCOMES, STABILITY
from tenure.events.simulate import SimulationConfig

CONFIG = SimulationConfig(n_users=300, n_items=60, days=300)
TRAINED = CONFIG.start + timedelta(days=262)
SMALL = SimulationConfig(n_users=80, n_items=40, days=130)
SMALL_TRAINED = SMALL.start + timedelta(days=125)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A shop that went on for 38 days after its models were trained."""
    project = simulated_shop(tmp_path_factory.mktemp("models") / "shop", CONFIG)
    project.evaluate(as_of=TRAINED)
    return project


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A shop that takes no time to run; its fresh models are kept silent."""
    project = simulated_shop(tmp_path_factory.mktemp("small") / "shop", SMALL)
    project.evaluate(as_of=SMALL_TRAINED)
    path = project.folder / "tenure.toml"
    cheaper = re.sub(r"(?m)^models = .*$", 'models = ["constant", "run-rate"]\npromote = false', path.read_text())
    path.write_text(cheaper)
    return project


@pytest.fixture
def shop(trained, tmp_path):
    """A copy that may be changed."""
    shutil.copytree(trained.folder, tmp_path / "shop")
    return open_project(tmp_path / "shop")


def with_events(project, events):
    """The same project and models, with another log."""
    pq.write_table(events, project.folder / "data" / "events.parquet")
    return project


def before(events, moment):
    return pc.less(events["timestamp"], pa.scalar(moment, events.schema.field("timestamp").type))


def fewer_visits(share):
    """From the training on, users keep only this share of their visits."""
    events = world(CONFIG).events
    days = pc.cast(pc.floor_temporal(events["timestamp"], unit="day"), pa.int64()).to_numpy()
    users = np.unique(events["user_id"].to_numpy(zero_copy_only=False), return_inverse=True)[1]
    visits = np.unique(np.column_stack([users, days]), axis=0, return_inverse=True)[1].ravel()
    kept = np.random.default_rng(0).random(visits.max() + 1) < share
    return events.filter(pc.or_(before(events, TRAINED), pa.array(kept[visits])))


# -- versions ----------------------------------------------------------------------------------------------------------


def test_list_and_show_say_what_a_version_is(tenure, trained):
    (name,) = trained.models.names()
    (row,) = tenure("models", "list", "-p", trained.folder, "--json").json
    assert (row["version"], row["in_use"], row["as_of"]) == (name, True, TRAINED.isoformat())
    assert set(row["tasks"]) == {"commit:30d", "value:30d", "return"}
    shown = tenure("models", "show", name[:15], "-p", trained.folder)
    assert shown.code == 0, shown.err
    for words in (name, row["fingerprint"], "commit:30d: all seen", "card.html"):
        assert words in shown.out
    facts = tenure("models", "show", name, "-p", trained.folder, "--json").json
    champion = next(m["model"] for m in facts["prediction_metrics"] if m["is_champion"] and m["task"] == "commit:30d")
    assert facts["tasks"]["commit:30d"] == champion
    for card in ("card.md", "card.html"):
        assert "commit:30d" in (trained.models.current().folder / card).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["commit-30d.safetensors", "reference.parquet", "card.md", "manifest.json"])
def test_a_changed_version_is_refused_wherever_it_is_asked(tenure, shop, name):
    version = shop.models.current()
    path = version.folder / name
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    for command in (["models", "drift"], ["models", "show", version.name], ["predict"]):
        said = tenure(*command, "-p", shop.folder)
        assert (said.code, said.out) == (2, "")
        assert said.err.splitlines()[-1].startswith("tenure: ")
        assert "manifest" in said.err or f"['{name}'] changed since they were written" in said.err


def test_one_damaged_version_does_not_hide_the_others(tenure, shop):
    good = shop.models.in_use()
    for name in ("20200101T000000-changed", "20200102T000000-incomplete", "20200103T000000-foreign"):
        shutil.copytree(shop.models.folder / good, shop.models.folder / name)
    changed, incomplete, foreign = shop.models.names()[:3]
    shutil.move(shop.models.folder / incomplete, shop.models.folder / f"20200102T000000-{good[-12:]}")
    incomplete = f"20200102T000000-{good[-12:]}"
    (shop.models.folder / incomplete / "card.md").unlink()
    (shop.models.folder / foreign / "manifest.json").unlink()
    rows = {row["version"]: row for row in tenure("models", "list", "-p", shop.folder, "--json").json}
    assert list(rows) == [changed, incomplete, foreign, good]
    assert [row["damaged"] is None for row in rows.values()] == [False, False, False, True]
    assert [row["in_use"] for row in rows.values()] == [False, False, False, True]
    assert "card.md" in rows[incomplete]["damaged"]
    assert set(rows[foreign]) == set(rows[good])
    said = tenure("models", "list", "-p", shop.folder)
    assert (said.code, said.out.count("Damaged: "), said.err) == (0, 3, "")
    assert "commit:30d: " in said.out


def test_a_missing_version_in_use_is_listed_and_never_replaced_unasked(tenure, shop):
    good = shop.models.in_use()
    gone = "20990101T000000-gone"
    pointer = shop.models.folder / "current"
    pointer.write_text(f"{good}\n{gone}\n")
    rows = tenure("models", "list", "-p", shop.folder, "--json").json
    assert [(row["version"], row["in_use"], row["damaged"] is None) for row in rows] == [
        (good, False, True),
        (gone, True, False),
    ]
    for command in (["models", "drift"], ["predict"]):
        said = tenure(*command, "-p", shop.folder)
        assert (said.code, said.out) == (2, "")
        assert f"{gone}: this version is in use, but its folder is missing" in said.err
    assert tenure("models", "rollback", "-p", shop.folder).out == f"In use: {good}\n"


def test_models_that_are_not_promoted_let_the_former_speak(tenure, small):
    former = small.models.current().name
    run = small.run()
    assert run.manifest["models"] == former
    (said,) = (line for line in run.manifest["left_out"] if "promoted models" in line)
    assert said.startswith(f"Forecasts are those of the promoted models {former}, while the evidence shown is that of ")
    (fresh,) = set(small.models.names()) - {former}
    assert small.models.current().name == former
    ask = ("predict", "--task", "commit:30d", "-p", small.folder, "--json", "--version")
    by_version = {name: [row["value"] for row in tenure(*ask, name).json] for name in (former, fresh)}
    said = run.table("forecasts").filter(pc.equal(run.table("forecasts")["task"], "commit:30d"))
    assert said["value"].to_pylist() == pytest.approx(by_version[former])
    assert by_version[fresh] != pytest.approx(by_version[former])
    assert tenure("models", "promote", fresh, "-p", small.folder).out == f"In use: {fresh}\n"
    found = tenure("models", "drift", "-p", small.folder, "--json").json
    assert (found["version"], found["as_of"]) == (fresh, small.models.current().manifest["as_of"])
    assert "No window since the training is over yet" in found["notes"][-1]
    assert tenure("models", "rollback", "-p", small.folder).out == f"In use: {former}\n"
    listed = tenure("models", "list", "-p", small.folder, "--json").json
    assert [(row["version"], row["in_use"]) for row in listed] == [(former, True), (fresh, False)]


def test_models_that_would_know_the_future_are_refused(tenure, trained):
    earlier = TRAINED - timedelta(days=1)
    for command in (["models", "drift"], ["predict"]):
        said = tenure(*command, "--as-of", f"{earlier:%Y-%m-%d}", "-p", trained.folder)
        assert (said.code, said.out) == (2, "")
        assert f"they would know the future of {earlier:%Y-%m-%d}" in said.err


def test_a_run_before_the_promoted_models_lets_fresh_ones_speak_and_says_so(small):
    run = small.run(as_of=SMALL_TRAINED - timedelta(days=1))
    assert run.manifest["models"] in set(small.models.names()) - {small.models.in_use()}
    assert any("The fresh models speak in their place." in said for said in run.manifest["left_out"])
    assert run.table("forecasts").num_rows > 0


# -- drift -------------------------------------------------------------------------------------------------------------


def test_a_stable_world_has_not_drifted(tenure, trained):
    for day in (270, 285, 300):
        moment = CONFIG.start + timedelta(days=day)
        said = tenure("models", "drift", "--check", "--as-of", f"{moment:%Y-%m-%d}", "-p", trained.folder)
        assert said.code == 0, said.out
        assert said.out.split(".")[0] in {"Stable", "Shifting"}
    assert "commit:30d: what came of windows of 30 days" in said.out
    assert "input" in said.out


def test_the_whole_table_is_in_the_json(tenure, trained):
    found = tenure("models", "drift", "-p", trained.folder, "--json").json
    assert found["version"] == trained.models.current().name
    assert (found["task"]["kind"], found["task"]["horizon_days"]) == ("commit", 30)
    rows = found["stability"]
    assert set(rows[0]) == {*STABILITY.names, "description"}
    assert {"forecast", "recency_days", "x"} <= {row["item"] for row in rows}
    assert [row["psi"] for row in rows] == sorted((row["psi"] for row in rows), reverse=True)
    said = {row["item"]: row["description"] for row in rows}
    assert said["recency_days"] == "days since the last activity"
    assert "purchase" in said["commitment_recency_days"], "in the words of the trade"
    windows = found["outcomes"]
    assert set(windows[0]) == set(OUTCOMES.names)
    assert [window["forecast"] is None for window in windows] == [True] * 5 + [False], "one is since the training"
    assert windows[-1]["low"] - 0.1 < windows[-1]["forecast"] < windows[-1]["high"] + 0.1


def test_a_world_that_moved_has_drifted(tenure, shop):
    with_events(shop, fewer_visits(0.25))
    found = tenure("models", "drift", "--json", "-p", shop.folder)
    assert (found.code, found.json["verdict"]) == (0, "drifted"), "a verdict is no failure unless asked for"
    newest = found.json["outcomes"][-1]
    assert newest["forecast"] > newest["high"], "the models expected more"
    said = tenure("models", "drift", "--check", "-p", shop.folder)
    assert said.code == 1
    assert said.out.startswith("Drifted. ")
    assert "clearly off" in said.out
    assert "Fit the models anew" in said.out


@pytest.mark.parametrize(("days", "n_windows"), [(45, 0), (65, 1)])
def test_of_a_short_log_is_said_what_is_missing(tenure, shop, days, n_windows):
    events = world(CONFIG).events
    moment = CONFIG.start + timedelta(days=CONFIG.days - days)
    with_events(shop, events.filter(pc.invert(before(events, moment))))
    found = tenure("models", "drift", "-p", shop.folder, "--json")
    assert found.code == 0, found.err
    assert len(found.json["outcomes"]) == n_windows
    assert "no room for two windows of 30 days" in found.json["notes"][-1]


def test_without_models_is_said_how_to_train_them(tenure, tmp_path):
    project = simulated_shop(tmp_path / "shop")
    said = tenure("models", "drift", "-p", project.folder)
    assert (said.code, said.out) == (2, "")
    assert "train them with `tenure evaluate`" in said.err
