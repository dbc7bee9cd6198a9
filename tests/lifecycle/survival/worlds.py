"""Users whose hazard of return is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tenure.lifecycle.survival.rhythm import Rhythm


@dataclass(frozen=True)
class World:
    X: np.ndarray
    days: np.ndarray
    returned: np.ndarray
    waits: np.ndarray
    """When they do return, whether or not that is watched."""
    rate: np.ndarray
    """Per day, where the hazard is constant."""
    rhythm: Rhythm | None = None


WEIGHTS = np.array([0.8, -0.5, 0.0])


def constant_hazards(n: int, seed: int, *, base: float = 0.06, watched_days: float = 60.0, weights=WEIGHTS) -> World:
    """Exponential waits with rate base * exp(x . b), watched for a time of chance."""
    draw = np.random.default_rng(seed)
    X = draw.standard_normal((n, len(weights)))
    rate = base * np.exp(X @ weights)
    waits = draw.exponential(1 / rate)
    watched = draw.uniform(0.5, 1, n) * watched_days
    return World(X, np.minimum(waits, watched), waits <= watched, waits, rate)


def fading_hazards(n: int, seed: int, *, shape: float = 0.7, frailty: float = 0.3, watched_days: float = 90.0) -> World:
    """Weibull waits whose scale also hides something that no input tells: not what the model assumes."""
    draw = np.random.default_rng(seed)
    X = draw.standard_normal((n, 3))
    scale = 20 * np.exp(-(X @ WEIGHTS) - frailty * draw.standard_normal(n))
    waits = scale * draw.weibull(shape, n)
    watched = np.full(n, watched_days)
    return World(X, np.minimum(waits, watched), waits <= watched, waits, 1 / scale)


def late_hazards(n: int, seed: int, *, effect: float = -0.6, watched_days: float = 60.0) -> World:
    """The hazard is 0.1 * (lateness) ** effect, lateness = (recency + t) / gap growing while the user stays away.

    Its integral is H(t) = 0.1 gap / p ((r + t)^p - r^p) / gap^p with p = effect / log(2) ... + 1 for powers of 2.
    """
    draw = np.random.default_rng(seed)
    gap, recency = np.exp(draw.normal(1.5, 0.7, n)), draw.exponential(10, n) + 0.1
    power = 1 + effect / np.log(2)  # exp(effect * log2 u) = u ** (effect / log 2)
    wanted = draw.exponential(1, n)
    # 0.1 * gap * (v^power - u^power) / power = wanted, with u, v the lateness at the cut-off and at the return
    u = recency / gap
    inside = u**power + wanted * power / (0.1 * gap)
    waits = np.where(inside > 0, np.maximum(inside, 0) ** (1 / power) * gap - recency, np.inf)
    days = np.minimum(waits, watched_days)
    return World(np.zeros((n, 0)), days, waits <= watched_days, waits, np.zeros(n), Rhythm(recency, gap))


def late_truth(rhythm: Rhythm, t: float, *, effect: float = -0.6) -> np.ndarray:
    """P(return by t) in `late_hazards`."""
    power = 1 + effect / np.log(2)
    u, v = rhythm.recency_days / rhythm.gap_days, (rhythm.recency_days + t) / rhythm.gap_days
    return -np.expm1(-0.1 * rhythm.gap_days * (v**power - u**power) / power)
