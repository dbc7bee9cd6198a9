from collections import Counter
from datetime import datetime

import ibis
import pyarrow as pa
import pytest
from lifecycle.lives import at
from relation_runner import run

from tenure.errors import ConfigError
from tenure.lifecycle.flow import UNSEEN, flows, history_cutoffs, stage_history, transitions

PLACED = ibis.table({"user_id": "string", "as_of": "timestamp(6)", "stage": "string", "rule": "string"}, name="placed")
LIVES = {
    "ann": ["acquired", "retained", "retained"],
    "bob": [None, "acquired", "churned"],
    "cy": ["acquired", "acquired", "retained"],
}
ROWS = [
    {"user_id": user, "as_of": at(30 * (k + 1)), "stage": stage, "rule": "x"}
    for user, stages in LIVES.items()
    for k, stage in enumerate(stages)
    if stage
]
SCHEMA = pa.schema(
    [("user_id", pa.string()), ("as_of", pa.timestamp("us")), ("stage", pa.string()), ("rule", pa.string())]
)


def placed(rows: list[dict]) -> dict[str, pa.Table]:
    return {"placed": pa.Table.from_pylist(rows, schema=SCHEMA)}


def moves_of(table: ibis.expr.types.Table) -> ibis.expr.types.Table:
    return flows(stage_history(table))


def transitions_of(table: ibis.expr.types.Table) -> ibis.expr.types.Table:
    return transitions(moves_of(table))


def test_flows_join_each_cut_off_with_the_next():
    got = run(placed(ROWS), moves_of, PLACED).to_pylist()
    moves = {(r["to_as_of"], r["from_stage"], r["to_stage"]): r["n_users"] for r in got}
    assert moves == {
        (at(60), "acquired", "acquired"): 1,
        (at(60), "acquired", "retained"): 1,
        (at(60), UNSEEN, "acquired"): 1,
        (at(90), "acquired", "churned"): 1,
        (at(90), "acquired", "retained"): 1,
        (at(90), "retained", "retained"): 1,
    }
    assert {(r["from_as_of"], r["to_as_of"]) for r in got} == {(at(30), at(60)), (at(60), at(90))}


def test_transitions_pool_the_steps_without_newcomers():
    got = run(placed(ROWS), transitions_of, PLACED).to_pylist()
    assert [tuple(row.values()) for row in got] == [
        ("acquired", "acquired", 1, 0.25),
        ("acquired", "churned", 1, 0.25),
        ("acquired", "retained", 2, 0.5),
        ("retained", "retained", 1, 1.0),
    ]
    assert Counter(type(row["n_users"]) for row in got) == {int: 4}


@pytest.mark.parametrize("rows", [[], ROWS[:1], [row for row in ROWS if row["as_of"] == at(30)]])
def test_one_moment_has_no_flow(rows):
    assert run(placed(rows), moves_of, PLACED).num_rows == 0
    assert run(placed(rows), transitions_of, PLACED).num_rows == 0


def test_history_ends_at_the_cut_off_and_starts_after_the_first_event():
    first, as_of = datetime.fromisoformat("2024-01-01"), datetime.fromisoformat("2024-03-01T12:00")
    cuts = history_cutoffs(first, as_of, 30)
    assert cuts == [datetime.fromisoformat(t) for t in ("2024-01-01T12:00", "2024-01-31T12:00", "2024-03-01T12:00")]
    assert history_cutoffs(first, as_of, 7, limit=2) == [datetime.fromisoformat("2024-02-23T12:00"), as_of]
    assert history_cutoffs(as_of, first, 7) == []


@pytest.mark.parametrize(("step", "limit"), [(0, 5), (7, 0)])
def test_history_refuses_empty_steps(step, limit):
    with pytest.raises(ConfigError, match="at least 1"):
        history_cutoffs(at(0), at(9), step, limit)
