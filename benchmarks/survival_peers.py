"""The part of benchmarks/survival.py that runs in the peers' own environment: `python survival_peers.py TASK FOLDER`.

Reads FOLDER/spells.npz (X, days, returned, risk, p, horizons), prints its answer as JSON. Needs lifelines and
scikit-survival, not tenure.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

warnings.simplefilter("ignore")


def spells(folder: str) -> dict[str, np.ndarray]:
    return dict(np.load(Path(folder) / "spells.npz"))


def timed(call) -> tuple[float, object]:
    started = time.process_time()
    result = call()
    return time.process_time() - started, result


def metrics(folder: str) -> dict:
    from lifelines import KaplanMeierFitter
    from lifelines.utils import concordance_index
    from sksurv.metrics import brier_score, concordance_index_censored, concordance_index_ipcw, integrated_brier_score
    from sksurv.util import Surv

    s = spells(folder)
    y = Surv.from_arrays(s["returned"], s["days"])
    away = 1 - s["p"]
    return {
        "Kaplan-Meier at the horizons": (
            KaplanMeierFitter().fit(s["days"], s["returned"]).predict(s["horizons"]).tolist(), "lifelines"
        ),
        "concordance": (concordance_index(s["days"], -s["risk"], s["returned"]), "lifelines"),
        "concordance ": (float(concordance_index_censored(s["returned"], s["days"], s["risk"])[0]), "scikit-survival"),
        "concordance, weighted": (
            float(concordance_index_ipcw(y, y, s["risk"], tau=float(s["horizons"][-1]))[0]), "scikit-survival"
        ),
        "Brier at the horizons": (brier_score(y, y, away, s["horizons"])[1].tolist(), "scikit-survival"),
        "integrated Brier": (float(integrated_brier_score(y, y, away, s["horizons"])), "scikit-survival"),
    }  # fmt: skip


def rossi(folder: str) -> dict:
    from lifelines import CoxPHFitter
    from lifelines.datasets import load_rossi

    data = load_rossi()
    cox = CoxPHFitter().fit(data, "week", "arrest")
    data.to_csv(Path(folder) / "rossi.csv", index=False)
    return {
        "coefficients": cox.params_.to_dict(),
        "errors": cox.standard_errors_.to_dict(),
        "concordance": cox.concordance_index_,
    }


def lifelines_cox(folder: str) -> dict:
    from lifelines import CoxPHFitter

    s = spells(folder)
    frame = pd.DataFrame(s["X"], columns=[f"x{i}" for i in range(s["X"].shape[1])])
    frame["days"], frame["returned"] = s["days"], s["returned"]
    seconds, cox = timed(lambda: CoxPHFitter().fit(frame, "days", "returned"))
    return {"seconds": seconds, "weights": cox.params_.tolist()}


def sksurv_cox(folder: str) -> dict:
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.util import Surv

    s = spells(folder)
    y = Surv.from_arrays(s["returned"], s["days"])
    seconds, cox = timed(lambda: CoxPHSurvivalAnalysis().fit(s["X"], y))
    return {"seconds": seconds, "weights": cox.coef_.tolist()}


def lifelines_concordance(folder: str) -> dict:
    from lifelines.utils import concordance_index

    s = spells(folder)
    seconds, c = timed(lambda: concordance_index(s["days"], -s["risk"], s["returned"]))
    return {"seconds": seconds, "concordance": c}


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](sys.argv[2])))
