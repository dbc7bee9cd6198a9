"""Laws of the retention plan, whatever the forecasts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from retention.forecasts import forecasts

from tenure.lifecycle.stages import STAGES
from tenure.retention.catalogue import CATALOGUE
from tenure.retention.choice import action_probabilities, draw_treatments, is_eligible
from tenure.retention.plan import PlanConfig, plan

USERS = st.lists(
    st.tuples(
        st.sampled_from([str(stage) for stage in STAGES]),
        st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1)),
        st.one_of(st.none(), st.sampled_from([0.0, 10.0]), st.floats(0, 1e5)),
    ),
    max_size=40,
)
CONFIGS = st.builds(
    PlanConfig,
    control_share=st.sampled_from([0.0, 0.1, 0.5]),
    budget=st.one_of(st.none(), st.floats(0, 200)),
    exploration=st.sampled_from([0.0, 0.3]),
    seed=st.integers(0, 5),
)


def table(users: list[tuple[str, float | None, float | None]]) -> pa.Table:
    return forecasts([u[0] for u in users], [u[1] for u in users], [u[2] for u in users])


@given(USERS, CONFIGS)
@settings(max_examples=80, deadline=None)
def test_budget_is_never_exceeded_and_control_never_selected(users, config) -> None:
    made = plan(table(users), config).users
    selected, control = (np.array(made[name].to_pylist(), dtype=bool) for name in ("is_selected", "is_control"))
    spent = made["cost"].to_numpy()[selected].sum()
    assert config.budget is None or spent <= config.budget * (1 + 1e-9)
    assert not np.any(selected & control)
    assert not np.any((selected | control) & (np.array(made["strategy"].to_pylist(), dtype=object) == "leave_alone"))
    propensity = made["propensity"].to_numpy()
    assert np.all((propensity > 0) & (propensity <= 1))


@given(USERS, CONFIGS, st.floats(0, 100))
@settings(max_examples=60, deadline=None)
def test_more_budget_deselects_nobody(users, config, more) -> None:
    given_users, budget = table(users), config.budget or 0.0
    poor = plan(given_users, replace(config, budget=budget)).users["is_selected"].to_numpy()
    rich = plan(given_users, replace(config, budget=budget + more)).users["is_selected"].to_numpy()
    assert np.all(rich[poor])


@given(USERS, CONFIGS, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_order_of_users_does_not_matter(users, config, random) -> None:
    given_users = table(users)
    order = list(range(len(users)))
    random.shuffle(order)
    made = plan(given_users, config)
    shuffled = plan(given_users.take(pa.array(order, pa.int64())), config)
    assert shuffled.users.equals(made.users.take(pa.array(order, pa.int64())))
    assert shuffled.strategies["n_selected"].equals(made.strategies["n_selected"])


@given(
    USERS.filter(bool),
    st.sampled_from([0.0, 0.2, 0.9]),
    st.sampled_from([0.0, 0.2, 1.0]),
    st.floats(0, 1, exclude_max=True),
)
@settings(max_examples=60, deadline=None)
def test_probabilities_sum_to_one_and_impossible_actions_never_happen(
    users, control_share, exploration, uniform
) -> None:
    strategies = list(CATALOGUE.values())
    p_churn = np.array([np.nan if u[1] is None else u[1] for u in users])
    allowed = is_eligible(strategies, [u[0] for u in users], p_churn)
    for chosen in (allowed.argmax(axis=1), np.full(len(users), len(strategies) - 1)):
        p = action_probabilities(chosen, allowed, control_share=control_share, exploration=exploration)
        assert np.allclose(p.sum(axis=1), 1)
        assert np.all(p[~allowed] == 0)
        drawn = draw_treatments(p, np.full(len(users), uniform))
        offered = chosen < len(strategies) - 1
        assert np.all(p[np.arange(len(users)), drawn][offered] > 0)
        assert np.all(drawn[~offered] == len(strategies) - 1)
