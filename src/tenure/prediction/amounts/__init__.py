"""Learners of amounts: what each user will be worth within the horizon, and how far off that may be."""
