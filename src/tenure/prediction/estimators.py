"""The learners in the manner of scikit-learn: in a Pipeline, under cross_val_score, in a grid search.

An estimator holds a learner (`TreesClassifier(TreesLearner(n_leaves=7))`); the settings of the learner are reached as
`learner__n_leaves`, in `set_params` and in a grid. Columns are named by the DataFrame or Arrow table that comes in, or
by `feature_names`; a learner that looks at few columns takes an unnamed array to be those, in its order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, Self, cast

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from tenure.errors import ConfigError, nearest
from tenure.prediction.examples import Examples, Inputs, Matrix, Vector
from tenure.prediction.learner import Learner
from tenure.prediction.learners.columns import HISTORY
from tenure.prediction.learners.constant import ConstantLearner
from tenure.prediction.learners.logistic import RECENCY_LEARNER, RFM_LEARNER, LogisticLearner
from tenure.prediction.learners.repeats import RepeatsLearner
from tenure.prediction.learners.trees import TreesLearner

_NOW = np.datetime64("1970-01-01", "us")


class LearnerEstimator(BaseEstimator):  # type: ignore[misc]
    """What the estimators of probabilities and of amounts share: a learner, and the names of its columns."""

    _default: Learner
    """The learner where none is given."""
    _usual_names: tuple[str, ...] | None = None
    """Of the columns of an unnamed array; None = the learner takes any columns."""

    def __init__(
        self,
        learner: Learner | None = None,
        *,
        feature_names: Sequence[str] | None = None,
        horizon_days: int = 30,
    ) -> None:
        self.learner = learner
        self.feature_names = feature_names
        self.horizon_days = horizon_days

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters, and with `deep` the settings of the learner as `learner__...`."""
        params: dict[str, Any] = super().get_params(deep=False)
        return params | {f"learner__{name}": value for name, value in self._settings().items()} if deep else params

    def set_params(self, **params: Any) -> Self:
        """Other parameters; `learner__...` replaces a setting of the learner.

        Raises:
            ValueError: there is no parameter or setting of this name.
        """
        settings = {k.removeprefix("learner__"): params.pop(k) for k in list(params) if k.startswith("learner__")}
        super().set_params(**params)
        for name in settings.keys() - self._settings().keys():
            raise ConfigError(
                f"{type(self).__name__}: its learner has no such setting; {nearest(name, self._settings())}"
            )
        if settings:
            self.learner = replace(cast("Any", self._chosen), **settings)
        return self

    @property
    def _chosen(self) -> Learner:
        return self._default if self.learner is None else self.learner

    def _settings(self) -> dict[str, Any]:
        learner = cast("Any", self._chosen)
        return {field.name: getattr(learner, field.name) for field in fields(learner)} if is_dataclass(learner) else {}

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _inputs(self, X: Matrix, as_of: ArrayLike | None = None) -> Inputs:
        """X [B, D], checked, as what learners see; without `as_of`, all rows are of one cut-off."""
        names = self.feature_names
        if names is None:
            names = getattr(self, "feature_names_in_", None)
        if names is None and self._usual_names is not None and len(self._usual_names) == X.shape[1]:
            names = self._usual_names
        if names is None:
            names = [f"x{i}" for i in range(X.shape[1])]
        if len(names) != X.shape[1]:
            raise ConfigError(f"feature_names: expected {X.shape[1]} names, one per column of X, got {len(names)}")
        moments = np.full(len(X), _NOW) if as_of is None else np.asarray(as_of, dtype="datetime64[us]")
        users = pa.array(np.arange(len(X)).astype(str))
        return Inputs(users, moments, tuple(map(str, names)), np.asarray(X, dtype=np.float64))


class ForecastClassifier(ClassifierMixin, LearnerEstimator):  # type: ignore[misc]
    """How likely is the outcome? Any learner of probabilities, behind `fit` and `predict_proba`."""

    def fit(self, X: Any, y: ArrayLike, *, as_of: ArrayLike | None = None) -> Self:
        """What do these rows teach?

        Args:
            X: [B, D], a DataFrame, Arrow table or array; NaN = not defined.
            y: two classes [B]; the larger one in sorted order is what is forecast.
            as_of: the cut-off of each row [B], with which learners choose their settings on the newest cut-offs;
                without it all rows are of one moment.

        Raises:
            ValueError: X or y is not of this form.
        """
        X, y = validate_data(self, X, y, ensure_all_finite=False, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, place = np.unique(y, return_inverse=True)
        if len(self.classes_) > 2:
            raise ConfigError(
                "Only binary classification is supported. The type of the target is "
                f"{type_of_target(y)}, with {len(self.classes_)} classes"
            )
        # One class alone is taken for what did not happen, unless it is the 1 or True of a yes-or-no outcome.
        happened = place == 1 if len(self.classes_) == 2 else np.full(len(place), bool(self.classes_[0] in (1, True)))
        examples = Examples(self._inputs(X, as_of), happened.astype(np.float64), self.horizon_days)
        self.model_ = self._chosen.fit(examples)
        return self

    def predict_proba(self, X: Any) -> Matrix:
        """The probability of each of `classes_` for each row [B, 2] (or [B, 1], where only one was ever seen)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, ensure_all_finite=False, dtype=np.float64)
        p: Vector = self.model_.predict(self._inputs(X))
        return np.stack([1 - p, p], axis=1) if len(self.classes_) == 2 else np.ones((len(p), 1))

    def predict(self, X: Any) -> NDArray[Any]:
        """The likelier class of each row [B]."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        chosen: NDArray[Any] = self.classes_[likeliest]
        return chosen

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


class ConstantClassifier(ForecastClassifier):
    """The base rate."""

    _default = ConstantLearner()


class RecencyClassifier(ForecastClassifier):
    """Logistic regression on the days since the last activity."""

    _default = RECENCY_LEARNER
    _usual_names = RECENCY_LEARNER.columns


class RfmClassifier(ForecastClassifier):
    """Logistic regression on recency, frequency and money."""

    _default = RFM_LEARNER
    _usual_names = RFM_LEARNER.columns


class RepeatsClassifier(ForecastClassifier):
    """BG/NBD on the repeat history: columns x, t_x_days, T_days."""

    _default = RepeatsLearner()
    _usual_names = HISTORY


class LogisticClassifier(ForecastClassifier):
    """Logistic regression on every column, made comparable."""

    _default = LogisticLearner()


class TreesClassifier(ForecastClassifier):
    """Boosted trees on every column, and on what BG/NBD says where the columns hold a repeat history."""

    _default = TreesLearner()
