"""Which regimen and readout tell hypotheses apart."""
