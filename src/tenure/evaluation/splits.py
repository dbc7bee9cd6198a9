"""Where may time be cut, so that what is learnt and what is tested never touch?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from tenure.errors import ConfigError, EvidenceError


@dataclass(frozen=True, slots=True)
class CutoffPlan:
    """The cut-offs of one evaluation: learn at `train`, prove at `test`. All are midnights, in naive UTC."""

    train: tuple[datetime, ...]
    """In increasing order. The outcomes of the newest one are complete before `test`."""
    test: datetime
    horizon_days: int

    @property
    def all(self) -> tuple[datetime, ...]:
        """Every cut-off whose outcomes are known, for the final fit."""
        return (*self.train, self.test)


def plan_cutoffs(
    first: datetime,
    last: datetime,
    *,
    horizon_days: int,
    n_train: int = 6,
    step_days: int | None = None,
    min_history_days: int | None = None,
) -> CutoffPlan:
    """At which past moments should a forecast of the next `horizon_days` be learnt and tested?

    The log is complete from `first` up to `last` (such as the moment of the run). The test cut-off is the last midnight
    whose whole horizon lies before `last`; training cut-offs go back from one horizon before it in steps of `step_days`
    (None = one horizon), as many of `n_train` as leave `min_history_days` (None = one horizon) of history before them.

    >>> plan = plan_cutoffs(datetime(2017, 1, 1), datetime(2017, 12, 31), horizon_days=30, n_train=2)
    >>> [str(t.date()) for t in plan.train], str(plan.test.date())
    (['2017-10-02', '2017-11-01'], '2017-12-01')

    Raises:
        EvidenceError: the log is too short for even one training and one test cut-off.
    """
    step_days = horizon_days if step_days is None else step_days
    min_history_days = horizon_days if min_history_days is None else min_history_days
    for name, number, least in (
        ("horizon_days", horizon_days, 1),
        ("n_train", n_train, 1),
        ("step_days", step_days, 1),
        ("min_history_days", min_history_days, 0),
    ):
        if number < least:
            raise ConfigError(f"{name}: expected at least {least}, got {number}")
    test = datetime.combine((_naive(last) - timedelta(days=horizon_days)).date(), time.min)
    earliest = _naive(first) + timedelta(days=min_history_days)
    back = (test - timedelta(days=horizon_days + i * step_days) for i in range(n_train))
    train = tuple(sorted(cut for cut in back if cut >= earliest))
    if not train:
        span = (_naive(last) - _naive(first)).total_seconds() / 86_400
        needed = min_history_days + 2 * horizon_days + 1
        raise EvidenceError(
            f"To learn and test a forecast of {horizon_days} days the log must span about {needed} days "
            f"({min_history_days} of history, {horizon_days} to learn from, {horizon_days} to test on), but it spans "
            f"{span:.0f} ({first:%Y-%m-%d} to {last:%Y-%m-%d}); bring a longer log or ask for a shorter horizon"
        )
    return CutoffPlan(train, test, horizon_days)


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
