"""The learners of amounts in the manner of scikit-learn: in a Pipeline, under cross_val_score, in a grid search."""

from __future__ import annotations

from typing import Any, Self, cast

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from tenure.prediction.amounts.base import AmountLearner, interval
from tenure.prediction.amounts.constant import ConstantAmountLearner
from tenure.prediction.amounts.hurdle import HurdleAmountLearner
from tenure.prediction.amounts.poisson import PoissonAmountLearner
from tenure.prediction.amounts.repeats import RepeatAmountLearner
from tenure.prediction.amounts.run_rate import RunRateLearner
from tenure.prediction.amounts.tweedie import TweedieAmountLearner
from tenure.prediction.estimators import LearnerEstimator
from tenure.prediction.examples import Examples, Inputs, Matrix, Vector
from tenure.prediction.learner import AmountModel
from tenure.prediction.learners.columns import HISTORY


class AmountRegressor(RegressorMixin, LearnerEstimator):  # type: ignore[misc]
    """Which amount is to be expected? Any learner of amounts, behind `fit` and `predict`."""

    _default: AmountLearner[Any]

    def fit(self, X: Any, y: ArrayLike, *, as_of: ArrayLike | None = None) -> Self:
        """What do these rows teach?

        Args:
            X: [B, D], a DataFrame, Arrow table or array; NaN = not defined.
            y: amounts [B]; those below 0 count as 0.
            as_of: the cut-off of each row [B], so that ranges are learnt from forecasts of the newest; without it all
                rows are of one moment.

        Raises:
            ValueError: X or y is not of this form.
        """
        X, y = validate_data(self, X, y, ensure_all_finite=False, y_numeric=True, dtype=np.float64)
        examples = Examples(self._inputs(X, as_of), np.asarray(y, dtype=np.float64), self.horizon_days)
        self.model_ = self._chosen.fit(examples)
        return self

    def predict(self, X: Any) -> Vector:
        """The expected amount of each row [B]."""
        return self._fitted.predict(self._checked(X))

    def predict_quantiles(self, X: Any, levels: ArrayLike) -> Matrix:
        """The amounts that are not exceeded with these probabilities [B, Q]."""
        return self._fitted.quantiles(self._checked(X), np.asarray(levels, dtype=np.float64))

    def predict_interval(self, X: Any, level: float = 0.8) -> Matrix:
        """Between which amounts will so large a share of such users lie? Low and high [B, 2]."""
        return np.stack(interval(self._fitted, self._checked(X), level), axis=1)

    @property
    def _fitted(self) -> AmountModel:
        check_is_fitted(self)
        return cast("AmountModel", self.model_)

    def _checked(self, X: Any) -> Inputs:
        return self._inputs(validate_data(self, X, reset=False, ensure_all_finite=False, dtype=np.float64))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True  # outcomes below 0, as its checks have, are none of its business
        return tags


class ConstantRegressor(AmountRegressor):
    """The average amount."""

    _default = ConstantAmountLearner()


class RunRateRegressor(AmountRegressor):
    """Users go on as in the last 90 days: column value_90."""

    _default = RunRateLearner()
    _usual_names = ("value_90",)


class RepeatsRegressor(AmountRegressor):
    """BG/NBD times Gamma-Gamma on the repeat history: columns x, t_x_days, T_days, mean_value."""

    _default = RepeatAmountLearner()
    _usual_names = (*HISTORY, "mean_value")


class PoissonRegressor(AmountRegressor):
    """A weighted sum of every column, made comparable, on the scale of ratios."""

    _default = PoissonAmountLearner()


class TweedieRegressor(AmountRegressor):
    """Boosted trees by Tweedie's law; columns value, value_30, value_90 and tenure_days must be among those."""

    _default = TweedieAmountLearner()


class HurdleRegressor(AmountRegressor):
    """Whether anything, then how much; columns value, value_30, value_90 and tenure_days must be among those."""

    _default = HurdleAmountLearner()
