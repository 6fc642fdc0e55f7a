"""What behaviours and claims judge: each thing measured and ruled on by one function for both."""
