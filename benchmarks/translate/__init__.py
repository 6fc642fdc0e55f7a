"""Turns a generated kernel module, Python in a small subset, into C."""
