"""Study files: one frozen, unit-checked schema and the errors it gives."""
