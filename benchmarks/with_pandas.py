"""The measured tasks in pandas, by hand: only the needed columns, ids as integers, two levels of aggregation."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

ACTIVE = ["interest", "intent", "commitment", "satisfaction", "referral"]
U = "user_id"


def features(folder: Path, as_of: datetime) -> pd.DataFrame:
    columns = [U, "item_id", "timestamp", "value", "discount", "duration_seconds", "session_id", "role"]
    log, users = _log(folder, as_of, columns)
    log["session_id"] = pd.factorize(log["session_id"])[0]
    log["age"] = _ages(log["timestamp"], as_of)
    active, role, time = log["active"], log["role"], log["timestamp"]
    hour, day = time.dt.hour, time.dt.day_of_week
    committed = role == "commitment"
    angle = hour * (math.tau / 24)
    wide = pd.DataFrame(
        {
            "n_events": active,
            **{f"n_{r}": role == r for r in ["exposure", *ACTIVE]},
            "paid": log["value"].where(committed),
            "value": log["value"].where(committed | (role == "reversal")),
            "discount": log["discount"].where(committed),
            "dwell": log["duration_seconds"].where(active),
            "n_weekend": active & (day >= 5),
            "n_morning": active & (hour >= 6) & (hour < 12),
            "n_evening": active & (hour >= 18),
            "n_night": active & (hour < 6),
            "x": np.cos(angle).where(active),
            "y": np.sin(angle).where(active),
        }
    )
    keys = [log[U], log["age"], log["session_id"]]
    visits = wide.groupby(keys).sum()
    times = pd.DataFrame(
        {"first": time.where(active), "last": time.where(active), "last_commitment": time.where(committed)}
    )
    visits = visits.join(
        times.groupby(keys).agg({"first": "min", "last": "max", "last_commitment": "max"})
    ).reset_index()
    del wide, times, keys

    age = visits["age"]
    sums = {f"n_events_{w}": visits["n_events"].where(age < w, 0) for w in (1, 7, 30, 60, 90, 180, 365)}
    sums |= {f"n_{r}s_90": visits[f"n_{r}"].where(age < 90, 0) for r in ("exposure", "interest", "intent")}
    sums |= {f"n_{r}s_365": visits[f"n_{r}"].where(age < 365, 0) for r in ("satisfaction", "referral")}
    sums |= {c: visits[c] for c in ("n_events", "n_commitment", "paid", "value", "discount", "x", "y")}
    sums |= {f"n_{c}": visits[f"n_{c}"] for c in ("weekend", "morning", "evening", "night")}
    sums |= {f"value_{w}": visits["value"].where(age < w, 0.0) for w in (30, 90)}
    sums["dwell_90"] = visits["dwell"].where(age < 90, 0.0)
    table = pd.DataFrame(sums).groupby(visits[U]).sum()
    limits = {"first": "min", "last": "max", "last_commitment": "max"}
    table = table.join(visits.groupby(U).agg(limits))

    present = visits[visits["n_events"] > 0]
    table = table.join(_rhythm(present)).join(_sessions(present)).join(_breadth(log, folder))
    table = _finish(table, as_of)
    table.insert(0, U, users[table.index])
    return table


def _rhythm(present: pd.DataFrame) -> pd.DataFrame:
    days = present[[U, "age"]].drop_duplicates().sort_values([U, "age"], ignore_index=True)
    gap = (days["age"].shift(-1) - days["age"]).where(days[U].shift(-1) == days[U])
    gaps = gap.groupby(days[U])
    counted = days["age"].groupby(days[U])
    return pd.DataFrame(
        {
            "n_active_days": counted.size(),
            "n_active_days_30": (days["age"] < 30).groupby(days[U]).sum(),
            "n_active_days_90": (days["age"] < 90).groupby(days[U]).sum(),
            "gap_median_days": gaps.median(),
            "gap_p90_days": gaps.quantile(0.9),
            "gap_variation": gaps.std() / gaps.mean(),
        }
    )


def _sessions(present: pd.DataFrame) -> pd.DataFrame:
    occasion = present["age"].where(present["n_commitment"] > 0)
    sessions = present.assign(occasion=occasion).groupby([U, "session_id"])
    sessions = sessions.agg({"age": "min", "occasion": "min", "first": "min", "last": "max"}).reset_index()
    counts = {
        "n_sessions": pd.Series(1, sessions.index),
        "n_sessions_30": sessions["age"] < 30,
        "n_occasions": sessions["occasion"].notna(),
        **{f"n_occasions_{w}": sessions["occasion"] < w for w in (30, 90, 180)},
    }
    seconds = (sessions["last"] - sessions["first"]).dt.total_seconds()
    return pd.DataFrame(counts).groupby(sessions[U]).sum().join(seconds.groupby(sessions[U]).mean().rename("seconds"))


def _breadth(log: pd.DataFrame, folder: Path) -> pd.DataFrame:
    touched = log.loc[log["active"] & log["item_id"].notna(), [U, "item_id", "role", "age"]]
    items = pd.read_parquet(folder / "items.parquet", columns=["item_id", "categories"])
    names = items["categories"].map(lambda levels: None if len(levels) == 0 else levels[min(1, len(levels) - 1)])
    code, item_ids = pd.factorize(touched["item_id"])
    kind = pd.factorize(pd.Series(item_ids).map(dict(zip(items["item_id"], names, strict=True))))[0]
    ages, committed = touched["age"].to_numpy(), (touched["role"] == "commitment").to_numpy()
    touched = pd.DataFrame({U: touched[U].to_numpy(), "item": code, "c": committed, "last": ages, "first": ages})
    pairs = touched.groupby([U, "item"])
    pairs = pairs.agg({"c": "sum", "last": "min", "first": "max"}).join(pairs.size().rename("n")).reset_index()
    pairs["category"] = kind[pairs["item"]]
    measures = {
        "n": pairs["n"],
        "c": pairs["c"],
        "n_items": pd.Series(1, pairs.index),
        "recent": pairs["last"] < 90,
        "fresh": pairs["first"] < 90,
        "committed": pairs["c"] > 0,
    }
    groups = pd.DataFrame(measures).groupby([pairs[U], pairs["category"]]).sum().reset_index()
    table = groups.groupby(U)[["c", "n_items", "recent", "fresh", "committed"]].sum()
    named = groups[groups["category"] >= 0].groupby(U)["n"]
    return table.assign(n_categories=named.size(), top_category_share=named.max() / named.sum())


def _finish(t: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    counts = [name for name in t.columns if name.startswith("n_")]
    t[counts] = t[counts].fillna(0).astype(np.int32)

    def ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
        return part / whole.where(whole > 0)

    def trend(name: str, w: int) -> pd.Series:
        both = t[f"{name}_{2 * w}"]
        return ratio(2 * t[f"{name}_{w}"] - both, both)

    days = {name: (as_of - t[name]).dt.total_seconds() / 86_400 for name in ("first", "last", "last_commitment")}
    return t.assign(
        recency_days=days["last"],
        commitment_recency_days=days["last_commitment"],
        tenure_days=days["first"],
        overdue_ratio=days["last"] / t["gap_median_days"],
        value_per_occasion=ratio(t["paid"], t["n_occasions"]),
        discount_share=ratio(t["discount"], t["paid"] + t["discount"]),
        reversal_share=ratio(t["paid"] - t["value"], t["paid"]),
        repeat_share=ratio(t["c"] - t["committed"], t["c"]),
        new_item_share_90=ratio(t["fresh"], t["recent"]),
        events_per_session=ratio(t["n_events"], t["n_sessions"]),
        session_minutes=t["seconds"] / 60,
        dwell_minutes_90=t["dwell_90"] / 60,
        commitments_per_occasion=ratio(t["n_commitment"], t["n_occasions"]),
        occasion_share=ratio(t["n_occasions"], t["n_sessions"]),
        **{f"{p}_share": ratio(t[f"n_{p}"], t["n_events"]) for p in ("weekend", "morning", "evening", "night")},
        hour_concentration=ratio(np.hypot(t["x"], t["y"]), t["n_events"]),
        event_trend_30=trend("n_events", 30),
        event_trend_90=trend("n_events", 90),
        occasion_trend_90=trend("n_occasions", 90),
    )


def states(folder: Path, as_of: datetime) -> pd.DataFrame:
    weeks = _weeks(folder, as_of)
    last_begun = _week_number(as_of)
    week, before, after = weeks["week"], weeks["before"], weeks["after"]
    gap = week - before
    kinds = {"n_active": gap > -1, "n_new": gap.isna(), "n_returning": gap == 1, "n_resurrecting": gap > 1}
    kinds["n_active"] = pd.Series(True, weeks.index)
    table = pd.DataFrame(kinds).groupby(week).sum()
    lost = week[after.isna() | (after > week + 1)] + 1
    table["n_dormant"] = -lost.value_counts()
    state = np.select([gap.isna(), gap < 4, gap < 13], ["new", "current", "reactivated"], "resurrected")
    until = after.fillna(last_begun).clip(upper=last_begun).astype(int)
    spans = pd.DataFrame({"week": week, "state": state, "until": until})[week < last_begun].value_counts().reset_index()
    parts = [(spans["state"], spans["week"], spans["week"] + 1)]
    for name, start, end in (("at_risk_early", 1, 4), ("at_risk_late", 4, 13), ("dormant", 13, 10**6)):
        parts.append((name, spans["week"] + start, np.minimum(spans["week"] + end, spans["until"])))
    intervals = pd.concat(
        [pd.DataFrame({"state": s, "start": a, "end": b, "n": spans["count"]})[a < b] for s, a, b in parts]
    )
    enter = intervals.rename(columns={"start": "week"})[["state", "week", "n"]]
    leave = intervals.rename(columns={"end": "week"})[["state", "week", "n"]].assign(n=-intervals["n"])
    changes = pd.concat([enter, leave]).pivot_table(index="week", columns="state", values="n", aggfunc="sum")
    every = range(week.min(), last_begun)
    return (
        table.reindex(every)
        .fillna(0)
        .astype(int)
        .join(changes.reindex(every).fillna(0).cumsum().astype(int))
        .reset_index()
    )


def cohorts(folder: Path, as_of: datetime) -> pd.DataFrame:
    weeks = _weeks(folder, as_of)
    cohort = weeks.groupby(U)["week"].transform("min")
    ages = pd.DataFrame({"cohort": cohort, "age": weeks["week"] - cohort})
    return ages.value_counts().rename("n_retained").reset_index()


def _log(folder: Path, as_of: datetime, columns: list[str]) -> tuple[pd.DataFrame, np.ndarray]:
    log = pd.read_parquet(folder / "events.parquet", columns=columns, filters=[("timestamp", "<", as_of)])
    log[U], users = pd.factorize(log[U])
    log["role"] = log["role"].astype("category")
    log["active"] = log["role"].isin(ACTIVE) | log["role"].isna()
    return log, np.asarray(users)


def _ages(time: pd.Series, as_of: datetime) -> pd.Series:
    seconds = (np.datetime64(as_of, "us") - time.to_numpy()) // np.timedelta64(1, "s")
    return pd.Series(((seconds - 1) // 86_400).astype(np.int32), time.index)


def _weeks(folder: Path, as_of: datetime) -> pd.DataFrame:
    log, _ = _log(folder, as_of, [U, "timestamp", "role"])
    log = log[log["active"]]
    days = log["timestamp"].to_numpy().astype("datetime64[D]").astype(np.int64)
    weeks = pd.DataFrame({U: log[U].to_numpy(), "week": (days + 3) // 7}).drop_duplicates()
    weeks = weeks.sort_values([U, "week"], ignore_index=True)
    same = weeks[U].shift(1) == weeks[U]
    weeks["before"] = weeks["week"].shift(1).where(same)
    weeks["after"] = weeks["week"].shift(-1).where(same.shift(-1, fill_value=False))
    return weeks


def _week_number(time: datetime) -> int:
    return ((time - datetime(1970, 1, 1)).days + 3) // 7
