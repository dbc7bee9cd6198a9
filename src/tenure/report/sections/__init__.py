"""One file per question of the report: a pure function from results to a section."""
