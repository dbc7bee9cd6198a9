"""How a model of repeats is fitted: the settings."""

from __future__ import annotations

from dataclasses import dataclass

from tenure.errors import ConfigError


@dataclass(frozen=True, slots=True)
class FitConfig:
    """How to fit a model of repeats."""

    prior: float = 1.0
    """How much a weak prior counts: 0 is pure maximum likelihood, as in the papers.

    The prior is log-normal: each shape parameter lies near 1 and each scale parameter near the mean time observed, within
    a factor of e^2 = 7.4 (one standard deviation); each covariate's effect lies near 0, within 1 per standard deviation of
    the covariate. 1 moves the parameters of CDNOW's 2,357 customers by about a percent, and keeps a handful of users
    from being fitted by an infinite parameter.
    """
    max_iterations: int = 500
    """Steps of L-BFGS-B before the fit is refused as not converged."""

    def __post_init__(self) -> None:
        if not self.prior >= 0:
            raise ConfigError(f"FitConfig.prior: expected a number, 0 or more, got {self.prior!r}")
        if self.max_iterations < 1:
            raise ConfigError(f"FitConfig.max_iterations: expected 1 or more, got {self.max_iterations!r}")
