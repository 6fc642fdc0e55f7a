"""The Rosenbrock method Rodas5P."""
