"""The champion: the simplest model that no other beats beyond chance."""

from __future__ import annotations

import numpy as np
import pytest
from prediction.made_up import chances, examples
from scipy.optimize import minimize_scalar

from tenure.errors import ConfigError
from tenure.prediction.champion import choose, deviances, log_losses, mean_and_error

GIVEN = examples(n_users=300, n_cutoffs=3)
TRUE = chances(GIVEN.inputs)


def test_a_better_model_takes_over():
    forecasts = {"constant": np.full(len(GIVEN), GIVEN.outcome.mean()), "truth": TRUE}
    choice = choose(GIVEN, forecasts, ["constant", "truth"], log_losses)
    assert choice.champion == "truth"
    rows = choice.trials.to_pylist()
    assert [row["took_over"] for row in rows] == [False, True]
    assert rows[1]["gain"] == pytest.approx(rows[0]["loss"] - rows[1]["loss"])


def test_a_tie_goes_to_the_simpler():
    noise = np.random.default_rng(2).normal(0, 1e-3, len(GIVEN))
    forecasts = {"simple": TRUE, "intricate": np.clip(TRUE + noise, 0.001, 0.999), "same": TRUE}
    assert choose(GIVEN, forecasts, ["simple", "intricate", "same"], log_losses).champion == "simple"


def test_a_lucky_model_rarely_takes_over():
    rng = np.random.default_rng(3)
    wins = 0
    for seed in range(60):
        given = examples(n_users=100, n_cutoffs=2, seed=seed)
        p = chances(given.inputs)
        noisy = [np.clip(p + rng.normal(0, 0.05, len(p)), 0.01, 0.99) for _ in range(2)]
        wins += choose(given, dict(zip("ab", noisy, strict=True)), ["a", "b"], log_losses).champion == "b"
    # One in twenty by chance: 3 of 60 expected, 9 are three standard errors more.
    assert wins <= 9


def test_errors_take_rows_of_one_user_together():
    users = np.repeat(np.arange(50), 4)
    values = np.repeat(np.random.default_rng(4).normal(size=50), 4)  # four rows, but one piece of evidence
    mean, error = mean_and_error(values, users)
    assert mean == pytest.approx(values.mean())
    assert error == pytest.approx(values.std() / np.sqrt(50))


def test_without_validation_the_simplest_stays():
    none = GIVEN.rows(np.zeros(len(GIVEN), dtype=bool))
    choice = choose(none, {"a": np.empty(0), "b": np.empty(0)}, ["a", "b"], log_losses)
    assert choice.champion == "a"


def test_no_model_is_refused():
    with pytest.raises(ConfigError, match="at least one model"):
        choose(GIVEN, {}, [], log_losses)


def test_the_deviance_is_least_at_the_mean():
    amounts = np.array([0.0, 0.0, 0.0, 5.0, 40.0])
    best = minimize_scalar(lambda m: deviances(amounts, np.full(5, m)).sum(), bounds=(0.1, 60), method="bounded").x
    assert best == pytest.approx(amounts.mean(), rel=1e-4)
    assert deviances(amounts, np.maximum(amounts, 1e-300)).sum() == pytest.approx(0, abs=1e-9)
