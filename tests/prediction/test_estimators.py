"""The learners in scikit-learn's own hands: its checks, its pipelines, its searches."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.exceptions import SkipTestWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from tenure.errors import ConfigError
from tenure.prediction.estimators import (
    ConstantClassifier,
    LogisticClassifier,
    RecencyClassifier,
    RepeatsClassifier,
    RfmClassifier,
    TreesClassifier,
)
from tenure.prediction.examples import Examples, Inputs
from tenure.prediction.learners.logistic import LogisticLearner
from tenure.prediction.learners.trees import TreesLearner

SMALL_TREES = TreesLearner(n_threads=1, n_rounds_default=20, n_bags=1)
NAMED = {RecencyClassifier: 1, RfmClassifier: 5, RepeatsClassifier: 3}


def histories(n: int = 400, seed: int = 0):
    draw = np.random.default_rng(seed)
    rate = draw.gamma(1.0, 0.3, n)
    x = draw.poisson(rate * 20).astype(float)
    X = np.stack([x, np.where(x > 0, 120.0, 0.0), np.full(n, 140.0)], axis=1)
    return X, (draw.random(n) < -np.expm1(-4 * rate)).astype(int)


@pytest.mark.parametrize(
    "estimator", [LogisticClassifier(), TreesClassifier(SMALL_TREES)], ids=lambda e: type(e).__name__
)
def test_scikit_learns_own_checks(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)  # a check whose optional library is absent
        check_estimator(estimator, on_skip=None)


def test_scikit_learns_own_checks_of_the_base_rate():
    """It passes all but those that demand better than the base rate."""
    results = check_estimator(ConstantClassifier(), on_skip=None, on_fail=None)
    assert {row["check_name"] for row in results if row["status"] == "failed"} == {"check_classifiers_train"}


@pytest.mark.parametrize("kind", list(NAMED))
def test_a_learner_of_few_columns_takes_an_array_to_be_those(kind):
    X, y = histories()
    X = X if NAMED[kind] == 3 else np.tile(X[:, :1], NAMED[kind])
    model = kind().fit(X, y)
    p = model.predict_proba(X)
    assert p.shape == (len(y), 2)
    assert p.sum(axis=1) == pytest.approx(1.0)
    assert (p[:, 1] > 0.5).tolist() == (model.predict(X) == 1).tolist()
    with pytest.raises(ConfigError, match="there is no column"):
        kind().fit(X[:, [0, 0, 0, 0]], y)


def test_says_what_its_learner_says():
    X, y = histories()
    inputs = Inputs(pa.array(map(str, range(len(y)))), np.zeros(len(y), "datetime64[us]"), ("a", "b", "c"), X)
    direct = LogisticLearner().fit(Examples(inputs, y.astype(float), 30)).predict(inputs)
    assert (LogisticClassifier().fit(X, y).predict_proba(X)[:, 1] == direct).all()


@pytest.mark.parametrize("form", [pd.DataFrame, pa.table])
def test_names_come_from_the_table(form):
    X, y = histories()
    table = form({"T_days": X[:, 2], "x": X[:, 0], "t_x_days": X[:, 1]})
    told = RepeatsClassifier().fit(table, y).predict_proba(table)
    assert told == pytest.approx(RepeatsClassifier().fit(X, y).predict_proba(X))


def test_names_may_be_given():
    X, y = histories()
    told = RepeatsClassifier(feature_names=("T_days", "x", "t_x_days")).fit(X[:, [2, 0, 1]], y)
    assert told.predict_proba(X[:, [2, 0, 1]]) == pytest.approx(RepeatsClassifier().fit(X, y).predict_proba(X))
    with pytest.raises(ConfigError, match="3 names"):
        RepeatsClassifier(feature_names=("x",)).fit(X, y)


def test_any_two_labels_are_classes():
    X, y = histories()
    labels = np.where(y == 1, "stays", "leaves")
    model = LogisticClassifier().fit(X, labels)
    assert model.classes_.tolist() == ["leaves", "stays"]
    assert set(model.predict(X)) <= {"leaves", "stays"}
    assert (model.predict_proba(X) == LogisticClassifier().fit(X, y).predict_proba(X)).all()


def test_in_a_pipeline_and_a_search():
    X, y = histories()
    pipeline = make_pipeline(StandardScaler(), TreesClassifier(SMALL_TREES))
    assert cross_val_score(pipeline, X, y, cv=3, scoring="roc_auc").mean() > 0.6
    grid = {"treesclassifier__learner__n_leaves": [2, 7], "treesclassifier__horizon_days": [30]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    best = search.best_estimator_[-1]
    assert best.learner.n_leaves == search.best_params_["treesclassifier__learner__n_leaves"]
    assert search.n_features_in_ == 3


def test_settings_of_the_learner_are_parameters():
    estimator = LogisticClassifier().set_params(learner__default_penalty=7.0)
    assert estimator.get_params()["learner__default_penalty"] == 7.0
    assert clone(estimator).learner == estimator.learner
    with pytest.raises(ConfigError, match="default_penalty"):
        estimator.set_params(learner__default_penalti=1.0)


def test_cutoffs_choose_the_settings():
    """With the cut-off of each row, boosting stops where the newest is forecast best."""
    draw = np.random.default_rng(0)
    X, y = draw.normal(size=(900, 4)), draw.integers(0, 2, 900)  # nothing to learn
    as_of = np.repeat(np.array(["2024-01-01", "2024-03-01", "2024-05-01"], "datetime64[us]"), 300)
    learner = TreesLearner(n_threads=1, n_rounds_default=77, n_bags=1)
    rounds = [TreesClassifier(learner).fit(X, y, **more).model_.booster.num_trees() for more in ({}, {"as_of": as_of})]
    assert rounds[0] == 77
    assert rounds[1] < 77


def test_three_classes_are_refused():
    with pytest.raises(ConfigError, match="binary"):
        LogisticClassifier().fit(histories()[0], np.arange(400) % 3)
