"""What is kept of the users learnt from: the spread of every column, and no user."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
from prediction.made_up import examples

from tenure.evaluation.drift import stability
from tenure.prediction.learners.logistic import LogisticLearner
from tenure.prediction.reference import FORECAST, marginals, reference
from tenure.prediction.schedule import schedule
from tenure.prediction.tasks import parse_task
from tenure.prediction.training import train


def test_columns_are_kept_as_they_are_spread_and_users_are_not():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(20_000, 3))
    values[:, 2] = values[:, 1]  # every row is a user whose last two columns agree
    values[rng.random(20_000) < 0.3, 2] = np.nan
    kept = marginals(values)
    assert kept.shape == (1_000, 3)
    assert abs(np.isnan(kept[:, 2]).mean() - 0.3) < 0.01
    for q in (0.01, 0.25, 0.5, 0.9):
        np.testing.assert_allclose(np.quantile(kept[:, 0], q), np.quantile(values[:, 0], q), atol=0.02)
    assert (np.diff(kept[:, 0]) >= 0).all(), "sorted, so that nothing is said of a row"
    assert kept[:, 0].max() < values[:, 0].max(), "the extremes stay away"
    assert set(stability(["a", "b", "c"], kept, values)["verdict"].to_pylist()) == {"stable"}
    assert stability(["a"], kept[:, :1], values[:, :1])["psi"][0].as_py() < 1e-3


def test_few_users_are_kept_whole_and_unknown_stays_unknown():
    values = np.array([[3.0, np.nan], [1.0, np.nan], [2.0, np.nan]])
    kept = marginals(values)
    assert kept[:, 0].tolist() == [1.0, 2.0, 3.0]
    assert np.isnan(kept[:, 1]).all()


def test_the_reference_is_of_the_newest_cutoff_learnt_from():
    learnt = examples(n_users=300)
    (task,), until = [parse_task("commit:10d")], learnt.cutoffs[-1]
    plan = schedule(learnt.cutoffs, until, 10)
    known = learnt.known_by(until)
    trained = train(known, task, [LogisticLearner()], plan)
    table = reference(trained)
    assert table.column_names == ["as_of", *learnt.inputs.names, FORECAST]
    assert set(table["as_of"].to_pylist()) == {plan.learnt[-1]}
    newest = known.at(plan.learnt[-1]).inputs
    np.testing.assert_allclose(table["a"].to_numpy(), np.sort(newest.column("a")))
    said = trained.forecaster.model.predict(newest)
    np.testing.assert_allclose(table[FORECAST].to_numpy(), np.sort(said))
    assert pc.all(pc.is_valid(table[FORECAST])).as_py()
