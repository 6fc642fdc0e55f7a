"""Batches of runs in, arrays and statuses out."""
