"""What moved is told from what only looks as if it had."""

import math

import numpy as np
import pytest

from tenure.errors import ConfigError, EvidenceError
from tenure.evaluation.drift import OUTCOMES, STABILITY, drift, outcome_drift, stability

WINDOWS = np.array(["2024-01-01", "2024-02-01", "2024-03-01"], dtype="datetime64[us]")


def outcomes(*rates, n=1000):
    y = np.concatenate([np.arange(n) < round(rate * n) for rate in rates]).astype(float)
    return np.repeat(WINDOWS[: len(rates)], n), y


def test_the_index_by_hand():
    then, now = np.repeat([0.0, 1.0], 50)[:, None], np.repeat([0.0, 1.0], [20, 80])[:, None]
    a, b = np.array([50.5, 50.5]) / 101, np.array([20.5, 80.5]) / 101
    row = stability(["x"], then, now).to_pylist()[0]
    assert row["psi"] == pytest.approx(((b - a) * np.log(b / a)).sum())
    assert row["psi_by_chance"] == pytest.approx(0.02)
    assert row["verdict"] == "shifting"  # 0.41, but of a hundred users it could be 0.2


@pytest.mark.parametrize("n", [100, 1000])
def test_chance_alone_is_stable_and_as_large_as_foretold(n):
    rng = np.random.default_rng(0)
    then, now = rng.normal(size=(2 * n, 100)), rng.normal(size=(n, 100))
    found = stability([f"f{i}" for i in range(100)], then, now)
    assert set(found["verdict"].to_pylist()) == {"stable"}
    psi = found["psi"].to_numpy()
    error = psi.std() / math.sqrt(len(psi))
    assert psi.mean() == pytest.approx(found["psi_by_chance"].to_numpy().mean(), abs=3 * error + 0.1 * psi.mean())


@pytest.mark.parametrize(("shift", "verdict"), [(0.1, "stable"), (0.4, "shifting"), (0.8, "drifted")])
def test_larger_shifts_have_graver_verdicts(shift, verdict):
    rng = np.random.default_rng(0)
    found = stability(["x"], rng.normal(size=(9000, 1)), rng.normal(size=(9000, 1)) + shift)
    assert found["verdict"][0].as_py() == verdict


def test_missing_values_are_a_bin_of_their_own():
    rng = np.random.default_rng(0)
    then, now = rng.normal(size=(2000, 1)), rng.normal(size=(2000, 1))
    now[:800] = np.nan
    row = stability(["x"], then, now).to_pylist()[0]
    assert (row["missing_then"], row["missing_now"], row["verdict"]) == (0.0, 0.4, "drifted")
    nothing = stability(["x"], then * np.nan, then * np.nan).to_pylist()[0]
    assert (nothing["psi"], nothing["verdict"]) == (0.0, "stable")


def test_nobody_cannot_be_compared():
    row = stability(["x"], np.zeros((0, 1)), np.zeros((5, 1))).to_pylist()[0]
    assert (row["psi"], row["missing_then"], row["verdict"]) == (None, None, "shifting")
    with pytest.raises(ConfigError, match="1 columns then and now"):
        stability(["x"], np.zeros((3, 2)), np.zeros((3, 1)))


def test_a_rate_that_moves_beyond_chance_is_told_from_one_that_does_not():
    rates = (0.21, 0.255, 0.30, 0.13)
    verdicts = [outcome_drift(*outcomes(0.2, 0.2, rate))["verdict"][2].as_py() for rate in rates]
    assert verdicts == ["stable", "shifting", "drifted", "drifted"]


def test_few_users_prove_nothing():
    assert outcome_drift(*outcomes(0.2, 0.4, n=10))["verdict"].to_pylist() == ["stable", "stable"]


def test_windows_show_rate_interval_and_forecast():
    as_of, y = outcomes(0.2, 0.3)
    said = np.where(as_of == WINDOWS[0], np.nan, 0.25)
    first, second = outcome_drift(as_of, y, said).to_pylist()
    assert (first["rate"], first["forecast"], second["forecast"]) == (0.2, None, 0.25)
    assert first["low"] < 0.2 < first["high"] < second["rate"]
    with pytest.raises(EvidenceError, match="at least one window"):
        outcome_drift(as_of[:0], y[:0])
    with pytest.raises(ConfigError, match="0 or 1"):
        outcome_drift(as_of, y * 2)


def test_the_summary_says_what_to_do():
    rng = np.random.default_rng(0)
    then = rng.normal(size=(5000, 3))
    names = ["recency", "spend", "forecast"]
    steady = outcome_drift(*outcomes(0.2, 0.2))
    good = drift(stability(names, then, rng.normal(size=(5000, 3))), steady)
    assert (good.verdict, good.summary[-20:]) == ("stable", "Nothing needs doing.")
    shifted = drift(stability(names, then, then + np.array([0.4, 0.0, 0.0])), steady)
    assert shifted.verdict == "shifting"
    assert "a little, by recency" in shifted.summary
    gone = drift(stability(names, then, then + np.array([0.0, 0.0, 2.0])), steady)
    assert gone.verdict == "drifted"
    assert "by forecast. Fit the models anew" in gone.summary
    label = drift(STABILITY.empty_table(), outcome_drift(*outcomes(0.2, 0.4)), what="bought")
    assert label.verdict == "drifted"
    assert label.summary.startswith("40.0% bought in the newest window, clearly off the 20.0% of those before.")
    assert drift(STABILITY.empty_table(), OUTCOMES.empty_table()).verdict == "stable"
