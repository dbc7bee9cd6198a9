"""Forecasts of when users come back: known truth, one by one as all at once, and nothing from later."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from lifecycle.survival.worlds import late_hazards, late_truth
from profiles.random_logs import random_log
from relation_runner import run

from tenure.errors import ConfigError, EvidenceError
from tenure.events.log import EVENTS_TABLE
from tenure.lifecycle.survival.spells import spells as spells_of
from tenure.prediction import returning
from tenure.prediction.examples import Inputs
from tenure.prediction.returning import NEVER_DAYS, ReturnConfig, ReturnForecaster, Spells, evenly, rhythm_of
from tenure.storage.arrays import load_model, save_model

FIRST = datetime(2025, 1, 1)
NAMES = ("recency_days", "gap_median_days", "eager", "odd")
WEIGHT = 0.8


def simulated(n_users=800, n_cutoffs=3, *, seed=0, watched_days=60.0, weight=WEIGHT) -> Spells:
    """Users who return at a rate of 0.06 exp(weight * eager) a day, at cut-offs ten days apart, seen to one end."""
    draw = np.random.default_rng(seed)
    n = n_users * n_cutoffs
    as_of = np.repeat([np.datetime64(FIRST + timedelta(days=10 * k), "us") for k in range(n_cutoffs)], n_users)
    values = draw.standard_normal((n, len(NAMES)))
    values[:, 0], values[:, 1] = draw.exponential(10, n), np.exp(draw.normal(1.5, 0.5, n))
    values[draw.random(n) < 0.1, 1] = np.nan
    waits = draw.exponential(1 / (0.06 * np.exp(weight * values[:, 2])))
    watched = watched_days + 10 * (n_cutoffs - 1 - np.repeat(np.arange(n_cutoffs), n_users))
    users = pa.array([f"u{i:04d}" for i in range(n_users)] * n_cutoffs)
    return Spells(Inputs(users, as_of, NAMES, values), np.minimum(waits, watched), waits <= watched)


WORLD = simulated()
FORECASTER = ReturnForecaster.fit(WORLD)
NEW = simulated(seed=1).at(FIRST).inputs


def test_the_truth_is_found():
    days = np.array([7.0, 30.0])
    truth = -np.expm1(-0.06 * np.exp(WEIGHT * NEW.column("eager"))[:, None] * days)
    assert np.abs(FORECASTER.curve(NEW, days) - truth).mean() < 0.03  # blind to `eager` it is 0.17
    outlook = FORECASTER.outlook(NEW)
    assert np.abs(outlook["p_return_30"].to_numpy() - truth[:, 1]).mean() < 0.03
    assert outlook["user_id"].to_pylist() == NEW.users.to_pylist()
    assert outlook["as_of"].to_pylist() == [FIRST] * len(NEW)
    assert outlook["p_return_90"].null_count == len(NEW)  # nobody was watched for so long
    known = outlook["median_days"].is_valid().to_numpy()
    half = np.log(2) / (0.06 * np.exp(WEIGHT * NEW.column("eager")))
    np.testing.assert_allclose(np.median(outlook["median_days"].to_numpy()[known] / half[known]), 1, atol=0.1)


def test_being_late_by_the_own_rhythm_is_seen():
    world, new = late_hazards(4_000, seed=1), late_hazards(1_000, seed=2)

    def inputs(rhythm):
        values = np.column_stack([rhythm.recency_days, rhythm.gap_days])
        n = len(values)
        return Inputs(pa.array(np.arange(n).astype(str)), np.full(n, np.datetime64(FIRST, "us")), NAMES[:2], values)

    known = Spells(inputs(world.rhythm), world.days, world.returned)
    with_rhythm, without = (
        ReturnForecaster.fit(known, ReturnConfig(has_rhythm=has, columns=("recency_days",))) for has in (True, False)
    )
    truth = late_truth(new.rhythm, 14.0)
    off, blind = (
        np.abs(forecaster.curve(inputs(new.rhythm), np.array([14.0]))[:, 0] - truth).mean()
        for forecaster in (with_rhythm, without)
    )
    assert off < 0.03
    assert off < blind / 2


def test_one_by_one_as_all_at_once(monkeypatch):
    some = NEW.rows(np.arange(len(NEW)) < 25)
    whole = FORECASTER.outlook(some)
    alone = pa.concat_tables([FORECASTER.outlook(some.rows(np.arange(25) == i)) for i in range(25)])
    monkeypatch.setattr(returning, "_ROWS_AT_ONCE", 7)
    for other in (alone, FORECASTER.outlook(some)):
        assert other.schema == whole.schema
        for name in whole.column_names[2:]:
            np.testing.assert_allclose(other[name].to_numpy(), whole[name].to_numpy(), rtol=1e-12)
    assert FORECASTER.outlook(some.rows(np.zeros(25, dtype=bool))).schema == whole.schema
    assert FORECASTER.curve(some.rows(np.zeros(25, dtype=bool)), np.array([7.0])).shape == (0, 1)


def test_the_own_curve_of_a_user():
    one = NEW.rows(np.arange(len(NEW)) == 3)
    curve = FORECASTER.user_curve(one, days=np.array([0.0, 7.0, 30.0]))
    expected = [0.0, *FORECASTER.curve(one, np.array([7.0, 30.0]))[0]]
    np.testing.assert_allclose(curve["p_returned"].to_numpy(), expected)
    with pytest.raises(ConfigError, match="one user at one cut-off, got 800 rows"):
        FORECASTER.user_curve(NEW)


def test_it_can_be_kept(tmp_path):
    save_model(tmp_path, "return", FORECASTER.to_arrays())
    loaded = ReturnForecaster.from_arrays(load_model(tmp_path, "return"))
    assert loaded.outlook(NEW).equals(FORECASTER.outlook(NEW))
    plain = ReturnForecaster.fit(WORLD, ReturnConfig(columns=("eager",), has_rhythm=False))
    save_model(tmp_path, "plain", plain.to_arrays())
    assert ReturnForecaster.from_arrays(load_model(tmp_path, "plain")).outlook(NEW).equals(plain.outlook(NEW))


def test_who_never_did_anything_is_the_longest_away():
    values = NEW.values.copy()
    values[0, :2] = np.nan
    never = replace(NEW, values=values)
    assert rhythm_of(never).recency_days[0] == NEVER_DAYS
    assert np.isnan(rhythm_of(never).gap_days[0])
    p = FORECASTER.curve(never, np.array([30.0]))
    assert np.isfinite(p).all()


@pytest.mark.parametrize("seed", range(3))
def test_spells_known_at_a_moment_are_those_of_a_log_that_ends_there(seed):
    log, until = random_log(seed, n_events=300), datetime(2025, 1, 2, 12)
    cuts, moment = (datetime(2024, 3, 1, 6, 30), datetime(2024, 6, 1), datetime(2024, 8, 1)), datetime(2024, 7, 9, 5)
    rows = run({"events": log}, spells_of, EVENTS_TABLE, cuts, until)
    inputs = Inputs.from_table(rows.select(["user_id", "as_of"]).append_column("n", pa.array(np.ones(rows.num_rows))))
    known = Spells.of(inputs, rows).known_by(moment)
    expected = run({"events": log}, spells_of, EVENTS_TABLE, cuts[:2], moment)
    found = {
        key: (days, returned)
        for *key, days, returned in zip(
            known.inputs.users.to_pylist(), known.inputs.as_of.tolist(), known.days, known.returned, strict=True
        )
        for key in [tuple(key)]
    }
    assert len(found) == expected.num_rows > 10
    for row in expected.to_pylist():
        days, returned = found[row["user_id"], row["as_of"]]
        assert days == pytest.approx(row["days"], abs=1e-9)
        assert returned == row["returned"]


def test_a_return_at_the_very_moment_is_not_known_yet():
    inputs = NEW.rows(np.arange(len(NEW)) < 3)
    known = Spells(inputs, np.array([4.0, 5.0, 6.0]), np.ones(3, dtype=bool)).known_by(FIRST + timedelta(days=5))
    assert known.returned.tolist() == [True, False, False]
    assert known.days.tolist() == [4.0, 5.0, 5.0]


def test_spells_of_another_log_are_refused():
    other = pa.table({"user_id": ["stranger"], "as_of": [FIRST], "days": [1.0], "returned": [True]})
    with pytest.raises(EvidenceError, match="same user and cut-off"):
        Spells.of(NEW, other)


def test_without_returns_there_is_nothing_to_learn():
    with pytest.raises(EvidenceError, match="at least one user"):
        ReturnForecaster.fit(WORLD.rows(np.zeros(len(WORLD), dtype=bool)))
    with pytest.raises(EvidenceError, match="Nobody of"):
        ReturnForecaster.fit(replace(WORLD, returned=np.zeros(len(WORLD), dtype=bool)))


def test_cut_offs_are_thinned_evenly():
    days = [FIRST + timedelta(days=k) for k in range(10)]
    assert evenly(days, 4) == (days[0], days[3], days[6], days[9])
    assert evenly(days, 20) == tuple(days)
    few = ReturnForecaster.fit(WORLD, ReturnConfig(most_cutoffs=2))
    ends = WORLD.at(WORLD.cutoffs[0], WORLD.cutoffs[-1])
    assert few.outlook(NEW).equals(ReturnForecaster.fit(ends).outlook(NEW))
