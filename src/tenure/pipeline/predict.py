"""Predict: who will commit within the horizon and for how much, with the proof on a later time."""

from __future__ import annotations

import pyarrow as pa

from tenure.events.log import EVENTS_TABLE
from tenure.pipeline.known import Known, Results
from tenure.pipeline.profile import Profiled, at
from tenure.prediction.forecaster import ForecastConfig, Forecaster
from tenure.prediction.labels import labels
from tenure.prediction.proof import prove
from tenure.prediction.reasons import contributions_table, weights_table
from tenure.prediction.snapshots import recency_of, snapshots
from tenure.prediction.spend import Spend
from tenure.profiles.inputs import Facts
from tenure.profiles.vector import Vectoriser


def predict(known: Known, profiled: Profiled) -> Results:
    """Prove the forecast at the test cut-off, then learn from every complete cut-off and forecast the time to come.

    Forecasts see the activity features alone: user attributes carry no time, so a value filled in later could leak what
    became of the user.
    """
    plan, did = known.cutoffs, profiled.activity
    if plan is None:
        return Results()
    config = ForecastConfig(horizon_days=plan.horizon_days, seed=known.seed)
    with known.stage("predict", 2) as step:
        outcomes = known.run(labels(EVENTS_TABLE, plan.all, plan.horizon_days))
        complete = Facts(activity=at(did, *plan.all))
        # For the proof even means and spreads are learnt from the training cut-offs alone.
        then = Vectoriser.fit(Facts(activity=at(did, *plan.train))).transform(complete)
        *train, test = snapshots(then.table, then.matrix, outcomes)
        proof = prove(train, test, config)
        step()
        vectoriser = Vectoriser.fit(complete)
        past = vectoriser.transform(complete)
        known_outcomes = snapshots(past.table, past.matrix, outcomes)
        forecaster, spend = Forecaster.fit(known_outcomes, config), Spend.fit(known_outcomes)
        now = vectoriser.transform(Facts(activity=at(did, known.as_of)))
        users, p_commit = now.table["user_id"], forecaster.p_commit(now.matrix, recency_of(now.table))
        predictions = pa.table(
            {
                "user_id": users,
                "as_of": now.table["as_of"],
                "p_commit": p_commit,
                "p_churn": 1 - p_commit,
                "expected_value": spend.expected(now.matrix),
            }
        )
        tables = {
            "predictions": predictions,
            "prediction_metrics": proof.metrics,
            "prediction_gains": proof.gains,
            "reliability": proof.reliability,
            "lift": proof.lift,
            "weights": weights_table(forecaster.model, now.names, now.themes),
            "contributions": contributions_table(
                forecaster.model, users.to_pylist(), now.names, now.matrix, now.values
            ),
        }
    models = {
        "forecaster": forecaster.to_arrays(),
        "spend": spend.to_arrays(),
        "forecast_vectoriser": vectoriser.to_arrays(),
    }
    return Results(tables, models)
