"""A made-up run: every result table with plausible numbers, and hostile names among the ids and titles."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from report import made_up_forecasts, made_up_heart, made_up_offers, made_up_returns, made_up_value
from report.made_up_words import AS_OF, HOSTILE, STAGES

SEGMENTS = ("Frequent big baskets", "Steady weekly shoppers", "Bargain hunters", "Lapsed light buyers", "Newcomers")
STRATEGIES = ("explore", "familiar", "win_back", "grow_value", "ask_to_refer", "leave_alone")


def _month_starts(n: int, end_year: int = 2017, end_month: int = 11) -> list[datetime]:
    last = end_year * 12 + end_month - 1
    return [datetime.fromisoformat(f"{m // 12}-{m % 12 + 1:02d}-01") for m in range(last - n + 1, last + 1)]


def tables(n_users: int = 600, seed: int = 7) -> dict[str, pa.Table]:
    """Result tables of docs/results.md for this many users."""
    rng = np.random.default_rng(seed)
    users = [str(1000 + i) for i in range(n_users)]
    if n_users:
        users[0] = HOSTILE
    stage = rng.choice(STAGES, n_users, p=[0.06, 0.08, 0.36, 0.12, 0.03, 0.18, 0.07, 0.05, 0.05])
    p_churn = np.clip(rng.beta(1.2, 5, n_users) + 0.4 * np.isin(stage, ["at_risk", "dormant", "churned"]), 0, 1)
    value = rng.lognormal(4.2, 0.8, n_users)
    as_of = pa.array([AS_OF] * n_users, pa.timestamp("us"))
    segment = rng.integers(0, len(SEGMENTS), n_users)
    months = _month_starts(14)
    out: dict[str, pa.Table] = {
        "stages": pa.table(
            {
                "user_id": users,
                "as_of": as_of,
                "stage": stage,
                "reason": [f"silent for {d} days, usually comes every 6" for d in rng.integers(1, 60, n_users)],
                "silence_days": rng.gamma(1, 12, n_users),
                "overdue_ratio": rng.gamma(1.5, 1, n_users),
                "n_occasions": rng.integers(1, 90, n_users),
            }
        ),
        "predictions": pa.table(
            {
                "user_id": users,
                "as_of": as_of,
                "p_commit": 1 - p_churn,
                "p_commit_low": np.maximum(1 - p_churn - 0.05, 0),
                "p_commit_high": np.minimum(1 - p_churn + 0.05, 1),
                "p_churn": p_churn,
                "expected_value": value,
                "value_low": np.zeros(n_users),
                "value_high": 3 * value,
            }
        ),
    }
    out["stage_history"] = pa.concat_tables(
        [
            pa.table(
                {
                    "user_id": users,
                    "as_of": pa.array([m] * n_users, pa.timestamp("us")),
                    "stage": np.where(rng.random(n_users) < 0.7, stage, rng.choice(STAGES, n_users)),
                }
            )
            for m in [*months[-8:], AS_OF]
        ]
    )
    pairs = [(a, b) for a in STAGES for b in STAGES if b != "acquired" or a == "acquired"]
    n_pairs = np.array([rng.integers(40, 300) if a == b else rng.integers(0, 45) for a, b in pairs])
    totals = {a: sum(int(n) for (c, _), n in zip(pairs, n_pairs, strict=True) if c == a) for a in STAGES}
    out["transitions"] = pa.table(
        {
            "from_stage": [a for a, _ in pairs],
            "to_stage": [b for _, b in pairs],
            "n_users": n_pairs,
            "p": [n / totals[a] for (a, _), n in zip(pairs, n_pairs, strict=True)],
        }
    )
    out |= _lifecycle(rng, months)
    out |= _segments(rng, users, segment)
    out |= made_up_forecasts.tables(rng, users)
    out |= made_up_offers.tables(rng, users, as_of)
    items = out["items"]["item_id"].to_pylist() + [f"item {i}" for i in range(5, 40)]
    out |= made_up_heart.tables(items, [HOSTILE, "BREAD", "MILK", "CHEESE"] * 10, n_users)
    named = [SEGMENTS[k] for k in segment]
    out |= made_up_returns.tables(users, AS_OF)
    out |= made_up_value.tables(users, {"stage": stage, "segment": named}, AS_OF, months)
    strategy = np.select(
        [
            np.isin(stage, ["at_risk", "dormant", "churned"]),
            stage == "growing",
            stage == "advocate",
            stage == "acquired",
        ],
        ["win_back", "grow_value", "ask_to_refer", "explore"],
        "leave_alone",
    )
    control = rng.random(n_users) < 0.1
    out["plan"] = pa.table(
        {
            "user_id": users,
            "as_of": as_of,
            "strategy": strategy,
            "stage": stage,
            "p_churn": p_churn,
            "value_at_risk": value,
            "stake": p_churn * value,
            "cost": np.where(strategy == "leave_alone", 0.0, 1.5),
            "propensity": np.where(control, 0.1, 0.9),
            "is_control": control,
            "is_selected": ~control & (strategy != "leave_alone"),
            "reason": [f"{s}: usually worth more than a contact costs" for s in strategy],
        }
    )
    present = [s for s in STRATEGIES if (strategy == s).any()]
    out["strategies"] = pa.table(
        {
            "strategy": present,
            "title": [s.replace("_", " ").capitalize() for s in present],
            "aim": [f"What the strategy {s} wants to reach, in one short sentence" for s in present],
            "n_users": [int((strategy == s).sum()) for s in present],
            "n_selected": [int(((strategy == s) & ~control & (s != "leave_alone")).sum()) for s in present],
            "stake": [float((p_churn * value)[strategy == s].sum()) for s in present],
            "cost": [0.0 if s == "leave_alone" else 1.5 * float((strategy == s).sum()) for s in present],
        }
    )
    return out


def _lifecycle(rng: np.random.Generator, months: list[datetime]) -> dict[str, pa.Table]:
    n = len(months)
    n_new = np.maximum((400 * np.exp(-np.arange(n) / 4)).astype(int), 20)
    n_active = np.cumsum(n_new) // 2 + 120 + rng.integers(-20, 20, n)
    n_resurrecting = rng.integers(15, 60, n)
    n_resurrecting[0] = 0
    n_active = np.maximum(n_active, n_new + n_resurrecting)
    n_returning = np.maximum(n_active - n_new - n_resurrecting, 0)
    n_dormant = -np.r_[0, np.maximum(n_active[:-1] - n_returning[1:], 0)]
    names = ("new", "current", "reactivated", "resurrected", "at_risk_early", "at_risk_late", "dormant")
    sizes = {
        name: np.maximum(rng.normal(base, base / 8, n) + slope * np.arange(n), 0).astype(int)
        for name, base, slope in zip(
            names, (90, 300, 60, 30, 100, 40, 60), (-5.0, 12.0, 1.0, 1.0, 3.0, 2.0, 14.0), strict=True
        )
    }
    with np.errstate(divide="ignore", invalid="ignore"):
        quick = np.where(n_dormant < 0, (n_new + n_resurrecting) / -n_dormant, np.nan)
    cohorts = [
        (start, age, int(n_new[c]), complete, rate)
        for c, start in enumerate(months)
        for age in range(n - c)
        for complete in [age < n - c - 1]
        for rate in [1.0 if age == 0 else 0.55 * age**-0.35 + rng.normal(0, 0.02)]
    ]
    return {
        "growth": pa.table(
            {
                "period_start": pa.array(months, pa.timestamp("us")),
                "n_active": n_active,
                "n_new": n_new,
                "n_returning": n_returning,
                "n_resurrecting": n_resurrecting,
                "n_dormant": n_dormant,
                "quick_ratio": pa.array([None if np.isnan(q) else float(q) for q in quick], pa.float64()),
                "is_complete": [True] * (n - 1) + [False],
            }
        ),
        "states": pa.table(
            {
                "period_start": pa.array([m for m in months for _ in names], pa.timestamp("us")),
                "state": list(names) * n,
                "n_users": [int(sizes[name][i]) for i in range(n) for name in names],
            }
        ),
        "cohorts": pa.table(
            {
                "cohort_start": pa.array([c[0] for c in cohorts], pa.timestamp("us")),
                "age": [c[1] for c in cohorts],
                "n_users": [c[2] for c in cohorts],
                "n_retained": pa.array([int(c[2] * c[4]) if c[3] else None for c in cohorts], pa.int64()),
                "rate": pa.array([float(c[4]) if c[3] else None for c in cohorts], pa.float64()),
                "is_complete": [c[3] for c in cohorts],
            }
        ),
        "stickiness": pa.table(
            {
                "n_active_periods": list(range(1, 13)),
                "n_users": [int(200 / k) for k in range(1, 13)],
                "share": [200 / k / 620 for k in range(1, 13)],
            }
        ),
    }


def _segments(rng: np.random.Generator, users: list[str], segment: np.ndarray) -> dict[str, pa.Table]:
    features = {
        "recency_days": ("rhythm", "days since the last visit"),
        "active_days_90d": ("rhythm", "days with a visit in the last 90 days"),
        "value_90d": ("money", "spend in the last 90 days"),
        "basket_value": ("money", "average spend per basket"),
        "discount_share": ("money", "share of spend saved by discounts"),
        "n_categories_90d": ("breadth", "different categories in the last 90 days"),
        "repeat_share": ("breadth", "share of purchases of an item bought before"),
        "weekend_share": ("habits", "share of visits at the weekend"),
        "trend_30d": ("trend", "visits in the last 30 days against the 30 before"),
        "tenure_days": ("rhythm", "days since the first visit"),
    }
    counts = np.bincount(segment, minlength=len(SEGMENTS))
    angle = 2 * np.pi * segment / len(SEGMENTS)
    return {
        "features": pa.table(
            {
                "feature": list(features),
                "theme": [theme for theme, _ in features.values()],
                "description": [text for _, text in features.values()],
                "scaling": ["log"] * len(features),
                "mean": [1.0] * len(features),
                "sd": [1.0] * len(features),
                "coverage": rng.uniform(0.8, 1, len(features)),
            }
        ),
        "user_segments": pa.table(
            {
                "user_id": users,
                "segment": segment,
                "distance": rng.gamma(2, 1, len(users)),
                "x": 3 * np.cos(angle) + rng.normal(0, 1.2, len(users)),
                "y": 2 * np.sin(angle) + rng.normal(0, 0.9, len(users)),
            }
        ),
        "segments": pa.table(
            {
                "segment": list(range(len(SEGMENTS))),
                "name": list(SEGMENTS),
                "description": [
                    f"{name}: visits {f:.1f}x as often as the average (12.4 active days in 90) and spends $310 a month."
                    for name, f in zip(SEGMENTS, (3.1, 1.2, 0.9, 0.2, 0.5), strict=True)
                ],
                "n_users": counts,
                "share": counts / max(len(users), 1),
                "stability": rng.uniform(0.7, 0.97, len(SEGMENTS)),
            }
        ),
        "segment_traits": pa.table(
            {
                "segment": np.repeat(np.arange(len(SEGMENTS)), len(features)),
                "feature": list(features) * len(SEGMENTS),
                "z": rng.normal(0, 1, len(features) * len(SEGMENTS)),
                "mean": rng.gamma(2, 4, len(features) * len(SEGMENTS)),
                "mean_all": rng.gamma(2, 4, len(features) * len(SEGMENTS)),
            }
        ),
        "segment_choice": pa.table(
            {
                "n_segments": [3, 4, 5, 6, 7],
                "silhouette": [0.21, 0.22, 0.24, 0.2, 0.19],
                "calinski_harabasz": [300.0, 310.0, 330.0, 280.0, 260.0],
                "stability": [0.9, 0.85, 0.93, 0.7, 0.66],
                "smallest_share": [0.2, 0.12, 0.1, 0.04, 0.02],
                "is_chosen": [False, False, True, False, False],
            }
        ),
        "rules": pa.table(
            {
                "level": ["category"] * 40 + ["item"] * 20,
                "antecedent": [f"BAKERY {i}" for i in range(40)] + ["item 0"] * 10 + ["item 1 + item 2"] * 10,
                "consequent": [f"FLUID MILK PRODUCTS {i}" for i in range(60)],
                "support": rng.uniform(0.01, 0.12, 60),
                "confidence": rng.uniform(0.1, 0.8, 60),
                "lift": 1 + rng.gamma(2, 0.8, 60),
                "leverage": rng.uniform(0, 0.02, 60),
                "n_baskets": rng.integers(100, 9000, 60),
            }
        ),
        "profile_quality": pa.table(
            {
                "aspect": ["accuracy", "accuracy", "coverage", "coverage", "diversity"],
                "measure": ["next categories", "next spend", "users", "features", "segments"],
                "value": [0.52, 0.61, 1.0, 0.94, 0.9],
                "low": pa.array([0.5, 0.58, None, None, None], pa.float64()),
                "high": pa.array([0.54, 0.64, None, None, None], pa.float64()),
                "baseline": pa.array([0.41, 0.44, None, None, None], pa.float64()),
                "meaning": ["share of the next month's categories among the ten liked most"] * 5,
            }
        ),
    }


def user_events(user_id: str, n: int = 60, seed: int = 3) -> pa.Table:
    """Events of one user before the cut-off, of several roles."""
    rng = np.random.default_rng(seed)
    days = np.sort(rng.uniform(5, 320, n))
    role = rng.choice(["commitment", "interest", "intent"], n, p=[0.6, 0.3, 0.1])
    return pa.table(
        {
            "user_id": [user_id] * n,
            "timestamp": pa.array([AS_OF - timedelta(days=float(d)) for d in days[::-1]], pa.timestamp("us")),
            "event_type": role,
            "role": role,
            "value": pa.array([float(rng.gamma(2, 15)) if r == "commitment" else None for r in role], pa.float64()),
        }
    )


def quality(n_days: int = 334, seed: int = 5) -> dict[str, Any]:
    """What `events.quality` says about the made-up log."""
    rng = np.random.default_rng(seed)
    n = rng.poisson(4000, n_days) * (1 + 0.15 * np.sin(np.arange(n_days) * 2 * np.pi / 7))
    if n_days > 210:
        n[203:206] *= 0.05
    return {
        "n_in": 1_469_307,
        "n_kept": 1_467_850,
        "n_quarantined": 1_457,
        "reasons": [
            {"reason": "duplicate", "n": 1_200, "share": 0.00082, "meaning": "The same event was sent twice."},
            {"reason": "future_time", "n": 257, "share": 0.00017, "meaning": f"After the moment of reading {HOSTILE}."},
        ],
        "checks": [
            {
                "check": "daily_volume",
                "status": "warn",
                "measured": "3 days below half the usual volume",
                "expected": "none",
                "meaning": "Users may look silent who were only not recorded.",
                "stages": ["lifecycle", "prediction"],
            },
            {
                "check": "orphan_items",
                "status": "pass",
                "measured": "0.2% of events",
                "expected": "below 5%",
                "meaning": "Nearly every event names an item of the catalogue.",
                "stages": ["recommendation"],
            },
        ],
        "daily": [
            {"day": str((AS_OF - timedelta(days=n_days - i)).date()), "n_events": int(n[i])} for i in range(n_days)
        ],
        "fields": [{"field": "value", "coverage": 1.0}, {"field": "duration_seconds", "coverage": 0.0}],
        "is_fit": True,
        "verdict": "The log is fit for use; three days in July look incomplete.",
    }


def manifest() -> dict[str, Any]:
    """The run's manifest."""
    return {
        "as_of": "2017-12-01T00:00:00",
        "version": "0.1.0",
        "fingerprint": "9f2c1e7ab04d5566",
        "timings": {"profile": 6.2, "place": 3.4, "predict": 9.8, "recommend": 31.0, "retain": 0.6},
        "settings": {"domain": "ecommerce", "horizon_days": 30},
    }
