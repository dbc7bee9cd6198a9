"""Training: the champion is chosen before the test, corrected, mixed, and comes back from arrays as it was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pytest
from prediction.made_up import FIRST, chances, examples, inputs
from scipy.special import expit, logit

from tenure.errors import ConfigError, EvidenceError
from tenure.evaluation.forecasts import log_loss
from tenure.prediction.amounts.base import AmountLearner
from tenure.prediction.amounts.boosting import Boosted
from tenure.prediction.amounts.constant import ConstantAmountLearner
from tenure.prediction.amounts.hurdle import HurdleAmount, HurdleAmountLearner
from tenure.prediction.amounts.poisson import PoissonAmountLearner
from tenure.prediction.evidence import EvidenceConfig, evidence
from tenure.prediction.examples import Examples
from tenure.prediction.learners.constant import ConstantLearner
from tenure.prediction.learners.logistic import LogisticLearner
from tenure.prediction.mixed import fit_mixed
from tenure.prediction.rolling import roll
from tenure.prediction.schedule import schedule
from tenure.prediction.tasks import parse_task
from tenure.prediction.training import Forecaster, train

COMMIT, VALUE = parse_task("commit:10d"), parse_task("value:10d")
LEARNERS = [ConstantLearner(), LogisticLearner(name="few", complexity=3, columns=("a",)), LogisticLearner()]
AMOUNTS = [ConstantAmountLearner(), PoissonAmountLearner()]


def plan(given):
    return schedule(given.cutoffs, given.cutoffs[-1] + timedelta(days=given.horizon_days), given.horizon_days)


@pytest.fixture(scope="module")
def world():
    return examples(n_users=300, n_cutoffs=9)


@pytest.fixture(scope="module")
def trained(world):
    return train(world, COMMIT, LEARNERS, plan(world))


def test_the_simplest_of_the_good_ones_is_chosen(trained):
    assert trained.choice.champion == "few"
    assert set(trained.proof.forecasts) == {"constant", "few", "logistic", "stack"}


def test_forecasts_come_near_the_known_chances(world, trained):
    said = trained.forecaster.forecast(world.inputs)
    truth = chances(world.inputs)
    assert np.abs(said.value - truth).mean() < 0.03
    assert log_loss(world.outcome, said.value) < log_loss(world.outcome, truth) + 0.005
    assert (said.low_95 <= said.low_80).all()
    assert (said.low_80 <= said.value).all()
    assert (said.value <= said.high_80).all()
    assert (said.high_80 <= said.high_95).all()


def test_the_test_cutoffs_choose_nothing(world):
    schedule_ = plan(world)
    late = world.inputs.as_of >= np.datetime64(schedule_.test[0])
    changed = replace(world, outcome=np.where(late, 1 - world.outcome, world.outcome))
    assert train(changed, COMMIT, LEARNERS, schedule_).choice.trials.equals(
        train(world, COMMIT, LEARNERS, schedule_).choice.trials
    )


def test_the_first_honest_forecast_of_the_proof_knows_nothing_of_its_outcomes(world):
    schedule_ = plan(world)
    at = world.inputs.as_of == np.datetime64(schedule_.test[0])
    changed = replace(world, outcome=np.where(at, 1 - world.outcome, world.outcome))
    before, after = (train(e, COMMIT, LEARNERS, schedule_).proof.at(schedule_.test[0]) for e in (world, changed))
    for name, p in before.forecasts.items():
        assert (p == after.forecasts[name]).all(), name


def test_churn_is_the_other_side(world, trained):
    churn = trained.forecaster.of(parse_task("churn:10d"))
    said, other = trained.forecaster.forecast(world.inputs), churn.forecast(world.inputs)
    assert other.value == pytest.approx(1 - said.value)
    assert other.low_80 == pytest.approx(1 - said.high_80)
    assert other.high_95 == pytest.approx(1 - said.low_95)


@pytest.mark.parametrize("name", ["few", "stack"])
def test_arrays_bring_it_back(world, trained, name):
    found = trained.forecaster
    if name == "stack":
        raw = roll(world, LEARNERS, plan(world).honest)
        found = replace(found, name="stack", model=fit_mixed(raw, world, LEARNERS, ["few", "logistic"]))
    back = Forecaster.from_arrays(found.to_arrays(), COMMIT, found.name, LEARNERS)
    assert back.predict(world.inputs) == pytest.approx(found.predict(world.inputs), abs=1e-12)
    with pytest.raises(ConfigError, match="no learner 'fwe'"):
        Forecaster.from_arrays(found.to_arrays(), COMMIT, "fwe", LEARNERS)


def test_one_user_alone_is_forecast_as_in_a_crowd(world, trained):
    crowd = trained.forecaster.predict(world.inputs)
    for i in (0, 17, 1200):
        alone = world.inputs.rows(np.arange(len(world)) == i)
        assert trained.forecaster.predict(alone)[0] == pytest.approx(crowd[i], abs=1e-12)


def test_a_level_that_moved_is_followed():
    given = examples(n_users=400, n_cutoffs=12, seed=5)
    # From the seventh cut-off on, half of those who would have do not.
    late = given.inputs.as_of >= np.datetime64(FIRST + timedelta(days=60))
    kept = np.random.default_rng(9).random(len(given)) < 0.5
    given = replace(given, outcome=np.where(late, given.outcome * kept, given.outcome))
    proof = train(given, COMMIT, LEARNERS, plan(given)).proof
    newest = proof.at(proof.cutoffs[-1])
    assert newest.forecasts["few"].mean() == pytest.approx(newest.examples.outcome.mean(), abs=0.06)


def test_amounts_have_ranges_and_a_right_total():
    given = examples(n_users=400, n_cutoffs=9, names=("recency_days", "a", "b", "value_30", "value_90"))
    spend = given.outcome * np.random.default_rng(3).gamma(2.0, 10.0 * np.exp(0.3 * given.inputs.column("a")))
    given = replace(given, outcome=spend)
    found = train(given, VALUE, AMOUNTS, plan(given))
    assert found.choice.champion == "poisson"
    said = found.forecaster.forecast(given.inputs)
    assert said.value.sum() == pytest.approx(spend.sum(), rel=0.05)
    covered = (said.low_80 <= spend) & (spend <= said.high_80)
    assert covered.mean() >= 0.77
    assert (said.high_95 >= said.high_80).all()


def test_ranges_are_held_against_later_amounts():
    given = examples(n_users=300)
    amounts = replace(given, outcome=given.outcome * np.random.default_rng(3).gamma(4, 10, len(given)))
    made = train(amounts, VALUE, [ConstantAmountLearner()], plan(amounts))
    rows = evidence(made).ranges.to_pylist()
    assert [row["level"] for row in rows] == [0.80, 0.95]
    assert {row["n_users"] for row in rows} == {300}
    for row in rows:
        assert row["low"] <= row["coverage"] <= row["high"]
        assert row["coverage"] == pytest.approx(row["level"], abs=0.08)  # standard error .023 at .80
    assert rows[0]["mean_width"] < rows[1]["mean_width"]
    assert evidence(made).reliability is None


def test_evidence_says_what_happened(trained):
    found = evidence(trained, EvidenceConfig(n_resamples=50))
    metrics = {(r["model"], r["population"], r["metric"]): r for r in found.metrics.to_pylist()}
    few = metrics["few", "all seen", "log_loss"]
    assert few["low"] <= few["value"] <= few["high"]
    assert few["is_champion"]
    assert few["value"] < metrics["constant", "all seen", "log_loss"]["value"]
    gain = next(
        r
        for r in found.gains.to_pylist()
        if (r["baseline"], r["population"], r["metric"]) == ("constant", "all seen", "log_loss")
    )
    assert gain["high"] < 0
    assert {r["as_of"] for r in found.over_time.to_pylist()} == set(trained.proof.cutoffs)
    assert set(found.tables()) >= {"prediction_metrics", "prediction_choice", "reliability", "lift"}


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_outcomes_all_alike_give_the_base_rate(outcome):
    given = examples(n_users=40, n_cutoffs=6)
    given = replace(given, outcome=np.full(len(given), outcome))
    found = train(given, COMMIT, LEARNERS, plan(given))
    assert found.choice.champion == "constant"
    assert np.abs(found.forecaster.predict(given.inputs) - outcome).max() < 0.05
    assert evidence(found, EvidenceConfig(n_resamples=20)).metrics.num_rows


def test_one_user_can_be_trained_on():
    given = examples(n_users=1, n_cutoffs=6)
    found = train(given, COMMIT, LEARNERS, plan(given))
    assert np.isfinite(found.forecaster.predict(given.inputs)).all()


def test_nobody_is_refused(world):
    with pytest.raises(EvidenceError, match="at least one user"):
        train(world.rows(np.zeros(len(world), dtype=bool)), COMMIT, LEARNERS, plan(world))


@dataclass(frozen=True, eq=False)
class Pace:
    """What the world below expects of users, or a multiple of it."""

    times: float

    def predict(self, inputs):
        return self.times * paces(inputs)

    def to_arrays(self):
        return {"times": np.array(self.times)}


@dataclass(frozen=True, kw_only=True)
class PaceLearner(AmountLearner[Pace]):
    name: str = "pace"
    complexity: int = 1
    times: float = 1.0

    def expectation(self, examples):
        return Pace(self.times)

    def load_expectation(self, arrays):
        return Pace(float(arrays["times"]))


@dataclass(frozen=True, kw_only=True)
class HurdlePaceLearner(HurdleAmountLearner):
    """Knows who spends; of those who do it expects a multiple of what they will spend."""

    times: float = 1.0

    def expectation(self, examples):
        flat = {"columns": (), "n_threads": 1}
        whether, how_much = (
            Boosted(None, logit(P_ANY), **flat),
            Boosted(None, float(np.log(self.times / P_ANY)), **flat),
        )
        return HurdleAmount(whether, how_much, 1e-9, examples.horizon_days)


P_ANY = 0.7


def paces(inputs):
    return np.exp(3 + 1.2 * inputs.column("a"))


def unlike(n_users, n_cutoffs, seed, *, is_hurdle):
    """Small and large spenders differ in kind: the larger the pace the rarer nothing, and the less the rest varies."""
    names = ("recency_days", "a", "value", "value_30", "value_90", "tenure_days")
    given = inputs(n_users, n_cutoffs, seed=seed, names=names)
    expected, draw = paces(given), np.random.default_rng(seed + 1)
    days = np.array([400.0, 30.0, 90.0])
    values = given.values.copy()
    values[:, 2:] = np.column_stack([expected[:, None] / 10 * days, np.full(len(given), 400.0)])
    p_zero = np.full(len(given), 1 - P_ANY) if is_hurdle else np.exp(-expected / 30)
    sigma = 0.3 + 0.7 * expit(-2 * given.column("a"))
    amount = expected / (1 - p_zero) * np.exp(sigma * draw.normal(size=len(given)) - sigma**2 / 2)
    return Examples(replace(given, values=values), np.where(draw.random(len(given)) < p_zero, 0.0, amount), 10), p_zero


@pytest.mark.parametrize("times", [1 / 3, 1.0, 3.0])
@pytest.mark.parametrize("is_hurdle", [False, True], ids=["as one", "hurdle"])
def test_ranges_of_amounts_hold_where_a_model_is_off_by_a_factor(is_hurdle, times):
    known, _ = unlike(10_000, 9, seed=0, is_hurdle=is_hurdle)
    learner = HurdlePaceLearner(times=times) if is_hurdle else PaceLearner(times=times)
    forecaster = train(known, VALUE, [learner], plan(known)).forecaster
    later, p_zero = unlike(40_000, 1, seed=7, is_hurdle=is_hurdle)
    now = np.full(len(later), np.datetime64(FIRST + timedelta(days=90), "us"))
    said, came = forecaster.forecast(replace(later.inputs, as_of=now)), later.outcome
    assert said.value == pytest.approx(paces(later.inputs), rel=0.05)
    fifth = np.argsort(np.argsort(said.value)) * 5 // len(later)
    for level, low, high in ((0.80, said.low_80, said.high_80), (0.95, said.low_95, said.high_95)):
        held, promised = (low <= came) & (came <= high), np.maximum(p_zero, level)
        assert held.mean() == pytest.approx(promised.mean(), abs=0.03)
        for k in range(5):
            assert held[fifth == k].mean() == pytest.approx(promised[fifth == k].mean(), abs=0.03), (level, k)
