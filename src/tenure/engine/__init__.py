"""Engines run relations. The only rooms that execute anything relational."""
