"""Three-stage Radau IIA collocation."""
