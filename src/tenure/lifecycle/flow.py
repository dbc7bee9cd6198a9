"""How users move between stages: history at regular cut-offs, transitions, flows."""

from __future__ import annotations

from datetime import datetime, timedelta

import ibis
from ibis.expr.types import Table

from tenure.errors import ConfigError
from tenure.lifecycle.activity import total
from tenure.lifecycle.periods import single

UNSEEN = "unseen"
"""Where users come from who were first seen between two cut-offs."""


def history_cutoffs(first: datetime, as_of: datetime, step_days: int, limit: int = 12) -> list[datetime]:
    """At which moments is the history told? Every `step_days` back from `as_of`, itself included.

    At most `limit` cut-offs, all later than the first event, in increasing order.

    Raises:
        ConfigError: the step or the limit is below 1.

    >>> [day.isoformat()[:10] for day in history_cutoffs(datetime(2017, 1, 1, 8), datetime(2017, 3, 2), 30)]
    ['2017-01-31', '2017-03-02']
    """
    if step_days < 1 or limit < 1:
        raise ConfigError(f"history: expected a step and a limit of at least 1, got {step_days} days and {limit}")
    last = single(as_of)
    back = (last - timedelta(days=step_days * k) for k in range(limit))
    return sorted(cut_off for cut_off in back if cut_off > single(first))


def stage_history(placed: Table) -> Table:
    """In which stage was each user, cut-off by cut-off? `user_id, as_of, stage`, from `stages` at many cut-offs."""
    return placed.select("user_id", "as_of", "stage").order_by("user_id", "as_of")


def flows(history: Table) -> Table:
    """How many users went from which stage to which, between each two neighbouring cut-offs?

    Returns `from_as_of, to_as_of, from_stage, to_stage, n_users`. Users first seen in between come from "unseen", so
    that all who arrive at a cut-off add up to all who are in the history there.
    """
    ordered = ibis.window(group_by="user_id", order_by="as_of")
    moves = history.select(
        "user_id",
        from_stage=history.stage.lag().over(ordered).fill_null(UNSEEN),
        to_stage=history.stage,
        to_as_of=history.as_of,
    )
    counts = moves.group_by("to_as_of", "from_stage", "to_stage").aggregate(n_users=moves.count())
    times = history.select("as_of").distinct()
    times = times.select(to_as_of=times.as_of, from_as_of=times.as_of.lag().over(ibis.window(order_by=times.as_of)))
    steps = times.filter(times.from_as_of.notnull())
    table = counts.join(steps, "to_as_of")
    return table.select("from_as_of", "to_as_of", "from_stage", "to_stage", "n_users").order_by(
        "to_as_of", "from_stage", "to_stage"
    )


def transitions(moves: Table) -> Table:
    """From one cut-off to the next, with which probability does a user go from one stage to another?

    `moves` is the result of `flows`; all steps are pooled, newcomers left out. Returns `from_stage, to_stage, n_users,
    p`; p sums to 1 over `to_stage`.
    """
    known = moves.filter(moves.from_stage != UNSEEN)
    pairs = known.group_by("from_stage", "to_stage").aggregate(n_users=total(known.n_users))
    n_from = total(pairs.n_users, over=ibis.window(group_by="from_stage"))
    return pairs.mutate(p=pairs.n_users / n_from).order_by("from_stage", "to_stage")
