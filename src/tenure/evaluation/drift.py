"""Is the present still like the past that models learnt from? Inputs, outcomes and forecasts, each with a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.stats import ncx2, norm

from tenure.errors import ConfigError, EvidenceError
from tenure.evaluation.reliability import wilson
from tenure.wording import counted, listed, percent

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

Verdict = Literal["stable", "shifting", "drifted"]

STABILITY = pa.schema(
    [
        pa.field("item", pa.string(), nullable=False),
        pa.field("psi", pa.float64()),  # null where nobody is in one of the two groups
        pa.field("psi_by_chance", pa.float64()),  # what equal populations of these sizes would show on average
        pa.field("missing_then", pa.float64()),
        pa.field("missing_now", pa.float64()),
        pa.field("verdict", pa.string(), nullable=False),
    ]
)
"""One row per feature, and "forecast": the population stability index of now against then."""

OUTCOMES = pa.schema(
    [
        pa.field("as_of", pa.timestamp("us"), nullable=False),
        pa.field("n_users", pa.int64(), nullable=False),
        pa.field("rate", pa.float64(), nullable=False),
        pa.field("low", pa.float64(), nullable=False),
        pa.field("high", pa.float64(), nullable=False),
        pa.field("forecast", pa.float64()),  # mean of what was honestly forecast; null where nothing was
        pa.field("verdict", pa.string(), nullable=False),
    ]
)
"""One row per window: how many did it, the 95 % interval of that rate, and how it compares with windows before."""


@dataclass(frozen=True, kw_only=True)
class DriftConfig:
    """Where a difference becomes a drift."""

    n_bins: int = 10
    """Bins of equal numbers of users at training; missing values have one of their own."""
    shifting: float = 0.10
    """A population stability index below this is small, by the convention of Siddiqi (2006), Credit Risk Scorecards."""
    drifted: float = 0.25
    """Above this the population is another. By the same convention."""
    label_shifting: float = 0.10
    """A rate whose odds moved by less than a tenth is steady."""
    label_drifted: float = 0.25
    """By more than a quarter: forecasts made from the past need a new level."""
    level: float = 0.95
    """Nothing is called a drift that chance would bring about in more than the rest of cases."""


@dataclass(frozen=True, eq=False)
class Drift:
    """How far now is from then, and what to do about it."""

    stability: pa.Table
    """`STABILITY`."""
    outcomes: pa.Table
    """`OUTCOMES`."""
    verdict: Verdict
    summary: str
    """In sentences."""


def stability(names: Sequence[str], then: Matrix, now: Matrix, config: DriftConfig = DriftConfig()) -> pa.Table:
    """Are the users of now spread over each feature like those of then? `STABILITY`, the least stable first.

    PSI = sum over bins of (share now - share then) ln(share now / share then), bins being quantiles of `then` [B, D]
    and one for missing values; half a user is added to every bin, so that an empty one stays finite. Two samples of n
    and m users of one population differ, too: (bins - 1)(1/n + 1/m) on average, as PSI / (1/n + 1/m) then follows
    chi-square of bins - 1 degrees. The verdict is therefore the highest bound that the true PSI exceeds with the
    confidence `config.level`, by the noncentral chi-square. Source: Yurdakul & Naranjo (2020), Statistical properties
    of the population stability index, Journal of Risk Model Validation 14. Rows are taken for independent: give the
    users of few cut-offs, best of one, for one user at many cut-offs is no more users.

    Raises:
        ConfigError: the matrices have not one column per name.
    """
    if then.ndim != 2 or now.ndim != 2 or not then.shape[1] == now.shape[1] == len(names):
        raise ConfigError(f"drift: expected {len(names)} columns then and now, got shapes {then.shape} and {now.shape}")
    rows = [_stability_of(name, then[:, i], now[:, i], config) for i, name in enumerate(names)]
    return pa.Table.from_pylist(sorted(rows, key=_psi, reverse=True), schema=STABILITY)


def outcome_drift(
    as_of: NDArray[np.datetime64],
    outcome: Vector,
    forecast: Vector | None = None,
    config: DriftConfig = DriftConfig(),
) -> pa.Table:
    """Does it happen as often as before, window by window? `OUTCOMES`, oldest first.

    `outcome` [B] is 1 where it happened, `as_of` [B] the cut-off of the window, `forecast` [B] what was honestly
    forecast (NaN where nothing was). Each window is compared with all before it by the change of the log-odds, which
    must exceed a bound by more than chance among users explains.

    Raises:
        EvidenceError: there is no outcome.
        ConfigError: lengths differ, or an outcome is neither 0 nor 1.
    """
    if not len(outcome):
        raise EvidenceError("drift: expected at least one window with outcomes, got none")
    said = np.full(len(outcome), np.nan) if forecast is None else forecast
    if not outcome.shape == as_of.shape == said.shape or not np.isin(outcome, (0.0, 1.0)).all():
        raise ConfigError(
            f"drift: expected outcomes of 0 or 1, as_of and forecast of one length, got {outcome.shape}, "
            f"{as_of.shape} and {said.shape}"
        )
    times, window = np.unique(as_of, return_inverse=True)
    n = np.bincount(window).astype(np.float64)
    n_true = np.bincount(window, weights=outcome).astype(np.float64)
    low, high = wilson(n_true, n, level=config.level)
    mean_said = np.bincount(window, weights=said) / n
    rows = [
        {
            "as_of": time.astype("datetime64[us]").item(),
            "n_users": int(n[i]),
            "rate": float(n_true[i] / n[i]),
            "low": float(low[i]),
            "high": float(high[i]),
            "forecast": None if np.isnan(mean_said[i]) else float(mean_said[i]),
            "verdict": _label_verdict(n_true[i], n[i], n_true[:i].sum(), n[:i].sum(), config),
        }
        for i, time in enumerate(times)
    ]
    return pa.Table.from_pylist(rows, schema=OUTCOMES)


def drift(stability: pa.Table, outcomes: pa.Table, *, what: str = "committed") -> Drift:
    """Taken together: can the model go on as it is, and if not, what is to be done?

    `stability` may hold a row "forecast", `outcomes` may be empty; `what` says what the outcome is.
    """
    by_verdict: dict[str, list[str]] = {"shifting": [], "drifted": []}
    for row in stability.to_pylist():
        by_verdict.get(row["verdict"], []).append(row["item"])
    newest = outcomes.to_pylist()[-1] if outcomes.num_rows else None
    label: Verdict = newest["verdict"] if newest else "stable"
    said = [_of_outcomes(outcomes.to_pylist(), label, what)] if newest else []
    drifted, watched = by_verdict["drifted"], by_verdict["shifting"]
    if drifted or watched:
        which, how = (
            (drifted, "no longer look like those that the model learnt from") if drifted else (watched, "shift")
        )
        named = listed([*which[:3], counted(len(which) - 3, "other")] if len(which) > 4 else which)
        said.append(f"Users {how}, by {named}." if drifted else f"The users {how} a little, by {named}.")
    n_features = stability.num_rows
    verdict: Verdict = "stable"
    if label == "drifted" or "forecast" in drifted or len(drifted) > max(1, n_features // 10):
        verdict = "drifted"
        said.append("Fit the models anew on the newest windows, and look at how that turns out before relying on it.")
    elif label == "shifting" or drifted or watched:
        verdict = "shifting"
        said.append("Go on, and look again when the next window is complete.")
    else:
        said.append("The users are spread as those the model learnt from. Nothing needs doing.")
    return Drift(stability, outcomes, verdict, " ".join(said))


def _of_outcomes(rows: list[dict[str, float]], label: Verdict, what: str) -> str:
    newest, before = rows[-1], rows[:-1]
    if not before:
        return f"{percent(newest['rate'], 1)} {what} in the only window that is known."
    usual = sum(row["rate"] * row["n_users"] for row in before) / sum(row["n_users"] for row in before)
    verb = {"stable": "as before", "shifting": "a little off", "drifted": "clearly off"}[label]
    return f"{percent(newest['rate'], 1)} {what} in the newest window, {verb} the {percent(usual, 1)} of those before."


def _psi(row: Mapping[str, object]) -> float:
    psi = row["psi"]
    return psi if isinstance(psi, float) else 0.0


def _stability_of(name: str, then: Vector, now: Vector, config: DriftConfig) -> dict[str, object]:
    row: dict[str, object] = {"item": name, "psi": None, "psi_by_chance": None, "verdict": "shifting"}
    row |= {
        "missing_then": float(np.isnan(then).mean()) if len(then) else None,
        "missing_now": float(np.isnan(now).mean()) if len(now) else None,
    }
    if not (len(then) and len(now)):
        return row
    edges = _edges(then[~np.isnan(then)], config.n_bins)
    counts_then, counts_now = _counts(then, edges), _counts(now, edges)
    is_used = (counts_then + counts_now) > 0
    share_then, share_now = (
        (counts[is_used] + 0.5) / (counts[is_used] + 0.5).sum() for counts in (counts_then, counts_now)
    )
    n_bins = int(is_used.sum())
    psi = float(((share_now - share_then) * np.log(share_now / share_then)).sum())
    unit = 1 / len(then) + 1 / len(now)
    return row | {"psi": psi, "psi_by_chance": (n_bins - 1) * unit, "verdict": _verdict(psi, n_bins, unit, config)}


def _edges(values: Vector, n_bins: int) -> Vector:
    """Cuts between bins of equal numbers; a value that many users share gets a bin of its own."""
    if not len(values):
        return np.empty(0)
    edges, counts = np.unique(
        np.quantile(values, np.linspace(0, 1, n_bins + 1)[1:-1], method="inverted_cdf"), return_counts=True
    )
    shared = edges[counts > 1]  # more than a bin's worth of users has this very value
    return np.union1d(edges, np.nextafter(shared, np.inf))


def _counts(values: Vector, edges: Vector) -> Vector:
    """Users per bin, the last one being that of missing values."""
    place = np.searchsorted(edges, values, side="right")
    place[np.isnan(values)] = len(edges) + 1
    return np.bincount(place, minlength=len(edges) + 2).astype(np.float64)


def _verdict(psi: float, n_bins: int, unit: float, config: DriftConfig) -> Verdict:
    def exceeds(bound: float) -> bool:
        """Would a true PSI of this bound rarely show as much as was seen?"""
        return n_bins > 1 and psi > bound and float(ncx2.sf(psi / unit, n_bins - 1, bound / unit)) < 1 - config.level

    return "drifted" if exceeds(config.drifted) else "shifting" if exceeds(config.shifting) else "stable"


def _label_verdict(n_true: float, n: float, before_true: float, before: float, config: DriftConfig) -> Verdict:
    if not before:
        return "stable"
    (change, variance), (change_before, variance_before) = (
        _log_odds(n_true, n),
        _log_odds(before_true, before),
    )
    moved = abs(change - change_before)
    sure = norm.ppf(config.level) * np.sqrt(variance + variance_before)
    if moved - sure > np.log1p(config.label_drifted):
        return "drifted"
    return "shifting" if moved - sure > np.log1p(config.label_shifting) else "stable"


def _log_odds(n_true: float, n: float) -> tuple[float, float]:
    """Log-odds with half a user added to both sides, and its variance."""
    yes, no = n_true + 0.5, n - n_true + 0.5
    return float(np.log(yes / no)), float(1 / yes + 1 / no)
