"""Learners of probabilities: one file per kind, all after one contract (`prediction.learner`)."""
