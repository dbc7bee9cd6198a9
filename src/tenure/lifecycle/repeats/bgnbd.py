"""BG/NBD: whoever has come once is sure to be still there; after each repeat they may leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tenure.lifecycle.repeats.betageometric import BetaGeometric


@dataclass(frozen=True, kw_only=True, eq=False)
class BGNBD(BetaGeometric):
    """The beta-geometric / NBD model: the usual first choice, in closed form, fitted in a moment.

    **`p_alive` is never a churn score.** It is 1 for everyone without a repeat, however long ago they came: nobody can
    leave before the first repeat. Ranking users by it is worse than chance (AUC for "comes again": 0.316 on the CDNOW
    sample over 39 weeks, 0.356 on all of CDNOW over 30 days). Use `p_any(t, history)`: 0.843 from the same fit.

    With covariates alpha_i = alpha exp(-g1 . z_i), a_i = a exp(g2 . z_i), b_i = b exp(g3 . z_i).

    Source: Fader, Hardie & Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2), eq. 6-10; in
    the numerically stable form of their note; covariates: Fader & Hardie (2007), Incorporating time-invariant
    covariates into the Pareto/NBD and BG/NBD models.

    >>> import numpy as np
    >>> from tenure.lifecycle.repeats.history import History
    >>> model = BGNBD(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259)
    >>> np.round(model.expected(39, History([2], [30.43], [38.86])), 3)
    array([1.226])
    """

    FIRST: ClassVar = 0
