"""Integration methods, one folder each."""
