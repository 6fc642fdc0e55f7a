"""What is simulated: the grid laid out, doses, and blocks of bare arrays for the engine."""
