"""What the models of repeat commitments know of a user: how many, when the last one, for how long observed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.errors import ConfigError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class History:
    """Users by the three numbers that suffice for BG/NBD and its kin, one row per user [B].

    All times are in one unit of the caller's choice, counted from the user's first commitment; weeks serve most shops.
    Several commitments on one day (or in one period) count once, as in the papers.

    >>> History(x=[2, 0], t_x=[30.43, 0], T=[38.86, 38.86]).x
    array([2., 0.])

    Raises:
        ConfigError: a row that no user can have: a negative or broken count, a last commitment before the first one or
            after the end of observation, a user without repeats whose last repeat has a time (or the reverse).
    """

    x: Vector
    """Repeat commitments: distinct days or periods with one, after the first."""
    t_x: Vector
    """Time of the last of them; 0 where x is 0."""
    T: Vector
    """Time observed."""
    covariates: Matrix | None = None
    """What else is known of each user and does not change [B, C], in units that make 1 a sizeable difference."""

    def __post_init__(self) -> None:
        for name in ("x", "t_x", "T"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float64))
        if self.covariates is not None:
            object.__setattr__(self, "covariates", np.asarray(self.covariates, dtype=np.float64))
        self._check_shapes()
        x, t_x, T = self.x, self.t_x, self.T
        finite = np.isfinite(x) & np.isfinite(t_x) & np.isfinite(T)
        if self.covariates is not None:
            finite &= np.isfinite(self.covariates).all(axis=1)
        self._check(finite, "finite numbers")
        self._check((x >= 0) & (x == np.floor(x)), "x to be a whole number, 0 or more")
        self._check((t_x >= 0) & (t_x <= T), "0 <= t_x <= T")
        self._check((x == 0) == (t_x == 0), "t_x = 0 for users without repeats, and above 0 for the others")

    def __len__(self) -> int:
        return len(self.x)

    def rows(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> History:
        """The history of some of the users, chosen by number or by mask."""
        covariates = None if self.covariates is None else self.covariates[index]
        return History(self.x[index], self.t_x[index], self.T[index], covariates)

    def distinct(self, weights: Vector | None = None) -> Distinct:
        """Which histories occur, and how often? Likelihoods cost time per distinct history, not per user.

        `weights` [B] count a user more or less than once.
        """
        columns = [self.T, self.t_x, self.x]
        if self.covariates is not None:
            columns = [*self.covariates.T, *columns]
        order = np.lexsort(columns)
        starts = np.zeros(len(self), dtype=np.bool_)
        starts[:1] = True
        for column in columns:
            ordered = column[order]
            starts[1:] |= ordered[1:] != ordered[:-1]
        inverse = np.empty(len(self), dtype=np.intp)
        inverse[order] = np.cumsum(starts) - 1
        counts = np.bincount(inverse, weights=weights, minlength=int(starts.sum())).astype(np.float64)
        return Distinct(self.rows(order[starts]), counts, inverse)

    def _check_shapes(self) -> None:
        shapes = {name: getattr(self, name).shape for name in ("x", "t_x", "T")}
        if len(set(shapes.values())) != 1 or self.x.ndim != 1:
            raise ConfigError(f"History: expected x, t_x and T with one row per user each, got shapes {shapes}")
        if self.covariates is not None and (self.covariates.ndim != 2 or len(self.covariates) != len(self)):
            raise ConfigError(
                f"History.covariates: expected shape [{len(self)}, C], one row per user, got {self.covariates.shape}"
            )

    def _check(self, fine: NDArray[np.bool_], expected: str) -> None:
        if not fine.all():
            row = int(np.argmin(fine))
            raise ConfigError(
                f"History: expected {expected}; row {row} has x = {self.x[row]:g}, t_x = {self.t_x[row]:g}, "
                f"T = {self.T[row]:g} ({int((~fine).sum())} such rows)"
            )


@dataclass(frozen=True, eq=False)
class Distinct:
    """The distinct histories, sorted by x, t_x and T, and who has which."""

    history: History
    """The D distinct rows."""
    counts: Vector
    """Users with each, or the sum of their weights [D]."""
    inverse: Rows
    """The distinct row of each user [B]: a result for `history`, taken at `inverse`, is one for the users."""
