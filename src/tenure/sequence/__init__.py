"""The heart: one causal transformer over what a user did, for the next item, the next time and the next value."""
