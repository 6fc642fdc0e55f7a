"""The model held against what was observed, and fitted to it."""
