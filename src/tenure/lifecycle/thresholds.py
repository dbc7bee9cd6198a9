"""What counts as long, as recent and as late.

Taken from the domain where it says, learnt from the log before `as_of` where it does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import ceil

import pyarrow as pa
from ibis.expr.types import NumericValue, Table

from tenure.domain import Domain, Period, Role
from tenure.events.log import before, has_role
from tenure.lifecycle.periods import natural_period

PRIOR_GAPS = 2.0
"""A user's own rhythm is trusted like this many gaps of the crowd's: after two gaps, half and half."""

_LATE_QUANTILE = 0.95
_LONGEST_QUANTILE = 0.75
_USUAL_OVERDUE = 2.5
_DORMANT_GAPS = 3.0
_SHORTEST_DORMANT_DAYS = 7.0


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """The numbers in the stage rules. One value holds for a whole history, so that users move, not definitions.

    They are known only from the cut-off on at which they were learnt. To place users at earlier cut-offs as the input
    of something that predicts, learn them at the earliest of those.
    """

    period: Period
    """Natural rhythm of use: the domain's, or the one nearest to the median gap between active days."""
    typical_gap_days: float
    """A middling user's mean gap between active days; stands in for the rhythm of users with few gaps."""
    late_ratio: float
    """At risk: silent for this many times one's usual gap. Learnt: 95 % of the silences that users came back from were
    shorter."""
    dormant_days: float
    """Silence after which a user counts as dormant. Learnt: three in four returning users never came back from a longer
    one."""
    churned_days: float
    """Silence after which a user counts as churned; twice `dormant_days` where the domain does not say."""
    recent_days: float
    """What "lately" means: the domain's horizon or one typical gap, whichever is longer, but at most `dormant_days`."""
    activated_occasions: int = 2
    """Number of days with a commitment that make a user activated."""
    growth_ratio: float = 1.5
    """Growing: worth at least this many times as much lately as usual."""
    growth_deviations: float = 2.0
    """Growing: so many standard deviations of chance (a Poisson count) more occasions lately than usual."""
    advocate_praises: int = 3
    """Signs of strong satisfaction that make an advocate; one referral does too."""
    good_rating: float | None = None
    """A rating of at least this is strong satisfaction. Learnt: the median rating. None = satisfaction comes without
    ratings."""

    @classmethod
    def learn(cls, evidence: pa.Table, domain: Domain) -> Thresholds:
        """What do the domain and the log say? `evidence` is the one row of the relation of that name."""
        seen = evidence.to_pylist()[0]
        typical = seen["typical_gap_days"] or float(domain.horizon_days)
        learnt = max(seen["longest_gap_days"] or 0.0, _DORMANT_GAPS * typical, _SHORTEST_DORMANT_DAYS)
        dormant = float(domain.dormant_after_days or ceil(learnt))
        return cls(
            period=domain.period or natural_period(seen["median_gap_days"]),
            typical_gap_days=typical,
            late_ratio=max(seen["late_ratio"] or _USUAL_OVERDUE, 1.0),
            dormant_days=dormant,
            churned_days=max(float(domain.churned_after_days or 2 * dormant), dormant),
            recent_days=min(max(float(domain.horizon_days), float(ceil(typical))), dormant),
            activated_occasions=domain.activated_after_commitments,
            good_rating=seen["median_rating"],
        )


def evidence(events: Table, active_days: Table, as_of: datetime) -> Table:
    """What does the log before `as_of` tell about rhythm and ratings? One row for `Thresholds.learn`.

    Args:
        events: the log.
        active_days: `activity.active_periods` of the same `as_of` by the day.
        as_of: the cut-off.

    Returns `median_gap_days` (over all gaps between active days), `typical_gap_days` (median over users of their mean
    gap), `longest_gap_days` (upper quartile over users of their longest gap), `late_ratio` (95 % quantile of gap /
    usual gap of its user) and `median_rating`; null where there is nothing to learn from.
    """
    gaps = active_days.mutate(gap=(active_days.period - active_days.previous_period).cast("float64"))
    gaps = gaps.filter(gaps.gap.notnull()).select("user_id", "gap")
    users = gaps.group_by("user_id").aggregate(n_gaps=gaps.count(), mean_gap=gaps.gap.mean(), longest=gaps.gap.max())
    crowd = users.aggregate(
        typical_gap_days=users.mean_gap.median(), longest_gap_days=users.longest.quantile(_LONGEST_QUANTILE)
    )
    timed = gaps.join(users, "user_id").cross_join(crowd)
    usual = usual_gap(timed.n_gaps, timed.mean_gap, timed.typical_gap_days)
    rhythm = timed.aggregate(
        median_gap_days=timed.gap.median(), late_ratio=(timed.gap / usual).quantile(_LATE_QUANTILE)
    )
    cut = before(events, as_of)
    rated = cut.filter(has_role(cut, Role.SATISFACTION) & (cut.weight > 0))
    ratings = rated.aggregate(median_rating=rated.value.median())
    return rhythm.cross_join(crowd).cross_join(ratings)


def usual_gap(n_gaps: NumericValue, mean_gap: NumericValue, typical_gap: NumericValue | float) -> NumericValue:
    """A user's own mean gap, drawn towards the crowd's the fewer gaps there are: (n * own + 2 * typical) / (n + 2)."""
    return (n_gaps * mean_gap.fill_null(0.0) + typical_gap * PRIOR_GAPS) / (n_gaps + PRIOR_GAPS)
