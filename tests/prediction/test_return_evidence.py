"""Evidence of forecasts of returns: the published scores, honest in time, and intervals that tell luck from skill."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from prediction.test_returning import FIRST, simulated

from tenure.errors import EvidenceError
from tenure.evaluation.forecasts import ece
from tenure.evaluation.kaplan_meier import kaplan_meier
from tenure.evaluation.survival import concordance_ipcw, integrated_brier
from tenure.prediction.return_evidence import EVERYBODY, NAME, RECENCY, ReturnEvidenceConfig, return_evidence
from tenure.prediction.returning import ReturnForecaster

QUICK = ReturnEvidenceConfig(n_resamples=40)
WORLD = simulated(400, 6)
TESTS = [FIRST + timedelta(days=40), FIRST + timedelta(days=50)]
UNTIL = FIRST + timedelta(days=110)
TABLES = return_evidence(WORLD, TESTS, UNTIL, QUICK)


def rows(table, *columns):
    return {tuple(row[c] for c in columns): row for row in table.to_pylist()}


def test_scores_are_those_of_the_evaluation_room():
    found = rows(TABLES["return_metrics"], "model", "metric", "horizon_days")
    days, expected = np.arange(1.0, 31), {name: [] for name in ("concordance", "integrated_brier", "ece", "everybody")}
    for test in TESTS:
        past, here = WORLD.known_by(test), WORLD.at(test)
        p = ReturnForecaster.fit(past).curve(here.inputs, days)
        expected["concordance"].append(concordance_ipcw(here.days, here.returned, p.sum(axis=1), until_days=30))
        expected["integrated_brier"].append(integrated_brier(here.days, here.returned, p, days))
        expected["ece"].append(ece(here.returned & (here.days <= 7), p[:, 6]))
        same = np.tile(kaplan_meier(past.days, past.returned).returned_by(days)[0], (len(here), 1))
        expected["everybody"].append(integrated_brier(here.days, here.returned, same, days))
    for name, horizon in (("concordance", 30), ("integrated_brier", 30), ("ece", 7)):
        assert found[NAME, name, horizon]["value"] == pytest.approx(np.mean(expected[name]), abs=1e-12)
    assert found[EVERYBODY, "integrated_brier", 30]["value"] == pytest.approx(np.mean(expected["everybody"]), abs=1e-12)
    assert found[EVERYBODY, "concordance", 30]["value"] == 0.5
    assert {row["n_users"] for row in found.values()} == {800}
    assert not [key for key in found if key[2] == 90]  # watched for 60 and 70 days


def test_what_is_learnt_beats_what_everybody_could_say():
    gains = rows(TABLES["return_gains"], "baseline", "metric")
    for baseline in (RECENCY, EVERYBODY):
        assert gains[baseline, "concordance"]["low"] > 0.1
        assert gains[baseline, "integrated_brier"]["high"] < -0.01
        for metric in ("concordance", "integrated_brier"):
            row = gains[baseline, metric]
            assert row["low"] < row["difference"] < row["high"]


def test_where_nothing_can_be_known_no_skill_is_claimed():
    tables = return_evidence(simulated(400, 6, weight=0.0), TESTS, UNTIL, QUICK)
    gain = rows(tables["return_gains"], "baseline", "metric")[RECENCY, "concordance"]
    assert gain["low"] < 0.01  # 95 % intervals may miss 0 by chance, but not by far
    assert gain["high"] > -0.01


def test_calibration_counts_everybody_once_per_horizon():
    table = TABLES["return_calibration"]
    for horizon in (7, 30):
        part = [row for row in table.to_pylist() if row["horizon_days"] == horizon]
        assert sum(row["n_users"] for row in part) == 800
        gap = np.average([abs(row["predicted"] - row["observed"]) for row in part])
        assert gap < 0.08  # tenths of 80 users: by chance 0.04


def test_nothing_after_a_test_cut_off_enters_its_forecast():
    """Other outcomes from the first test on change how it is judged, not what the last spells before it taught."""
    moment = TESTS[0]
    watched = (np.datetime64(moment) - WORLD.inputs.as_of) / np.timedelta64(1, "D")
    is_later = ~WORLD.returned | (WORLD.days > watched)
    changed = replace(WORLD, returned=WORLD.returned & ~is_later)
    changed = replace(changed, days=np.where(is_later, np.maximum(watched, 0) + 61, changed.days))
    one, other = (
        ReturnForecaster.fit(world.known_by(moment)).outlook(WORLD.at(moment).inputs) for world in (WORLD, changed)
    )
    assert one.equals(other)
    assert WORLD.at(moment).returned.tolist() != changed.at(moment).returned.tolist()


def test_same_seed_same_evidence():
    again = return_evidence(WORLD, TESTS[::-1], UNTIL, QUICK)
    for name, table in TABLES.items():
        assert str(again[name].to_pylist()) == str(table.to_pylist()), name  # as text: NaN is NaN


def test_with_nothing_before_it_no_cut_off_can_be_tested():
    with pytest.raises(EvidenceError, match="nobody had returned"):
        return_evidence(WORLD, [FIRST], UNTIL, QUICK)
