"""What to show to whom: sources of candidates, their fusion, variety, exploration, and reasons in words."""
