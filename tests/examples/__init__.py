"""The examples, run from outside the package."""
