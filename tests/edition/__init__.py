"""Editions of the model with extensions."""
