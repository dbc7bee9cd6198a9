"""How a forecast goes along its strongest inputs: the pictures that report and explanation share."""

from __future__ import annotations

import pyarrow as pa

from tenure.charts import dependence as curves
from tenure.explain.forecasts import TaskWords, Words
from tenure.report.blocks import Chart, chart

HOW_TO_READ = "Where the two lines part, inputs go together and the dotted one asks about people who do not exist."


def curve_charts(dependence: pa.Table, words: Words, task: TaskWords, *, most: int | None = None) -> list[Chart]:
    """A picture per input, the strongest first.

    Args:
        dependence: rows of `feature, value, partial, local, low, high, n_users` of one task.
        words: what the inputs are called.
        task: how its forecasts are said.
        most: pictures; None = of all inputs.
    """
    charts: list[Chart] = []
    for feature in list(dict.fromkeys(dependence["feature"].to_pylist()))[:most]:
        figure = curves.dependence(
            dependence,
            feature,
            words[feature].description.partition(": ")[0],
            scaling=words[feature].scaling,
            currency=task.currency if task.is_amount else None,
        )
        charts.append(chart(figure, note="" if charts else HOW_TO_READ))
    return charts
