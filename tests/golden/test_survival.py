"""Published values of survival analysis.

Leukaemia in remission: Freireich et al. (1963), Blood 21; the table, the curve and the log-rank test are in Kleinbaum &
Klein (2012), Survival Analysis, chapter 2; Cox's coefficient (Breslow) in Kalbfleisch & Prentice (2002), chapter 4.
Recidivism: Rossi, Berk & Lenihan (1980); the data as in the package lifelines (MIT), with Cox's coefficients there.

With a bin per time at which somebody returned, the piecewise hazard is Cox's model with Breslow's treatment of ties.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from tenure.evaluation.kaplan_meier import kaplan_meier, log_rank
from tenure.evaluation.survival import concordance
from tenure.lifecycle.survival.hazard import HazardConfig, ReturnModel

TREATED = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"
"""Weeks in remission; + where the patient had no relapse while watched."""
PROPORTIONAL = {"penalty": 1e-8, "smoothness": 1e-8, "fading_penalty": 1e12}


def weeks_of(text: str) -> tuple[np.ndarray, np.ndarray]:
    words = text.split()
    return np.array([float(w.rstrip("+")) for w in words]), np.array([not w.endswith("+") for w in words])


def test_kaplan_meier_of_the_treated():
    curve = kaplan_meier(*weeks_of(TREATED))
    np.testing.assert_array_equal(curve.days, [6, 7, 10, 13, 16, 22, 23])
    np.testing.assert_array_equal(curve.at_risk, [21, 17, 15, 12, 11, 7, 6])
    np.testing.assert_allclose(curve.survival, [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482], atol=5e-5)
    np.testing.assert_allclose(
        curve.standard_error, [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346], atol=5e-5
    )
    np.testing.assert_allclose(curve.low, [0.6197, 0.5631, 0.5032, 0.4316, 0.3675, 0.2678, 0.1881], atol=5e-5)
    np.testing.assert_allclose(curve.high, [0.9516, 0.9228, 0.8894, 0.8491, 0.8049, 0.7468, 0.6801], atol=5e-5)
    assert (curve.quantile(), kaplan_meier(*weeks_of(PLACEBO)).quantile()) == (23.0, 8.0)


def test_log_rank_of_treated_and_placebo():
    weeks, relapsed = weeks_of(f"{TREATED} {PLACEBO}")
    found = log_rank(weeks, relapsed, np.repeat(["treated", "placebo"], 21))
    assert found.statistic == pytest.approx(16.79, abs=5e-3)
    assert found.degrees == 1


def test_hazard_ratio_of_the_placebo_is_coxs():
    weeks, relapsed = weeks_of(f"{TREATED} {PLACEBO}")
    # Cox looks at the ranks of time only: who is lost between two relapses was last at risk at the former.
    times = np.append(0.0, np.unique(weeks[relapsed]))
    weeks = np.where(relapsed, weeks, times[np.searchsorted(times, weeks, side="right") - 1])
    X = np.repeat([[0.0], [1.0]], 21, axis=0)
    model = ReturnModel.fit(X, weeks, relapsed, config=HazardConfig(edges_days=tuple(times), **PROPORTIONAL))
    assert model.weights[0] == pytest.approx(1.5092, abs=1e-4)
    assert model.standard_errors[0] == pytest.approx(0.4096, abs=1e-4)


def test_recidivism():
    with (Path(__file__).parent / "rossi.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
    X = np.array([[float(row[name]) for name in names] for row in rows])
    week, arrested = np.array([float(row["week"]) for row in rows]), np.array([row["arrest"] == "1" for row in rows])
    config = HazardConfig(edges_days=tuple(range(53)), **PROPORTIONAL)
    model = ReturnModel.fit(X - X.mean(axis=0), week, arrested, config=config)
    # Published to two digits with Efron's treatment of ties, from which Breslow's differs by up to 0.0015 here.
    np.testing.assert_allclose(model.weights, [-0.38, -0.06, 0.31, -0.15, -0.43, -0.08, 0.09], atol=0.0065)
    np.testing.assert_allclose(model.standard_errors, [0.19, 0.02, 0.31, 0.21, 0.38, 0.20, 0.03], atol=0.005)
    assert concordance(week, arrested, X @ model.weights) == pytest.approx(0.64, abs=0.005)
