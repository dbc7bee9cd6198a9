"""When does a user come back? Spells of absence, return curves of groups, and a hazard of each user's own."""
