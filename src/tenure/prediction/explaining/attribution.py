"""What each input adds to a forecast: exactly where the formula of the model tells, else by asking the model."""

from __future__ import annotations

from tenure.prediction.examples import Inputs, Vector
from tenure.prediction.explaining.contributions import Contributions, Unit, log_odds
from tenure.prediction.explaining.exact import exact
from tenure.prediction.explaining.shapley import ShapleyConfig, shapley
from tenure.prediction.learner import Model


def contributions(
    model: Model, inputs: Inputs, reference: Inputs, *, unit: Unit = "log-odds", config: ShapleyConfig = ShapleyConfig()
) -> Contributions:
    """What does each input add to the forecast of each of these users?

    Linear models and trees tell exactly (`exact`). Any other model is asked what it says as reference users turn,
    input by input and theme by theme, into the user (`shapley`); such contributions are marked as sampled.

    Args:
        model: of a probability, or of an amount.
        inputs: the users to explain [B].
        reference: users in general, against whom the others are compared; some dozens are enough.
        unit: "log-odds" for a probability, "amount" for an amount.
        config: how thoroughly a model is asked.

    Raises:
        EvidenceError: a model must be asked and there is no reference user.
    """
    known = exact(model, inputs) if unit == "log-odds" else None
    if known is not None:
        return known

    def forecast(users: Inputs) -> Vector:
        said = model.predict(users)
        return log_odds(said) if unit == "log-odds" else said

    base, values, names = shapley(forecast, inputs, reference, config)
    return Contributions(base, values, names, unit, is_sampled=True)
