"""The measured tasks in Polars, by hand: lazy scans, streaming engine, the same two levels of aggregation."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path

import polars as pl

ACTIVE = ["interest", "intent", "commitment", "satisfaction", "referral"]
U = "user_id"


def features(folder: Path, as_of: datetime) -> pl.DataFrame:
    log = _log(folder, as_of)
    active, age = pl.col("active"), pl.col("age")
    role = {name: (pl.col("role") == name).fill_null(False) for name in ["exposure", "reversal", *ACTIVE]}
    hour, day = pl.col("timestamp").dt.hour(), pl.col("timestamp").dt.weekday()
    angle = hour.cast(pl.Float64) * (math.tau / 24)
    visits = (
        log.group_by(U, "age", "session_id")
        .agg(
            active.sum().cast(pl.Int64).alias("n_events"),
            *[role[r].sum().cast(pl.Int64).alias(f"n_{r}") for r in ["exposure", *ACTIVE]],
            pl.col("value").filter(role["commitment"]).sum().alias("paid"),
            pl.col("value").filter(role["commitment"] | role["reversal"]).sum(),
            pl.col("discount").filter(role["commitment"]).sum(),
            pl.col("duration_seconds").filter(active).sum().alias("dwell"),
            pl.col("timestamp").filter(active).min().alias("first"),
            pl.col("timestamp").filter(active).max().alias("last"),
            pl.col("timestamp").filter(role["commitment"]).max().alias("last_commitment"),
            (active & (day >= 6)).sum().cast(pl.Int64).alias("n_weekend"),
            (active & (hour >= 6) & (hour < 12)).sum().cast(pl.Int64).alias("n_morning"),
            (active & (hour >= 18)).sum().cast(pl.Int64).alias("n_evening"),
            (active & (hour < 6)).sum().cast(pl.Int64).alias("n_night"),
            angle.cos().filter(active).sum().alias("x"),
            angle.sin().filter(active).sum().alias("y"),
        )
        .collect(engine="streaming")
    )

    def total(name: str, days: int | None = None) -> pl.Expr:
        return pl.col(name).sum() if days is None else pl.col(name).filter(age < days).sum()

    totals = visits.group_by(U).agg(
        *[total("n_events", w).alias(f"n_events_{w}") for w in (1, 7, 30, 60, 90, 180, 365)],
        *[total(f"n_{r}", 90).alias(f"n_{r}s_90") for r in ("exposure", "interest", "intent")],
        *[total(f"n_{r}", 365).alias(f"n_{r}s_365") for r in ("satisfaction", "referral")],
        *[total(c) for c in ("n_events", "n_commitment", "paid", "value", "discount", "x", "y")],
        *[total(f"n_{c}") for c in ("weekend", "morning", "evening", "night")],
        *[total("value", w).alias(f"value_{w}") for w in (30, 90)],
        total("dwell", 90).alias("dwell_90"),
        pl.col("first").min(),
        pl.col("last").max(),
        pl.col("last_commitment").max(),
    )
    present = visits.filter(pl.col("n_events") > 0)
    days = present.select(U, "age").unique().sort(U, "age")
    days = days.with_columns(gap=(age.shift(-1) - age).over(U).cast(pl.Float64))
    gap = pl.col("gap")
    rhythm = days.group_by(U).agg(
        pl.len().alias("n_active_days"),
        *[(age < w).sum().alias(f"n_active_days_{w}") for w in (30, 90)],
        gap.median().alias("gap_median_days"),
        gap.quantile(0.9, "linear").alias("gap_p90_days"),
        (gap.std() / gap.mean()).alias("gap_variation"),
    )
    sessions = present.group_by(U, "session_id").agg(
        age.min(),
        age.filter(pl.col("n_commitment") > 0).min().alias("occasion"),
        (pl.col("last").max() - pl.col("first").min()).dt.total_seconds().alias("seconds"),
    )
    occasion = pl.col("occasion")
    sessions = sessions.group_by(U).agg(
        pl.len().alias("n_sessions"),
        (age < 30).sum().alias("n_sessions_30"),
        pl.col("seconds").mean(),
        occasion.count().alias("n_occasions"),
        *[(occasion < w).sum().alias(f"n_occasions_{w}") for w in (30, 90, 180)],
    )
    groups = (
        log.filter(active & pl.col("item_id").is_not_null())
        .group_by(U, "item_id")
        .agg(
            pl.len().alias("n"),
            role["commitment"].sum().alias("c"),
            age.max().alias("first_age"),
            age.min().alias("last_age"),
        )
        .join(_categories(folder), on="item_id", how="left")
        .group_by(U, "category")
        .agg(
            pl.col("n").sum(),
            pl.col("c").sum(),
            pl.len().alias("n_items"),
            (pl.col("last_age") < 90).sum().alias("recent"),
            (pl.col("first_age") < 90).sum().alias("fresh"),
            (pl.col("c") > 0).sum().alias("committed"),
        )
        .collect(engine="streaming")
    )
    named = pl.col("category").is_not_null()
    breadth = groups.group_by(U).agg(
        named.sum().alias("n_categories"),
        (pl.col("n").filter(named).max() / pl.col("n").filter(named).sum()).alias("top_category_share"),
        *[pl.col(c).sum() for c in ("c", "n_items", "recent", "fresh", "committed")],
    )
    table = totals.join(rhythm, on=U, how="left").join(sessions, on=U, how="left").join(breadth, on=U, how="left")
    return _finish(table, as_of)


def _finish(table: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    counts = [name for name, kind in table.schema.items() if name.startswith("n_") and kind.is_integer()]
    table = table.with_columns(pl.col(counts).fill_null(0).cast(pl.Int32))

    def since(name: str) -> pl.Expr:
        return (pl.lit(as_of) - pl.col(name)).dt.total_seconds() / 86_400

    def ratio(part: pl.Expr | str, whole: pl.Expr | str) -> pl.Expr:
        part, whole = (pl.col(e) if isinstance(e, str) else e for e in (part, whole))
        return pl.when(whole > 0).then(part / whole)

    def trend(name: str, w: int) -> pl.Expr:
        both = pl.col(f"{name}_{2 * w}")
        return ratio(2 * pl.col(f"{name}_{w}") - both, both)

    return table.with_columns(
        since("last").alias("recency_days"),
        since("last_commitment").alias("commitment_recency_days"),
        since("first").alias("tenure_days"),
        (since("last") / pl.col("gap_median_days")).alias("overdue_ratio"),
        ratio("paid", "n_occasions").alias("value_per_occasion"),
        ratio(pl.col("discount"), pl.col("paid") + pl.col("discount")).alias("discount_share"),
        ratio(pl.col("paid") - pl.col("value"), "paid").alias("reversal_share"),
        ratio(pl.col("c") - pl.col("committed"), "c").alias("repeat_share"),
        ratio("fresh", "recent").alias("new_item_share_90"),
        ratio("n_events", "n_sessions").alias("events_per_session"),
        (pl.col("seconds") / 60).alias("session_minutes"),
        (pl.col("dwell_90") / 60).alias("dwell_minutes_90"),
        ratio("n_commitment", "n_occasions").alias("commitments_per_occasion"),
        ratio("n_occasions", "n_sessions").alias("occasion_share"),
        *[ratio(f"n_{p}", "n_events").alias(f"{p}_share") for p in ("weekend", "morning", "evening", "night")],
        ratio((pl.col("x") ** 2 + pl.col("y") ** 2).sqrt(), "n_events").alias("hour_concentration"),
        trend("n_events", 30).alias("event_trend_30"),
        trend("n_events", 90).alias("event_trend_90"),
        trend("n_occasions", 90).alias("occasion_trend_90"),
    )


def states(folder: Path, as_of: datetime) -> pl.DataFrame:
    weeks = _weeks(folder, as_of)
    last_begun = _week_number(as_of)
    week, before, after = pl.col("week"), pl.col("before"), pl.col("after")
    kinds = weeks.group_by("week").agg(
        pl.len().alias("n_active"),
        before.is_null().sum().alias("n_new"),
        (before == week - 1).sum().alias("n_returning"),
        (before < week - 1).sum().alias("n_resurrecting"),
    )
    lost = (
        weeks.filter(after.is_null() | (after > week + 1))
        .group_by(week + 1)
        .agg((-pl.len().cast(pl.Int64)).alias("n_dormant"))
    )
    gap = week - before
    state = (
        pl.when(gap.is_null())
        .then(pl.lit("new"))
        .when(gap < 4)
        .then(pl.lit("current"))
        .when(gap < 13)
        .then(pl.lit("reactivated"))
        .otherwise(pl.lit("resurrected"))
    )
    spans = (
        weeks.filter(week < last_begun)
        .group_by(week, state.alias("state"), pl.min_horizontal(after.fill_null(last_begun), last_begun).alias("until"))
        .agg(pl.len().cast(pl.Int64).alias("n"))
    )
    until = pl.col("until")
    limits = [(pl.col("state"), week, week + 1)]
    for name, start, end in (("at_risk_early", 1, 4), ("at_risk_late", 4, 13), ("dormant", 13, 10**6)):
        limits.append((pl.lit(name), week + start, pl.min_horizontal(week + end, until)))
    parts = [spans.select(state=s, start=a, end=b, n="n").filter(pl.col("start") < pl.col("end")) for s, a, b in limits]
    intervals = pl.concat(parts)
    changes = pl.concat(
        [intervals.select("state", week="start", n="n"), intervals.select("state", week="end", n=-pl.col("n"))]
    )
    wide = changes.group_by("state", "week").agg(pl.col("n").sum()).pivot("state", index="week", values="n")
    every = pl.DataFrame({"week": range(weeks["week"].min(), last_begun)}, schema={"week": weeks.schema["week"]})
    names = ["new", "current", "reactivated", "resurrected", "at_risk_early", "at_risk_late", "dormant"]
    names = [name for name in names if name in wide.columns]
    wide = every.join(wide, on="week", how="left").sort("week").with_columns(pl.col(names).fill_null(0).cum_sum())
    return every.join(kinds, on="week", how="left").join(lost, on="week", how="left").join(wide, on="week").fill_null(0)


def cohorts(folder: Path, as_of: datetime) -> pl.DataFrame:
    weeks = _weeks(folder, as_of).with_columns(cohort=pl.col("week").min().over(U))
    return weeks.group_by("cohort", (pl.col("week") - pl.col("cohort")).alias("age")).agg(pl.len().alias("n_retained"))


def _log(folder: Path, as_of: datetime) -> pl.LazyFrame:
    log = pl.scan_parquet(folder / "events.parquet").filter(pl.col("timestamp") < as_of)
    return log.with_columns(
        active=pl.col("role").is_in(ACTIVE) | pl.col("role").is_null(),
        age=((pl.lit(as_of) - pl.col("timestamp")).dt.total_seconds() - 1) // 86_400,
    )


def _categories(folder: Path) -> pl.LazyFrame:
    levels = pl.col("categories")
    name = pl.coalesce(levels.list.get(1, null_on_oob=True), levels.list.get(0, null_on_oob=True))
    return pl.scan_parquet(folder / "items.parquet").select("item_id", category=name)


def _weeks(folder: Path, as_of: datetime) -> pl.DataFrame:
    """One row per user and week with activity, with the weeks before and after."""
    week = ((pl.col("timestamp").dt.epoch("d") + 3) // 7).alias("week")
    weeks = _log(folder, as_of).filter("active").select(U, week).unique().collect(engine="streaming").sort(U, "week")
    return weeks.with_columns(before=pl.col("week").shift(1).over(U), after=pl.col("week").shift(-1).over(U))


def _week_number(time: datetime) -> int:
    """Weeks since Monday, 1969-12-29."""
    return ((time - datetime(1970, 1, 1)).days + 3) // 7
