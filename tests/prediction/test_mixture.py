"""The weighted normal laws, against the textbook formulas."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from tenure.prediction.mixture import Mixture, Setting, condition


def setting(log_prior=0.0, size=1.0):
    kernel = size**2 * np.exp(-np.abs(np.subtract.outer([0.0, 1, 3], [0.0, 1, 3])))
    return Setting(
        log_prior, np.array([0.1, 0.0]), kernel[:2, :2] + 0.2 * np.eye(2), np.zeros(1), kernel[2:, 2], kernel[:2, 2:]
    )


SEEN = np.array([0.7, -0.4])


def test_one_setting_is_the_conditional_normal_law():
    known = setting()
    found = condition(SEEN, [known])
    inverse = np.linalg.inv(known.covariance)
    assert found.mean == pytest.approx(known.cross.T @ inverse @ (SEEN - known.mean))
    assert found.sd**2 == pytest.approx(known.next_variance - np.diag(known.cross.T @ inverse @ known.cross))


def test_settings_count_by_prior_times_likelihood():
    settings = [setting(0.3, 0.5), setting(-0.2, 2.0)]
    found = condition(SEEN, settings)
    by_hand = [np.exp(s.log_prior) * multivariate_normal(s.mean, s.covariance).pdf(SEEN) for s in settings]
    assert found.weights == pytest.approx(np.array(by_hand) / sum(by_hand))


def test_without_anything_seen_the_prior_stands():
    empty = Setting(0.0, np.zeros(0), np.zeros((0, 0)), np.array([0.3]), np.array([4.0]), np.zeros((0, 1)))
    found = condition(np.zeros(0), [empty])
    assert (found.mean[0], found.sd[0]) == (0.3, 2.0)


def test_quantiles_of_one_law_and_of_two_far_apart():
    levels = np.array([0.025, 0.5, 0.9])
    one = Mixture(np.array([1.0]), np.array([[2.0]]), np.array([[3.0]]))
    assert one.quantiles(levels)[:, 0] == pytest.approx(norm(2, 3).ppf(levels), abs=1e-9)
    two = Mixture(np.array([0.25, 0.75]), np.array([[-100.0], [100.0]]), np.array([[1.0], [1.0]]))
    assert two.quantiles(np.array([0.125, 0.625]))[:, 0] == pytest.approx([-100, 100], abs=1e-6)
