"""The whole way on users whose truth is known: forecasts, slates and plans are held against what is true."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tenure.domains.ecommerce import DOMAIN
from tenure.engine.duckdb import DuckDBConfig, DuckDBEngine
from tenure.evaluation.forecasts import auc, log_loss
from tenure.evaluation.splits import CutoffPlan, plan_cutoffs
from tenure.events.log import EVENTS_TABLE, ITEMS_TABLE
from tenure.events.simulate import Simulation, SimulationConfig, simulate
from tenure.lifecycle.activity import active_periods
from tenure.lifecycle.stages import Stage, stages
from tenure.lifecycle.thresholds import Thresholds, evidence
from tenure.prediction.examples import Examples, Inputs, examples
from tenure.prediction.labels import labels
from tenure.prediction.learners.logistic import LogisticLearner
from tenure.prediction.schedule import schedule
from tenure.prediction.tasks import parse_task
from tenure.prediction.training import train
from tenure.profiles.activity import activity
from tenure.recommendation.interactions import Interactions, interactions
from tenure.recommendation.recommender import Recommender, SlateConfig
from tenure.retention.plan import PlanConfig, plan
from tenure.schema import LOG

HORIZON_DAYS = 30
CONFIG = SimulationConfig(n_users=3_000, n_items=300, days=240, seed=1, join_share=0.6)


@dataclass(frozen=True)
class Journey:
    """What the rooms made of the simulated log at one test cut-off."""

    world: Simulation
    cuts: CutoffPlan
    test: Examples
    """The users of the test cut-off, and who came."""
    users: list[str]
    """Of the test cut-off, row by row."""
    p_commit: np.ndarray
    stage: list[str]
    recommender: Recommender
    histories: Interactions


def clean_log(events: pa.Table) -> pa.Table:
    """Roles and weights, as ingestion adds them."""
    words = pc.unique(events["event_type"])
    meanings = [DOMAIN.meanings[word] for word in words.to_pylist()]
    place = pc.index_in(events["event_type"], value_set=words)
    role = pa.array([str(meaning.role) for meaning in meanings]).take(place.combine_chunks())
    weight = pa.array([meaning.weight for meaning in meanings]).take(place.combine_chunks())
    return events.append_column("role", role).append_column("weight", weight).cast(LOG)


@pytest.fixture(scope="module")
def journey() -> Journey:
    world = simulate(CONFIG)
    end = CONFIG.start + timedelta(days=CONFIG.days)
    cuts = plan_cutoffs(CONFIG.start, end, horizon_days=HORIZON_DAYS, n_train=4)
    sources = {"events": clean_log(world.events), "items": world.items}
    with DuckDBEngine(sources, DuckDBConfig(threads=1)) as engine:
        known = engine.run(activity(EVENTS_TABLE, ITEMS_TABLE, cuts.all))
        known = known.sort_by([("as_of", "ascending"), ("user_id", "ascending")])
        outcomes = engine.run(labels(EVENTS_TABLE, cuts.all, HORIZON_DAYS))
        learnt = examples(Inputs.from_table(known), outcomes, "committed", HORIZON_DAYS)
        test, past = learnt.at(cuts.test), learnt.known_by(cuts.test)
        task, when = parse_task(f"commit:{HORIZON_DAYS}d"), schedule(cuts.train, cuts.test, HORIZON_DAYS)
        forecaster = train(past, task, [LogisticLearner()], when).forecaster

        days = active_periods(EVENTS_TABLE, cuts.test, "day")
        thresholds = Thresholds.learn(engine.run(evidence(EVENTS_TABLE, days, cuts.test)), DOMAIN)
        placed = engine.run(stages(EVENTS_TABLE, cuts.test, thresholds))
        stage_of = dict(zip(placed["user_id"].to_pylist(), placed["stage"].to_pylist(), strict=True))
        users = test.inputs.users.to_pylist()

        touched = engine.run(interactions(EVENTS_TABLE, cuts.test, half_life_days=DOMAIN.taste_half_life_days))
    histories = Interactions.from_table(touched, as_of=cuts.test)
    return Journey(
        world=world,
        cuts=cuts,
        test=test,
        users=users,
        p_commit=forecaster.predict(test.inputs),
        stage=[stage_of[user] for user in users],
        recommender=Recommender.fit(histories, items=world.items, domain=DOMAIN),
        histories=histories,
    )


def true_p(journey: Journey, column: str = "p_commit") -> np.ndarray:
    table = journey.world.truth.p_commit(journey.cuts.test, HORIZON_DAYS)
    place = pc.index_in(pa.array(journey.users), value_set=table["user_id"].combine_chunks())
    return table[column].take(place).to_numpy()


def test_forecast_is_nearly_as_good_as_the_truth(journey: Journey) -> None:
    p, y, truth = journey.p_commit, journey.test.outcome > 0, true_p(journey)
    assert auc(y, truth) >= auc(y, p) - 0.005, "nobody beats somebody who knows every parameter"
    assert auc(y, p) > auc(y, truth) - 0.03
    assert auc(y, p) > auc(y, 1 / (1 + journey.test.inputs.column("recency_days"))) + 0.01
    constant = np.full(len(y), y.mean())
    known_share = (log_loss(y, constant) - log_loss(y, p)) / (log_loss(y, constant) - log_loss(y, truth))
    assert known_share > 0.8


def test_forecast_is_calibrated_against_the_truth(journey: Journey) -> None:
    order = np.argsort(journey.p_commit)
    truth = true_p(journey)
    for tenth in np.array_split(order, 10):
        assert journey.p_commit[tenth].mean() == pytest.approx(truth[tenth].mean(), abs=0.07)


def test_stages_agree_with_who_has_left(journey: Journey) -> None:
    alive = true_p(journey, "p_alive")
    stage = np.array(journey.stage)
    share = {s: alive[stage == s].mean() for s in np.unique(stage)}
    assert share[Stage.CHURNED] < 0.1
    assert share[Stage.DORMANT] < share[Stage.AT_RISK] < min(share[Stage.RETAINED], share[Stage.GROWING])


def test_personalised_slates_are_closer_to_true_taste_than_popular_ones(journey: Journey) -> None:
    truth, cut = journey.world.truth, journey.cuts.test
    active = np.isin(journey.stage, [Stage.RETAINED, Stage.GROWING, Stage.ACTIVATED, Stage.ADVOCATE])
    chosen = [user for user, is_active in zip(journey.users, active, strict=True) if is_active]
    histories = journey.histories
    rows = np.array([int(user[1:]) for user in histories.users.ids])
    p = truth.p_items(rows, cut)
    number = {item: i for i, item in enumerate(truth.catalogue.ids.to_pylist())}
    place = np.array([number[item] for item in histories.items.ids])

    def mass(config: SlateConfig) -> np.ndarray:
        items = journey.recommender.recommend(histories, config, seed=0, with_reasons=False).items
        hit = np.take_along_axis(p[:, place], np.maximum(items, 0), axis=1)
        return np.where(items >= 0, hit, 0.0).sum(axis=1)[np.isin(histories.users.ids, chosen)]

    usual = SlateConfig.of(DOMAIN)
    fused, popular = mass(usual), mass(SlateConfig(weights={"popular": 1.0}, diversity=0.0))
    best = np.sort(p, axis=1)[:, -10:].sum(axis=1)[np.isin(histories.users.ids, chosen)]
    gain = fused - popular
    assert gain.mean() > 4 * gain.std() / np.sqrt(len(gain))
    assert fused.mean() > 0.6 * best.mean()


def test_the_loop_beats_no_loop_and_its_control_group_measures_by_how_much(journey: Journey) -> None:
    forecasts = pa.table(
        {
            "user_id": journey.users,
            "as_of": [journey.cuts.test] * len(journey.users),
            "stage": journey.stage,
            "p_churn": 1 - journey.p_commit,
            "expected_value": 20 * journey.p_commit,
        }
    )
    made = plan(forecasts, PlanConfig(control_share=0.3, horizon_days=HORIZON_DAYS)).users
    selected, control = (made[name].to_numpy(zero_copy_only=False) for name in ("is_selected", "is_control"))
    without, contacted = true_p(journey), true_p(journey, "p_commit_if_contacted")
    gain = (contacted - without)[selected]
    assert gain.mean() > 4 * gain.std() / np.sqrt(len(gain)), "treating whom the plan selects does good"

    treated = dict(zip(journey.users, selected.tolist(), strict=True))
    truth = journey.world.truth
    everybody = truth.p_commit(journey.cuts.test, HORIZON_DAYS)["user_id"].to_pylist()
    outcome = truth.outcomes(journey.cuts.test, HORIZON_DAYS, np.array([treated.get(u, False) for u in everybody]))
    came = dict(zip(everybody, outcome.tolist(), strict=True))
    y = np.array([came[user] for user in journey.users]) / made["propensity"].to_numpy()
    worth = selected | control
    weighted = np.where(selected, y, -y)[worth]
    effect = (contacted - without)[worth].mean()
    assert abs(weighted.mean() - effect) < 4 * weighted.std() / np.sqrt(len(weighted))
