"""Compiled kernels and the solver around them; floats in, floats out."""

LANES = 8
"""Runs that are solved together, one in each lane of the vectors."""
