"""Repeat commitments: how many more will come, from how often and how recently a user came before."""
