"""At which past moments is learnt, chosen and tested, for one horizon?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tenure.errors import EvidenceError

N_TEST = 3
N_VALIDATION = 3


@dataclass(frozen=True)
class Schedule:
    """The cut-offs of one horizon, each list oldest first."""

    learnt: tuple[datetime, ...]
    """All whose outcomes are known: the last models are fitted on them."""
    validation: tuple[datetime, ...]
    """Forecast honestly to choose champion, calibration and level; their outcomes are complete before any test."""
    test: tuple[datetime, ...]
    """Forecast honestly to prove the choice."""

    @property
    def honest(self) -> tuple[datetime, ...]:
        """Every cut-off that is forecast honestly."""
        return (*self.validation, *self.test)


def schedule(
    grid: Sequence[datetime],
    until: datetime,
    horizon_days: int,
    *,
    n_test: int = N_TEST,
    n_validation: int = N_VALIDATION,
) -> Schedule:
    """Which cut-offs of the grid (evenly spaced) serve for what, when the log is complete up to `until`?

    Honest cut-offs lie one horizon apart where the log is long enough, else closer, so that at least one can be
    forecast. Tests are the newest; of those before, the ones whose horizon ends before the first test validate.

    >>> days = [datetime(2017, 12, 1) - timedelta(days=10 * i) for i in range(30)]
    >>> found = schedule(days, datetime(2017, 12, 31), 30)
    >>> [f"{t:%m-%d}" for t in found.test], [f"{t:%m-%d}" for t in found.validation]
    (['10-02', '11-01', '12-01'], ['07-04', '08-03', '09-02'])

    Raises:
        EvidenceError: the log is too short to learn at one cut-off and test at another.
    """
    horizon = timedelta(days=horizon_days)
    learnt = tuple(t for t in sorted(grid) if t + horizon <= until)
    possible = [t for t in learnt if learnt[0] + horizon <= t]
    if not possible:
        span = (until - min(grid)).days if grid else 0
        raise EvidenceError(
            f"To learn and test a forecast of {horizon_days} days, the log must go on for {2 * horizon_days} days "
            f"after the first cut-off, but it does for {span}; bring a longer log or ask for a shorter horizon"
        )
    newest, room = possible[-1], possible[-1] - possible[0]
    spacing = min(horizon, room / max(n_test + n_validation - 1, 1))
    apart = [newest]
    for t in reversed(possible):
        if apart[-1] - t >= spacing and len(apart) < n_test + n_validation:
            apart.append(t)
    # Half of few cut-offs at most are tests, and where none is complete before the first test, fewer are tested.
    for n in range(min(n_test, (len(apart) + 1) // 2), 0, -1):
        test = tuple(sorted(apart[:n]))
        validation = tuple(sorted(t for t in apart[n:] if t + horizon <= test[0]))
        if validation or n == 1:
            break
    return Schedule(learnt, validation, test)
