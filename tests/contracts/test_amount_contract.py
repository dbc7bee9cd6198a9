"""What every learner of amounts must do. A new learner enters AMOUNTS and gets all of this unasked."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from functools import cache

import numpy as np
import pytest
from spenders import CUTS, NAMES, spenders

from tenure.errors import ConfigError, EvidenceError
from tenure.evaluation.ranges import coverage
from tenure.prediction.amounts.base import interval
from tenure.prediction.amounts.catalogue import AMOUNTS, BLEND
from tenure.prediction.champion import deviances
from tenure.prediction.examples import Examples

LEVELS = np.array([0.025, 0.1, 0.5, 0.9, 0.975])


@cache
def crowd() -> Examples:
    return spenders(400)


@cache
def later() -> Examples:
    return spenders(400, seed=1)


@cache
def model_of(learner):
    return learner.fit(crowd())


def on_one_thread(learner):
    """Tests run beside each other: threads that wait for a core of their own would take minutes."""
    if hasattr(learner, "learners"):
        return replace(learner, learners=tuple(map(on_one_thread, learner.learners)))
    return replace(learner, n_threads=1) if hasattr(learner, "n_threads") else learner


ALL = [on_one_thread(learner) for learner in (*AMOUNTS, BLEND)]
pytestmark = pytest.mark.parametrize("learner", ALL, ids=lambda learner: learner.name)


def changed(examples: Examples, **columns) -> Examples:
    """The same examples with other numbers in some columns; unknown ones are added at the end."""
    inputs = examples.inputs
    names = (*inputs.names, *(name for name in columns if name not in inputs.names))
    values = np.full((len(inputs), len(names)), np.nan)
    values[:, : len(inputs.names)] = inputs.values
    for name, column in columns.items():
        values[:, names.index(name)] = column
    return replace(examples, inputs=replace(inputs, names=names, values=values))


def check(model, inputs) -> None:
    expected, quantiles = model.predict(inputs), model.quantiles(inputs, LEVELS)
    assert expected.shape == (len(inputs),)
    assert expected.dtype == quantiles.dtype == np.float64
    assert quantiles.shape == (len(inputs), len(LEVELS))
    for numbers in (expected, quantiles):
        assert np.isfinite(numbers).all()
        assert (numbers >= 0).all()
    assert (np.diff(quantiles, axis=1) >= 0).all()


def test_learner_and_model_are_frozen(learner):
    for value in (learner, model_of(learner), model_of(learner).spread):
        with pytest.raises(FrozenInstanceError):
            setattr(value, next(iter(vars(value))), 1)


def test_names_and_places_are_distinct(learner):
    assert [each.name for each in ALL].count(learner.name) == 1
    assert [each.complexity for each in ALL].count(learner.complexity) == 1


def test_forecasts_are_sound(learner):
    check(model_of(learner), later().inputs)
    check(model_of(learner), later().inputs.rows(np.zeros(len(later()), dtype=bool)))


def test_beats_the_constant_where_there_is_something_to_learn(learner):
    base = deviances(later().outcome, np.full(len(later()), crowd().outcome.mean())).mean()
    found = deviances(later().outcome, model_of(learner).predict(later().inputs) + 0.1).mean()
    assert found < base * 1.01 if learner.name == "constant" else found < 0.8 * base


def test_the_total_is_right_where_nothing_drifts(learner):
    expected = model_of(learner).predict(later().inputs).sum()
    # Rows of one user at three cut-offs are no independent draws: the error is that of three times fewer.
    error = later().outcome.std() * np.sqrt(3 * len(later()))
    assert expected == pytest.approx(later().outcome.sum(), abs=4 * error)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_ranges_hold_at_least_as_often_as_they_say(learner, level):
    low, high = interval(model_of(learner), later().inputs, level)
    held = coverage(later().outcome, low, high)
    # Half-users learn the spread and whole ones judge it: two standard errors of each, and the bins of the spread.
    error = np.sqrt(level * (1 - level) * (1 / 400 + 1 / 400))
    assert held > level - 3 * error - 0.01
    narrow = low < high
    if level == 0.8 and narrow.mean() > 0.5:  # of a user who surely spends nothing, a range of 0 alone holds more often
        assert coverage(later().outcome[narrow], low[narrow], high[narrow]) < level + 3 * error + 0.05


def test_one_by_one_as_in_a_crowd(learner):
    inputs, model = crowd().inputs, model_of(learner)
    together, ranges = model.predict(inputs), model.quantiles(inputs, LEVELS)
    for i in (0, 1, 5, 300):
        alone = inputs.rows(np.arange(len(inputs)) == i)
        assert model.predict(alone) == pytest.approx(together[i : i + 1], rel=1e-10)
        assert model.quantiles(alone, LEVELS) == pytest.approx(ranges[i : i + 1], rel=1e-10)


def test_same_examples_same_model(learner):
    again, inputs = learner.fit(crowd()), crowd().inputs
    assert (again.quantiles(inputs, LEVELS) == model_of(learner).quantiles(inputs, LEVELS)).all()
    assert (again.predict(inputs) == model_of(learner).predict(inputs)).all()
    assert (learner.fit_mean(crowd()).predict(inputs) == again.predict(inputs)).all()


def test_round_trip_through_arrays(learner):
    arrays, inputs = model_of(learner).to_arrays(), crowd().inputs
    assert all(isinstance(array, np.ndarray) and array.dtype.kind in "fiubU" for array in arrays.values())
    loaded = learner.load(arrays)
    assert (loaded.predict(inputs) == model_of(learner).predict(inputs)).all()
    assert (loaded.quantiles(inputs, LEVELS) == model_of(learner).quantiles(inputs, LEVELS)).all()
    again = loaded.to_arrays()
    assert again.keys() == arrays.keys()
    assert all(again[key].tobytes() == array.tobytes() for key, array in arrays.items())


def test_twice_the_money_twice_the_forecast(learner):
    money = ("value", "value_30", "value_90", "mean_value")
    double = {name: 2 * crowd().inputs.column(name) for name in money}
    pounds = replace(changed(crowd(), **double), outcome=2 * crowd().outcome)
    # The profile's logarithms are of 1 + amount, so that the currency is not quite without effect on linear models.
    rel = 0.1 if learner.name == "poisson" else 0.02
    ours = learner.fit(pounds).predict(pounds.inputs).sum()
    assert ours == pytest.approx(2 * model_of(learner).predict(crowd().inputs).sum(), rel=rel)


def test_amounts_below_zero_count_as_nothing(learner):
    taken_back = replace(crowd(), outcome=np.where(crowd().outcome == 0, -5.0, crowd().outcome))
    found, inputs = learner.fit(taken_back), crowd().inputs
    assert (found.predict(inputs) == model_of(learner).predict(inputs)).all()
    assert (learner.fit_mean(taken_back).predict(inputs) == found.predict(inputs)).all()


def test_nothing_known_and_infinite_numbers(learner):
    n = len(crowd())
    odd = changed(crowd(), value_30=np.where(np.arange(n) % 2, np.inf, -np.inf), recency_days=np.nan)
    model = learner.fit(odd)
    check(model, odd.inputs)
    check(model, replace(odd.inputs, values=np.full_like(odd.inputs.values, np.nan)))


def test_nobody_spent_anything(learner):
    nothing = replace(crowd(), outcome=np.zeros(len(crowd())))
    model = learner.fit(nothing)
    check(model, nothing.inputs)
    if learner.name not in {"run-rate", "repeats"}:  # these foretell from what went before, whatever came of it
        assert model.predict(nothing.inputs).max() == 0
    assert model.quantiles(nothing.inputs, LEVELS).max() == 0


def test_everybody_spent_the_same(learner):
    same = replace(crowd(), outcome=np.full(len(crowd()), 7.0))
    model = learner.fit(same)
    check(model, same.inputs)
    if learner.name not in {"run-rate", "repeats"}:
        assert model.predict(same.inputs).mean() == pytest.approx(7.0, rel=0.05)
        assert (model.predict(same.inputs) > 0).all()


@pytest.mark.parametrize("n_rows", [1, 3, 6, 60])
def test_few_users(learner, n_rows):
    few = crowd().rows(np.arange(len(crowd())) >= len(crowd()) - n_rows)
    check(learner.fit(few), crowd().inputs)


def test_constant_columns(learner):
    flat = changed(crowd(), **dict.fromkeys(NAMES, 1.0) | {"x": 2.0, "t_x_days": 20.0, "T_days": 90.0})
    model = learner.fit(flat)
    check(model, flat.inputs)
    if learner.name not in {"run-rate", "repeats"}:
        # Newer outcomes count more than older ones.
        means = [part.outcome.mean() for _, part in flat.by_cutoff()]
        assert min(means) * 0.95 < model.predict(flat.inputs).mean() < max(means) * 1.05


def test_columns_that_it_does_not_know_are_not_looked_at(learner):
    more = changed(crowd(), shoe_size=42.0)
    assert (model_of(learner).predict(more.inputs) == model_of(learner).predict(crowd().inputs)).all()


def test_a_missing_column_is_named(learner):
    none = replace(crowd().inputs, names=("shoe_size",), values=np.ones((len(crowd()), 1)))
    if learner.name == "constant":
        check(model_of(learner), none)
        return
    with pytest.raises(ConfigError, match="there is no column"):
        model_of(learner).predict(none)


def test_nobody_teaches_nothing(learner):
    nobody = crowd().rows(np.zeros(len(crowd()), dtype=bool))
    with pytest.raises(EvidenceError, match=learner.name):
        learner.fit(nobody)


def test_one_cutoff_is_enough(learner):
    check(learner.fit(crowd().at(CUTS[0].item())), crowd().inputs)


def test_levels_are_probabilities(learner):
    with pytest.raises(ConfigError, match="levels"):
        model_of(learner).quantiles(crowd().inputs, np.array([0.5, 1.5]))
    with pytest.raises(ConfigError, match="level"):
        interval(model_of(learner), crowd().inputs, 95)
