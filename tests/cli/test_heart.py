"""`tenure train heart`, `evaluate heart` and `embed` from the outside, on a small shop."""

from __future__ import annotations

import json
import sys
from importlib import import_module

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from simulated_project import hasten

import tenure
from tenure.cli import run
from tenure.cli.start import show_headlines
from tenure.creation import create_project
from tenure.errors import ConfigError, EvidenceError
from tenure.events.simulate import SimulationConfig, simulate
from tenure.pipeline.alike import lookalikes, points_of
from tenure.project import open_project


@pytest.fixture(autouse=True)
def runs_with_a_heart(monkeypatch):
    monkeypatch.setenv("TENURE_HEART__USE", "true")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    world = simulate(SimulationConfig(n_users=120, n_items=40, days=200))
    folder = tmp_path_factory.mktemp("heart") / "shop"
    hasten(create_project(folder, world.events, items=world.items, users=world.users))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TENURE_HEART__MOST_MINUTES", "0.05")
        assert run(["train", "heart", "-p", str(folder), "--size", "xs"]) == 0
    return folder


def test_it_is_trained_judged_and_kept(shop, capsys):
    assert run(["evaluate", "heart", "-p", str(shop), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["settings"]["size"] == "xs"
    questions = {row["question"] for row in told["evidence"]}
    assert {"next items", "time to next step", "next kinds"} <= questions
    for row in told["evidence"]:
        assert row["low"] <= row["value"] <= row["high"]
        assert (row["gain_low"] is None) == (row["model"] == "heart")
    assert [look["epoch"] for look in told["looks"]]
    assert run(["evaluate", "heart", "-p", str(shop)]) == 0
    assert "frequent" in capsys.readouterr().out  # on two lines where the terminal is narrow
    assert not (shop / "heart-unfinished").exists()


@pytest.mark.parametrize("what", ["users", "items"])
def test_vectors_are_handed_out(shop, what, tmp_path, capsys):
    target = tmp_path / "vectors.parquet"
    assert run(["embed", f"--{what}", "-p", str(shop), "--to", str(target)]) == 0
    table = pq.read_table(target)
    assert table.column_names == [f"{what[:-1]}_id", "vector"]
    assert table.schema.field("vector").type.list_size == 32
    assert table.num_rows == len(set(table[0].to_pylist())) > 30
    assert "vectors" in capsys.readouterr().out


def test_lookalikes_are_others_the_likest_first(shop, capsys):
    users = open_project(shop).embed("users")["user_id"].to_pylist()
    assert run(["lookalikes", users[0], users[1], "-k", "5", "-p", str(shop), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["lookalikes"]
    assert len({row["user_id"] for row in found} - set(users[:2])) == 5
    assert {row["most_like"] for row in found} <= set(users[:2])
    likeness = [row["likeness"] for row in found]
    assert likeness == sorted(likeness, reverse=True)
    assert run(["lookalikes", users[0], "-p", str(shop)]) == 0
    assert users[0] in capsys.readouterr().out
    assert run(["lookalikes", "nobody", "-p", str(shop)]) == 2
    assert "nobody" in capsys.readouterr().err


def test_who_is_like_whom():
    """Two kinds of states; of one kind, those who have been silent as long are the likest."""
    states = np.repeat([[1.0, 0.0], [-1.0, 0.0]], 3, axis=0).astype(np.float32)
    moment = np.datetime64("2024-02-01", "s")
    seconds = moment.astype(np.int64) - np.array([1, 1.2, 60, 1, 50, 60]) * 86_400
    points = points_of(states, seconds.astype(np.int64), moment.item())
    found = lookalikes(pa.array(list("abcdef")), points, ["a"], 2)
    assert found["user_id"].to_pylist() == ["b", "c"]
    assert found["most_like"].to_pylist() == ["a", "a"]
    with pytest.raises(EvidenceError, match="nobody else"):
        lookalikes(pa.array(["a"]), points[:1], ["a"], 2)


def test_what_states_are_good_for_is_kept(shop):
    uses = {path.stem: pq.read_table(path) for path in open_project(shop).heart.glob("*.parquet")}
    judged = uses["state_evidence"].to_pylist()
    assert {(row["question"], row["basis"]) for row in judged} >= {
        (question, basis) for question in ("stability", "committed", "value") for basis in ("states", "profiles")
    }
    assert all(row["value"] <= 1 for row in judged)
    told = [row for row in judged if row["basis"] == "profiles" and row["question"] != "stability"]
    assert all(row["gain_low"] <= row["gain_high"] for row in told)
    places = uses["item_map"]
    assert places.num_rows == len(set(places["item_id"].to_pylist())) == 40
    assert np.isfinite(places["x"].to_numpy()).all()


def test_vectors_are_no_text_for_a_terminal(shop, monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert run(["embed", "--users", "-p", str(shop)]) == 2
    assert "vectors.parquet" in capsys.readouterr().err
    assert run(["embed", "-p", str(shop)]) == 2
    assert "either --users or --items" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "heart", "--resume"], "no interrupted training"),
        (["train", "heart", "--size", "xxl"], "size"),
        (["train", "heart", "--device", "cuda"], "no device 'cuda' here"),
        (["evaluate", "brain"], "did you mean 'heart'"),
    ],
)
def test_what_cannot_be_is_said(shop, arguments, said, capsys):
    assert run([*arguments, "-p", str(shop)]) == 2
    assert said in capsys.readouterr().err


def test_without_pytorch_it_says_what_to_install(shop, monkeypatch, capsys):
    monkeypatch.setattr(import_module("tenure.sequence.extra"), "has_torch", lambda: False)
    assert run(["train", "heart", "-p", str(shop)]) == 2
    assert "pip install 'tenure[torch]'" in capsys.readouterr().err
    done = tenure.open_project(shop).run()
    assert [said for said in done.manifest["left_out"] if "PyTorch is not installed" in said]
    show_headlines(done)
    assert "tenure[torch]" in capsys.readouterr().err  # what stands in brackets is no markup


def test_a_run_uses_the_heart_that_was_trained(shop):
    kept = pq.read_table(tenure.open_project(shop).heart / "evidence.parquet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TENURE_HEART__SIZE", "xs")
        made = tenure.open_project(shop).run()
    assert made.table("heart_evidence") == kept
    metrics = made.table("recommendation_metrics").to_pylist()
    assert "heart" in {row["strategy"] for row in metrics}


def test_an_interrupted_training_goes_on(tmp_path, capsys):
    world = simulate(SimulationConfig(n_users=80, n_items=30, days=150))
    create_project(tmp_path / "shop", world.events, items=world.items, users=world.users)
    project = tenure.open_project(tmp_path / "shop")

    def stop(_look):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        project.train_heart(size="xs", most_minutes=0.05, looked=stop)
    with pytest.raises(ConfigError, match="interrupted training had settings"):
        project.train_heart(size="s", most_minutes=0.05, resume=True)
    looks = []
    made = project.train_heart(size="xs", most_minutes=0.05, resume=True, looked=looks.append)
    kept = pq.read_table(made / "looks.parquet")["epoch"].to_pylist()
    assert kept[0] < looks[0].epoch
    assert kept[1:] == [look.epoch for look in looks]


def test_a_log_without_a_trained_heart_says_what_to_do(tmp_path, capsys):
    world = simulate(SimulationConfig(n_users=30, n_items=20, days=60))
    create_project(tmp_path / "new", world.events)
    assert run(["evaluate", "heart", "-p", str(tmp_path / "new")]) == 2
    assert "tenure train heart" in capsys.readouterr().err


def test_a_log_without_items_teaches_times_and_values(tmp_path, capsys):
    world = simulate(SimulationConfig(n_users=80, n_items=20, days=150))
    bare = world.events.drop_columns(["item_id"])
    project = create_project(tmp_path / "dates", bare)
    hasten(project)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TENURE_HEART__MOST_MINUTES", "0.02")
        assert run(["train", "heart", "-p", str(project.folder)]) == 0
    capsys.readouterr()
    assert run(["evaluate", "heart", "-p", str(project.folder), "--json"]) == 0
    questions = {row["question"] for row in json.loads(capsys.readouterr().out)["evidence"]}
    assert "time to next step" in questions
    assert "next items" not in questions
    assert project.embed("users").num_rows > 50
    assert run(["embed", "--items", "-p", str(project.folder), "--to", str(tmp_path / "v.parquet")]) == 2
    assert "names fewer than two" in capsys.readouterr().err
    found = project.run()
    assert found.table("heart_evidence").num_rows
    assert not found.table("item_map").num_rows


def test_attributes_are_read_where_they_were_learnt_from(tmp_path):
    world = simulate(SimulationConfig(n_users=80, n_items=20, days=150))
    project = create_project(tmp_path / "shop", world.events, items=world.items, users=world.users)
    project.train_heart(size="xs", most_minutes=0.02, attributes=True)
    assert project.embed("users").num_rows == project.lookalikes(["u0000001"], 1000).num_rows + 1
