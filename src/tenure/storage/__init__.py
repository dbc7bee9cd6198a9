"""Everything that touches files: sources of events, the clean log, runs and models."""
