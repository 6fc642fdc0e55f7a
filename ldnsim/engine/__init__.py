"""Compiled kernels and the solver around them; floats in, floats out."""
