"""The whole protocol on users whose true probabilities are known."""

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import expit, logit

from tenure.errors import ConfigError, EvidenceError
from tenure.evaluation.forecasts import METRICS, auc, log_loss
from tenure.prediction.baselines import INPUTS
from tenure.prediction.calibration import IDENTITY
from tenure.prediction.forecaster import ForecastConfig, Forecaster
from tenure.prediction.proof import prove
from tenure.prediction.reasons import contributions_table, weights_table
from tenure.prediction.snapshots import NEVER_ACTIVE_DAYS, Snapshot, snapshots
from tenure.prediction.spend import Spend

CUT = datetime.fromisoformat("2020-06-01")
CONFIG = ForecastConfig(n_resamples=200)
WEIGHTS = np.array([0.8, -0.6, 0.3])


def truth(X, recency):
    return expit(X @ WEIGHTS - 0.7 * (np.log1p(recency) - 3) + 0.5)


def snapshot(days_before, n=1500, *, seed=0):
    rng = np.random.default_rng([seed, days_before])
    recency = rng.exponential(40, size=n)
    signal = rng.normal(size=(n, 3))
    X = np.column_stack([signal, np.log1p(recency) - 3])
    committed = rng.random(n) < truth(signal, recency)
    value = committed * np.exp(2 + 0.5 * signal[:, 0] + rng.normal(scale=0.3, size=n))
    return Snapshot(CUT - timedelta(days=days_before), X, recency, committed, value)


@pytest.fixture(scope="module")
def past():
    return [snapshot(30 * i) for i in (4, 3, 2, 1)]


@pytest.fixture(scope="module")
def proof(past):
    return prove(past, snapshot(0), CONFIG)


def test_comes_close_to_the_truth_and_beats_the_baselines(past, proof):
    test = snapshot(0)
    best = truth(test.X[:, :3], test.recency_days)
    p = proof.p_commit["logistic"]
    assert log_loss(test.committed, p) < log_loss(test.committed, best) + 0.01
    assert auc(test.committed, p) > auc(test.committed, best) - 0.01
    gains = {(g["baseline"], g["population"], g["metric"]): g for g in proof.gains.to_pylist()}
    for population in ("all seen", "active in the last 90 days"):
        for baseline in ("recency", "constant"):
            assert gains[baseline, population, "auc"]["low"] > 0
            assert gains[baseline, population, "log_loss"]["high"] < 0


def test_tables_are_those_of_the_contract(proof):
    test = snapshot(0)
    assert proof.metrics.column_names == ["model", "population", "metric", "value", "low", "high", "n_users"]
    assert proof.gains.column_names == ["baseline", "population", "metric", "difference", "low", "high"]
    assert proof.reliability.column_names == ["model", "bin", "n_users", "predicted", "observed", "low", "high"]
    assert proof.lift.column_names == ["model", "tenth", "n_users", "observed", "lift", "captured"]
    assert proof.metrics.num_rows == 2 * (len(INPUTS) * len(METRICS) + 2 * 3)
    n_users = {r["population"]: r["n_users"] for r in proof.metrics.to_pylist()}
    assert n_users == {"all seen": 1500, "active in the last 90 days": int((test.recency_days <= 90).sum())}
    for row in proof.metrics.to_pylist():
        # resampling noise can only raise the calibration error
        assert row["metric"] == "ece" or row["low"] <= row["value"] <= row["high"] or row["low"] == row["high"]
    lift = [r["captured"] for r in proof.lift.to_pylist() if r["model"] == "logistic"]
    assert lift[-1] == pytest.approx(1)
    assert lift[0] > 0.15


def test_the_outcomes_of_the_test_change_no_forecast(past, proof):
    test = snapshot(0)
    turned = Snapshot(test.as_of, test.X, test.recency_days, ~test.committed, test.value)
    other = prove(past, turned, ForecastConfig(n_resamples=2))
    for name, p in proof.p_commit.items():
        np.testing.assert_array_equal(other.p_commit[name], p)


def test_refuses_training_outcomes_that_reach_into_the_test():
    with pytest.raises(EvidenceError, match=r"reach beyond the test cut-off .* at least 30 days"):
        prove([snapshot(29)], snapshot(0), CONFIG)


def test_calibration_follows_a_change_that_the_newest_cutoff_shows():
    before = [snapshot(90), snapshot(60)]
    rng = np.random.default_rng(5)
    calm = snapshot(30, n=4000)
    half = expit(logit(truth(calm.X[:, :3], calm.recency_days)) - 1.2)
    rarer = Snapshot(calm.as_of, calm.X, calm.recency_days, rng.random(4000) < half, calm.value)
    found = Forecaster.fit([*before, rarer], CONFIG)
    assert found.calibrator.shift == pytest.approx(-1.2, abs=0.3)


def test_overlapping_outcomes_choose_nothing():
    distorted = snapshot(0)
    opposite = Snapshot(CUT, distorted.X, distorted.recency_days, ~distorted.committed, distorted.value)
    assert Forecaster.fit([snapshot(10), opposite], CONFIG).calibrator is IDENTITY


def test_order_of_the_snapshots_is_irrelevant(past):
    one, other = Forecaster.fit(past, CONFIG), Forecaster.fit(past[::-1], CONFIG)
    np.testing.assert_array_equal(one.model.weights, other.model.weights)


def test_constant_knows_only_the_share(past):
    found = Forecaster.fit(past, CONFIG, name="constant")
    p = found.p_commit(np.empty((2, 4)), np.array([0.0, 300.0]))
    share = np.concatenate([s.committed for s in past]).mean()
    np.testing.assert_allclose(p, share, atol=0.01)


def test_recency_falls_with_silence(past):
    found = Forecaster.fit(past, CONFIG, name="recency")
    assert np.all(np.diff(found.p_commit(np.empty((4, 0)), np.array([-0.5, 1.0, 10.0, 100.0]))[1:]) < 0)


def test_batch_is_loop_and_arrays_round_trip(past):
    found = Forecaster.fit(past, CONFIG)
    test = snapshot(0, n=30)
    whole = found.p_commit(test.X, test.recency_days)
    one = [found.p_commit(test.X[i : i + 1], test.recency_days[i : i + 1])[0] for i in range(30)]
    np.testing.assert_allclose(whole, one, rtol=1e-12)
    again = Forecaster.from_arrays(found.to_arrays(), name=found.name)
    np.testing.assert_array_equal(again.p_commit(test.X, test.recency_days), whole)


def test_one_user_and_nobody():
    one = Snapshot(CUT, np.zeros((1, 2)), np.array([3.0]), np.array([True]), np.array([5.0]))
    assert 0 < Forecaster.fit([one]).p_commit(one.X, one.recency_days)[0] < 1
    earlier = Snapshot(CUT - timedelta(days=30), one.X, one.recency_days, one.committed, one.value)
    assert prove([earlier], one, CONFIG).metrics.num_rows > 0
    gone = Snapshot(CUT, one.X, np.array([400.0]), one.committed, one.value)
    assert set(prove([earlier], gone, CONFIG).metrics["n_users"].to_pylist()) == {0, 1}
    with pytest.raises(EvidenceError, match="at least one past cut-off"):
        Forecaster.fit([])
    with pytest.raises(EvidenceError, match="at least one past cut-off"):
        Spend.fit([])
    nobody = Snapshot(CUT, np.empty((0, 2)), np.empty(0), np.empty(0, dtype=bool), np.empty(0))
    with pytest.raises(EvidenceError, match="no user to test on"):
        prove([earlier], nobody, CONFIG)


def test_snapshots_bring_profiles_and_labels_together_by_user_and_cutoff():
    early = CUT - timedelta(days=30)
    times = pa.timestamp("us")
    labels = pa.table(
        {
            "user_id": ["b", "a", "a"],
            "as_of": pa.array([CUT, CUT, early], times),
            "committed": [True, False, True],
            "value": [2.0, 0.0, 7.0],
        }
    )
    profiles = pa.table(
        {
            "user_id": ["a", "b", "a"],
            "as_of": pa.array([CUT, CUT, early], times),
            "recency_days": [1.0, None, 3.0],
        }
    )
    first, second = snapshots(profiles, np.array([[1.0], [2.0], [3.0]]), labels)
    assert (first.as_of, second.as_of) == (early, CUT)
    assert (first.X.tolist(), first.committed.tolist(), first.value.tolist()) == ([[3.0]], [True], [7.0])
    assert second.X.tolist() == [[1.0], [2.0]]
    assert second.committed.tolist() == [False, True]
    assert second.recency_days.tolist() == [1.0, NEVER_ACTIVE_DAYS]
    assert snapshots(profiles.slice(0, 0), np.empty((0, 1)), labels) == ()
    with pytest.raises(EvidenceError, match="1 of 3 profiles have no label"):
        snapshots(profiles, np.zeros((3, 1)), labels.slice(1))


def test_snapshot_refuses_columns_of_another_length():
    with pytest.raises(ConfigError, match=r"expected recency_days of shape \(2,\) like the rows of X, got \(1,\)"):
        Snapshot(CUT, np.zeros((2, 1)), np.zeros(1), np.zeros(2, dtype=bool), np.zeros(2))


def test_spend_finds_the_total_the_ranking_and_the_ratio(past):
    model = Spend.fit(past, penalty=1e-9)
    X, value = np.vstack([s.X for s in past]), np.concatenate([s.value for s in past])
    assert model.expected(X).sum() == pytest.approx(value.sum(), rel=1e-3)
    test = snapshot(0)
    assert model.expected(test.X).sum() == pytest.approx(test.value.sum(), rel=0.1)
    assert np.corrcoef(model.expected(test.X), test.value)[0, 1] > 0.5
    again = Spend.from_arrays(model.to_arrays())
    np.testing.assert_array_equal(again.expected(test.X), model.expected(test.X))


def test_spend_recovers_known_ratios():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 2))
    value = rng.gamma(2.0, np.exp(1 + X @ [0.4, -0.2]) / 2) * (rng.random(20_000) < 0.5)
    everyone = np.zeros(20_000)
    model = Spend.fit([Snapshot(CUT, X, everyone, value > 0, value)], penalty=1e-6)
    np.testing.assert_allclose(model.weights, [0.4, -0.2], atol=0.06)  # standard error about 0.015


def test_spend_of_nothing_and_of_wild_inputs():
    free = Snapshot(CUT, np.ones((3, 1)), np.zeros(3), np.ones(3, dtype=bool), np.array([0.0, -4.0, 0.0]))
    assert Spend.fit([free]).expected(free.X).tolist() == [0, 0, 0]
    assert np.isfinite(Spend(np.array([1.0]), 0.0, 2.0).expected(np.array([[1e6]])))[0]


def test_reasons_name_the_strongest_inputs(past):
    model = Forecaster.fit(past, CONFIG).model
    features = ["signal", "noise", "weak", "silence"]
    X = np.array([[3.0, 0.0, 0.0, 0.1], [0.0, 0.0, 0.0, -2.0]])
    rows = contributions_table(model, ["u", "v"], features, X, X * 10, n_strongest=2).to_pylist()
    assert [r["user_id"] + " " + r["feature"] for r in rows] == ["u signal", "u silence", "v silence", "v signal"]
    assert rows[0]["value"] == 30
    assert rows[0]["contribution"] == pytest.approx(3 * model.weights[0])
    weights = weights_table(model, features, ["a", "b", "c", "d"])["weight"].to_pylist()
    assert sorted(map(abs, weights), reverse=True) == [abs(w) for w in weights]
    with pytest.raises(ConfigError, match="model's 4 inputs, got 1 names"):
        weights_table(model, ["signal"], ["a"])


def test_reasons_without_users_or_inputs():
    nothing = Forecaster.fit([snapshot(0, n=50)], name="constant").model
    assert contributions_table(nothing, ["u"], [], np.empty((1, 0)), np.empty((1, 0))).num_rows == 0
    model = Forecaster.fit([snapshot(0, n=50)]).model
    names = ["a", "b", "c", "d"]
    assert contributions_table(model, [], names, np.empty((0, 4)), np.empty((0, 4))).num_rows == 0
