"""The command as a user meets it: what it says, where it says it, and how it leaves."""

from __future__ import annotations

import shutil
import tomllib
from datetime import date

import pytest

from tenure.lifecycle.stages import Stage
from tenure.project import open_project


def user_of(project):
    """The customer with the largest stake: someone with a life to tell."""
    return project.last_run.table("plan").sort_by([("stake", "descending")])["user_id"][0].as_py()


def one_line(text):
    return text.startswith("tenure: ") and text.count("\n") == 1


# -- init --------------------------------------------------------------------------------------------------------------

MAP = "user_id=shopper,timestamp=at,item_id=sku,value=paid"


def test_init_writes_the_file_and_says_what_is_read_from_where(tenure, sources, tmp_path):
    said = tenure("init", tmp_path / "shop", "--events", f"{sources}/part*.csv", "--map", MAP, "--domain", "ecommerce")
    assert said.code == 0, said.err
    for field, column in (("user_id", "shopper"), ("timestamp", "at"), ("event_type", "event")):
        assert any(line.split() == [field, column] for line in said.out.splitlines())
    assert "tenure check" in said.out
    written = tomllib.loads((tmp_path / "shop" / "tenure.toml").read_text())
    assert written["events"]["columns"] == {"user_id": "shopper", "timestamp": "at", "item_id": "sku", "value": "paid"}
    assert open_project(tmp_path / "shop").check()["n_in"] == 2_000


def test_init_does_not_overwrite_unless_told(tenure, sources, tmp_path):
    order = ("init", tmp_path / "shop", "--events", sources / "part0.csv", "--map", MAP)
    assert tenure(*order).code == 0
    path = tmp_path / "shop" / "tenure.toml"
    path.write_text(path.read_text() + "\n[run]\nbudget = 7\n")
    said = tenure(*order)
    assert (said.code, one_line(said.err)) == (2, True)
    assert "exists already" in said.err
    assert "budget = 7" in path.read_text()
    assert tenure(*order, "--force").code == 0
    assert "budget = 7" not in path.read_text()


def test_a_field_named_twice_is_gathered_from_both_columns(tenure, sources, tmp_path):
    order = ("init", tmp_path / "shop", "--events", sources / "part0.csv", "--map", MAP)
    said = tenure(*order, "--map", "properties=sku,properties=paid")
    assert said.code == 0, said.err
    written = tomllib.loads((tmp_path / "shop" / "tenure.toml").read_text())
    assert written["events"]["columns"]["properties"] == ["sku", "paid"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--map", "user_id"], ["--map", "field=column", "'user_id'"]),
        (["--map", "user_id="], ["--map"]),
        (["--map", "usr_id=shopper,timestamp=at"], ["'usr_id'", "user_id"]),
        (["--map", "user_id=shoper,timestamp=at"], ["'shoper'", "did you mean 'shopper'"]),
        ([], ["user_id", "--map user_id=COLUMN", "part0.csv"]),
        (["--map", MAP, "--preset", "segmant"], ["did you mean 'segment'"]),
        (["--map", MAP, "--domain", "comerce"], ["did you mean 'ecommerce'"]),
        (["--map", MAP, "--items", "nowhere/*.csv"], ["No file matches", "nowhere/*.csv'"]),
    ],
)
def test_a_wrong_init_says_why_in_one_line_and_leaves_nothing(tenure, sources, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    said = tenure("init", "shop", "--events", sources / "part0.csv", *arguments)
    assert (said.code, one_line(said.err), said.out) == (2, True, "")
    for word in words:
        assert word in said.err
    assert not (tmp_path / "shop" / "tenure.toml").exists(), "a second try is not refused"


def test_init_without_a_single_file(tenure, tmp_path):
    said = tenure("init", tmp_path / "shop", "--events", f"{tmp_path}/*.csv")
    assert (said.code, one_line(said.err)) == (2, True)
    assert "No file matches" in said.err
    assert not (tmp_path / "shop").exists()


# -- check -------------------------------------------------------------------------------------------------------------


def test_check_says_that_a_good_log_is_fit(tenure, shop_with_run):
    said = tenure("check", "-p", shop_with_run.folder)
    assert said.code == 0
    assert "Fit for use" in said.out
    assert "0 set aside" in said.out


def test_check_leaves_with_one_when_the_log_is_not_fit(tenure, tmp_path):
    (tmp_path / "e.csv").write_text("user_id,timestamp,item_id\n" + "u1,yesterday,a\n" * 5 + "u1,2024-01-01,a\n")
    assert tenure("init", tmp_path / "shop", "--events", tmp_path / "e.csv").code == 0
    said = tenure("check", "-p", tmp_path / "shop")
    assert said.code == 1
    assert "Not fit for use" in said.out
    assert "unparsable_time" in said.out
    assert "quarantine.parquet" in said.out
    as_json = tenure("check", "-p", tmp_path / "shop", "--json")
    assert as_json.code == 1
    assert as_json.json["n_quarantined"] == 5
    assert as_json.json["is_fit"] is False


def test_check_leaves_with_two_when_there_is_nothing_to_check(tenure, tmp_path):
    said = tenure("check", "-p", tmp_path)
    assert (said.code, said.out, one_line(said.err)) == (2, "", True)
    assert "tenure init" in said.err


# -- reading commands --------------------------------------------------------------------------------------------------

READING = {
    "segments": {"segment", "name", "description", "n_users", "share", "stability"},
    "rules": {"level", "antecedent", "consequent", "support", "confidence", "lift", "leverage", "n_baskets"},
    "cohorts": {"cohort_start", "age", "n_users", "n_retained", "rate", "is_complete"},
    "recommend --all -k 2": {"user_id", "as_of", "rank", "item_id", "score", "source", "reason", "propensity"},
}
OBJECTS = {
    "check": {"n_in", "n_kept", "n_quarantined", "reasons", "checks", "daily", "fields", "types", "is_fit", "verdict"},
    "flow": {"stages", "transitions", "growth"},
    "plan": {"strategies", "plan"},
    "report": {"report", "as_of"},
}


@pytest.mark.parametrize("command", READING)
def test_json_of_a_table_is_its_rows(tenure, shop_with_run, command):
    said = tenure(*command.split(), "-p", shop_with_run.folder, "--json")
    assert said.code == 0
    rows = said.json
    assert rows
    assert {frozenset(row) for row in rows} == {frozenset(READING[command])}


@pytest.mark.parametrize("command", OBJECTS)
def test_json_of_several_things_names_them(tenure, shop_with_run, command):
    said = tenure(*command.split(), "-p", shop_with_run.folder, "--json")
    assert said.code == 0
    assert OBJECTS[command] <= said.json.keys()


@pytest.mark.parametrize("command", [*READING, *OBJECTS])
def test_every_reading_command_says_something_to_people(tenure, shop_with_run, command):
    said = tenure(*command.split(), "-p", shop_with_run.folder)
    assert said.code == 0
    assert len(said.out.split()) > 0
    assert "None" not in said.out
    assert "nan" not in said.out.split()


@pytest.mark.parametrize(
    "command", ["segments", "rules", "flow", "cohorts", "plan", "report", "show u1", "recommend u1", "recommend --all"]
)
def test_before_any_run_every_command_says_what_to_do(tenure, sources, tmp_path, command):
    assert tenure("init", tmp_path / "new", "--events", sources / "part0.csv", "--map", MAP).code == 0
    said = tenure(*command.split(), "-p", tmp_path / "new", "--json")
    assert (said.code, said.out, one_line(said.err)) == (2, "", True)
    assert "tenure run" in said.err


def test_commands_work_from_inside_the_project_and_by_the_environment(tenure, shop_with_run, tmp_path, monkeypatch):
    expected = tenure("segments", "-p", shop_with_run.folder, "--json").json
    monkeypatch.setenv("TENURE_FOLDER", str(shop_with_run.folder))
    monkeypatch.chdir(tmp_path)
    assert tenure("segments", "--json").json == expected
    monkeypatch.delenv("TENURE_FOLDER")
    assert tenure("segments").code == 2
    monkeypatch.chdir(shop_with_run.folder)
    assert tenure("segments", "--json").json == expected


def test_stages_of_flow_are_all_users(tenure, shop_with_run):
    found = tenure("flow", "-p", shop_with_run.folder, "--json").json
    assert sum(row["n_users"] for row in found["stages"]) == shop_with_run.last_run.table("stages").num_rows
    assert sum(row["share"] for row in found["stages"]) == pytest.approx(1)
    assert {row["stage"] for row in found["stages"]} <= set(Stage)


@pytest.mark.parametrize("level", ["item", "category"])
def test_rules_of_one_level(tenure, shop_with_run, level):
    rows = tenure("rules", "--level", level, "-p", shop_with_run.folder, "--json").json
    assert {row["level"] for row in rows} == {level}
    shown = tenure("rules", "--level", level, "-n", 1, "-p", shop_with_run.folder)
    assert rows[0]["antecedent"].split()[0] in shown.out
    assert f"{len(rows):,} rules" in shown.out


@pytest.mark.parametrize("rule", ["on", "on-or-after"])
@pytest.mark.parametrize("clock", ["calendar", "rolling"])
@pytest.mark.parametrize("period", ["day", "week", "month", None])
def test_cohorts_by_every_definition(tenure, shop_with_run, rule, clock, period):
    chosen = ("--period", period) if period else ()
    order = ("cohorts", "--rule", rule, "--clock", clock, *chosen, "-p", shop_with_run.folder)
    rows = tenure(*order, "--json").json
    first = [row for row in rows if row["age"] == 0]
    assert {row["rate"] for row in first if row["is_complete"]} <= {1.0}
    assert sum(row["n_users"] for row in first) == 300
    starts = [date.fromisoformat(row["cohort_start"][:10]) for row in first]
    if period == "month":
        assert all(start.day == 1 for start in starts)
    if period == "week":
        assert all(start.weekday() == 0 for start in starts)
    if rule == "on-or-after":
        by_cohort = {}
        for row in sorted(rows, key=lambda row: row["age"]):
            if row["is_complete"]:
                by_cohort.setdefault(row["cohort_start"], []).append(row["n_retained"])
        assert all(counts == sorted(counts, reverse=True) for counts in by_cohort.values())
    shown = tenure(*order)
    assert shown.code == 0
    assert f"{rule.replace('-', ' ')} age, {clock} clock" in shown.out


def test_a_plan_under_a_budget_costs_no_more(tenure, shop_with_run):
    folder = shop_with_run.folder
    free = tenure("plan", "-p", folder, "--json").json
    cost = sum(row["cost"] for row in free["strategies"])
    tight = tenure("plan", "--budget", cost / 3, "-p", folder, "--json").json
    assert 0 < sum(row["cost"] for row in tight["plan"] if row["is_selected"]) <= cost / 3
    assert tenure("plan", "-p", folder, "--json").json == free, "the run itself is as it was"
    nothing = tenure("plan", "--budget", 0, "-p", folder, "--json").json
    assert {row["cost"] for row in nothing["plan"] if row["is_selected"]} <= {0.0}
    assert "left alone at random" in tenure("plan", "--budget", 1, "-n", 3, "-p", folder).out


def test_report_is_where_it_says_and_can_be_copied(tenure, shop_with_run, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    said = tenure("report", "-p", shop_with_run.folder)
    assert said.out == f"{shop_with_run.last_run.report.resolve()}\n", "one path, whole, for other programs"
    target = tmp_path / "new" / "page.html"
    found = tenure("report", "--to", target, "-p", shop_with_run.folder, "--json").json
    assert found["report"] == str(target)
    assert target.read_bytes() == shop_with_run.last_run.report.read_bytes()


# -- show and recommend ------------------------------------------------------------------------------------------------


def test_show_tells_one_life(tenure, shop_with_run):
    user = user_of(shop_with_run)
    said = tenure("show", user, "-p", shop_with_run.folder)
    assert said.code == 0
    for word in (user, "Taste", "Recommended", "Plan:", "log-odds", "Last days"):
        assert word in said.out
    found = tenure("show", user, "-p", shop_with_run.folder, "--json").json
    assert found["user_id"] == user
    for name in ("profiles", "stages", "predictions", "plan", "user_segments"):
        assert [row["user_id"] for row in found[name]] == [user]
    assert {row["user_id"] for name in ("taste", "reasons", "recommendations") for row in found[name]} == {user}


def test_show_of_nobody_names_the_nearest(tenure, shop_with_run):
    user = user_of(shop_with_run)
    said = tenure("show", f"{user}x", "-p", shop_with_run.folder, "--json")
    assert (said.code, said.out, one_line(said.err)) == (2, "", True)
    assert f"'{user}'" in said.err


def test_recommend_to_one_is_recommend_to_all_of_that_one(tenure, shop_with_run):
    user, folder = user_of(shop_with_run), shop_with_run.folder
    alone = tenure("recommend", user, "-p", folder, "--json").json
    everybody = tenure("recommend", "--all", "-p", folder, "--json").json
    assert alone == [row for row in everybody if row["user_id"] == user]
    assert alone == tenure("show", user, "-p", folder, "--json").json["recommendations"]
    assert [row["rank"] for row in alone] == list(range(1, 11))


def test_recommend_so_many(tenure, shop_with_run):
    user, folder = user_of(shop_with_run), shop_with_run.folder
    assert len(tenure("recommend", user, "-k", 3, "-p", folder, "--json").json) == 3
    assert len(tenure("recommend", user, "-k", 1000, "-p", folder, "--json").json) <= 60
    said = tenure("recommend", user, "-k", 2, "-p", folder)
    titles = tenure("recommend", user, "-k", 2, "-p", folder, "--json").json
    assert all(row["item_id"] in said.out and row["reason"].split()[0] in said.out for row in titles)


def test_a_stranger_gets_what_is_popular(tenure, shop_with_run):
    rows = tenure("recommend", "stranger", "-k", 5, "-p", shop_with_run.folder, "--json").json
    assert len(rows) == 5
    assert {row["source"] for row in rows} == {"popular"}


def test_recommend_wants_one_user_or_all(tenure, shop_with_run):
    for arguments in ((), ("u1", "--all")):
        said = tenure("recommend", *arguments, "-p", shop_with_run.folder)
        assert (said.code, one_line(said.err)) == (2, True)
        assert "--all" in said.err


# -- run, demo, and what holds for all ---------------------------------------------------------------------------------


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
    monkeypatch.setenv("TENURE_RUN__THREADS", "1")
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
    assert (said.code, said.out, one_line(said.err)) == (2, "", True)
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
    assert (plan.code, one_line(plan.err)) == (2, True)
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
