"""What each input adds to a forecast: exactly where the formula of the model tells, else by asking the model."""

from __future__ import annotations

from collections.abc import Sequence

from tenure.errors import ConfigError
from tenure.prediction.examples import Inputs, Vector
from tenure.prediction.explaining.contributions import Contributions, Unit, log_odds, weighted_sum
from tenure.prediction.explaining.exact import exact, reads
from tenure.prediction.explaining.shapley import ShapleyConfig, shapley
from tenure.prediction.learner import Model
from tenure.prediction.learners.stack import Stack
from tenure.prediction.mixed import Mixed
from tenure.prediction.training import Forecaster


def contributions(
    model: Model, inputs: Inputs, reference: Inputs, *, unit: Unit = "log-odds", config: ShapleyConfig = ShapleyConfig()
) -> Contributions:
    """What does each input add to the forecast of each of these users?

    Linear models and trees tell exactly (`exact`). Any other model is asked what it says as reference users turn,
    input by input and theme by theme, into the user (`shapley`); such contributions are marked as sampled.

    The reference is best taken at the same cut-off: what grows with the calendar is then no peculiarity of anybody.

    Args:
        model: of a probability, or of an amount.
        inputs: the users to explain [B].
        reference: users in general, against whom the others are compared; some dozens are enough.
        unit: "log-odds" for a probability, "amount" for an amount.
        config: how thoroughly a model is asked.

    Raises:
        EvidenceError: a model must be asked and there is no reference user.
    """
    if isinstance(model, Mixed):
        return stack_contributions(model.stack, list(model.members.values()), inputs, reference, config=config)
    known = exact(model, inputs) if unit == "log-odds" else None
    if known is not None:
        return known

    def forecast(users: Inputs) -> Vector:
        said = model.predict(users)
        return log_odds(said) if unit == "log-odds" else said

    base, values, names = shapley(forecast, inputs, reference, config, only=reads(model))
    return Contributions(base, values, names, unit, is_sampled=True)


def forecast_contributions(
    forecaster: Forecaster, inputs: Inputs, reference: Inputs, *, config: ShapleyConfig = ShapleyConfig()
) -> Contributions:
    """What does each input, and the correction, add to what is forecast in the end? See `contributions`."""
    unit: Unit = "amount" if forecaster.task.is_amount else "log-odds"
    found = contributions(forecaster.model, inputs, reference, unit=unit, config=config)
    if forecaster.task.kind == "churn":
        found = found.opposite()
    value = forecaster.forecast(inputs).value
    return found.corrected(value if forecaster.task.is_amount else log_odds(value))


def stack_contributions(
    stack: Stack,
    members: Sequence[Model],
    inputs: Inputs,
    reference: Inputs,
    *,
    config: ShapleyConfig = ShapleyConfig(),
) -> Contributions:
    """What does each input add to the mixed forecast? The members' contributions by their weights, in log-odds.

    Args:
        stack: the mix.
        members: its models, in its order; those of weight 0 are not asked.
        inputs: the users to explain [B].
        reference: users in general, as in `contributions`.
        config: how thoroughly members that must be asked are asked.

    Raises:
        ConfigError: not as many members as weights.
    """
    if len(members) != len(stack.weights):
        raise ConfigError(f"stack: expected its {len(stack.weights)} members, got {len(members)}")
    mixed = [(model, float(w)) for model, w in zip(members, stack.weights, strict=True) if w]
    parts = [contributions(model, inputs, reference, config=config) for model, _ in mixed]
    return weighted_sum(len(inputs), parts, [weight for _, weight in mixed], stack.intercept)
