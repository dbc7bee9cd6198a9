"""Commands that read a run: what they say to people, and as JSON to machines."""

from __future__ import annotations

from datetime import date

import pytest

from tenure.lifecycle.stages import Stage


def user_of(project):
    """The customer with the largest stake: someone with a life to tell."""
    return project.last_run.table("plan").sort_by([("stake", "descending")])["user_id"][0].as_py()


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
    assert (
        tenure(
            "init", tmp_path / "new", "--events", sources / "part0.csv", "--map", "user_id=shopper,timestamp=at"
        ).code
        == 0
    )
    said = tenure(*command.split(), "-p", tmp_path / "new", "--json")
    assert (said.code, said.out, said.is_one_line) == (2, "", True)
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
    assert (said.code, said.out, said.is_one_line) == (2, "", True)
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
        assert (said.code, said.is_one_line) == (2, True)
        assert "--all" in said.err
