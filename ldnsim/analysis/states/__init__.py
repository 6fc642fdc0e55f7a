"""Resting states, daily rhythms and where they end."""
