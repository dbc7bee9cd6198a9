"""Trees: what they find that a weighted sum cannot, when they stop, and that a damaged text never reaches LightGBM."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.errors import SourceError
from tenure.evaluation.forecasts import auc
from tenure.prediction.examples import Examples, Inputs
from tenure.prediction.learners.logistic import LogisticLearner
from tenure.prediction.learners.repeats import REPEAT_INPUTS
from tenure.prediction.learners.tree_text import averaged, booster_of, text_of
from tenure.prediction.learners.trees import TreesLearner

TREES = TreesLearner(n_threads=1)


def examples_of(values: np.ndarray, outcome: np.ndarray, names: tuple[str, ...], n_cutoffs: int = 3) -> Examples:
    n = len(values) // n_cutoffs
    cuts = np.datetime64("2024-01-01", "us") + np.arange(n_cutoffs) * np.timedelta64(40, "D")
    users = pa.array([f"u{i % n}" for i in range(len(values))])
    return Examples(Inputs(users, np.repeat(cuts, n), names, values), outcome, 30)


def checkerboard(n: int = 3000, seed: int = 0) -> Examples:
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(n, 2))
    return examples_of(X, (draw.random(n) < np.where(X[:, 0] * X[:, 1] > 0, 0.9, 0.1)).astype(float), ("a", "b"))


def test_an_interaction_is_found_that_a_weighted_sum_cannot_express():
    here, later = checkerboard(), checkerboard(seed=1)
    found = {one.name: one.fit(here).predict(later.inputs) for one in (TREES, LogisticLearner())}
    assert auc(later.outcome, found["trees"]) > 0.8
    assert auc(later.outcome, found["logistic"]) == pytest.approx(0.5, abs=0.05)


def test_boosting_stops_where_the_newest_cutoff_is_forecast_best():
    draw = np.random.default_rng(0)
    noise = examples_of(draw.normal(size=(3000, 5)), (draw.random(3000) < 0.5).astype(float), tuple("abcde"))
    assert TREES.fit(noise).booster.num_trees() <= 25 * TREES.n_bags
    assert TREES.fit(checkerboard()).booster.num_trees() > 25 * TREES.n_bags


def test_repeat_histories_become_inputs():
    draw = np.random.default_rng(0)
    x = draw.poisson(draw.gamma(1, 2, 900)).astype(float)
    history = np.stack([x, np.where(x > 0, 50.0, 0.0), np.full(900, 90.0)], axis=1)
    model = TREES.fit(examples_of(history, (draw.random(900) < x / (x + 4)).astype(float), ("x", "t_x_days", "T_days")))
    assert model.names == ("x", "t_x_days", "T_days", *REPEAT_INPUTS)
    assert model.matrix(examples_of(history, x * 0, model.names[:3]).inputs).shape == (900, 6)


def trained(n_columns: int = 3, seed: int = 0) -> str:
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(400, n_columns)) * [1.0, 1e9, 1e-9][:n_columns]
    X[:30, 0] = np.nan
    y = (np.nan_to_num(X[:, 0]) + draw.normal(size=400) > 0).astype(float)
    settings_ = {"objective": "binary", "num_leaves": 5, "verbosity": -1, "num_threads": 1, "seed": 0}
    return text_of(lgb.train(settings_, lgb.Dataset(X, y), 6))


TEXT = trained()


def test_the_text_comes_back_as_it_was():
    assert text_of(booster_of(TEXT, 3)) == TEXT


def test_an_average_says_the_mean_log_odds():
    boosters = [booster_of(trained(seed=seed), 3) for seed in range(3)]
    X = np.random.default_rng(9).normal(size=(50, 3)) * [1.0, 1e9, 1e-9]
    one = averaged(boosters)
    for more in ({"raw_score": True}, {"pred_contrib": True}):
        mean = np.mean([booster.predict(X, num_threads=1, **more) for booster in boosters], axis=0)
        assert one.predict(X, num_threads=1, **more) == pytest.approx(mean, abs=1e-12)
    assert one.num_trees() == 18
    assert text_of(booster_of(text_of(one), 3)) == text_of(one)


@settings(max_examples=150, deadline=None)
@given(cut=st.integers(0, len(TEXT) - 2))
def test_a_text_that_is_cut_short_is_refused(cut):
    with pytest.raises(SourceError, match="damaged"):
        booster_of(TEXT[:cut], 3)


@settings(max_examples=300, deadline=None)
@given(place=st.integers(0, len(TEXT) - 1), sign=st.characters(min_codepoint=10, max_codepoint=255))
def test_a_changed_sign_is_refused_or_harmless(place, sign):
    """LightGBM would end the process at a broken number, and run for ever round a loop."""
    try:
        booster = booster_of(TEXT[:place] + sign + TEXT[place + 1 :], 3)
    except SourceError:
        return
    assert np.isfinite(booster.predict(np.zeros((2, 3)), num_threads=1)).all()


def replaced_once(key: str, change) -> str:
    before, _, after = TEXT.partition(f"\n{key}=")
    line, _, rest = after.partition("\n")
    changed = f"{before}\n{key}={change(line)}\n{rest}"
    sizes = " ".join(str(len(block)) for block in _blocks(changed))
    head, _, tail = changed.partition("\ntree_sizes=")
    return f"{head}\ntree_sizes={sizes}\n{tail.partition(chr(10))[2]}"


def _blocks(text: str) -> list[str]:
    body = text.partition("end of trees")[0]
    starts = [i for i in range(len(body)) if body.startswith("Tree=", i) and body[i - 1] == "\n"]
    return [body[i:j] for i, j in zip(starts, [*starts[1:], len(body)], strict=True)]


def test_the_sizes_are_right_when_nothing_else_changes():
    assert replaced_once("left_child", str) == TEXT


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("left_child", lambda line: " ".join(["0", *line.split()[1:]])),  # a loop
        ("left_child", lambda line: " ".join(["-999", *line.split()[1:]])),  # a leaf that is not there
        ("right_child", lambda line: " ".join(["999", *line.split()[1:]])),
        ("split_feature", lambda line: " ".join(["7", *line.split()[1:]])),  # a column that is not there
        ("threshold", lambda line: " ".join(["nan", *line.split()[1:]])),
        ("leaf_value", lambda line: line + " 1.0"),
    ],
)
def test_a_branch_that_leads_nowhere_is_refused(key, change):
    with pytest.raises(SourceError, match="damaged"):
        booster_of(replaced_once(key, change), 3)


def test_trees_over_other_columns_are_refused():
    with pytest.raises(SourceError, match="4 columns"):
        booster_of(TEXT, 4)
