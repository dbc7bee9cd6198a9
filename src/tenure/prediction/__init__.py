"""Will they come back, and what will they be worth? Forecasts, calibrated, beside simple baselines."""
