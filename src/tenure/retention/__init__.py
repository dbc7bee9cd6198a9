"""What to do to keep each user: a written catalogue of strategies, and a plan under a budget with a control group."""
