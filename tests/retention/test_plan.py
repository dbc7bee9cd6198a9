"""The retention plan: the numbers of each row, the budget, the control group."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from retention.forecasts import AS_OF, forecasts, random_forecasts

from tenure.errors import ConfigError, SourceError
from tenure.retention.catalogue import CATALOGUE, LEAVE_ALONE
from tenure.retention.plan import PLAN, STRATEGIES, PlanConfig, plan
from tenure.schema import check_table

NO_CONTROL = PlanConfig(control_share=0.0)


def column(table: pa.Table, name: str) -> np.ndarray:
    return table[name].to_numpy(zero_copy_only=False)


def test_worked_example() -> None:
    """P(churn) .6, expected value 20: 50 if they come, 30 at stake; calling back saves 12 % of it for 0.05."""
    made = plan(
        forecasts(["at_risk"], [0.6], [20.0]), PlanConfig(control_share=0.0, currency="$", commitment_verb="buy")
    )
    (row,) = made.users.to_pylist()
    assert row["strategy"] == "call_back"
    assert row["value_at_risk"] == pytest.approx(50)
    assert row["stake"] == pytest.approx(30)
    assert row["cost"] == pytest.approx(0.05)
    assert row["expected_gain"] == pytest.approx(30 * 0.12 - 0.05)
    assert (row["is_selected"], row["is_control"], row["propensity"]) == (True, False, 1.0)
    assert row["reason"].startswith(
        "At risk: 60% likely not to buy within 30 days, which puts $30 at stake. Write while"
    )
    (done,) = [s for s in made.strategies.to_pylist() if s["n_users"]]
    assert (done["strategy"], done["n_selected"], done["n_control"]) == ("call_back", 1, 0)
    assert (done["stake"], done["cost"]) == (pytest.approx(30), pytest.approx(0.05))


def test_best_strategy_by_brute_force() -> None:
    given = random_forecasts(300)
    made = plan(given, NO_CONTROL).users.to_pylist()
    for before, after in zip(given.to_pylist(), made, strict=True):
        p, value = before["p_churn"], before["expected_value"]
        stake = p * value / max(1 - p, 0.1)
        gains = {
            s.name: s.assumed_saving * stake + s.assumed_growth * value - s.cost_per_contact - s.discount * value
            for s in CATALOGUE.values()
            if before["stage"] in s.stages and s.lowest_risk <= p <= s.highest_risk
        }
        assert after["expected_gain"] == pytest.approx(max(gains.values()), abs=1e-9)
        assert gains[after["strategy"]] == pytest.approx(max(gains.values()), abs=1e-9)
        assert after["stake"] == pytest.approx(stake)


def test_the_far_gone_are_not_worth_a_fortune() -> None:
    made = plan(forecasts(["churned"], [1.0], [3.0]), NO_CONTROL)
    assert column(made.users, "value_at_risk") == pytest.approx(30), "never divided by less than 0.1"


def test_schema_and_order() -> None:
    given = random_forecasts(50)
    made = plan(given)
    check_table(made.users, PLAN, name="plan")
    check_table(made.strategies, STRATEGIES, name="strategies")
    assert made.users["user_id"].equals(given["user_id"])
    assert made.strategies["strategy"].to_pylist() == list(CATALOGUE)
    assert sum(made.strategies["n_users"].to_pylist()) == 50


@pytest.mark.parametrize("n", [0, 1])
def test_few_users(n: int) -> None:
    made = plan(random_forecasts(n), PlanConfig(budget=1.0, exploration=0.5))
    assert made.users.num_rows == n
    assert made.strategies.num_rows == len(CATALOGUE)


def test_without_forecast_nothing_is_done() -> None:
    made = plan(forecasts(["at_risk", "at_risk", "unheard_of"], [None, 0.5, 0.5], [5.0, 5.0, 5.0]), NO_CONTROL)
    assert made.users["strategy"].to_pylist() == ["leave_alone", "call_back", "leave_alone"]
    assert made.users["reason"][0].as_py() == "At risk: no forecast yet, so nothing is done."
    assert made.users["p_churn"][0].as_py() is None
    assert made.users["stake"][0].as_py() == 0


def test_without_values_a_commitment_counts_as_one() -> None:
    made = plan(forecasts(["at_risk", "retained"], [0.6, 0.2], [None, None]), NO_CONTROL)
    assert column(made.users, "value_at_risk") == pytest.approx([1, 1])
    assert column(made.users, "stake") == pytest.approx([0.6, 0.2])


def test_budget_goes_to_the_best_return_and_the_rest_gets_what_is_free() -> None:
    """Both would be thanked with a discount; the budget is enough for the one with the higher stake per cost."""
    given = forecasts(["retained", "retained"], [0.8, 0.6], [40.0, 40.0])
    unlimited = plan(given, NO_CONTROL).users
    assert unlimited["strategy"].to_pylist() == ["reward", "reward"]
    limited = plan(given, PlanConfig(control_share=0.0, budget=2.5)).users
    assert limited["strategy"].to_pylist() == ["reward", "familiar"]
    assert limited["is_selected"].to_pylist() == [True, True]
    assert "the budget does more for others" in limited["reason"][1].as_py()
    nothing = plan(given, PlanConfig(control_share=0.0, budget=0.0)).users
    assert nothing["strategy"].to_pylist() == ["familiar", "familiar"]
    assert sum(column(nothing, "cost")) == 0


def test_beyond_the_budget_with_nothing_free_the_user_is_left_alone() -> None:
    made = plan(forecasts(["churned"], [0.9], [10.0]), PlanConfig(control_share=0.0, budget=0.0)).users
    assert made["strategy"].to_pylist() == ["leave_alone"]
    assert (
        made["reason"][0]
        .as_py()
        .endswith("at stake. A strategy that costs money would pay, but the budget does more for others.")
    )


def test_control_group_has_its_share_and_stays() -> None:
    given = random_forecasts(4_000)
    made = plan(given, PlanConfig(control_share=0.2)).users
    worth = column(made, "strategy") != "leave_alone"
    control, selected = column(made, "is_control"), column(made, "is_selected")
    assert abs(control.sum() - 0.2 * worth.sum()) < 4 * np.sqrt(worth.sum() * 0.2 * 0.8)
    assert np.array_equal(control | selected, worth)
    assert set(np.round(column(made, "propensity")[control], 9)) == {0.2}
    assert set(np.round(column(made, "propensity")[selected], 9)) == {0.8}
    assert set(column(made, "propensity")[~worth]) == {1.0}
    assert made["reason"][int(np.flatnonzero(control)[0])].as_py().endswith("to measure what this is worth.")

    later = given.set_column(1, "as_of", pa.array([datetime(2024, 9, 1)] * 4_000, pa.timestamp("us")))
    assert np.array_equal(column(plan(later, PlanConfig(control_share=0.2)).users, "is_control"), control)
    wider = column(plan(given, PlanConfig(control_share=0.4)).users, "is_control")
    assert np.all(wider[control]), "a larger control group holds the smaller one"


def test_propensities_are_the_long_run_frequencies() -> None:
    """The oracle: make the plan with many seeds and count what was done."""
    given = forecasts(["retained"], [0.25], [40.0])
    counts: dict[str, int] = {}
    said: dict[str, float] = {}
    n = 1_500
    for seed in range(n):
        (row,) = plan(given, PlanConfig(control_share=0.2, exploration=0.3, seed=seed)).users.to_pylist()
        done = row["strategy"] if row["is_selected"] else LEAVE_ALONE.name
        counts[done] = counts.get(done, 0) + 1
        assert said.setdefault(done, row["propensity"]) == row["propensity"]
    assert set(counts) == {"explore", "familiar", "grow_value", "leave_alone"}
    assert sum(said.values()) == pytest.approx(1)
    for action, p in said.items():
        assert abs(counts[action] - n * p) < 4 * np.sqrt(n * p * (1 - p)), action


def test_inverse_propensity_weighting_recovers_the_effect() -> None:
    """Outcome 1 for the treated and 0 else: the weighted mean over those worth treating must be 1."""
    made = plan(random_forecasts(5_000), PlanConfig(control_share=0.3)).users
    selected, propensity = column(made, "is_selected"), column(made, "propensity")
    worth = selected | column(made, "is_control")
    estimate = (selected / propensity)[worth].mean()
    assert abs(estimate - 1) < 4 * np.sqrt((1 / 0.7 - 1) / worth.sum())


def test_wrong_input_is_refused() -> None:
    with pytest.raises(SourceError, match=r"missing are \['stage'\]"):
        plan(random_forecasts(3).drop_columns("stage"))
    with pytest.raises(SourceError, match="one row per user, got 6 rows of 3 users"):
        plan(pa.concat_tables([random_forecasts(3)] * 2))
    with pytest.raises(ConfigError, match="expected 'leave_alone' as its last strategy"):
        plan(random_forecasts(3), catalogue={"familiar": CATALOGUE["familiar"]})
    with pytest.raises(ConfigError, match=r"PlanConfig.budget: expected 0 or more"):
        PlanConfig(budget=-1.0)
    with pytest.raises(ConfigError, match=r"PlanConfig.control_share"):
        PlanConfig(control_share=1.0)
    with pytest.raises(ConfigError, match=r"PlanConfig.least_p_commit"):
        PlanConfig(least_p_commit=0.0)
    assert random_forecasts(1)["as_of"][0].as_py() == AS_OF
