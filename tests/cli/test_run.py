"""`tenure run` and `tenure demo`, and what holds for every command."""

from __future__ import annotations

import shutil

import pytest

from tenure.project import open_project


def test_run_says_what_it_found_and_where_it_is(tenure, shop_with_run, tmp_path):
    folder = tmp_path / "shop"
    shutil.copytree(shop_with_run.folder, folder)
    said = tenure("run", "--as-of", "2024-05-01", "--budget", 5, "-p", folder)
    assert said.code == 0, said.err
    done = open_project(folder).last_run
    assert done.as_of.isoformat() == "2024-05-01T00:00:00"
    assert done.manifest["settings"]["run"]["budget"] == 5
    assert str(done.report) in said.out.replace("\n", "")
    assert "•" in said.out
    assert "profile" in said.err, "progress goes to stderr"
    as_json = tenure("run", "--as-of", "2024-05-01", "-p", folder, "--json")
    assert as_json.json["as_of"] == "2024-05-01T00:00:00"
    assert {"folder", "report", "headlines", "timings", "settings"} <= as_json.json.keys()


@pytest.mark.parametrize(
    ("as_of", "words"), [("yesterday", ["as_of", "2017-12-01", "'yesterday'"]), ("1990-01-01", ["no event before"])]
)
def test_run_at_an_impossible_moment(tenure, shop_with_run, as_of, words):
    before = shop_with_run.last_run
    said = tenure("run", "--as-of", as_of, "-p", shop_with_run.folder)
    assert said.code == 2
    assert said.err.splitlines()[-1].startswith("tenure: ")
    for word in words:
        assert word in said.err
    assert shop_with_run.last_run == before


def test_demo_walks_the_whole_way_on_simulated_users(tenure, tmp_path, monkeypatch):
    monkeypatch.setenv("TENURE_HEART__USE", "true")
    said = tenure("demo", tmp_path / "demo", "--simulate", "--n-users", 60)
    assert said.code == 0, said.err
    assert "60 simulated users" in said.out
    (user,) = [line.split()[-1] for line in said.out.splitlines() if "tenure show" in line]
    assert tenure("show", user, "-p", tmp_path / "demo").code == 0
    assert tenure("demo", tmp_path / "lonely", "--simulate", "--n-users", 1).code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["bogus"],
        ["plan", "--budget", "much"],
        ["plan", "--budget", "-1"],
        ["rules", "--level", "shop"],
        ["cohorts", "--clock", "sun"],
        ["recommend", "u1", "-k", "0"],
        ["show"],
        ["init", "shop"],
        ["segments", "--jason"],
    ],
)
def test_a_wrong_order_is_explained_on_stderr(tenure, shop_with_run, monkeypatch, arguments):
    monkeypatch.chdir(shop_with_run.folder)
    said = tenure(*arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.strip()


@pytest.mark.parametrize("arguments", [["--help"], ["show", "--help"], ["init", "-h"]])
def test_help_helps(tenure, arguments):
    said = tenure(*arguments)
    assert said.code == 0
    assert "Usage" in said.out


def test_a_broken_setting_stops_every_command(tenure, shop_with_run, monkeypatch):
    monkeypatch.setenv("TENURE_RUN__BUDGETT", "5")
    said = tenure("segments", "-p", shop_with_run.folder)
    assert (said.code, said.out, said.is_one_line) == (2, "", True)
    assert "did you mean 'budget'" in said.err


def test_interrupting_says_that_nothing_was_lost(tenure, shop_with_run, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    before = shop_with_run.last_run
    monkeypatch.setattr("tenure.project.Project.run", interrupted)
    said = tenure("run", "-p", shop_with_run.folder)
    assert said.code == 130
    assert "former results" in said.err
    assert shop_with_run.last_run == before


@pytest.mark.parametrize("header", ["user_id,timestamp,item_id", "user_id,timestamp,what"])
def test_a_log_too_short_for_forecasts_still_tells_the_rest(tenure, tmp_path, header):
    rows = [f"u{k % 9},2024-01-{1 + k % 28:02},i{k % 5}" for k in range(300)]
    (tmp_path / "e.csv").write_text("\n".join([header, *rows]) + "\n")
    assert tenure("init", tmp_path / "shop", "--events", tmp_path / "e.csv").code == 0
    said = tenure("run", "-p", tmp_path / "shop")
    assert said.code == 0
    assert "No forecasts" in said.err
    for command in ("segments", "flow", "rules", "cohorts", "show u1"):
        assert tenure(*command.split(), "-p", tmp_path / "shop").code == 0
        assert tenure(*command.split(), "-p", tmp_path / "shop", "--json").json is not None
    plan = tenure("plan", "-p", tmp_path / "shop")
    assert (plan.code, plan.is_one_line) == (2, True)
    assert "No forecasts" in plan.err, "it says why there is no plan"
    slate = tenure("recommend", "u1", "-p", tmp_path / "shop")
    assert slate.code == (0 if "item_id" in header else 2)
    assert "item_id" in header or "names an item" in slate.err


def test_words_of_the_log_are_never_taken_for_markup(tenure, tmp_path):
    rows = [f"[red]u{k % 9}[/],2024-01-{1 + k % 28:02},[bold]i{k % 5}[/]" for k in range(300)]
    (tmp_path / "e.csv").write_text("user_id,timestamp,item_id\n" + "\n".join(rows) + "\n")
    assert tenure("init", tmp_path / "shop", "--events", tmp_path / "e.csv").code == 0
    assert tenure("run", "-p", tmp_path / "shop").code == 0
    assert "[red]u1[/]" in tenure("show", "[red]u1[/]", "-p", tmp_path / "shop").out
    assert "[bold]i" in tenure("recommend", "[red]u1[/]", "-p", tmp_path / "shop").out
