"""Nothing from the future: a run at a moment is the same whatever happens from that moment on.

The same customers are read four times: with the log cut at the moment, with what really followed, and with two futures
that were made up. Every table of the run and every slate must be equal.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from simulated_project import CONFIG, hasten, world

from tenure import create_project
from tenure.project import Run

AS_OF = CONFIG.start + timedelta(days=115, hours=13, minutes=7, seconds=11)
"""Inside a day and a week, so that whole periods are no help."""
RNG_SEED = 11
MAX_ROWS = 2_000
"""So few that users are drawn for the training: strangers to come must not change who is."""
WHAT_MAY_DIFFER = {"fingerprint", "created", "seconds", "timings", "settings", "version", "models"}


def past() -> pa.Table:
    events = world().events
    return events.filter(pc.less(events["timestamp"], AS_OF))


def real_future() -> pa.Table:
    events = world().events
    return events.filter(pc.greater_equal(events["timestamp"], AS_OF))


def at(times: list[datetime]) -> pa.Array:
    return pa.array(times, world().events.schema.field("timestamp").type)


def perturbed_future() -> pa.Table:
    """The same number of events, by other users, on other items, of other kinds, at other times and of other value."""
    future, rng = real_future(), np.random.default_rng(RNG_SEED)
    n, everything = future.num_rows, world().events
    users = everything["user_id"].unique().to_pylist() + [f"stranger{k}" for k in range(40)]
    items = everything["item_id"].unique().drop_null().to_pylist() + [f"novelty{k}" for k in range(40)]
    kinds = ["purchase", "view", "unsubscribe", "impression", "juggle", "return", "share"]
    changes = {
        "event_id": [f"made-up-{k}" for k in range(n)],
        "user_id": rng.choice(users, n).tolist(),
        "item_id": rng.choice(items, n).tolist(),
        "event_type": rng.choice(kinds, n).tolist(),
        "timestamp": [AS_OF + timedelta(seconds=float(s)) for s in rng.integers(0, 86_400 * 400, n)],
        "value": (rng.lognormal(3, 3, n) % 1e6).tolist(),
    }
    changes["timestamp"][0] = AS_OF  # the first moment that is future
    for name, values in changes.items():
        place = future.schema.names.index(name)
        column = at(values) if name == "timestamp" else pa.array(values, future.schema.field(name).type)
        future = future.set_column(place, future.schema.field(name), column)
    return future


def doubled_future() -> pa.Table:
    """What really followed, twice, with half a day between; then the log goes on for a year with one user."""
    future = real_future()
    names = future.schema.names
    later = future.set_column(
        names.index("timestamp"), "timestamp", pc.add(future["timestamp"], pa.scalar(timedelta(hours=12)))
    ).set_column(names.index("event_id"), "event_id", pc.binary_join_element_wise(future["event_id"], "again", "-"))
    one = past()["user_id"][0].as_py()
    year = [
        {"event_id": f"year-{k}", "user_id": one, "event_type": "purchase", "timestamp": AS_OF + timedelta(days=7 * k)}
        for k in range(52)
    ]
    return pa.concat_tables([future, later.cast(future.schema), pa.Table.from_pylist(year, future.schema)])


FUTURES = {"real": real_future, "perturbed": perturbed_future, "doubled": doubled_future}


@pytest.fixture(scope="module")
def run_with(tmp_path_factory):
    """Runs at the moment, with a future of the given name; "none" = the log ends at the moment."""
    made: dict[str, Run] = {}

    def run(future: str) -> Run:
        if future not in made:
            events = pa.concat_tables([past(), FUTURES[future]()]) if future != "none" else past()
            # Files do not come in the order of time; nothing may hang on it.
            shuffled = events.take(np.random.default_rng(RNG_SEED).permutation(events.num_rows))
            folder = tmp_path_factory.mktemp(future) / "shop"
            project = create_project(folder, shuffled, items=world().items, users=world().users)
            hasten(project)
            with (folder / "tenure.toml").open("a", encoding="utf-8") as file:
                file.write(f"max_rows = {MAX_ROWS}\n")
            made[future] = project.run(AS_OF)
        return made[future]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TENURE_HEART__USE", "true")
        yield run


def test_the_futures_are_valid_events_and_many(run_with):
    """Without this the law could hold because nothing of the future was read at all."""
    for future, make in FUTURES.items():
        log = pq.read_table(run_with(future).project.log.folder / "events.parquet")
        later = log.filter(pc.greater_equal(log["timestamp"], AS_OF)).num_rows
        assert later == make().num_rows > 2_000
        assert log.num_rows - later == past().num_rows
    log = pq.read_table(run_with("none").project.log.folder / "events.parquet")
    assert pc.max(log["timestamp"]).as_py() < AS_OF


def different(left: pa.Table, right: pa.Table) -> str | None:
    """What differs between two tables, rows in any order, floats to 1e-9; None when they are equal."""
    if left.schema.names != right.schema.names:
        return f"columns {left.schema.names} / {right.schema.names}"
    if left.num_rows != right.num_rows:
        return f"{left.num_rows} / {right.num_rows} rows"
    keys = [(name, "ascending") for name in left.schema.names if not pa.types.is_floating(left.schema.field(name).type)]
    floats = [(name, "ascending") for name in left.schema.names if pa.types.is_floating(left.schema.field(name).type)]
    left, right = left.sort_by(keys + floats), right.sort_by(keys + floats)
    for name in left.schema.names:
        ours, theirs = left[name].combine_chunks(), right[name].combine_chunks()
        if pa.types.is_floating(ours.type):
            mine, others = (column.to_numpy(zero_copy_only=False).astype(float) for column in (ours, theirs))
            same = np.isclose(mine, others, rtol=1e-9, atol=1e-9, equal_nan=True)
            if not same.all():
                where = int(np.flatnonzero(~same)[0])
                return f"{name}: {mine[where]} / {others[where]} in {left.slice(where, 1).to_pylist()}"
        elif not ours.equals(theirs):
            where = next(k for k in range(len(ours)) if ours[k] != theirs[k])
            return f"{name}: {ours[where]} / {theirs[where]} in {left.slice(where, 1).to_pylist()}"
    return None


@pytest.mark.parametrize("future", FUTURES)
def test_no_table_of_a_run_knows_what_happens_later(run_with, future):
    cut, known = run_with("none"), run_with(future)
    assert cut.tables() == known.tables()
    assert len(cut.tables()) > 25
    differences = {name: different(cut.table(name), known.table(name)) for name in cut.tables()}
    assert {name: said for name, said in differences.items() if said} == {}


@pytest.mark.parametrize("future", FUTURES)
def test_neither_do_the_headlines_and_what_the_manifest_tells(run_with, future):
    cut, known = (
        {key: value for key, value in run_with(name).manifest.items() if key not in WHAT_MAY_DIFFER}
        for name in ("none", future)
    )
    assert cut == known
    assert cut["as_of"] == AS_OF.isoformat()
    assert cut["left_out"] == []


@pytest.mark.parametrize("future", FUTURES)
def test_neither_does_a_slate_that_is_asked_for_later(run_with, future):
    cut, known = run_with("none"), run_with(future)
    assert different(cut.recommend(), known.recommend()) is None
    user = past()["user_id"][0].as_py()
    assert different(cut.recommend(user, k=20), known.recommend(user, k=20)) is None
    assert different(cut.recommend("stranger1"), known.recommend("stranger1")) is None


def rounded(value: Any) -> Any:
    """Plain data with floats to nine digits: sums may run in another order."""
    if isinstance(value, dict):
        return {key: rounded(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [rounded(entry) for entry in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


@pytest.mark.parametrize("future", FUTURES)
def test_neither_do_cohorts_plans_lives_and_stories(run_with, future):
    cut, known = run_with("none"), run_with(future)
    for rule in ("on", "on_or_after"):
        for clock in ("calendar", "rolling"):
            for period in ("day", "week", "month"):
                options = {"rule": rule, "clock": clock, "period": period}
                assert different(cut.cohorts(**options), known.cohorts(**options)) is None, options
    assert different(cut.plan(budget=20).users, known.plan(budget=20).users) is None
    for user in past()["user_id"].unique().to_pylist()[:3]:
        assert cut.story(user) == known.story(user)
        assert cut.timeline(user) == known.timeline(user)
        assert rounded(cut.show(user)) == rounded(known.show(user))


def test_the_law_can_see_a_leak(run_with):
    """A run that stands a day later differs: the comparison is not blind."""
    later = run_with("real").project.run(AS_OF + timedelta(days=1), threads=1)
    cut = run_with("none")
    differing = [name for name in cut.tables() if different(cut.table(name), later.table(name))]
    assert {"profiles", "stages", "predictions", "growth", "recommendations"} <= set(differing)
