"""Sweeps: the labelled grid of runs, its execution in blocks, and the store of results."""
