"""Engines compared by benchmarks/peers.py: one file a kind, all solving the same problem."""
