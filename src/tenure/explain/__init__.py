"""Numbers turned into words: why a forecast, a stage, a recommendation, a plan; and whole users told as stories."""
