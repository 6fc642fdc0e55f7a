"""Daily rhythms: orbits, the daily map and its continuation."""
