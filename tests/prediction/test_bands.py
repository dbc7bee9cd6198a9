"""A band holds the true share as often as it says, whatever the size of what it does not know."""

import numpy as np
import pytest
from scipy.special import expit

from tenure.errors import ConfigError, EvidenceError
from tenure.prediction.bands import LEVELS, Bands

SIZES = [(0.05, 0.1, 0.0), (0.05, 0.1, 0.05), (0.1, 0.2, 0.1), (0.0, 0.3, 0.0), (0.1, 0.15, 0.05)]
"""How far off users' hazards are in truth: bend of the curve, move of a window, bend of a window, in log-odds."""


def simulate(rng, *, n_windows, n_users, bend, flicker, crumple):
    """Honest forecasts of past windows, and the true share of a next one at some forecasts."""
    shift, slope = rng.normal(0, bend, 2)

    def truth(log_odds):
        tilt = (log_odds + 1) / 2
        return expit(log_odds + shift + slope * tilt + rng.normal(0, flicker) + rng.normal(0, crumple) * tilt)

    log_odds = rng.normal(-1, 1.2, (n_windows, n_users))
    y = np.array([rng.random(n_users) < truth(row) for row in log_odds])
    said = np.linspace(-3, 1, 9)
    past = expit(log_odds).ravel(), y.astype(float).ravel(), np.repeat(np.arange(n_windows), n_users)
    return past, expit(said), truth(said)


def test_coverage_is_as_stated():
    rng = np.random.default_rng(0)
    held = {level: [] for level in LEVELS}
    for bend, flicker, crumple in SIZES:
        for _ in range(25):
            past, said, share = simulate(rng, n_windows=5, n_users=1000, bend=bend, flicker=flicker, crumple=crumple)
            bands = Bands.fit(*past)
            for level in LEVELS:
                low, high = bands(said, level)
                held[level].append(np.mean((low <= share) & (share <= high)))
    for level in LEVELS:
        error = np.std(held[level], ddof=1) / np.sqrt(len(held[level]))
        assert abs(np.mean(held[level]) - level) < 0.03 + 2 * error


def test_more_users_and_more_windows_narrow_it():
    def width(n_windows, n_users):
        past, said, _ = simulate(
            np.random.default_rng(3), n_windows=n_windows, n_users=n_users, bend=0, flicker=0, crumple=0
        )
        low, high = Bands.fit(*past)(said)
        return (high - low).mean()

    assert width(8, 2000) < width(2, 2000) < width(2, 100)


def test_the_wider_band_holds_the_narrower_and_both_hold_the_forecast():
    past, said, _ = simulate(np.random.default_rng(1), n_windows=4, n_users=500, bend=0.4, flicker=0.1, crumple=0)
    bands = Bands.fit(*past)
    (low, high), (lower, higher) = bands(said, 0.80), bands(said, 0.95)
    assert (lower >= 0).all()
    assert (lower <= low).all()
    assert (low <= said).all()
    assert (said <= high).all()
    assert (high <= higher).all()
    assert (higher <= 1).all()


def test_the_same_for_one_forecast_or_many_and_after_a_round_trip():
    past, said, _ = simulate(np.random.default_rng(1), n_windows=2, n_users=200, bend=0, flicker=0, crumple=0)
    bands = Bands.fit(*past)
    again = Bands.from_arrays(bands.to_arrays())
    for one, several in zip([bands(said[i : i + 1]) for i in range(9)], zip(*again(said), strict=True), strict=True):
        assert (one[0][0], one[1][0]) == several


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_equal_forecasts_and_certain_ones_are_finite(p):
    bands = Bands.fit(np.full(50, p), np.zeros(50), np.zeros(50))
    low, high = bands(np.array([0.0, 0.3, 1.0]), 0.95)
    assert np.isfinite(low).all()
    assert np.isfinite(high).all()
    assert (low <= high).all()


def test_what_is_wrong_is_said():
    with pytest.raises(EvidenceError, match="got none"):
        Bands.fit(np.zeros(0), np.zeros(0), np.zeros(0))
    with pytest.raises(ConfigError, match="one length"):
        Bands.fit(np.zeros(3), np.zeros(2), np.zeros(3))
    bands = Bands.fit(np.full(9, 0.5), np.arange(9.0) % 2, np.zeros(9))
    with pytest.raises(ConfigError, match=r"0\.8, 0\.95"):
        bands(np.array([0.5]), 0.5)
