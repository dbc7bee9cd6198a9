"""A model that is unfair to a group is found out, a fair one is rarely accused."""

from __future__ import annotations

import numpy as np
import pytest
from prediction.made_up import chances, inputs

from tenure.errors import ConfigError
from tenure.prediction.examples import Examples
from tenure.prediction.groups import GROUPS, LEAST_USERS, OTHERS, UNKNOWN, attribute_groups, by_group
from tenure.prediction.rolling import Rolled

REGIONS = np.array(["north", "south", "east", "west"])


def proof(*, n_users=400, n_cutoffs=3, seed=0, off=0.0, region="north"):
    """Forecasts that are true chances, but for `off` added in one region; and the region of each row."""
    given = inputs(n_users, n_cutoffs, seed=seed)
    rng = np.random.default_rng(seed + 100)
    came = (rng.random(len(given)) < chances(given)).astype(float)
    regions = np.tile(rng.choice(REGIONS, n_users), n_cutoffs)
    said = np.clip(chances(given) + off * (regions == region), 0, 1)
    return Rolled(Examples(given, came, 10), {"trees": said, "other": np.full(len(said), 0.5)}), regions.tolist()


def test_a_planted_unfairness_is_found_where_it_is():
    rolled, regions = proof(off=0.15)
    found = by_group(rolled, "trees", "commit:10d", {"region": regions})
    assert found.schema == GROUPS
    rows = {row["group"]: row for row in found.to_pylist()}
    assert [name for name, row in rows.items() if row["is_off"]] == ["north"]
    here = rows["north"]
    assert (here["task"], here["kind"]) == ("commit:10d", "region")
    assert here["low"] > 0
    assert here["low"] < here["gap"] < here["high"]
    mine = np.array(regions) == "north"
    assert here["n_users"] == mine.sum() / 3, "a user counts once, at however many cut-offs"
    assert here["observed"] == pytest.approx(rolled.examples.outcome[mine].mean())
    assert here["forecast"] == pytest.approx(rolled.forecasts["trees"][mine].mean())
    assert here["gap"] == pytest.approx(here["forecast"] - here["observed"])
    assert 0.7 < here["auc"] < 1, "being off does not hinder from ranking"


def test_a_fair_model_is_rarely_accused():
    """Of many fair models at most one in twenty is off for any group; 3 standard errors above that is the margin."""
    n = 150
    accused = 0
    for seed in range(n):
        rolled, regions = proof(n_users=240, n_cutoffs=2, seed=seed)
        accused += any(by_group(rolled, "trees", "commit:10d", {"region": regions})["is_off"].to_pylist())
    assert accused <= n * 0.05 + 3 * np.sqrt(n * 0.05 * 0.95)


def test_intervals_widen_with_the_number_of_groups_looked_at():
    rolled, regions = proof()
    halves = ["a" if region in {"north", "south"} else "b" for region in regions]
    alone = by_group(rolled, "trees", "commit:10d", {"half": halves}).to_pylist()[0]
    among = by_group(rolled, "trees", "commit:10d", {"half": halves, "region": regions}).to_pylist()[0]
    assert among["gap"] == alone["gap"]
    assert among["high"] - among["low"] > 1.1 * (alone["high"] - alone["low"])


def test_small_groups_are_told_together_or_not_at_all():
    rolled, _ = proof(n_users=200, n_cutoffs=1)
    n = LEAST_USERS
    groups = ["large"] * (200 - 2 * n + 2) + ["small"] * (n - 1) + ["smaller"] * (n - 1)
    found = by_group(rolled, "trees", "commit:10d", {"size": groups})
    assert found["group"].to_pylist() == ["large", OTHERS]
    assert found["n_users"].to_pylist() == [200 - 2 * n + 2, 2 * n - 2]
    few = by_group(rolled, "trees", "commit:10d", {"size": ["large"] * (200 - 3) + ["small"] * 3})
    assert few["group"].to_pylist() == ["large"], "of three users nothing is told"


def test_who_is_not_known_is_a_group_of_its_own():
    rolled, regions = proof()
    found = by_group(
        rolled, "trees", "commit:10d", {"region": [None if region == "west" else region for region in regions]}
    )
    assert UNKNOWN in found["group"].to_pylist()
    assert "west" not in found["group"].to_pylist()


def test_amounts_and_groups_that_did_alike_have_no_ranking():
    rolled, regions = proof(n_cutoffs=1)
    paid = Rolled(
        Examples(rolled.examples.inputs, 30 * rolled.examples.outcome, 10), {"trees": 30 * rolled.forecasts["trees"]}
    )
    assert set(by_group(paid, "trees", "value:10d", {"region": regions})["auc"].to_pylist()) == {None}
    nobody = Rolled(Examples(rolled.examples.inputs, 0 * rolled.examples.outcome, 10), rolled.forecasts)
    rows = by_group(nobody, "trees", "commit:10d", {"region": regions}).to_pylist()
    assert {row["auc"] for row in rows} == {None}
    assert all(row["is_off"] for row in rows), "much was foretold, nothing came"


def test_what_is_forecast_says_whether_outcomes_are_amounts():
    """A log whose values became 0, or are 1 apiece, looks like yes and no; its forecasts are amounts all the same."""
    rolled, regions = proof(n_cutoffs=1)
    for outcome in (0 * rolled.examples.outcome, rolled.examples.outcome):
        spent = Rolled(Examples(rolled.examples.inputs, outcome, 10), {"trees": 30 * rolled.forecasts["trees"]})
        found = by_group(spent, "trees", "value:10d", {"region": regions})
        assert set(found["auc"].to_pylist()) == {None}
        assert all(found["is_off"].to_pylist())
    with pytest.raises(ConfigError, match="task"):
        by_group(rolled, "trees", "sales", {"region": regions})


def test_a_group_for_every_row_is_asked_for():
    rolled, regions = proof()
    with pytest.raises(ConfigError, match="groups 'region': expected one per row"):
        by_group(rolled, "trees", "commit:10d", {"region": regions[:-1]})
    assert by_group(rolled, "trees", "commit:10d", {}).num_rows == 0


def test_which_attributes_are_groups():
    users = [{"sex": "fm"[i % 2], "age": 20 + i, "id": f"u{i}", "land": "x", "is_new": i < 50} for i in range(100)]
    users[0] = {}
    found = attribute_groups(users)
    assert list(found) == ["sex", "age", "is_new"], "a name for each, or one for all, is no group"
    assert found["sex"][:3] == [None, "m", "f"]
    assert set(found["is_new"]) == {None, "True", "False"}
    sizes = {group: found["age"].count(group) for group in set(found["age"])}
    assert sizes.pop(None) == 1
    assert len(sizes) == 5
    assert all(19 <= n <= 21 for n in sizes.values())
    assert found["age"][1] == "21 to 40.6"
    assert attribute_groups([]) == {}


def test_a_number_that_most_share_has_fewer_than_five_parts():
    children = [0] * 80 + [float(i) for i in range(1, 21)]
    groups = attribute_groups([{"children": value} for value in children])["children"]
    assert len(set(groups)) < 5
    assert len(set(groups[:80])) == 1
