"""What a Python user holds in hand: from whatever they have to results, in few words."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from simulated_project import CONFIG, hasten, world

import tenure
from tenure import Project, Run, TenureError, create_project, open_project
from tenure.errors import ConfigError, MissingRunError, SourceError, UnknownError
from tenure.project import parse_time

ROOT = Path(__file__).parents[2]


def test_the_public_names_are_few_and_there():
    assert sorted(tenure.__all__) == ["Project", "Run", "TenureError", "create_project", "open_project"]
    for name in tenure.__all__:
        assert getattr(tenure, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'creat_project'"):
        _ = tenure.creat_project


def test_the_readme_shows_only_public_names():
    text = (ROOT / "README.md").read_text(encoding="utf-8") + (ROOT / "examples" / "first_hour.py").read_text("utf-8")
    used = set(re.findall(r"\btenure\.([a-z]\w*)\(", text))
    assert used
    assert used <= set(tenure.__all__)


def test_import_costs_nothing():
    code = "import sys, tenure; print([m for m in ('duckdb', 'pyarrow', 'ibis', 'typer') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


def test_python_dash_m_is_the_command():
    said = subprocess.run([sys.executable, "-m", "tenure", "--help"], capture_output=True, text=True, check=True)
    assert "recommend" in said.stdout
    assert said.stderr == ""
    wrong = subprocess.run(
        [sys.executable, "-m", "tenure", "segments", "-p", "nowhere"], capture_output=True, text=True, check=False
    )
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.count("\n") == 1


# -- whatever they have ------------------------------------------------------------------------------------------------

SOME = ["event_id", "user_id", "item_id", "event_type", "timestamp", "value"]


def some_events():
    return world().events.select(SOME).slice(0, 500)


def as_path(folder):
    pyarrow.csv.write_csv(some_events(), folder / "events.csv")
    return folder / "events.csv"


def as_glob(folder):
    for part in range(3):
        pq.write_table(some_events().slice(part * 200, 200), folder / f"part{part}.parquet")
    return str(folder / "part*.parquet")


def as_paths(folder):
    as_glob(folder)
    return [folder / f"part{part}.parquet" for part in range(3)]


FORMS = {
    "path": as_path,
    "glob": as_glob,
    "paths": as_paths,
    "arrow": lambda _: some_events(),
    "batches": lambda _: some_events().to_reader(max_chunksize=100),
    "pandas": lambda _: some_events().to_pandas(),
    "polars": lambda _: pl.from_arrow(some_events()),
    "duckdb": lambda _: duckdb.from_arrow(some_events()),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_log_in_any_form_is_the_same_log(tmp_path, form):
    expected = sorted(some_events().to_pylist(), key=lambda row: [str(value) for value in row.values()])
    project = create_project(tmp_path / "shop", FORMS[form](tmp_path))
    quality = project.check()
    assert (quality["n_in"], quality["n_kept"]) == (500, 500)
    log = pq.read_table(project.log.folder / "events.parquet").select(SOME).to_pylist()
    assert sorted(log, key=lambda row: [str(value) for value in row.values()]) == expected


def test_frames_may_have_columns_of_their_own_names(tmp_path):
    frame = some_events().to_pandas().rename(columns={"user_id": "wer", "timestamp": "wann"})
    project = create_project(tmp_path / "shop", frame, columns={"user_id": "wer", "timestamp": "wann"})
    assert project.preview()["events"]["user_id"] == ("wer",)
    assert project.check()["n_kept"] == 500


def test_items_and_users_come_along(tmp_path):
    made = world()
    project = create_project(
        tmp_path / "shop",
        made.events.slice(0, 100),
        items=pl.from_arrow(made.items),
        users=made.users.select(["user_id"]).to_pandas().assign(age=30),
        users_columns={"attributes": ["age"]},
    )
    project.check()
    items, users = (pq.read_table(project.log.folder / f"{name}.parquet") for name in ("items", "users"))
    assert items["title"].to_pylist() == made.items["title"].to_pylist()
    assert items["categories"].to_pylist() == made.items["categories"].to_pylist()
    assert set(users["attributes"].to_pylist()) == {'{"age": 30}'}


def test_a_project_can_move_with_its_data(tmp_path):
    (tmp_path / "here").mkdir()
    path = as_path(tmp_path / "here")
    create_project(tmp_path / "here" / "shop", path)
    (tmp_path / "here").rename(tmp_path / "there")
    assert open_project(tmp_path / "there" / "shop").check()["n_kept"] == 500


@pytest.mark.parametrize(
    ("given", "options", "error", "words"),
    [
        (3, {}, ConfigError, ["Arrow C stream", "3"]),
        ([], {}, ConfigError, ["Expected paths"]),
        ("nowhere.csv", {}, SourceError, ["nowhere.csv"]),
        (pd.DataFrame({"a": [1]}), {}, SourceError, ["user_id and timestamp", "'a'"]),
        (pd.DataFrame({"user_id": [1], "ts": [1]}), {"domain": "vidio"}, UnknownError, ["did you mean 'video'"]),
        (pd.DataFrame({"user_id": [1], "ts": [1]}), {"columns": {"val": "ts"}}, ConfigError, ["'val'", "value"]),
        (pd.DataFrame({"user_id": [1], "ts": [1]}), {"columns": {"value": "tz"}}, SourceError, ["'tz'", "'ts'"]),
        (pd.DataFrame({"user_id": [1], "ts": [1]}), {"preset": "x"}, ConfigError, ["'x'", "segment"]),
    ],
)
def test_what_cannot_be_a_project_says_why_and_leaves_nothing(tmp_path, given, options, error, words):
    with pytest.raises(error) as caught:
        create_project(tmp_path / "shop", given, **options)
    assert isinstance(caught.value, TenureError)
    for word in words:
        assert word in str(caught.value)
    assert not (tmp_path / "shop").exists()


def test_a_wrong_zone_is_told_before_anything_is_read(tmp_path):
    project = create_project(tmp_path / "shop", some_events(), timezone="Europe/Pariss")
    with pytest.raises(ConfigError, match="Europe/Pariss"):
        project.check()


def test_an_existing_project_is_not_overwritten(tmp_path):
    create_project(tmp_path / "shop", some_events())
    with pytest.raises(ConfigError, match="exists already"):
        create_project(tmp_path / "shop", some_events())
    assert (
        create_project(tmp_path / "shop", some_events(), domain="news", overwrite=True).settings.project.domain
        == "news"
    )


def test_opening_what_is_no_project(tmp_path):
    with pytest.raises(ConfigError, match="tenure init"):
        open_project(tmp_path)


# -- results -----------------------------------------------------------------------------------------------------------


def test_a_run_is_told_by_its_manifest(shop_with_run):
    run = shop_with_run.last_run
    assert run.as_of == datetime.fromisoformat(run.manifest["as_of"])
    assert run.manifest["settings"]["project"]["name"] == "shop"
    assert all(sentence.endswith(".") for sentence in run.manifest["headlines"])
    assert run.report.read_text(encoding="utf-8").startswith("<!")
    assert run.project == Project(shop_with_run.folder)


def test_a_table_that_is_not_there_names_the_nearest(shop_with_run):
    with pytest.raises(UnknownError, match="did you mean 'segments'"):
        shop_with_run.last_run.table("segment")
    assert shop_with_run.last_run.of_user("segment", "u0000001") == []


def test_tables_are_at_home_elsewhere(shop_with_run):
    table = shop_with_run.last_run.table("stages")
    assert pl.from_arrow(table).height == table.num_rows == len(table.to_pandas())


def test_recommend_is_the_same_before_and_after(shop_with_run):
    run = shop_with_run.last_run
    kept = run.table("recommendations").sort_by([("user_id", "ascending"), ("rank", "ascending")])
    made = run.recommend().sort_by([("user_id", "ascending"), ("rank", "ascending")])
    assert made.select(["user_id", "item_id", "source"]).equals(kept.select(["user_id", "item_id", "source"]))
    one = kept["user_id"][0].as_py()
    assert run.recommend(one).to_pylist() == [row for row in kept.to_pylist() if row["user_id"] == one]
    assert run.recommend(one, k=3).num_rows == 3


def test_show_story_and_timeline_are_of_one_user(shop_with_run):
    run = shop_with_run.last_run
    user = run.table("plan").sort_by([("stake", "descending")])["user_id"][0].as_py()
    shown = run.show(user)
    assert {row["user_id"] for name in ("profiles", "stages", "plan") for row in shown[name]} == {user}
    assert run.story(user).count(".") >= 4
    events, days = run.events_of(user), run.timeline(user)
    assert events["user_id"].unique().to_pylist() == [user]
    times = events["timestamp"].to_pylist()
    assert times == sorted(times)
    assert [day["day"] for day in days] == sorted({time.date() for time in times})
    assert sum(day["value"] for day in days) == pytest.approx(sum(v or 0 for v in events["value"].to_pylist()))
    for ask in (run.show, run.story, run.check_user):
        with pytest.raises(UnknownError, match="user"):
            ask(user + "x")


def test_ids_that_are_numbers_may_be_asked_for_as_numbers(tmp_path):
    frame = pd.DataFrame(
        {"user_id": [7, 7, 8], "item_id": [1, 2, 1], "timestamp": ["2024-01-01", "2024-02-01", "2024-01-05"]}
    )
    run = create_project(tmp_path / "shop", frame).run()
    assert run.show(7)["user_id"] == "7"
    assert len(run.timeline(7)) == 2
    assert run.recommend(7).num_rows > 0


def test_a_plan_can_be_made_anew(shop_with_run):
    run = shop_with_run.last_run
    kept = run.table("plan")
    assert run.plan().users.sort_by("user_id").equals(kept.sort_by("user_id"))
    assert run.plan(budget=0).users.num_rows == kept.num_rows


def test_choices_of_a_run_hold_for_that_run(tmp_path):
    project = create_project(tmp_path / "shop", world().events.slice(0, 3000), items=world().items)
    hasten(project)
    run = project.run("2024-03-01", slate_length=3)
    assert run.as_of == datetime(2024, 3, 1)
    assert run.table("recommendations")["rank"].to_numpy().max() <= 3
    assert project.settings.run.slate_length is None
    with pytest.raises(ConfigError, match="did you mean 'budget'"):
        project.run(bugdet=3)


def test_progress_is_told(shop_with_run, tmp_path):
    told = []
    project = create_project(tmp_path / "shop", world().events.slice(0, 3000), items=world().items)
    hasten(project)
    project.run(progress=lambda stage, done, total: told.append((stage, done, total)))
    stages = list(dict.fromkeys(stage for stage, _, _ in told))
    assert stages[0] == "ingest"
    assert stages[-1] == "report"
    for stage in stages:
        done = [n for name, n, _ in told if name == stage]
        assert done == sorted(done)
        assert told[[name for name, *_ in told].index(stage)][1] <= done[-1]
        (last,) = [total for name, n, total in told if name == stage][-1:]
        assert done[-1] == last


def test_a_log_is_read_again_only_when_it_changed(tmp_path):
    path = as_path(tmp_path)
    project = create_project(tmp_path / "shop", path)
    project.check()
    first = project.log
    before = {file: file.stat().st_mtime_ns for file in first.folder.iterdir()}
    project.check()
    assert project.log == first
    assert {file: file.stat().st_mtime_ns for file in first.folder.iterdir()} == before
    with path.open("a") as file:
        file.write('"e-new","new","i000001","view",2024-05-01 00:00:00.000000,\n')
    assert project.check()["n_in"] == 501
    assert project.log != first


def test_old_runs_make_room(tmp_path):
    project = create_project(tmp_path / "shop", world().events.slice(0, 500), items=world().items)
    hasten(project)
    folders = [project.run(keep_runs=2).folder for _ in range(3)]
    assert [folder.is_dir() for folder in folders] == [False, True, True]
    assert project.last_run.folder == folders[-1]
    assert len(set(folders)) == 3, "two runs within a second are two runs"


def test_nothing_before_the_first_run(tmp_path):
    project = create_project(tmp_path / "shop", some_events())
    with pytest.raises(MissingRunError, match="tenure run"):
        _ = project.last_run
    with pytest.raises(MissingRunError, match="tenure check"):
        _ = project.log


def test_moments_in_any_form():
    noon = datetime(2024, 5, 1, 12)
    east = timezone(timedelta(hours=2))
    assert parse_time(None) is None
    for given in (noon, noon.replace(tzinfo=UTC), datetime(2024, 5, 1, 14, tzinfo=east), "2024-05-01T14:00+02:00"):
        assert parse_time(given) == noon
    assert parse_time("2024-05-01") == datetime(2024, 5, 1)
    with pytest.raises(ConfigError, match="'noon'"):
        parse_time("noon")


def test_the_run_class_is_what_a_run_returns(shop_with_run):
    assert isinstance(shop_with_run.last_run, Run)
    assert CONFIG.n_users == shop_with_run.last_run.table("stages").num_rows
