"""The learners of amounts in scikit-learn's own hands: its checks, its pipelines, its searches."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import SkipTestWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator
from spenders import spenders

from tenure.errors import ConfigError
from tenure.evaluation.ranges import coverage
from tenure.prediction.amounts.hurdle import HurdleAmountLearner
from tenure.prediction.amounts.tweedie import TweedieAmountLearner
from tenure.prediction.regressors import (
    ConstantRegressor,
    HurdleRegressor,
    PoissonRegressor,
    RepeatsRegressor,
    RunRateRegressor,
    TweedieRegressor,
)

ALL = [
    ConstantRegressor(),
    RunRateRegressor(),
    RepeatsRegressor(),
    PoissonRegressor(),
    TweedieRegressor(TweedieAmountLearner(n_threads=1, n_rounds=40)),
    HurdleRegressor(HurdleAmountLearner(n_threads=1, n_rounds=40)),
]


@pytest.fixture(scope="module")
def users():
    examples = spenders(300)
    X = pd.DataFrame(examples.inputs.columns(examples.inputs.names), columns=examples.inputs.names)
    return X, examples.outcome, examples.inputs.as_of


@pytest.mark.parametrize("estimator", [PoissonRegressor(), ConstantRegressor()], ids=lambda e: type(e).__name__)
def test_scikit_learns_own_checks(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)  # a check whose optional library is absent
        check_estimator(estimator, on_skip=None)


@pytest.mark.parametrize("estimator", ALL, ids=lambda e: type(e).__name__)
def test_forecasts_and_ranges(estimator, users):
    X, y, as_of = users
    fitted = estimator.fit(X, y, as_of=as_of)
    assert fitted.predict(X).shape == y.shape
    low, high = fitted.predict_interval(X, 0.95).T
    assert coverage(y, low, high) > 0.9
    assert (np.diff(fitted.predict_quantiles(X, [0.1, 0.5, 0.9]), axis=1) >= 0).all()


def test_in_a_pipeline_and_a_search(users):
    X, y, _ = users
    piped = make_pipeline(FunctionTransformer(np.nan_to_num), PoissonRegressor())
    assert cross_val_score(piped, X, y, cv=3).mean() > 0.1
    search = GridSearchCV(PoissonRegressor(), {"learner__penalty": [0.01, 1.0]}, cv=3).fit(X, y)
    assert search.best_params_["learner__penalty"] in (0.01, 1.0)


def test_a_learner_of_few_columns_takes_an_array_to_be_those(users):
    X, y, _ = users
    named = RepeatsRegressor().fit(X[["x", "t_x_days", "T_days", "mean_value"]], y)
    plain = RepeatsRegressor().fit(X[["x", "t_x_days", "T_days", "mean_value"]].to_numpy(), y)
    few = X[["x", "t_x_days", "T_days", "mean_value"]]
    assert (named.predict(few) == plain.predict(few.to_numpy())).all()


def test_a_missing_column_is_named(users):
    X, y, _ = users
    with pytest.raises(ConfigError, match="no column 'value_30'"):
        TweedieRegressor().fit(X[["x"]], y)
