"""Whole runs of the shipped studies, kept as numbers and compared with what they give today.

`cases` makes the studies small, `compare` tells where two runs part, `write` keeps new numbers.
"""
