"""The event log: what enters, how it is checked, how time is cut, and users simulated with known truth."""
